/*
 * The words of the proofs.  A proof calls the product's own code.  Its static
 * variables that it does not set have any value, so that a claim() holds for
 * all inputs that the given()s allow. reach() names one that must be among
 * them, or the claims could be empty.  The comment before a proof has its
 * bound, options of cbmc and, behind "without", functions that change nothing
 * and return anything or, as "name:other", the other one in their place.
 *
 * Abstract in all proofs: a text or a secret is its first character, so it is
 * empty, the same, or another one; snprintf() writes any.  Lists are arrays
 * and do as list.h says (parts.c), up to the limits below.  Memory may be
 * wanting; wiping writes zeros.
 */
#ifndef TFA_PROOF_H
#define TFA_PROOF_H

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "store/base/address.h"
#include "store/base/hash.h"
#define ADDRESS_TEXT 2
#define HASH_TEXT    2
#include "store/base/when.h"
#include "store/core/enroll.h"
#include "store/core/record.c"
#include "store/core/renew.h"
#include "store/core/spent.h"
#include "store/core/typed.h"
#include "store/core/verify.h"

#define proof(name)            void prove_##name(void)
#define claim(number, holds)   __CPROVER_assert(holds, #number ": " #holds)
#define reach(place)           __CPROVER_assert(!(place), "reach: " #place)
#define reach2(a, b)           (reach(a), reach(b))
#define reach3(a, b, c)        (reach(a), reach2(b, c))
#define given(condition)       __CPROVER_assume(condition)
#define implies(a, b)          (!(a) || (b))
#define each(i, n)             for (size_t i = 0; i < (n); i++)
#define within(n, least, most) ((n) >= (least) && (n) <= (most))
#define is_time(s)             ((s) >> 38 == 0) /* is_time(a | b): both are */

bool nondet_bool(void);
char nondet_char(void);

/* Limits, in place of those that the headers have. */
#define DEVICES_MAX     2
#define CODES_MAX       2
#define EARLIER_MAX     1
#define SPENT_CODES_MAX 2
#define SPENT_STEPS_MAX 2
#define VERIFIED_MAX    2
#define SOURCES_MAX     1
#define ADMIN_CODES     1
#define RECOVERY_CODES  1
#define OTP_SECRET_MAX  1

#define strcmp(a, b)             ((a)[0] != (b)[0])
#define CRYPTO_memcmp(a, b, len) strcmp(a, b)
#define memcpy(ret, text, size)  ((ret)[0] = (text)[0])
#define snprintf(ret, size, ...) ((ret)[0] = nondet_char(), 1)
#define OPENSSL_cleanse(at, len) (*(at) = (__typeof__(*(at))){0})
#include "store/core/record_check.c"

static bool no_memory;
#define list_add(list, size)                                     \
	(no_memory |= nondet_bool(),                             \
	    no_memory ? NULL                                     \
		      : ((list)->items[(list)->count] =          \
				(__typeof__(*(list)->items)){0}, \
			    &(list)->items[(list)->count++]))
#define list_drop(list, size, at)                                  \
	__extension__({                                            \
		(list)->count--;                                   \
		for (size_t i_ = (at); i_ < (list)->count; i_++)   \
			(list)->items[i_] = (list)->items[i_ + 1]; \
		(void)0;                                           \
	})
#define list_add_newest(list, size, most)                              \
	((list)->count >= (most) ? list_drop(list, size, 0) : (void)0, \
	    list_add(list, size))
#define any_list(list, array)    \
	((list).items = (array), \
	    given((list).count <= sizeof(array) / sizeof(*(array))))

static struct policy policy;
static struct record record, was; /* after and before */
static struct device devices[DEVICES_MAX], old_devices[DEVICES_MAX];
static struct one_time codes[CODES_MAX], old_codes[CODES_MAX];
static struct spent_code spent[SPENT_CODES_MAX], old_spent[SPENT_CODES_MAX];
static struct pending earlier[EARLIER_MAX];
static struct source sources[SOURCES_MAX];
static struct verified verified[VERIFIED_MAX];
static struct uid_at uids[2];
static struct login by;
static struct outcome out;
static struct json_place place;

static bool
is_counter(const struct counter *c)
{
	return within(c->count, 0, COUNT_MAX) &&
	    within(c->spent, 0, SPENT_MAX) &&
	    within(c->told, -COUNT_MAX, COUNT_MAX) &&
	    within(c->tried, 0, SPENT_MAX) &&
	    is_time(c->last_s | c->spent_since_s) &&
	    implies(c->spent > 0, c->spent_since_s > 0);
}

static bool
is_untouched(const struct counter *c, const struct counter *old)
{
	return c->count == old->count && c->spent == old->spent &&
	    c->last_s == old->last_s && c->spent_since_s == old->spent_since_s;
}

/* Any record that record_parse() reads, and any policy and login. */
static void
any_record(void)
{
	no_memory = false;
	any_list(record.devices, devices);
	any_list(record.codes, codes);
	any_list(record.spent, spent);
	any_list(record.earlier, earlier);
	any_list(record.sources, sources);
	any_list(record.verified, verified);
	any_list(record.uids, uids);
	given(is_counter(&record.failures.known));
	given(is_counter(&record.failures.other));
	given(is_time(record.first_seen_s | record.skipped_s | by.now_s |
	    record.invited_until_s | record.made.at_s | record.last_login.at_s |
	    record.last_login.before_s | record.pending.until_s |
	    earlier[0].until_s | sources[0].last_s));
	given(by.now_s > 0);
	given(within(policy.remember.connection_s, 0, INT32_MAX));
	given(within(policy.remember.for_s, 0, INT32_MAX));
	each(i, 2) {
		given(is_time(codes[i].until_s | spent[i].at_s |
		    verified[i].until_s | devices[i].told_s));
		given(within(codes[i].use, CODE_RECOVER, CODE_SCRATCH));
		given(within(spent[i].why, SPENT_USED, SPENT_EXPIRED));
		given(codes[i].hash[0] != '\0' && spent[i].hash[0] != '\0');
		devices[i].spent_steps.count = 0; /* devices.c has them */
		devices[i].spent_steps.items = NULL;
		old_devices[i] = devices[i];
		old_codes[i] = codes[i];
		old_spent[i] = spent[i];
	}
	given(record_check(&record, &place) == NULL);
	was = record;
}

#endif
