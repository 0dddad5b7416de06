/*
 * Shared by many unit tests: a policy, a record with a device, a login, a group
 * database, a private folder.  JSON is written with ' in place of ", which
 * keeps tables of JSON readable.
 */
#ifndef TFA_FIXTURE_H
#define TFA_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "store/core/login.h"

#define REASON_SENT 33 /* bytes of a reason's word */
#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))

#define NOW_S   1793000020LL /* 10 seconds into a step of 30 */
#define LATER_S (NOW_S + 30LL * DAY_S)

#define ALICE_KEY     "SHA256:aliceaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ALICE_ADDRESS "203.0.113.7"
#define CONNECTION    "c0ffee"

/* A path that never exists: even HOME=/nonexistent may have been created by
 * a shell. */
#define NEVER_THERE "/proc/none"

#define QUOTED_MAX 16384
#define FOLDER_MAX 64

/* Copies text with " for each '.  Ends the test if it is too long. */
void fixture_quote(const char *text, char ret[static QUOTED_MAX]);

/* Copies text, quoted, with the single occurrence of from replaced by to. */
void fixture_change(const char *text, const char *from, const char *to,
    char ret[static QUOTED_MAX]);

/* *ret: the policy with these rules; rest follows "otherwise". */
void fixture_policy(const char *rules, const char *rest, struct policy *ret);

/* *ret: the record of alice, uid 1001, without a device. */
void fixture_record(struct record *ret);

/* Adds a device d1, d2, ..., each with its own secret. */
struct device *fixture_device(struct record *record);

/* fixture_device(), of one that counts its codes. */
struct device *fixture_counted(struct record *record, uint64_t counter);

/* Adds a one-time code; text is 16 characters of Crockford's base 32, or the
 * digits of a CODE_SCRATCH. */
void fixture_one_time(struct record *record, enum code_use use,
    const char *text, int64_t until_s);

/* Adds alice's key and address as a source that gave a code at last_s. */
void fixture_source(struct record *record, int64_t last_s);

/* ret: the device's code that many steps after (or before) now_s. */
void fixture_code(const struct device *device, int64_t now_s, int steps,
    char ret[static OTP_DIGITS_MAX + 1]);

/* ret: the code of that step or counter. */
void fixture_code_of(const struct device *device, uint64_t number,
    char ret[static OTP_DIGITS_MAX + 1]);

/* ret: digits that are no device's code within 30 steps of now_s, or 300 of its
 * counter. */
void
fixture_wrong(const struct record *record, int64_t now_s, char ret[static 7]);

/* Returns a login of alice with a key, on a terminal, for a shell. */
struct login fixture_login(int64_t now_s);

/* The member() of a struct subject; ctx points to this struct. */
struct fixture_groups {
	const char *inside[4];
	const char *outside[4];
	const char *failing; /* its look-up is an error */
	int asked;
};
enum membership fixture_member(void *ctx, const char *group);

/* Makes a private folder; ret is its path.  The second removes it with
 * everything in it. */
void fixture_folder(char ret[static FOLDER_MAX]);
void fixture_remove(const char *folder);

/* Waits for a child.  Returns its exit status, or -1. */
int fixture_wait(int pid);

/* From now on this process gets error for that system call, as on a kernel
 * without it.  False if there is no seccomp. */
bool fixture_refuse_call(long number, int error);

#endif
