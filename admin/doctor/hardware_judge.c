#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/doctor/hardware.h"
#include "gate/sshd/keypath.h"

static bool
add_hardware_names(
    struct hardware_facts *hardware, const void *list, bool authorities)
{
	struct list names;

	memcpy(&names, list, sizeof(names));
	for (size_t i = 0; i < names.count; i++) {
		const struct name *name = (const struct name *)names.items + i;
		struct hardware_file *file = list_add(
		    &hardware->files, sizeof(*file));

		if (file == NULL)
			return false;
		file->name = name->text;
		file->authorities = authorities;
	}
	return true;
}

bool
hardware_begin(const struct policy *policy, struct hardware_facts *ret)
{
	*ret = (struct hardware_facts){.keys = &policy->keys};
	for (size_t i = policy->rules.count; i-- > 0;) {
		const struct rule *rule = &policy->rules.items[i];

		if (rule->hardware_keys == HARDWARE_KEYS_ENOUGH)
			ret->enough = rule->name;
		else if (rule->hardware_keys == HARDWARE_KEYS_WITH_PIN)
			ret->with_pin = rule->name;
	}
	return add_hardware_names(ret, &policy->keys.hardware_files, false) &&
	    add_hardware_names(ret, &policy->keys.hardware_authorities, true);
}

void
hardware_done(struct hardware_facts *hardware)
{
	free(hardware->files.items);
	free(hardware->open.items);
	*hardware = (struct hardware_facts){.enough = NULL};
}

bool
hardware_is_used(const struct hardware_facts *hardware)
{
	return hardware->enough != NULL || hardware->with_pin != NULL;
}

static const char *
list_named(const struct hardware_file *file)
{
	return file->authorities ? "keys.hardware_authorities"
				 : "keys.hardware_files";
}

/* The gate takes no word of such a file for a key. */
static void
judge_bad(const struct hardware_file *file, struct findings *findings)
{
	char fix[2 * HARDWARE_PLACE + 64];

	if (file->home)
		snprintf(fix, sizeof(fix),
		    "the file itself, and no link to it, in a folder that root "
		    "alone can write, such as /etc/ssh/hardware");
	else
		snprintf(fix, sizeof(fix), "chown root %s; chmod go-w %s",
		    file->culprit, file->culprit);
	findings_fail(findings, file->others_write ? fix : NULL,
	    "%.150s, of %s: %.150s %s, so no hardware key in it is enough, and "
	    "a code is asked for",
	    file->bad, list_named(file), file->culprit, file->why);
}

/* The gate reads it with the rights of the user who logs in. */
static void
judge_unreadable(const struct hardware_file *file, struct findings *findings)
{
	char fix[HARDWARE_PLACE + 64];

	snprintf(fix, sizeof(fix), "chmod a+r %s, and a+x its folders",
	    file->unreadable);
	findings_fail(findings, fix,
	    "%.200s, of %s, cannot be read by its user, so no hardware key of "
	    "theirs is enough, and a code is asked for",
	    file->unreadable, list_named(file));
}

static void
judge_absent(const struct hardware_file *file, struct findings *findings)
{
	const char *user = strstr(file->name, "%u");
	char fix[KEY_FILE_MAX + 64];

	snprintf(fix, sizeof(fix), "install -D -m 0644 KEY.pub %.*s%s%s",
	    user != NULL ? (int)(user - file->name) : (int)strlen(file->name),
	    file->name, user != NULL ? "USER" : "",
	    user != NULL ? user + 2 : "");
	findings_fail(findings, fix,
	    "%.200s, of %s, is not there%s: nobody "
	    "gets in by a hardware key of it",
	    file->name, list_named(file),
	    keypath_is_common(file->name) ? "" : " for any user");
}

static void
judge_stray(const struct hardware_file *file, struct findings *findings)
{
	char fix[HARDWARE_PLACE + 64];

	snprintf(fix, sizeof(fix), "the user's name as its name, or rm %s",
	    file->stray);
	findings_warn(findings, fix,
	    "%.300s, of %s, has the name of no user: nobody gets in by a key "
	    "in it",
	    file->stray, list_named(file));
}

/* sshd lets nobody in by a line that it does not read.  One for authorities
 * alone may stand beside TrustedUserCAKeys. */
static void
judge_unread(const struct hardware_file *file, const char *policy,
    struct findings *findings)
{
	const char *keyword = file->authorities ? "TrustedUserCAKeys"
						: "AuthorizedKeysFile";
	char fix[KEY_FILE_MAX + sizeof(file->value) + 32];

	if (file->unread[0] == '\0' ||
	    (!file->authorities && file->plain[0] == '\0'))
		return;
	snprintf(fix, sizeof(fix), "%s %s%s%s", keyword, file->name,
	    file->authorities || file->value[0] == '\0' ? "" : " ",
	    file->authorities ? "" : file->value);
	findings_add(findings, file->read ? FINDING_WARN : FINDING_FAIL, fix,
	    "%.200s is in %s of %.150s, and sshd does not read it, %.200s: a "
	    "key that stands there alone lets nobody in",
	    file->name, list_named(file), policy, file->unread);
}

static void
judge_hardware_lines(const struct hardware_facts *hardware,
    const struct hardware_file *file, struct findings *findings)
{
	if (file->keys == 0 && file->bad[0] == '\0')
		findings_warn(findings, NULL,
		    "%.200s, of %s, has no hardware key (sk-ssh-ed25519, "
		    "sk-ecdsa), and no authority: nobody gets in by it",
		    file->name, list_named(file));
	if (file->no_touch[0] != '\0')
		findings_warn(findings, "the line without no-touch-required",
		    "%.300s: no-touch-required: this key is never enough, and "
		    "a code is asked for",
		    file->no_touch);
	if (file->no_pin[0] != '\0' && hardware->with_pin != NULL &&
	    !file->authorities)
		findings_warn(findings, "verify-required before the key",
		    "%.300s: a hardware key without verify-required: it is not "
		    "enough by rule \"%.100s\", which says enough-with-pin",
		    file->no_pin, hardware->with_pin);
}

void
hardware_judge_files(const struct hardware_facts *hardware, const char *policy,
    struct findings *findings)
{
	char fix[200];

	if (!hardware_is_used(hardware))
		return;
	if (hardware->files.count == 0) {
		snprintf(fix, sizeof(fix),
		    "\"hardware_files\": [\"/etc/ssh/hardware/%%u\"] in "
		    "\"keys\"");
		findings_warn(findings, fix,
		    "rule \"%.100s\" of %.200s lets hardware keys be enough, "
		    "and \"keys\" names no file for them: everybody is asked "
		    "for a code",
		    hardware->enough != NULL ? hardware->enough
					     : hardware->with_pin,
		    policy);
	}
	list_each(const struct hardware_file, file, hardware->files) {
		if (file->bad[0] != '\0')
			judge_bad(file, findings);
		if (file->unreadable[0] != '\0')
			judge_unreadable(file, findings);
		if (file->stray[0] != '\0')
			judge_stray(file, findings);
		if (file->found == 0) {
			judge_absent(file, findings);
			continue;
		}
		judge_unread(file, policy, findings);
		judge_hardware_lines(hardware, file, findings);
	}
}

/* True if users can write the files of that name, for somebody. */
static bool
is_of_users(const struct hardware_facts *hardware, const char *name)
{
	if (name[0] != '/')
		return true;
	for (size_t i = 0; i < hardware->open.count; i++)
		if (strcmp(hardware->open.items[i].text, name) == 0)
			return true;
	return false;
}

void
hardware_judge_proc(const struct hardware_facts *hardware, const char *fix,
    struct findings *findings)
{
	if (!hardware->hidden || !hardware_is_used(hardware))
		return;
	list_each(const struct name, file, hardware->keys->files) {
		if (!is_of_users(hardware, file->text))
			continue;
		findings_warn(findings, fix,
		    "/proc is mounted with hidepid, so the gate cannot see "
		    "when a connection began: no hardware key is enough for "
		    "users who have a file %.100s, which they could have "
		    "changed since",
		    file->text);
		return;
	}
}

/* *ret: where keys of the view come from that others than root may have
 * written, or that the gate cannot see; false if nowhere. */
static bool
find_open(const struct hardware_facts *hardware, const struct view *view,
    char *ret, size_t size)
{
	char value[CONFIG_WORD], word[CONFIG_WORD];
	const char *rest = value;

	if (dump_value(view, "authorizedkeysfile", value))
		while (config_word(&rest, word))
			if (strcasecmp(word, "none") != 0 &&
			    is_of_users(hardware, word)) {
				snprintf(ret, size, "AuthorizedKeysFile %.150s",
				    word);
				return true;
			}
	if (!dump_value(view, "authorizedkeyscommand", value) ||
	    strcasecmp(value, "none") == 0)
		return false;
	snprintf(ret, size, "AuthorizedKeysCommand %.150s", value);
	return true;
}

static bool
demands(const struct view *view, const char *option)
{
	char value[CONFIG_WORD], word[CONFIG_WORD];
	const char *rest = value;

	if (dump_value(view, "pubkeyauthoptions", value))
		while (config_word(&rest, word))
			if (strcasecmp(word, option) == 0)
				return true;
	return false;
}

/* Says it once, with the connections that an option is missing for. */
static void
judge_option(const struct hardware_facts *hardware, const struct views *views,
    const char *option, const char *fix, const char *follows,
    struct findings *findings)
{
	char open[200], first[200] = "", who[256];
	const struct view *found = NULL;
	size_t more = 0;

	list_each(const struct view, view, views->list) {
		if (!dump_takes_keys(view) || demands(view, option) ||
		    !find_open(hardware, view, open, sizeof(open)))
			continue;
		more += found != NULL ? 1 + view->others : view->others;
		if (found != NULL)
			continue;
		found = view;
		memcpy(first, open, sizeof(first));
	}
	if (found == NULL)
		return;
	dump_who(found->who, more, who, sizeof(who));
	findings_warn(findings, fix, "%s, %s: %s", first, who, follows);
}

/* Since OpenSSH 8.4 each answer of sshd -T has the line. */
static bool
lacks_keyword(const struct views *views)
{
	char value[CONFIG_WORD];

	list_each(const struct view, view, views->list)
		if (dump_value(view, "pubkeyauthoptions", value))
			return false;
	return views->list.count > 0;
}

void
hardware_judge_options(const struct hardware_facts *hardware,
    const struct views *views, struct findings *findings)
{
	bool pin = hardware->with_pin != NULL;
	const char *fix = pin
	    ? "PubkeyAuthOptions touch-required verify-required"
	    : "PubkeyAuthOptions touch-required";

	if (!hardware_is_used(hardware))
		return;
	if (lacks_keyword(views)) {
		findings_warn(findings,
		    "apt-get install --only-upgrade openssh-server",
		    "%s knows no PubkeyAuthOptions, as OpenSSH does since 8.4: "
		    "it lets a hardware key in without a touch wherever a line "
		    "says no-touch-required; the gate asks for a code where it "
		    "sees such a line",
		    hardware->version[0] != '\0' ? hardware->version : "sshd");
		return;
	}
	judge_option(hardware, views, "touch-required", fix,
	    "a line of it may say no-touch-required, and sshd then lets a "
	    "hardware key in without a touch; the gate asks for a code where "
	    "it sees such a line",
	    findings);
	if (pin)
		judge_option(hardware, views, "verify-required", fix,
		    "by a line of it without verify-required sshd asks for no "
		    "PIN, and then the gate asks for a code; with this setting "
		    "sshd asks for a PIN at every hardware key",
		    findings);
}
