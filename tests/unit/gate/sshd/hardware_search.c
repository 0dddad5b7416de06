/* The files in which a hardware key is looked for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gate/sshd/hardware.h"
#include "tests/unit/fixture.h"
#include "tests/unit/gate/sshd/hardware.h"

#define NAMES 3

struct names {
	char text[NAMES][96];
};

/* Names of files in a folder of root's; those that are "" are not asked for. */
struct scene {
	char top[32];
	struct names files, hardware, authorities;
	struct key key;
	char line[HARDWARE_LINE];
	char why[WHY_TEXT];
};

static void
scene_begin(struct scene *s, bool certificate)
{
	char auth[HARDWARE_LINE + 16];

	*s = (struct scene){.top = "/run/search.XXXXXX"};
	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_not_null(mkdtemp(s->top));
	cr_assert_eq(chmod(s->top, 0755), 0);
	if (certificate)
		hardware_certificate(&(struct test_certificate){0}, s->line);
	else
		hardware_key(HARDWARE_TYPE, 'k', s->line);
	snprintf(auth, sizeof(auth), "publickey %s", s->line);
	cr_assert_eq(key_parse(auth, &s->key), FAULT_NONE);
	if (certificate)
		hardware_authority(s->line);
}

static void
scene_end(struct scene *s)
{
	key_done(&s->key);
	fixture_remove(s->top);
}

/* Adds a file with the key, behind options, to a list of names. */
static char *
add(struct scene *s, struct names *names, const char *name, const char *options)
{
	char *path = NULL;
	FILE *file;

	for (size_t i = 0; path == NULL && i < NAMES; i++)
		if (names->text[i][0] == '\0')
			path = names->text[i];
	cr_assert_not_null(path);
	snprintf(path, sizeof(names->text[0]), "%s/%s", s->top, name);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	fprintf(file, "%s%s\n", options, s->line);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(chmod(path, 0644), 0);
	return path;
}

static struct keypath_list
list_of(const struct names *names)
{
	size_t count = 0;

	while (count < NAMES && names->text[count][0] != '\0')
		count++;
	return (struct keypath_list){
	    names->text[0], sizeof(names->text[0]), count};
}

static const struct keypath_user alice = {
    .name = "alice", .home = "/nonexistent", .uid = 2001, .gid = 2001};

static struct hardware_question
question_of(const struct scene *s)
{
	return (struct hardware_question){.user = &alice,
	    .files = list_of(&s->files),
	    .hardware = list_of(&s->hardware),
	    .authorities = list_of(&s->authorities)};
}

static enum hardware
search(struct scene *s)
{
	const struct hardware_question question = question_of(s);
	enum hardware proof = hardware_search(&question, &s->key, s->why);

	cr_expect_eq(proof == HARDWARE_NONE, s->why[0] != '\0');
	return proof;
}

/* sshd reads root's file too, so that keys.files names it as well. */
Test(hardware_search, file_in_two_lists_is_one_file)
{
	struct scene s;

	scene_begin(&s, false);
	add(&s, &s.hardware, "roots", "expiry-time=\"20300101\" ");
	memcpy(&s.files, &s.hardware, sizeof(s.files));
	cr_expect_eq(search(&s), HARDWARE_TOUCH, "%s", s.why);
	add(&s, &s.files, "own", "");
	cr_expect_eq(search(&s), HARDWARE_NONE);
	scene_end(&s);
}

/* A file that somebody else can write says nothing for the key, and what it
 * says against the key counts. */
Test(hardware_search, file_of_somebody_else_counts_against_the_key_alone)
{
	struct scene s;
	char *other;

	scene_begin(&s, false);
	other = add(&s, &s.hardware, "other", "");
	cr_assert_eq(chown(other, 2001, 0), 0);
	cr_expect_eq(search(&s), HARDWARE_NONE);
	cr_expect_not_null(strstr(s.why, other), "%s", s.why);
	cr_expect_not_null(strstr(s.why, "2001"), "%s", s.why);
	add(&s, &s.hardware, "roots", "");
	cr_expect_eq(search(&s), HARDWARE_TOUCH, "%s", s.why);
	s.hardware.text[2][0] = '\0';
	snprintf(
	    s.hardware.text[0], sizeof(s.hardware.text[0]), "%s/gone", s.top);
	cr_expect_eq(search(&s), HARDWARE_TOUCH, "%s", s.why);
	s.hardware.text[0][0] = '\0';
	other = add(&s, &s.hardware, "other", "no-touch-required ");
	cr_assert_eq(chmod(other, 0664), 0);
	cr_expect_eq(search(&s), HARDWARE_NONE);
	scene_end(&s);
}

/* It may say that no touch is needed. */
Test(hardware_search, file_that_cannot_be_read_counts_against_the_key)
{
	struct scene s;
	char *path;

	scene_begin(&s, false);
	add(&s, &s.hardware, "roots", "");
	path = add(&s, &s.files, "own", "");
	cr_expect_eq(search(&s), HARDWARE_TOUCH, "%s", s.why);
	cr_assert_eq(unlink(path), 0);
	cr_expect_eq(search(&s), HARDWARE_TOUCH, "%s", s.why);
	cr_assert_eq(mkdir(path, 0755), 0);
	cr_expect_eq(search(&s), HARDWARE_NONE);
	cr_expect_not_null(strstr(s.why, path), "%s", s.why);
	s.files.text[0][0] = '\0';
	path = add(&s, &s.hardware, "second", "");
	cr_expect_eq(search(&s), HARDWARE_TOUCH, "%s", s.why);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkdir(path, 0755), 0);
	cr_expect_eq(search(&s), HARDWARE_NONE);
	cr_expect_not_null(strstr(s.why, path), "%s", s.why);
	memcpy(path, "/x%x", 5);
	cr_expect_eq(search(&s), HARDWARE_NONE);
	scene_end(&s);
}

Test(hardware_search, authorities_are_roots_too)
{
	struct scene s;
	char *path;

	scene_begin(&s, true);
	path = add(&s, &s.authorities, "ca", "");
	cr_expect_eq(search(&s), HARDWARE_TOUCH, "%s", s.why);
	add(&s, &s.files, "own", "cert-authority,no-touch-required ");
	cr_expect_eq(search(&s), HARDWARE_NONE);
	s.files.text[0][0] = '\0';
	cr_assert_eq(chmod(path, 0646), 0);
	cr_expect_eq(search(&s), HARDWARE_NONE);
	cr_expect_not_null(strstr(s.why, path), "%s", s.why);
	/* Another authority's file that users can write lets certificates of
	 * anybody in. */
	add(&s, &s.hardware, "roots", "cert-authority ");
	cr_expect_eq(search(&s), HARDWARE_NONE);
	cr_assert_eq(chmod(path, 0644), 0);
	cr_expect_eq(search(&s), HARDWARE_TOUCH, "%s", s.why);
	scene_end(&s);
	/* Authorities say nothing of plain keys. */
	scene_begin(&s, false);
	path = add(&s, &s.authorities, "ca", "");
	cr_expect_eq(search(&s), HARDWARE_NONE);
	add(&s, &s.hardware, "roots", "");
	cr_assert_eq(chmod(path, 0646), 0);
	cr_expect_eq(search(&s), HARDWARE_TOUCH, "%s", s.why);
	scene_end(&s);
}

/* For a connection that began so many seconds from now. */
static bool
settled(struct scene *s, int seconds)
{
	const struct hardware_question question = question_of(s);
	struct timespec since;

	clock_gettime(CLOCK_REALTIME, &since);
	since.tv_sec += seconds;
	s->why[0] = '\0';
	return hardware_is_settled(&question, &since, s->why);
}

/* sshd may have read something else in it. */
Test(hardware_search, file_of_a_users_must_be_older_than_the_connection)
{
	struct names users;
	struct scene s;
	char *own;

	scene_begin(&s, false);
	add(&s, &s.hardware, "roots", "");
	add(&s, &s.authorities, "ca", "");
	cr_expect(settled(&s, -60), "%s", s.why);
	own = add(&s, &s.files, "own", "");
	cr_expect(settled(&s, -60), "%s", s.why);
	cr_assert_eq(chown(own, 2001, 2001), 0);
	cr_expect_not(settled(&s, -60));
	cr_expect_not_null(strstr(s.why, own), "%s", s.why);
	cr_expect_not_null(strstr(s.why, "connect anew"), "%s", s.why);
	cr_expect(settled(&s, 60), "%s", s.why);
	memcpy(&users, &s.files, sizeof(s.files));
	memset(&s.files, 0, sizeof(s.files));
	memcpy(&s.authorities, &users, sizeof(s.authorities));
	cr_expect_not(settled(&s, -60));
	memcpy(&s.hardware, &users, sizeof(s.hardware));
	memset(&s.authorities, 0, sizeof(s.authorities));
	cr_expect_not(settled(&s, -60));
	scene_end(&s);
}

/* Where sshd may have read another line than the gate, no key proves
 * anything. */
Test(hardware_search, proof_needs_a_connection_that_is_younger_than_the_files)
{
	const struct timespec unknown = {0};
	struct timespec since;
	struct hardware_question question;
	struct scene s;
	char *own;

	scene_begin(&s, false);
	add(&s, &s.hardware, "roots", "");
	own = add(&s, &s.files, "own", "");
	question = question_of(&s);
	cr_expect_eq(
	    hardware_prove(&question, &s.key, &unknown), HARDWARE_TOUCH);
	cr_assert_eq(chown(own, 2001, 2001), 0);
	cr_expect_eq(
	    hardware_prove(&question, &s.key, &unknown), HARDWARE_NONE);
	clock_gettime(CLOCK_REALTIME, &since);
	since.tv_sec -= 60;
	cr_expect_eq(hardware_prove(&question, &s.key, &since), HARDWARE_NONE);
	since.tv_sec += 120;
	cr_expect_eq(hardware_prove(&question, &s.key, &since), HARDWARE_TOUCH);
	scene_end(&s);
}

/* A file that is gone may have been one with another line. */
Test(hardware_search, file_that_a_user_removed_is_newer_than_the_connection)
{
	struct scene s;
	char *own;

	scene_begin(&s, false);
	own = add(&s, &s.files, "own", "");
	cr_assert_eq(unlink(own), 0);
	cr_expect(settled(&s, -60), "%s", s.why);
	cr_assert_eq(chown(s.top, 2001, 2001), 0);
	cr_expect_not(settled(&s, -60));
	cr_expect(settled(&s, 60), "%s", s.why);
	cr_assert_eq(mkdir(own, 0755), 0);
	cr_expect_not(settled(&s, 60));
	scene_end(&s);
}
