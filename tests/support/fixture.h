/*
 * What a test finds in place when it begins: a policy, and records of users
 * who enrolled, failed or said "later" long ago.  They are written as files,
 * past the keeper, in the formats that the manuals describe.
 *
 * JSON is written with ' for ", so that it stays legible in C.
 */
#ifndef TFA_TESTS_FIXTURE_H
#define TFA_TESTS_FIXTURE_H

#include <stdint.h>
#include <sys/types.h>

#include "tests/support/bastion.h"

#define RULE(mode) "{'name':'all','users':['*'],'mode':'" mode "'}"
#define REQUIRED   RULE("required")
/* Needs two dates: since, until. */
#define GRACE                                                         \
	"{'name':'all','users':['*'],'mode':'required','since':'%s'," \
	"'grace':{'until':'%s'}}"

/* The policy around some rules, with further keys; more may be NULL. */
char *fixture_policy(const char *rules, const char *more);

/* Replaces the policy, valid or not. */
void fixture_write_policy(const struct bastion *b, const char *content);

/* Writes a record with one device, as if enrolled; returns its secret. */
const char *fixture_enrol(const struct bastion *b, const char *user);

/* A device for fixture_put_record(). */
char *fixture_device(const char *secret, uint64_t last_step);

/*
 * Writes a record; fields are what follows "uid", with no failures where they
 * name none.
 */
void fixture_put_record(
    const struct bastion *b, const char *user, const char *fields);

/* The record's text, or NULL where there is none. */
char *fixture_record(const struct bastion *b, const char *user);

/* The audit's text. */
char *fixture_audit(const struct bastion *b);

/* How often that has these words. */
size_t fixture_audit_count(const struct bastion *b, const char *words);

/* Now and some hours, as files write it. */
char *hours_from_now(int hours);

/* A folder that is there afterwards, in the hands of owner. */
void fixture_folder(const char *path, mode_t mode, const char *owner);

/* Who owns the store. */
const char *fixture_keeper_user(const struct bastion *b);

/* The passwd entry of somebody who exists. */
const struct passwd *fixture_person(const char *user);

#endif
