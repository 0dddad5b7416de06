/*
 * verify_code() and verify_pass(): the promises of verify.h, by their numbers.
 * devices.c has those on the codes of devices.  It is one step from any record
 * to the next, so the claims hold for any number of codes, one after the other.
 *
 * Bounds: 2 unspent and 2 spent one-time codes, 2 remembered logins, 3 devices.
 * Hashes, keys, connections have at most 2 characters.  Any record that
 * record_parse() reads, so record_check() holds; any time, any text.
 *
 * What is not the product's own code:
 *	judge_devices()     any answer of those that devices.c proves.
 *	typed_plain()       leaves any text of up to 8 characters; onetime_read()
 *	                    any code of 16, or none: parts.c.
 *	onetime_hash(), spent_hash()  any hash, or a failure: one code is typed.
 *	                    Digits have no hash of a 16-character code.
 *	login_wait()        any answer.
 *	login_forgive()     takes any number off: wait.c.
 *	login_note_pass(), spent_connection()  set changed, and touch nothing of
 *	                    what is claimed here: that is by reading.
 *	is_same_connection()  any answer.
 *	counter_of(), spent_take()  as is proved of them here, apart.
 *	clock_drift()       any number: it is for the log.
 *	spent_is_step(), move_to_end()  change an order only: parts.c.
 *	list_add_newest(), list_drop()  as list.h says, for the lists here.
 */
#include "tests/proofs/proof.h"

#include "store/core/onetime.c"
#include "store/core/record.c"
#include "store/core/renew.c"
#include "store/core/spent.c"
#include "store/core/verify.c"

#define DEVICES 3
#define CODES   2

static struct policy policy;
static struct login login;
static struct record record, before;
static struct device devices[DEVICES];
static struct one_time codes[CODES], codes_before[CODES];
static struct spent_code spent[CODES + 1], spent_before[CODES];
static struct verified verified[2];
static struct outcome out;

static char typed[OTP_DIGITS_MAX + 1];        /* as typed_plain() leaves it */
static bool is_long;                          /* or a code of 16 characters */
static char hash[HASH_TEXT], sent[HASH_TEXT]; /* of the code; with connection */
static bool hash_fails, sent_fails, judged;
static bool is_known;
static int lost;
static enum reason judgement;
static int64_t wait_s, forgiven;

int
CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
	const char *x = a, *y = b;

	(void)len;
	return !is_same_text(x, y);
}

size_t
strspn(const char *text, const char *digits)
{
	size_t n = 0;

	(void)digits;
	while (text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

void
OPENSSL_cleanse(void *at, size_t len)
{
	(void)at, (void)len;
}

enum reason
any_judgement(
    struct record *r, const char *code, int64_t now_s, struct outcome *ret)
{
	(void)r;
	claim(wait_s == 0, "4c: no device judges while the counter is shut");
	claim(strcmp(code, typed) == 0 && now_s == login.now_s && !judged,
	    "1a: devices judge what was typed, now, and once");
	judged = true;
	ret->device[0] = judgement == REASON_CODE ? 'd' : '\0';
	return judgement;
}

bool
any_seen(struct device *device, const char *code, bool *ret_changed)
{
	(void)device, (void)code;
	*ret_changed |= nondet_bool();
	return nondet_bool();
}

void
any_plain(const char *text, size_t len, char *ret, size_t size)
{
	(void)text, (void)len, (void)size;
	memcpy(ret, typed, sizeof(typed));
}

bool
any_long(const char *text, size_t len, char ret[static ONETIME_CHARS + 1])
{
	(void)text, (void)len;
	ret[0] = is_long ? 'X' : '\0';
	ret[1] = '\0';
	return is_long;
}

bool
import_is_scratch(const char *text, size_t len)
{
	(void)text, (void)len;
	return nondet_bool();
}

enum fault
any_hash(const char *code, char ret[static HASH_TEXT])
{
	(void)code;
	memset(ret, 0, HASH_TEXT);
	if (hash_fails)
		return FAULT_MEMORY;
	memcpy(ret, hash, HASH_TEXT);
	return FAULT_NONE;
}

bool
any_sent_hash(
    const struct login *by, const char *code, char ret[static HASH_TEXT])
{
	(void)code;
	if (by->connection[0] == '\0' || sent_fails)
		return false;
	memcpy(ret, sent, HASH_TEXT);
	return true;
}

void
no_connection(struct record *r, const struct login *by, const char *code)
{
	(void)r, (void)by, (void)code;
}

void
login_note_pass(const struct policy *p, struct record *r,
    const struct login *by, struct outcome *outcome)
{
	(void)p, (void)r, (void)by;
	outcome->changed = true;
}

bool
login_is_known(const struct record *r, const struct login *by)
{
	(void)r, (void)by;
	return is_known;
}

struct counter *
one_counter(struct record *r, const struct login *by)
{
	(void)r, (void)by;
	return &record.failures.known;
}

/* spent_take() as it is proved below. */
void
taken(struct record *r, size_t i, enum spent_why why, int64_t now_s)
{
	(void)r, (void)why, (void)now_s;
	claim(i < record.codes.count, "0: a code that is there");
	if (i == 0)
		codes[0] = codes[1];
	record.codes.count--;
	lost++;
}

int64_t
login_wait(const struct attempts *attempts, const struct counter *counter,
    bool is_other, int64_t now_s)
{
	(void)attempts, (void)now_s;
	claim(counter == &record.failures.known && !is_other,
	    "3a: the counter of this source is asked");
	return wait_s;
}

void
login_forgive(struct counter *counter, int64_t now_s)
{
	(void)now_s;
	counter->spent -= forgiven;
	counter->spent_since_s = counter->spent == 0 ? 0 : any_time();
}

struct verified *
login_add_verified(struct record *r, int64_t now_s)
{
	(void)r, (void)now_s;
	return NULL;
}

void
list_drop(void *list, size_t size, size_t i)
{
	(void)size;
	if (list == (void *)&record.codes) {
		if (i == 0)
			codes[0] = codes[1];
		record.codes.count--;
	} else if (list == (void *)&record.spent) {
		if (i == 0)
			spent[0] = spent[1];
		record.spent.count--;
	} else {
		claim(false, "0: no other list loses anything");
	}
}

void *
list_add_newest(void *list, size_t size, size_t most)
{
	(void)size, (void)most;
	if (nondet_bool())
		return NULL;
	if (list == (void *)&record.spent)
		return &spent[record.spent.count++];
	claim(false, "0: no other list gets anything");
	return NULL;
}

static void
set_codes(void)
{
	record.codes.items = codes;
	record.codes.count = nondet_size();
	record.spent.items = spent;
	record.spent.count = nondet_size();
	given(record.codes.count <= CODES && record.spent.count <= CODES);
	for (int i = 0; i < CODES; i++) {
		any_text(codes[i].hash);
		any_text(spent[i].hash);
		given(codes[i].hash[0] != '\0' && spent[i].hash[0] != '\0');
		codes[i].use = (int)any_within(CODE_RECOVER, CODE_SCRATCH);
		codes[i].until_s = any_time();
		spent[i].why = (int)any_within(SPENT_USED, SPENT_EXPIRED);
		spent[i].at_s = any_time();
		codes_before[i] = codes[i];
		spent_before[i] = spent[i];
	}
}

static bool
has_hash(const char *which, bool unspent)
{
	for (size_t i = 0;
	     i < (unspent ? record.codes.count : record.spent.count); i++)
		if (is_same_text(
			which, unspent ? codes[i].hash : spent[i].hash))
			return true;
	return false;
}

/* record_check() on the lists of hashes. */
static bool
hashes_differ(void)
{
	return (record.codes.count < 2 ||
		   !is_same_text(codes[0].hash, codes[1].hash)) &&
	    (record.spent.count < 2 ||
		!is_same_text(spent[0].hash, spent[1].hash)) &&
	    (record.spent.count < 3 ||
		(!is_same_text(spent[0].hash, spent[2].hash) &&
		    !is_same_text(spent[1].hash, spent[2].hash))) &&
	    (record.codes.count < 1 || !has_hash(codes[0].hash, false)) &&
	    (record.codes.count < 2 || !has_hash(codes[1].hash, false));
}

static void
set_counter(struct counter *counter)
{
	counter->count = any_within(0, COUNT_MAX);
	counter->told = any_within(-COUNT_MAX, COUNT_MAX);
	counter->last_s = any_time();
	counter->spent = any_within(0, SPENT_MAX);
	counter->spent_since_s = any_time();
	any_text(counter->from);
	any_text(counter->connection);
	counter->tried = any_within(0, SPENT_MAX);
}

static void
set_typed(void)
{
	for (size_t i = 0; i < OTP_DIGITS_MAX; i++)
		typed[i] = nondet_char();
	is_long = nondet_bool();
	any_text(hash);
	any_text(sent);
	given(hash[0] != '\0' && sent[0] != '\0');
	hash_fails = nondet_bool();
	sent_fails = nondet_bool();
	judgement = (enum reason)nondet_int();
	given(judgement == REASON_CODE || judgement == REASON_CODE_USED ||
	    judgement == REASON_CLOCK_BACK || judgement == REASON_STORE ||
	    judgement == REASON_WRONG_CODE);
}

static void
set_all(void)
{
	record.devices.items = devices;
	record.devices.count = nondet_size();
	given(record.devices.count <= DEVICES);
	set_codes();
	set_typed();
	given(hashes_differ());
	for (size_t i = 0; i < CODES; i++)
		given(!is_same_text(codes[i].hash, hash) ||
		    (codes[i].use == CODE_SCRATCH) == !is_long);
	set_counter(&record.failures.known);
	set_counter(&record.failures.other);
	wait_s = any_within(-1, INT32_MAX);
	forgiven = any_within(0, record.failures.known.spent);
	/* An open counter is below attempts.stop. */
	given(
	    wait_s != 0 || record.failures.known.spent - forgiven < SPENT_MAX);
	record.verified.items = verified;
	record.verified.count = nondet_size();
	given(record.verified.count <= 2);
	any_text(verified[0].code);
	any_text(verified[1].code);
	any_text(login.address);
	any_text(login.key);
	any_text(login.connection);
	login.terminal = nondet_bool();
	login.shell = nondet_bool();
	login.door = nondet_bool();
	login.proof = nondet_bool();
	login.now_s = any_time();
	policy.enrollment.max_devices = any_within(1, DEVICES_MAX);
	before = record;
}

static bool
is_counter_same(const struct counter *a, const struct counter *b)
{
	return a->count == b->count && a->spent == b->spent &&
	    a->spent_since_s == b->spent_since_s && a->last_s == b->last_s &&
	    a->told == b->told && a->tried == b->tried;
}

/* The code with the hash of what was typed, as it was; -1: none in time. */
static int
found_before(void)
{
	int found = -1;

	for (size_t i = 0; i < before.codes.count; i++)
		if (!hash_fails && is_same_text(codes_before[i].hash, hash) &&
		    (codes_before[i].until_s == 0 ||
			codes_before[i].until_s > login.now_s))
			found = (int)i;
	return found;
}

static void
claim_codes(bool by_one_time, int found)
{
	int use = found >= 0 ? codes_before[found].use : -1;

	claim(!by_one_time || (found >= 0 && use != CODE_ENROLL),
	    "1e: a one-time code that passes was there, in time, and is none to "
	    "enrol with");
	claim(!by_one_time || (lost == 1 && !has_hash(hash, true)),
	    "1f: a one-time code that passed is gone");
	claim(by_one_time || lost == 0, "1g: no other code is lost");
	claim(
	    (out.verdict == VERDICT_ENROLL) <= (is_long && use == CODE_ENROLL),
	    "1i: only a code to enrol with enrols");
}

static void
claim_counted(bool wrong)
{
	const struct counter *a = &before.failures.known;
	const struct counter *c = &record.failures.known;

	claim(!wrong ||
		(c->count ==
			(a->count < COUNT_MAX ? a->count + 1 : COUNT_MAX) &&
		    c->spent == a->spent - forgiven + 1 &&
		    c->spent <= SPENT_MAX && c->spent_since_s > -1 &&
		    c->last_s == login.now_s && out.changed),
	    "2a: a wrong code is counted");
	claim(wrong || out.verdict == VERDICT_PASS || is_counter_same(a, c),
	    "2b: no other denial counts or forgives");
	claim(is_counter_same(&record.failures.other, &before.failures.other),
	    "2c: the counter of other sources stays as it was");
	claim(c->spent <= a->spent + 1 &&
		(out.reason == REASON_CODE || wrong || is_counter_same(a, c)),
	    "2d: only a device's right code forgives");
}

static bool
knows_hash(void)
{
	for (size_t i = 0; i < CODES; i++)
		if ((i < before.codes.count &&
			is_same_text(codes_before[i].hash, hash)) ||
		    (i < before.spent.count &&
			is_same_text(spent_before[i].hash, hash)))
			return true;
	return false;
}

static bool
is_digits(void)
{
	size_t n = strlen(typed);

	for (size_t i = 0; i < n; i++)
		if (typed[i] < '0' || typed[i] > '9')
			return false;
	return !is_long && n >= OTP_DIGITS_MIN;
}

static bool
is_sent_before(void)
{
	for (size_t i = 0; i < record.verified.count; i++)
		if (login.connection[0] != '\0' && !sent_fails &&
		    is_same_text(verified[i].code, sent))
			return true;
	return false;
}

/* Why a code that was typed may go uncounted. */
static bool
may_be_uncounted(bool shut)
{
	struct record old = {.codes = {codes_before, before.codes.count}};
	bool scratch = !is_long && strlen(typed) == SCRATCH_CHARS &&
	    record_codes_left(&old, CODE_SCRATCH, login.now_s) > 0;

	switch (out.reason) {
	case REASON_NOT_A_CODE:
		return !is_long && !is_digits();
	case REASON_CODE_USED:
		return is_sent_before() || (judged && judgement == out.reason);
	case REASON_ONE_TIME_USED:
	case REASON_ONE_TIME_REPLACED:
	case REASON_ONE_TIME_VOID:
	case REASON_ONE_TIME_EXPIRED:
		return !hash_fails && knows_hash();
	case REASON_LOCKED:
		return shut && out.wait_s > 0;
	case REASON_STOPPED:
		return shut;
	case REASON_CLOCK_BACK:
		return judged && judgement == out.reason && !scratch;
	case REASON_STORE:
		return judged && judgement == out.reason;
	default:
		return false;
	}
}

static void
claim_shut(bool by_device, bool by_one_time)
{
	bool deny = out.verdict == VERDICT_DENY;
	bool wrong = deny && out.reason == REASON_WRONG_CODE;
	bool shut = wait_s != 0;

	claim(!deny || wrong || may_be_uncounted(shut),
	    "2e: a denial is not counted only if it is no code, a spent one, the "
	    "counter is shut, the clock went back, or HMAC failed");
	claim(!by_device || !shut,
	    "3b: no device's code passes while its counter is shut");
	claim(!by_one_time || !shut || is_long,
	    "4a: no scratch code passes while the counter is shut");
	claim(!shut || !is_digits() ||
		(deny &&
		    (out.reason == REASON_LOCKED ||
			out.reason == REASON_STOPPED ||
			(out.reason == REASON_CODE_USED && is_sent_before()))),
	    "4b: while it is shut, no digits are judged");
	claim(!is_sent_before() || !(is_digits() || is_long) ||
		(deny && out.reason == REASON_CODE_USED),
	    "5a: a code that this connection sent before is used");
	claim(!deny || wrong ||
		(out.device[0] == '\0' && out.drift_s == 0 &&
		    out.recovery_left == -1),
	    "5b: a denial that is not counted says no more than why");
	claim(out.verdict != VERDICT_PASS || out.changed,
	    "6: each pass has to be written first");
}

/* 2 codes.  cbmc: --unwind 4 --unwindset set_typed.0:9,is_digits.0:9
 * --unwindset strlen.0:10,strcmp.0:10,strspn.0:10
 * without clock_drift is_same_connection move_to_end
 * counter_of:one_counter spent_take:taken
 * judge_devices:any_judgement spent_is_step:any_seen typed_plain:any_plain
 * onetime_read:any_long onetime_hash:any_hash spent_hash:any_sent_hash
 * spent_connection:no_connection */
void
prove_verify_code(void)
{
	bool by_device, by_one_time;
	int found;

	set_all();
	found = found_before();
	verify_code(&policy, &record, &login, typed, sizeof(typed), &out);
	by_device = out.verdict == VERDICT_PASS && out.reason == REASON_CODE;
	by_one_time = out.verdict == VERDICT_PASS && !by_device;
	claim(!by_device || (judged && judgement == REASON_CODE),
	    "1b: a device's code passes only if a device says so");
	claim(!judged || judgement != REASON_CODE || by_device,
	    "1c: and what a device has spent passes");
	claim(record.devices.count == before.devices.count &&
		record.devices.items == devices,
	    "1d: no device comes or goes");
	claim_codes(by_one_time, found);
	claim_counted(
	    out.verdict == VERDICT_DENY && out.reason == REASON_WRONG_CODE);
	claim_shut(by_device, by_one_time);
	claim(!out.may_renew ||
		(by_one_time && login.terminal && login.shell && !login.door &&
		    !login.proof && codes_before[found].use != CODE_PASS),
	    "7: only a recovery code may set up a device, at a terminal");
	if (by_device)
		reach("a device's code");
	if (by_one_time && is_long && wait_s != 0)
		reach("a recovery code while the counter is shut");
	if (by_one_time && !is_long)
		reach("a scratch code");
	if (out.verdict == VERDICT_ENROLL)
		reach("a code to enrol with");
	if (out.reason == REASON_WRONG_CODE && is_digits())
		reach("wrong digits");
	if (out.reason == REASON_WRONG_CODE && !is_digits())
		reach("a wrong code of 16 characters");
	if (out.reason == REASON_CODE_USED)
		reach("a spent code");
	if (out.reason == REASON_CLOCK_BACK)
		reach("a clock that went back");
	if (out.reason == REASON_STOPPED)
		reach("a counter that stays shut");
	if (out.reason == REASON_STORE)
		reach("a device without HMAC");
	if (out.may_renew)
		reach("a recovery code that may set up a device");
}

/* 2 codes.  cbmc: --unwind 4 --unwindset set_typed.0:9,is_digits.0:9
 * --unwindset strlen.0:10,strcmp.0:10,strspn.0:10
 * without clock_drift is_same_connection move_to_end
 * counter_of:one_counter spent_take:taken
 * judge_devices:any_judgement spent_is_step:any_seen typed_plain:any_plain
 * onetime_read:any_long onetime_hash:any_hash spent_hash:any_sent_hash
 * spent_connection:no_connection */
void
prove_verify_pass(void)
{
	bool pass;
	int found;

	set_all();
	found = found_before();
	verify_pass(&policy, &record, &login, typed, sizeof(typed), &out);
	pass = out.verdict == VERDICT_PASS;
	claim_codes(pass, found);
	claim(!pass || codes_before[found].use == CODE_PASS,
	    "8a: where the policy cannot decide, only a pass code passes");
	claim(out.verdict == VERDICT_PASS || out.verdict == VERDICT_DENY,
	    "8b: and nobody enrols");
	claim(!judged, "8c: and no device judges");
	claim(!pass || out.changed, "6: each pass has to be written first");
	claim(pass || out.reason != REASON_WRONG_CODE ||
		record.failures.known.count != before.failures.known.count ||
		before.failures.known.count == COUNT_MAX,
	    "2a: a wrong code is counted");
	if (pass)
		reach("a pass code");
	if (out.reason == REASON_WRONG_CODE)
		reach("a wrong code");
}

/* All.  cbmc: --unwind 3 */
void
prove_counter_of(void)
{
	is_known = nondet_bool();
	claim(counter_of(&record, &login) ==
		(is_known ? &record.failures.known : &record.failures.other),
	    "2c: known sources and others are counted apart");
	if (is_known)
		reach("a known source");
}

/* 2 codes, 2 spent ones.  cbmc: --unwind 4 */
void
prove_spent_add(void)
{
	set_codes();
	given(hashes_differ());
	any_text(hash);
	spent_add(&record, hash, SPENT_USED, any_time());
	claim(hashes_differ(), "1h: no hash is in the record twice");
	if (has_hash(hash, false))
		reach("one that is remembered");
	else
		reach("one that is unspent");
}

/* 2 codes, 2 spent ones.  cbmc: --unwind 4 */
void
prove_spent_take(void)
{
	size_t i = nondet_size();

	set_codes();
	given(hashes_differ() && i < record.codes.count);
	before = record;
	login.now_s = any_time();
	spent_take(&record, i,
	    (enum spent_why)any_within(SPENT_USED, SPENT_EXPIRED), login.now_s);
	claim(record.codes.count == before.codes.count - 1 &&
		!has_hash(codes_before[i].hash, true) &&
		(before.codes.count == 1 ||
		    has_hash(codes_before[1 - i].hash, true)),
	    "1f: a code that is taken is gone, and no other one");
	claim(hashes_differ(), "1h: no hash is in the record twice");
	claim(record.spent.count == before.spent.count ||
		has_hash(codes_before[i].hash, false),
	    "5c: it is remembered as spent");
	if (record.spent.count > before.spent.count)
		reach("one that is remembered");
}
