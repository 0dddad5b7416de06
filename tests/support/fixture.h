/*
 * Makes what a test finds in place: a policy, and records of users who
 * enrolled, failed or said "later" long ago. The files are written past the
 * keeper, in the formats that the manual pages describe.
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
/* A format with two dates: since, until. */
#define GRACE                                                         \
	"{'name':'all','users':['*'],'mode':'required','since':'%s'," \
	"'grace':{'until':'%s'}}"

/* A whole policy with these rules and further keys; more may be NULL. */
char *fixture_policy(const char *rules, const char *more);

/* Replaces the policy's file; content need not be valid. */
void fixture_write_policy(const struct bastion *b, const char *content);

/* Writes a record with one device, as if enrolled; returns its secret. */
const char *fixture_enrol(const struct bastion *b, const char *user);

/* fixture_enrol(), of a device that counts its codes; counter is the next. */
const char *fixture_enrol_counted(
    const struct bastion *b, const char *user, uint64_t counter);

/* A device for fixture_put_record(). */
char *fixture_device(const char *secret, uint64_t last_step);

/*
 * Writes a record. fields is the text behind "uid"; where it has no "failures",
 * the record gets empty ones.
 */
void fixture_put_record(
    const struct bastion *b, const char *user, const char *fields);

/* The record's text, or NULL where there is none. */
char *fixture_record(const struct bastion *b, const char *user);

/* The audit's text. */
char *fixture_audit(const struct bastion *b);

/* How often these words stand in the audit. */
size_t fixture_audit_count(const struct bastion *b, const char *words);

/* The time in so many hours, as policy and records write it. */
char *hours_from_now(int hours);

/* Makes the folder where it is missing, and gives it this mode and owner. */
void fixture_folder(const char *path, mode_t mode, const char *owner);

/* The name of the user who owns the store. */
const char *fixture_keeper_user(const struct bastion *b);

/* The passwd entry of somebody who exists. */
const struct passwd *fixture_person(const char *user);

#endif
