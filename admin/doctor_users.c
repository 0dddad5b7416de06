/*
 * Users and their keys: shells that the gate cannot run in, names that share
 * a uid, keys that are limited to a command, certificates.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "doctor.h"
#include "doctor_person.h"
#include "policy_file.h"

#define KEYS_MS   2000 /* for a file of keys */
#define KEYS_SLOW 5    /* files that may take longer */

static bool
home_is_set(const struct doctor *doctor)
{
	char value[CONFIG_WORD];
	const char *at = doctor->views.list.count > 0
	    ? doctor->views.list.items[0].dump
	    : "";

	while (dump_next(&at, "setenv", value))
		if (strncmp(value, "HOME=", 5) == 0)
			return true;
	return false;
}

static void
judge_shell(struct doctor *doctor, const struct passwd *pw, bool home)
{
	switch (shell_kind(pw->pw_shell)) {
	case SHELL_CANNOT:
		findings_add(&doctor->findings, FINDING_FAIL,
		    "a Match block of their own above ours, or another shell",
		    "%.80s is locked out: %.100s cannot run the gate",
		    pw->pw_name, pw->pw_shell);
		break;
	case SHELL_READS_HOME:
		if (!home)
			findings_add(&doctor->findings, FINDING_WARN,
			    DUMP_SETENV,
			    "%.80s: %.100s reads files of the user's before "
			    "the gate, since SetEnv has no HOME",
			    pw->pw_name, pw->pw_shell);
		break;
	case SHELL_UNKNOWN:
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "%.80s: what %.100s reads or runs before the gate is not "
		    "known",
		    pw->pw_name, pw->pw_shell);
		break;
	case SHELL_RUNS:
	case SHELL_NO_LOGIN:
		break;
	}
}

void
doctor_shells(struct doctor *doctor)
{
	bool home = home_is_set(doctor);
	const struct passwd *pw;

	setpwent();
	while ((pw = getpwent()) != NULL)
		judge_shell(doctor, pw, home);
	endpwent();
}

struct person {
	struct name name;
	uid_t uid;
	bool logs_in;
	size_t order; /* in passwd: getpwuid() finds the first */
};

struct people {
	JSON_LIST_OF(struct person) list;
};

static int
compare_people(const void *a, const void *b)
{
	const struct person *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void
list_people(struct people *people)
{
	const struct passwd *pw;
	struct person *person;

	setpwent();
	while ((pw = getpwent()) != NULL) {
		person = json_list_add(&people->list, sizeof(*person));
		if (person == NULL)
			break;
		snprintf(person->name.text, sizeof(person->name.text), "%s",
		    pw->pw_name);
		person->uid = pw->pw_uid;
		person->order = people->list.count;
		person->logs_in = shell_kind(pw->pw_shell) != SHELL_NO_LOGIN;
	}
	endpwent();
	if (people->list.count > 0)
		qsort(people->list.items, people->list.count, sizeof(*person),
		    compare_people);
}

void
doctor_uids(struct doctor *doctor)
{
	struct people people = {{NULL, 0}};

	list_people(&people);
	for (size_t i = 1; i < people.list.count; i++) {
		const struct person *a = &people.list.items[i - 1];
		const struct person *b = &people.list.items[i];

		if (a->uid == b->uid && (a->logs_in || b->logs_in) &&
		    strcmp(a->name.text, b->name.text) != 0)
			findings_add(&doctor->findings, FINDING_FAIL,
			    "usermod -u NEWUID, for one of them",
			    "%s and %s have uid %lu: the gate takes both for "
			    "%s",
			    a->name.text, b->name.text, (unsigned long)a->uid,
			    a->name.text);
	}
	free(people.list.items);
}

/* AuthorizedKeysFile's word for a user: %h, %u, %%, or below the home. */
static void
expand(const char *word, const struct passwd *pw, char *ret, size_t size)
{
	size_t n = 0;

	if (word[0] != '/' && strncmp(word, "%h", 2) != 0)
		n = (size_t)snprintf(ret, size, "%s/", pw->pw_dir);
	for (; *word != '\0' && n + 1 < size; word++) {
		if (*word != '%' || word[1] == '\0') {
			ret[n++] = *word;
			ret[n] = '\0';
			continue;
		}
		word++;
		n += (size_t)snprintf(ret + n, size - n, "%s",
		    *word == 'h'       ? pw->pw_dir
			: *word == 'u' ? pw->pw_name
				       : "%");
	}
}

static void
judge_key(struct doctor *doctor, const char *path, int number, const char *line)
{
	struct key_options options = key_options(line);

	if (options.command)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "%.300s:%d: limited by command=, which sshd drops under "
		    "ForceCommand; the gate imposes it again",
		    path, number);
	if (options.environment)
		findings_add(&doctor->findings, FINDING_WARN,
		    "the line without environment=",
		    "%.300s:%d: environment= would run code before the gate "
		    "under PermitUserEnvironment",
		    path, number);
	if (options.authority)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "%.300s:%d: cert-authority: its certificates let in whoever "
		    "its holder signs",
		    path, number);
}

/*
 * Why a file of keys was not looked at.  Nothing where sshd, which reads as
 * the user too, finds no key there either.
 */
static void
judge_unread(
    struct doctor *doctor, const struct passwd *pw, const char *path, int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case EACCES:
	case ELOOP:
	case ENAMETOOLONG:
	case EINVAL:
		return;
	case EFBIG:
		findings_add(&doctor->findings, FINDING_WARN, "a smaller file",
		    "%.300s: larger than %lu KiB: its keys "
		    "are not looked at",
		    path, READ_MAX / 1024);
		return;
	default:
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "%.300s: cannot be read as %.80s: %s", path, pw->pw_name,
		    strerror(error));
	}
}

/* A line ends at a NUL for sshd too, and the next one counts. */
static void
judge_keys(struct doctor *doctor, const char *path, char *text, size_t len)
{
	char *line = text, *end;

	for (int number = 1; line < text + len; number++) {
		end = memchr(line, '\n', len - (size_t)(line - text));
		if (end == NULL)
			end = text + len;
		*end = '\0';
		judge_key(doctor, path, number, line);
		line = end + 1;
	}
}

/* False where there was no answer in time. */
static bool
read_keys(struct doctor *doctor, const struct passwd *pw, const char *path)
{
	size_t len = 0;
	scoped_free char *text = read_whole_as(pw, path, KEYS_MS, &len);
	int error = errno;

	if (text != NULL)
		judge_keys(doctor, path, text, len);
	else
		judge_unread(doctor, pw, path, error);
	return text != NULL || error != ETIMEDOUT;
}

/* Whether the gate looks for a key's restrictions in that file. */
static bool
is_listed(const struct policy *policy, const char *word)
{
	if (strncmp(word, "%h/", 3) == 0)
		word += 3;
	for (size_t i = 0; i < policy->keys.files.count; i++) {
		const char *file = policy->keys.files.items[i].text;

		if (strcmp(strncmp(file, "%h/", 3) == 0 ? file + 3 : file,
			word) == 0)
			return true;
	}
	return false;
}

static void
judge_place(
    struct doctor *doctor, const struct policy *policy, const char *word)
{
	char fix[CONFIG_WORD + 80];

	if (is_listed(policy, word))
		return;
	snprintf(fix, sizeof(fix), "\"keys\": {\"files\": [\"%.500s\"]} in %s",
	    word, doctor->policy);
	findings_add(&doctor->findings,
	    policy->keys.unlisted == UNLISTED_ALLOW ? FINDING_FAIL
						    : FINDING_WARN,
	    fix, "AuthorizedKeysFile %.200s is not in keys.files of %.200s: %s",
	    word, doctor->policy,
	    policy->keys.unlisted == UNLISTED_ALLOW
		? "a command= in it is lost, and \"unlisted\" lets it pass"
		: "keys in it are refused");
}

/* A file system that is gone would hold up each of thousands of users. */
static void
each_key_file(struct doctor *doctor, const char *words)
{
	char word[CONFIG_WORD], path[2 * CONFIG_WORD];
	const struct passwd *pw;
	const char *rest;
	int slow = 0;

	setpwent();
	while (slow < KEYS_SLOW && (pw = getpwent()) != NULL) {
		rest = words;
		while (config_word(&rest, word)) {
			expand(word, pw, path, sizeof(path));
			slow += !read_keys(doctor, pw, path);
		}
	}
	endpwent();
	if (slow >= KEYS_SLOW)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "%d files of keys did not answer: the users after them "
		    "are not looked at",
		    slow);
}

void
doctor_keys(struct doctor *doctor)
{
	char words[CONFIG_WORD], word[CONFIG_WORD], why[POLICY_WHY_TEXT];
	const char *rest = words;
	struct policy policy;

	if (geteuid() != 0) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "other users' keys cannot be read (needs root)");
		return;
	}
	if (!doctor_setting(doctor, "authorizedkeysfile", words)) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "AuthorizedKeysFile is not known");
		return;
	}
	if (strcasecmp(words, "none") == 0)
		return;
	each_key_file(doctor, words);
	if (policy_load(doctor->policy, doctor_policy_owner(doctor), &policy,
		why) != FAULT_NONE)
		return;
	while (config_word(&rest, word))
		judge_place(doctor, &policy, word);
	policy_done(&policy);
}

static bool
lets_unlisted_in(const struct doctor *doctor)
{
	char why[POLICY_WHY_TEXT];
	struct policy policy;
	bool allow;

	if (policy_load(doctor->policy, doctor_policy_owner(doctor), &policy,
		why) != FAULT_NONE)
		return false;
	allow = policy.keys.unlisted == UNLISTED_ALLOW;
	policy_done(&policy);
	return allow;
}

/* Where sshd finds a command= that the gate does not look at. */
static void
judge_unseen(struct doctor *doctor, const char *keyword, bool allow)
{
	char value[CONFIG_WORD];

	if (!doctor_setting(doctor, keyword, value) ||
	    strcasecmp(value, "none") == 0)
		return;
	findings_add(&doctor->findings, allow ? FINDING_FAIL : FINDING_WARN,
	    allow ? "\"unlisted\": \"refuse\"" : NULL,
	    "%s %.200s: the gate does not see a command= in there, %s", keyword,
	    value,
	    allow ? "and \"unlisted\" lets such keys pass"
		  : "and refuses such keys");
}

void
doctor_certificates(struct doctor *doctor)
{
	bool allow = lets_unlisted_in(doctor);
	char value[CONFIG_WORD];

	if (doctor->views.list.count == 0)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "TrustedUserCAKeys is not known");
	if (doctor_setting(doctor, "trustedusercakeys", value) &&
	    strcasecmp(value, "none") != 0)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "TrustedUserCAKeys %.200s: the gate keeps a certificate's "
		    "force-command; guard the CA",
		    value);
	judge_unseen(doctor, "authorizedkeyscommand", allow);
	judge_unseen(doctor, "authorizedprincipalsfile", allow);
	judge_unseen(doctor, "authorizedprincipalscommand", allow);
}
