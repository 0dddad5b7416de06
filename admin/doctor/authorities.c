#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/sshd/keyline.h"
#include "admin/doctor/authorities.h"
#include "store/base/cleanup.h"
#include "admin/read.h"

/* TYPE KEY, without options, of which sshd takes none there. */
static bool
is_bare(const char *text)
{
	struct keyline line;
	bool bare = keyline_read(text, &line) && line.typed &&
	    line.options[0] == '\0';

	keyline_done(&line);
	return bare;
}

static void
add_authority(const char *path, int number, char *line,
    void (*each)(void *ctx, const struct authority *authority), void *ctx)
{
	struct authority authority = {.path = path, .number = number};

	line[strcspn(line, "\r")] = '\0';
	authority.line = keyline_skip(line);
	if (authority.line[0] == '\0' || authority.line[0] == '#')
		return;
	if (!is_bare(line) ||
	    key_of_line(line, true, &authority.key) != FAULT_NONE)
		authority.key = (struct key){.blob = NULL};
	each(ctx, &authority);
	key_done(&authority.key);
}

bool
authorities_each(const char *path,
    void (*each)(void *ctx, const struct authority *authority), void *ctx)
{
	scoped_free char *text = read_whole(path);
	char *rest = text, *line;

	for (int n = 1; (line = strsep(&rest, "\n")) != NULL; n++)
		add_authority(path, n, line, each, ctx);
	return text != NULL;
}

bool
key_file_path(const char *word, const struct passwd *pw, char *ret, size_t size)
{
	struct keyfile_user user = {.name = pw->pw_name,
	    .home = pw->pw_dir,
	    .uid = pw->pw_uid,
	    .gid = pw->pw_gid};

	return keyfile_path(word, &user, ret, size);
}

const char *
key_file_listed(
    const struct policy *policy, const struct passwd *pw, const char *path)
{
	char listed[PATH_MAX];

	for (size_t i = 0; i < policy->keys.files.count; i++) {
		const char *word = policy->keys.files.items[i].text;

		if (key_file_path(word, pw, listed, sizeof(listed)) &&
		    strcmp(listed, path) == 0)
			return word;
	}
	return NULL;
}

/* Root reads as the user, others what they can. */
static bool
read_listed(const char *path, const struct passwd *pw, struct keys_text *ret)
{
	if (geteuid() == 0)
		return read_keys_as(pw, path, KEYS_MS, keyfile_main_group, ret);
	*ret = (struct keys_text){.text = read_whole(path), .for_gate = true};
	ret->len = ret->text != NULL ? strlen(ret->text) : 0;
	return ret->text != NULL;
}

/* False where the gate would refuse every key for it. */
static bool
search_file(const char *path, const struct passwd *pw, const struct key *key,
    struct restriction found[2])
{
	struct keys_text file;
	enum fault fault;

	if (!read_listed(path, pw, &file))
		return keyfile_is_absent(errno);
	fault = keys_search(
	    file.text, file.len, key, &found[file.for_gate ? 0 : 1]);
	free(file.text);
	return fault == FAULT_NONE;
}

/* everyone: only what is the same for all. */
static bool
search_files(const struct policy *policy, const struct passwd *pw,
    bool everyone, const struct key *key, struct restriction found[2])
{
	char path[PATH_MAX];

	for (size_t i = 0; i < policy->keys.files.count; i++) {
		const char *word = policy->keys.files.items[i].text;

		if (everyone && (word[0] != '/' || strchr(word, '%') != NULL))
			continue;
		if (!key_file_path(word, pw, path, sizeof(path)) ||
		    !search_file(path, pw, key, found))
			return false;
	}
	return true;
}

struct gate_says
gate_says(
    const struct policy *policy, const struct passwd *pw, const struct key *key)
{
	static const struct passwd nobody = {.pw_name = "nobody",
	    .pw_dir = "/nonexistent",
	    .pw_uid = 65534,
	    .pw_gid = 65534};
	struct restriction found[2] = {{.listed = false}, {.listed = false}};
	struct gate_says says = {.verdict = KEY_DOUBTFUL};

	if (search_files(
		policy, pw != NULL ? pw : &nobody, pw == NULL, key, found))
		says.verdict = keys_judge(&found[0], &found[1],
		    policy->keys.unlisted == UNLISTED_ALLOW);
	says.command = found[0].command != NULL;
	restriction_done(&found[0]);
	restriction_done(&found[1]);
	return says;
}
