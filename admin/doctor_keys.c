/*
 * Users' files of keys: keys that are limited to a command, and those that
 * the gate does not find.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authorities.h"
#include "cleanup.h"
#include "doctor.h"
#include "doctor_person.h"
#include "policy_file.h"

#define KEYS_SLOW 5 /* files that may take longer */

static void
judge_key(
    struct doctor_lines *lines, const char *path, int number, const char *line)
{
	struct key_options options = key_options(line);
	struct doctor *doctor = lines->doctor;

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
		    "%.300s:%d: cert-authority: whoever holds that key signs who "
		    "may log in as this user",
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
judge_lines(
    struct doctor_lines *lines, const char *path, char *text, size_t len)
{
	char *line = text, *end;

	for (int number = 1; line < text + len; number++) {
		end = memchr(line, '\n', len - (size_t)(line - text));
		if (end == NULL)
			end = text + len;
		*end = '\0';
		lines->judge(lines, path, number, line);
		line = end + 1;
	}
}

/* False where there was no answer in time. */
static bool
read_lines(
    struct doctor_lines *lines, const struct passwd *pw, const char *path)
{
	size_t len = 0;
	scoped_free char *text = read_whole_as(pw, path, KEYS_MS, &len);
	int error = errno;

	if (text != NULL)
		judge_lines(lines, path, text, len);
	else
		judge_unread(lines->doctor, pw, path, error);
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
	snprintf(fix, sizeof(fix), "\"%.500s\" in keys.files of %s", word,
	    doctor->policy);
	findings_add(&doctor->findings,
	    policy->keys.unlisted == UNLISTED_ALLOW ? FINDING_FAIL
						    : FINDING_WARN,
	    fix, "AuthorizedKeysFile %.200s is not in keys.files of %.200s: %s",
	    word, doctor->policy,
	    policy->keys.unlisted == UNLISTED_ALLOW
		? "a command= in it is lost, and \"unlisted\" lets it pass"
		: "keys in it are refused");
}

/*
 * Each key is looked for in a file that is the same for everyone: one that
 * users cannot read refuses all of them.
 */
static void
judge_readable(struct doctor *doctor, const char *file)
{
	char fix[CONFIG_WORD + 16];
	struct stat st;

	if (file[0] != '/' || strchr(file, '%') != NULL ||
	    stat(file, &st) < 0 || (st.st_mode & S_IROTH) != 0)
		return;
	snprintf(fix, sizeof(fix), "chmod a+r %s", file);
	findings_add(&doctor->findings, FINDING_FAIL, fix,
	    "%.300s, which is in keys.files, cannot be read by users: every "
	    "key is refused",
	    file);
}

/* A file system that is gone would hold up each of thousands of users. */
void
doctor_each_file(struct doctor_lines *lines, const char *words)
{
	char word[CONFIG_WORD], path[2 * CONFIG_WORD];
	const struct passwd *pw;
	const char *rest;
	int slow = 0;

	setpwent();
	while (slow < KEYS_SLOW && (pw = getpwent()) != NULL) {
		rest = words;
		while (config_word(&rest, word)) {
			key_file_path(word, pw, path, sizeof(path));
			slow += !read_lines(lines, pw, path);
		}
	}
	endpwent();
	if (slow >= KEYS_SLOW)
		findings_add(&lines->doctor->findings, FINDING_WARN, NULL,
		    "%d files of keys did not answer: the users after them "
		    "are not looked at",
		    slow);
}

void
doctor_keys(struct doctor *doctor)
{
	char words[CONFIG_WORD], word[CONFIG_WORD], why[POLICY_WHY_TEXT];
	const char *rest = words;
	struct doctor_lines lines = {.doctor = doctor, .judge = judge_key};
	struct policy policy;

	if (geteuid() != 0) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "other users' keys cannot be read (needs root)");
		return;
	}
	if (!doctor_setting(doctor, "authorizedkeysfile", words)) {
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "which files of keys sshd reads is not known");
		return;
	}
	if (strcasecmp(words, "none") == 0)
		return;
	doctor_each_file(&lines, words);
	if (policy_load(doctor->policy, doctor_policy_owner(doctor), &policy,
		why) != FAULT_NONE)
		return;
	while (config_word(&rest, word))
		judge_place(doctor, &policy, word);
	for (size_t i = 0; i < policy.keys.files.count; i++)
		judge_readable(doctor, policy.keys.files.items[i].text);
	policy_done(&policy);
}
