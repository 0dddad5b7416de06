#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/authorities.h"
#include "store/base/cleanup.h"
#include "admin/doctor/keynames.h"

/* Adds a name to one of the lists of all, which all look alike, or counts it.
 * NULL without memory. */
static struct key_name *
count_name(struct key_names *all, void *list, const char *word,
    const char *path, const struct view *view, const char *user)
{
	LIST_OF(struct key_name) *names = list;
	struct key_name *entry;

	list_each(struct key_name, known, *names)
		if (strcmp(known->name, word) == 0) {
			known->others++;
			return known;
		}
	entry = list_add(list, sizeof(*entry));
	if (entry == NULL) {
		all->failed = true;
		return NULL;
	}
	snprintf(entry->name, sizeof(entry->name), "%s", word);
	snprintf(entry->path, sizeof(entry->path), "%s", path);
	/* The part after the user who was asked about. */
	snprintf(entry->who, sizeof(entry->who), "%.80s%s", user,
	    view->who + strcspn(view->who, " "));
	return entry;
}

/* Notes the files that sshd reads and the gate does not; true if there are
 * any. */
static bool
add_unlisted(struct key_names *names, const struct policy *policy,
    const struct passwd *pw, const struct view *view)
{
	struct keypath_list listed = KEYPATH_LIST(policy->keys.files);
	struct keypath_user user = keypath_user(pw);
	char value[CONFIG_WORD] = "";
	const char *rest = value;
	struct keypath file;
	bool any = false;

	dump_value(view, "authorizedkeysfile", value);
	while (keypath_next(&rest, &user, &file)) {
		if (keypath_listed(&listed, &user, file.path) != NULL)
			continue;
		any = true;
		(void)count_name(names, &names->unlisted, file.name, file.path,
		    view, pw->pw_name);
	}
	return any;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return n > 1 && strncmp(path, folder, n) == 0 && path[n] == '/';
}

void
keynames_add(struct key_names *names, const struct policy *policy,
    const struct passwd *pw, const struct view *view)
{
	struct keypath_user user = keypath_user(pw);
	char path[PATH_MAX], value[CONFIG_WORD], read[CONFIG_WORD] = "";
	bool unseen = add_unlisted(names, policy, pw, view);
	struct key_name *entry;

	unseen |= dump_value(view, "authorizedkeyscommand", value) &&
	    strcasecmp(value, "none") != 0;
	dump_value(view, "authorizedkeysfile", read);
	for (size_t i = 0; i < policy->keys.files.count; i++) {
		const char *word = policy->keys.files.items[i].text;

		if (!keypath_expand(word, &user, path, sizeof(path)))
			continue;
		if (keypath_names(read, &user, path)) {
			names->home |= is_below(path, pw->pw_dir);
			(void)count_name(
			    names, &names->read, word, path, view, pw->pw_name);
			continue;
		}
		entry = count_name(
		    names, &names->unread, word, path, view, pw->pw_name);
		if (entry != NULL)
			entry->unseen |= unseen;
	}
}

static void
judge_unlisted(const struct key_name *entry, const struct policy *policy,
    struct doctor *doctor)
{
	char fix[CONFIG_WORD + 80], who[256];

	dump_who(entry->who, entry->others, who, sizeof(who));
	snprintf(fix, sizeof(fix), "\"%.400s\" in keys.files of %.150s",
	    entry->name, doctor->policy);
	doctor_fail(doctor, fix,
	    "AuthorizedKeysFile %.120s, %s, is not in keys.files of %.120s: %s",
	    entry->name, who, doctor->policy,
	    policy->keys.unlisted == UNLISTED_ALLOW
		? "a command= in it is lost, and \"unlisted\" lets the key pass"
		: "its keys are refused, but one that also stands in a file "
		  "that the gate reads loses its command=");
}

/* The first line that may be a key and is not an authority's; 0 for none. */
static int
find_plain_line(char *text)
{
	char *rest = text, *line;

	for (int n = 1; (line = strsep(&rest, "\n")) != NULL; n++) {
		enum key_line kind = key_line_read(line);

		if (kind != KEY_LINE_NONE && kind != KEY_LINE_AUTHORITY)
			return n;
	}
	return 0;
}

/* A file that is the same for all, and root's, is meant for authorities. */
static void
judge_common(const struct key_name *entry, struct doctor *doctor)
{
	scoped_free char *text = read_whole(entry->path);
	int line = text != NULL ? find_plain_line(text) : 0;

	if (line > 0)
		doctor_fail(doctor, "only cert-authority lines in it",
		    "%.200s:%d: the gate reads this key, since the file is in "
		    "keys.files, and sshd does not: it frees the key from the "
		    "command= that it has elsewhere",
		    entry->path, line);
}

static bool
is_among(const struct key_name *names, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i].name, word) == 0)
			return true;
	return false;
}

/* A file of hardware keys is meant for sshd: no key in it lets in otherwise. */
static void
say_way_out(const struct policy *policy, const char *name, const char *path,
    char *ret, size_t size)
{
	list_each(const struct name, file, policy->keys.hardware_files)
		if (strcmp(file->text, name) == 0) {
			snprintf(ret, size, "\"%.400s\" in AuthorizedKeysFile",
			    name);
			return;
		}
	snprintf(
	    ret, size, "keys.files of %.150s without \"%.400s\"", path, name);
}

/*
 * If sshd reads files of the user's own, the user can free a key there anyway.
 * Elsewhere a line that the gate alone reads is a hole, and so it is if keys
 * come from where the gate does not look.
 */
static void
judge_gates_alone(const struct key_names *names, const struct key_name *entry,
    const struct policy *policy, struct doctor *doctor)
{
	bool read = is_among(names->read.items, names->read.count, entry->name);
	char fix[CONFIG_WORD + 80], who[256];

	if (keypath_is_common(entry->name)) {
		judge_common(entry, doctor);
		return;
	}
	dump_who(entry->who, entry->others, who, sizeof(who));
	say_way_out(policy, entry->name, doctor->policy, fix, sizeof(fix));
	findings_add(&doctor->findings,
	    (read || names->home) && !entry->unseen ? FINDING_WARN
						    : FINDING_FAIL,
	    fix,
	    "%.120s is in keys.files of %.120s, and sshd does not read "
	    "it%s%s: %s",
	    entry->name, doctor->policy, read ? " " : "", read ? who : "",
	    entry->unseen ? "a bare line in it frees a key from the command= "
			    "that it has where the gate does not look"
			  : "a line in it counts for the gate alone");
}

void
keynames_judge(const struct key_names *names, const struct policy *policy,
    struct doctor *doctor)
{
	doctor->findings.failed |= names->failed;
	for (size_t i = 0; i < names->unlisted.count; i++)
		judge_unlisted(&names->unlisted.items[i], policy, doctor);
	for (size_t i = 0; i < names->unread.count; i++)
		judge_gates_alone(
		    names, &names->unread.items[i], policy, doctor);
}

void
keynames_done(struct key_names *names)
{
	free(names->unlisted.items);
	free(names->unread.items);
	free(names->read.items);
	*names = (struct key_names){.read = {NULL, 0}};
}
