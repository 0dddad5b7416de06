/* Names that no account can have, as they come from a spreadsheet's CSV. */
#include <stdlib.h>

#include "tests/scenario/scenario.h"

Scenarios(nobody);

/* NAME stands for the name. */
static const char *const commands[][10] = {
    {"users", "NAME"},
    {"explain", "NAME"},
    {"explain", "NAME", "--door"},
    {"unlock", "NAME"},
    {"revoke", "NAME", "--yes"},
    {"revoke", "NAME", "--end-sessions", "--yes"},
    {"forget", "NAME", "--yes"},
    {"code", "NAME", "--pass"},
    {"code", "NAME", "--enroll"},
    {"enroll", "NAME", "--qr", "uri"},
    {"enroll", "NAME", "--letter", "-"},
    {"import", "NAME", "/dev/null"},
    {"log", "--user", "NAME"},
    {"enable", "NAME", "--yes"},
    {"enforce", "NAME", "--yes"},
    {"enforce", "NAME", "--grace", "14d", "--yes"},
    {"exempt", "NAME", "--yes"},
    {"disable", "NAME", "--yes"},
    {"forward", "NAME", "open", "--yes"},
    {"doctor", "--probe", "NAME", "-i", "/dev/null"},
};
static const char *const names[] = {
    "alice\r", "a\tb", "a\nb", "\xff\xfe", "a\x1b[2J", "\xc2\x9b"};

/* Each command says so, with one status, and shows no byte of it raw. */
Test(nobody, is_named_by_control_characters_or_bad_utf8)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *policy = read_text(b->policy);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			const char *args[10] = {NULL};
			struct run *r;

			for (size_t n = 0; commands[i][n] != NULL; n++)
				args[n] = strcmp(commands[i][n], "NAME") == 0
				    ? names[k]
				    : commands[i][n];
			r = bastion_admin(b, args);
			cr_expect_eq(r->status, 1, "%s %s, name %zu: %d, %s",
			    commands[i][0], commands[i][1], k, r->status,
			    r->err);
			cr_expect(
			    strstr(r->err, "there is no such user") != NULL,
			    "%s %s, name %zu: %s", commands[i][0],
			    commands[i][1], k, r->err);
			cr_expect_eq(strcspn(r->err, "\r\t\x1b\xff\xc2"),
			    strlen(r->err), "%s: %s", commands[i][0], r->err);
		}
	cr_assert_str_eq(read_text(b->policy), policy);
}

/* setup is for the machine, and takes no socket. */
Test(nobody, is_set_up_by_control_characters_or_bad_utf8)
{
	static const char *const options[] = {"--break-glass", "--only"};

	needs_people();
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			struct run *r = run(
			    ARGV("unshare", "-m",
				text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
				"setup", "--dry-run", options[i], names[k]),
			    NULL, 0);

			assert_status(r, 1);
			assert_says(r->err, "there is no such user");
			cr_assert_eq(strcspn(r->err, "\r\t\x1b\xff\xc2"),
			    strlen(r->err), "%s", r->err);
		}
}
