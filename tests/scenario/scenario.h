/* Included by every scenario. Each test has a minute. */
#ifndef TFA_TESTS_SCENARIO_H
#define TFA_TESTS_SCENARIO_H

#include <string.h>

#include <criterion/criterion.h>

#include "tests/support/bastion.h"
#include "tests/support/code.h"
#include "tests/support/door.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "tests/support/processes.h"
#include "tests/support/run.h"
#include "tests/support/screen.h"
#include "tests/support/session.h"

#define Scenarios(suite) \
	TestSuite(suite, .timeout = 180, .fini = bastion_close_all)

/* First line of a test that needs other users, or a keeper under its own. */
#define needs_people()                                                         \
	do {                                                                   \
		if (!bastion_has_people())                                     \
			cr_skip("needs root and a private-root to add users"); \
	} while (0)

/* First line of a test of the door. */
#define needs_door()                                   \
	do {                                           \
		if (door_missing() != NULL)            \
			cr_skip("%s", door_missing()); \
	} while (0)

/* First line of a test that needs a program which may be missing. */
#define needs_program(name)                                            \
	do {                                                           \
		if (run(ARGV("sh", "-c", "command -v " name), NULL, 0) \
			->status != 0)                                 \
			cr_skip("no " name " here");                   \
	} while (0)

#define assert_status(r, wanted)                                              \
	do {                                                                  \
		const struct run *run_ = (r);                                 \
		cr_assert_eq(run_->status, (wanted),                          \
		    "status %d, not %d; it said: %s", run_->status, (wanted), \
		    run_->err);                                               \
	} while (0)

#define assert_says(words, wanted)                          \
	do {                                                \
		const char *words_ = (words);               \
		cr_assert(strstr(words_, (wanted)) != NULL, \
		    "no \"%s\" in: %s", (wanted), words_);  \
	} while (0)

#define assert_never_says(words, unwanted)                                     \
	do {                                                                   \
		const char *words_ = (words);                                  \
		cr_assert(strstr(words_, (unwanted)) == NULL, "\"%s\" in: %s", \
		    (unwanted), words_);                                       \
	} while (0)

#endif
