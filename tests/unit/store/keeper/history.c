/* The audit's files, as they are sent to tfa-admin. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "store/folder/audit_files.h"
#include "tests/unit/store/keeper/scene.h"

static const char policy[] =
    "{'version':1,'issuer':'Test','rules':[],'otherwise':'required'}";

/* Takes the last row of a file. */
static void
take_file(void *ctx, const char *answer)
{
	struct audit_file *file = ctx, row;
	struct json_error error;

	if (json_read(&audit_file_shape, answer, strlen(answer), PACKET_MAX,
		&row, &error) == FAULT_NONE)
		*file = row;
}

static struct audit_file
ask_log(struct keeper_scene *s, const char *text)
{
	struct audit_file file = {.name = ""};
	char request[QUOTED_MAX];

	keeper_scene_request(s, text, NO_CODE, request);
	keeper_scene_ask(s, 0, request, false, take_file, &file);
	return file;
}

/* Somebody cut the file while a reader followed it. */
Test(keeper_history, says_that_a_file_is_shorter_than_what_was_read)
{
	struct keeper_scene s;
	struct audit_file file;
	char text[256];

	keeper_scene_begin(&s, policy);
	keeper_scene_write(s.store.dir, AUDIT_FILE, 0600, "{}\n");
	file = ask_log(&s, "'log'");
	cr_expect_str_eq(file.name, AUDIT_FILE);
	cr_expect_str_eq(file.why, "");
	snprintf(text, sizeof(text), "'log','file':'%s','offset':3", file.id);
	cr_expect_str_eq(ask_log(&s, text).why, "");
	snprintf(text, sizeof(text), "'log','file':'%s','offset':4", file.id);
	cr_expect_str_eq(ask_log(&s, text).why, "it is shorter than it was");
	keeper_scene_end(&s);
}
