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

/* True for "TYPE KEY" without options: sshd takes none in these files. */
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

struct gate_says
gate_says(
    const struct policy *policy, const struct passwd *pw, const struct key *key)
{
	static const struct keypath_user nobody = {.name = "nobody",
	    .home = "/nonexistent",
	    .uid = 65534,
	    .gid = 65534};
	struct keypath_user user = pw != NULL ? keypath_user(pw) : nobody;
	struct keys_question question = {
	    .files = KEYPATH_LIST(policy->keys.files),
	    .user = &user,
	    .common = pw == NULL,
	    .unlisted = policy->keys.unlisted == UNLISTED_ALLOW,
	    .read = geteuid() == 0 ? read_keyfile_as : keyfile_read};
	struct keys_answer answer = {.verdict = KEY_DOUBTFUL};
	struct gate_says says;
	char why[WHY_TEXT];

	if (keys_search(&question, key, &answer, why) != FAULT_NONE)
		answer.verdict = KEY_DOUBTFUL;
	says = (struct gate_says){
	    .verdict = answer.verdict, .command = answer.command != NULL};
	keys_answer_done(&answer);
	return says;
}
