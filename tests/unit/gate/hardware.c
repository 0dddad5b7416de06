/* The gate's claim of the key that was used. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/gate.h"
#include "tests/unit/fixture.h"
#include "tests/unit/gate/sshd/hardware.h"

/* A login with that key, whose home folder is below a file of root's. */
struct scene {
	char top[32], home[64], roots[64], own[96];
	char auth[HARDWARE_LINE + 16], line[HARDWARE_LINE];
	struct gate gate;
};

static void
write_line(const char *path, const char *options, const char *line)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fprintf(file, "%s%s\n", options, line);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(chmod(path, 0644), 0);
}

static void
name_file(void *list, const char *path)
{
	struct note *note = list_add(list, sizeof(*note));

	cr_assert_not_null(note);
	snprintf(note->text, sizeof(note->text), "%s", path);
}

static void
scene_begin(struct scene *s, const char *type)
{
	*s = (struct scene){.top = "/run/gate.XXXXXX"};
	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_not_null(mkdtemp(s->top));
	cr_assert_eq(chmod(s->top, 0755), 0);
	snprintf(s->home, sizeof(s->home), "%s/home", s->top);
	snprintf(s->own, sizeof(s->own), "%s/keys", s->home);
	snprintf(s->roots, sizeof(s->roots), "%s/roots", s->top);
	cr_assert_eq(mkdir(s->home, 0755), 0);
	hardware_key(type, 'k', s->line);
	snprintf(s->auth, sizeof(s->auth), "publickey %s", s->line);
	s->gate.facts = (struct facts){.uid = 2001,
	    .user = "alice",
	    .home = s->home,
	    .shell = s->home,
	    .auth = s->auth,
	    .auth_named = true,
	    .keys = 1};
	memcpy(s->gate.look.keys, "0123456789abcdef", KEYS_NAME);
	name_file(&s->gate.look.key_files, s->own);
	name_file(&s->gate.look.hardware_files, s->roots);
}

static void
scene_end(struct scene *s)
{
	reply_done(&s->gate.look);
	fixture_remove(s->top);
}

static enum hardware
judge(struct scene *s)
{
	s->gate.hardware = (enum hardware)77;
	gate_judge_hardware(&s->gate);
	return s->gate.hardware;
}

Test(gate_hardware, counts_by_the_file_that_the_keeper_names)
{
	struct scene s;

	scene_begin(&s, HARDWARE_TYPE);
	cr_expect_eq(judge(&s), HARDWARE_NONE);
	write_line(s.roots, "", s.line);
	cr_expect_eq(judge(&s), HARDWARE_TOUCH);
	write_line(s.roots, "verify-required ", s.line);
	cr_expect_eq(judge(&s), HARDWARE_PIN);
	write_line(s.own, "no-touch-required ", s.line);
	cr_expect_eq(judge(&s), HARDWARE_NONE);
	write_line(s.own, "", s.line);
	cr_expect_eq(judge(&s), HARDWARE_TOUCH);
	scene_end(&s);
}

/* The thief of an earlier session could leave that behind. */
Test(gate_hardware, of_a_users_own_file_does_not_count)
{
	struct scene s;

	scene_begin(&s, HARDWARE_TYPE);
	write_line(s.own, "verify-required ", s.line);
	cr_expect_eq(judge(&s), HARDWARE_NONE);
	write_line(s.roots, "", s.line);
	cr_assert_eq(chown(s.roots, 2001, 2001), 0);
	cr_expect_eq(judge(&s), HARDWARE_NONE);
	cr_assert_eq(chown(s.roots, 0, 0), 0);
	cr_assert_eq(chmod(s.top, 0777), 0);
	cr_expect_eq(judge(&s), HARDWARE_NONE);
	cr_assert_eq(chmod(s.top, 0755), 0);
	cr_expect_eq(judge(&s), HARDWARE_TOUCH);
	scene_end(&s);
}

Test(gate_hardware, is_unsaid_of_other_keys_and_of_several)
{
	struct scene s;
	char *auth;

	scene_begin(&s, HARDWARE_TYPE);
	auth = s.gate.facts.auth;
	write_line(s.roots, "", s.line);
	s.gate.facts.keys = 2;
	cr_expect_eq(judge(&s), HARDWARE_UNSAID);
	s.gate.facts.keys = 0;
	cr_expect_eq(judge(&s), HARDWARE_UNSAID);
	s.gate.facts.keys = 1;
	s.gate.hardware_unknown = true;
	cr_expect_eq(judge(&s), HARDWARE_UNSAID);
	s.gate.hardware_unknown = false;
	s.gate.facts.auth = NULL;
	cr_expect_eq(judge(&s), HARDWARE_UNSAID);
	s.gate.facts.auth = auth;
	cr_expect_eq(judge(&s), HARDWARE_TOUCH);
	scene_end(&s);
	scene_begin(&s, "ssh-ed25519");
	write_line(s.roots, "", s.line);
	cr_expect_eq(judge(&s), HARDWARE_UNSAID);
	scene_end(&s);
}

/* Until the keeper has named the files, and the home folder is known. */
Test(gate_hardware, is_none_before_the_files_are_known)
{
	struct scene s;
	char *shell;

	scene_begin(&s, HARDWARE_TYPE);
	write_line(s.roots, "", s.line);
	shell = s.gate.facts.shell;
	s.gate.facts.shell = NULL;
	cr_expect_eq(judge(&s), HARDWARE_NONE);
	s.gate.facts.shell = shell;
	reply_done(&s.gate.look);
	s.gate.look = (struct reply){.version = 0};
	cr_expect_eq(judge(&s), HARDWARE_NONE);
	scene_end(&s);
}

/* No sshd is above this process: a file of the user's may have changed since
 * the connection began. */
Test(gate_hardware, is_none_where_the_connection_cannot_be_seen)
{
	struct scene s;

	scene_begin(&s, HARDWARE_TYPE);
	write_line(s.roots, "", s.line);
	write_line(s.own, "", s.line);
	cr_expect_eq(judge(&s), HARDWARE_TOUCH);
	cr_assert_eq(chown(s.own, 2001, 2001), 0);
	cr_expect_eq(judge(&s), HARDWARE_NONE);
	scene_end(&s);
}
