/*
 * Shared by all proofs.  Variables that a proof does not set have any value, so
 * that a claim(number, when, holds) is of all inputs that the given()s allow.
 * Its "when" must happen, and so must a reach(), or claims could be empty.
 *
 * Abstract in all: a text or a secret is its first character, so it is empty,
 * the same, or another one; snprintf() writes any.  Lists are arrays of at most
 * 2, or of DEVICES, and do as list.h says (parts.c).  Memory may be wanting;
 * wiping writes zeros.
 */
#include <openssl/crypto.h>

#include "store/base/address.h"
#include "store/base/hash.h"
#define ADDRESS_TEXT 2
#define HASH_TEXT    2
#include "store/core/enroll.h"
#include "store/core/record.c"

#define proof(name) void prove_##name(void)
#define claim(number, when, holds)                                             \
	(__CPROVER_assert(!(when) || (holds), #number ": " #when ": " #holds), \
	    __CPROVER_assert(!(when), "reach: " #number ": " #when))
#define reach(place)           __CPROVER_assert(!(place), "reach: " #place)
#define reach2(a, b)           (reach(a), reach(b))
#define given(condition)       __CPROVER_assume(condition)
#define each(i, n)             for (size_t i = 0; i < (n); i++)
#define within(n, least, most) ((n) >= (least) && (n) <= (most))
#define is_time(s)             ((s) >> 38 == 0) /* is_time(a | b): both are */

int nondet_any(void);
#ifndef DEVICES
#define DEVICES 2
#endif
#define DEVICES_MAX              DEVICES
#define CODES_MAX                2
#define EARLIER_MAX              2
#define SPENT_CODES_MAX          2
#define SPENT_STEPS_MAX          2
#define VERIFIED_MAX             2
#define SOURCES_MAX              2
#define OTP_SECRET_MAX           1
#define strcmp(a, b)             ((a)[0] != (b)[0])
#define CRYPTO_memcmp(a, b, len) strcmp(a, b)
#define memcpy(ret, text, size)  ((ret)[0] = (text)[0])
#define snprintf(ret, size, ...) ((ret)[0] = (char)nondet_any(), 1)
#define OPENSSL_cleanse(at, len) (*(at) = (__typeof__(*(at))){0})
#include "store/core/record_check.c"

static bool no_memory;
#define otp_step(time_s, period) step_now
#define list_add(list, size)                                             \
	((no_memory |= nondet_any())                                     \
		? NULL                                                   \
		: (OPENSSL_cleanse(&(list)->items[(list)->count], size), \
		      &(list)->items[(list)->count++]))
#define list_drop(list, size, at) \
	((list)->items[at] = (list)->items[1], (list)->count--)
#define list_add_newest(list, size, most)                        \
	((list)->count >= (most) ? list_drop(list, size, 0) : 0, \
	    list_add(list, size))
#define any_list(list, array) ((list).items = (array), given((list).count <= 2))

static struct policy policy;
static struct record record, was; /* after and before */
static struct device devices[DEVICES], old_devices[DEVICES];
static struct one_time codes[2];
static struct spent_code spent[2];
static struct source sources[2];
static struct verified verified[2];
static struct uid_at uids[2];
static uint64_t steps[DEVICES][2], counters[DEVICES][2], step_now;
static struct login by;
static struct outcome out;
static struct json_place place;
#define is_sound(record) (record_check(&(record), &place) == NULL)

#define is_counter(c)                                                          \
	(within((c).count, 0, COUNT_MAX) && within((c).tried, 0, SPENT_MAX) && \
	    within((c).told, -COUNT_MAX, COUNT_MAX) &&                         \
	    within((c).spent, 0, SPENT_MAX) &&                                 \
	    is_time((c).last_s | (c).spent_since_s) &&                         \
	    ((c).spent == 0 || (c).spent_since_s > 0))

/* Any record that record_parse() reads, and any policy and login. */
static void
any_record(void)
{
	no_memory = false;
	record.devices.items = devices;
	any_list(record.codes, codes), any_list(record.spent, spent);
	any_list(record.sources, sources), any_list(record.verified, verified);
	any_list(record.uids, uids);
	given(is_counter(record.failures.known));
	given(is_counter(record.failures.other));
	given(is_time(by.now_s | record.first_seen_s | record.skipped_s));
	given(is_time(record.last_login.at_s | record.invited_until_s));
	given(is_time(policy.remember.for_s | policy.remember.connection_s));
	given(by.now_s > 0 && record.devices.count <= DEVICES);
	each(i, DEVICES) {
		any_list(devices[i].spent_steps, steps[i]);
		any_list(devices[i].spent_counters, counters[i]);
		given(is_time(devices[i].resync.at_s));
		old_devices[i] = devices[i];
	}
	each(i, 2) {
		given(is_time(verified[i].until_s | sources[i].last_s));
		given(within(codes[i].use, CODE_RECOVER, CODE_SCRATCH));
		given(within(spent[i].why, SPENT_USED, SPENT_EXPIRED));
		given(codes[i].hash[0] && spent[i].hash[0]);
	}
	given(is_sound(record));
	was = record;
}
