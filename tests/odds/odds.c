/*
 * The worth of guessing: a year of the default policy, played with the code
 * that judges logins. A thief tries a wrong code whenever the thief's counter
 * is open. The owner logs in daily, or never, or each day from a new address.
 * Nothing is drawn at random, so each run prints the same table. A guess that
 * happens to be right is passed over: the last column has the chance of one.
 *
 * A device that counts its codes is worth as much as one that goes by the time.
 * That it can be found again by two codes in a row adds next to nothing: a
 * guess hits one of HOTP_RESYNC codes, and the next guess the one that follows.
 *
 * Exits 1 if the chance of a year is above ODDS_MOST for each device.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/core/counted.h"
#include "store/core/spent.h"
#include "store/core/verify.h"

#define START_S   1800000000LL
#define YEAR      365  /* days */
#define CODE      1e-6 /* of a million codes */
#define ODDS_MOST 0.001
#define HOME      "192.0.2.1"
#define AWAY      "203.0.113.66"
#define NEVER_S   INT64_MAX

enum owner { OWNER_DAILY, OWNER_SLIPS, OWNER_AWAY, OWNER_ROAMS };
static const char *const owner_names[] = {
    "daily", "daily, 3 slips first", "on holiday", "daily, new address"};

enum thief { THIEF_AWAY = 1, THIEF_HOME = 2, THIEF_BOTH = 3 };
static const char *const thief_names[] = {
    "", "key, elsewhere", "key, her address", "key, both"};

/* The owner's devices; the policy allows three by default. */
static const struct {
	const char *name;
	int timed, counted;
} mixes[] = {{"1 timed", 1, 0}, {"1 counted", 0, 1}, {"3 timed", 3, 0},
    {"3 mixed", 1, 2}, {"3 counted", 0, 3}};
#define MIXES (sizeof(mixes) / sizeof(mixes[0]))

/* One year of one owner and one thief. */
struct year {
	struct policy policy;
	struct record record;
	enum owner owner;
	int64_t guesses;
	int64_t today, most; /* guesses a day */
	int64_t day;
	int64_t refused;   /* days on which the owner's codes were refused */
	int64_t shut_from; /* the day that shut the thief out; -1: never */
};

static void
add_device(struct record *record, enum device_type type)
{
	size_t n = record->devices.count + 1;
	struct device *device = list_add(&record->devices, sizeof(*device));

	if (device == NULL)
		err(2, "odds");
	snprintf(device->id, sizeof(device->id), "d%zu", n);
	device->type = (int)type;
	device->digits = 6;
	device->period_s = type == DEVICE_TOTP ? 30 : 0;
	device->secret.len = 20;
	for (size_t i = 0; i < device->secret.len; i++)
		device->secret.bytes[i] = (uint8_t)(17 * n + 31 * i);
	record->enrolled_once = true;
}

static struct login
login_from(const char *address, const char *connection, int64_t now_s)
{
	struct login login = {.key = "SHA256:hers", .now_s = now_s};

	snprintf(login.address, sizeof(login.address), "%s", address);
	snprintf(login.connection, sizeof(login.connection), "%s", connection);
	return login;
}

/* True if the device gives that code soon. */
static bool
is_near(const struct device *device, const char *code, int64_t now_s)
{
	uint64_t step;

	if (device->type == DEVICE_TOTP)
		return verify_step(device, code, now_s, WINDOW_STEPS, &step) !=
		    FAULT_ABSENT;
	for (step = 0; step <= HOTP_RESYNC; step++)
		if (spent_compare(device, device->counter + step, code) !=
		    FAULT_ABSENT)
			return true;
	return false;
}

/*
 * A code that no device gives in this step or gave in an earlier one. A spent
 * code costs nothing and opens nothing.
 */
static void
wrong_code(const struct record *record, int64_t now_s, char ret[static 7])
{
	for (unsigned n = 0; n < 1000; n++) {
		bool right = false, renewed = false;

		snprintf(ret, 7, "%06u", n);
		list_each(struct device, device, record->devices)
			right |= is_near(device, ret, now_s) ||
			    spent_is_step(device, ret, &renewed) ||
			    spent_is_counter(device, ret, &renewed) ==
				FAULT_NONE;
		if (!right)
			return;
	}
	errx(2, "no wrong code");
}

static struct outcome
guess(struct year *y, const struct login *login)
{
	struct outcome outcome;
	char code[7];

	wrong_code(&y->record, login->now_s, code);
	verify_code(
	    &y->policy, &y->record, login, code, strlen(code), &outcome);
	return outcome;
}

/* The thief's turn. Returns when it is the thief's turn again. */
static int64_t
steal(struct year *y, const char *address, int64_t now_s)
{
	struct login login = login_from(address, "thief", now_s);
	struct outcome outcome = guess(y, &login);
	int64_t day = (now_s - START_S) / DAY_S;

	if (outcome.verdict != VERDICT_DENY)
		errx(2, "a wrong code passed");
	if (outcome.reason == REASON_WRONG_CODE) {
		y->today = day == y->day ? y->today + 1 : 1;
		y->day = day;
		y->most = y->today > y->most ? y->today : y->most;
		y->guesses++;
		return now_s + 1;
	}
	if (y->shut_from < 0 &&
	    (outcome.reason == REASON_STOPPED ||
		outcome.wait_s > y->policy.attempts.backoff_max_s))
		y->shut_from = day;
	return outcome.reason == REASON_STOPPED ? NEVER_S
						: now_s + outcome.wait_s;
}

/*
 * The owner's turn. Returns when it is the owner's turn again. An owner who is
 * refused for a while tries again as soon as possible, before the thief: the
 * best that a thief can hope for. An owner who is refused for longer comes in
 * by other means, or not at all, until the next day.
 */
static int64_t
visit(struct year *y, int64_t now_s)
{
	const struct device *device = &y->record.devices.items[0];
	int64_t day = (now_s - START_S) / DAY_S;
	int64_t tomorrow_s = START_S + (day + 1) * DAY_S + 9LL * 3600;
	char name[32], code[OTP_DIGITS_MAX + 1];
	struct outcome outcome;
	struct login login;

	snprintf(name, sizeof(name), "10.0.%d.%d", (int)(day / 250),
	    (int)(day % 250 + 1));
	login = login_from(y->owner == OWNER_ROAMS ? name : HOME, name, now_s);
	for (int i = 0; y->owner == OWNER_SLIPS && i < 3; i++)
		guess(y, &login);
	if (otp_code(OTP_SHA1, &device->secret,
		device->type == DEVICE_HOTP ? device->counter
					    : otp_step(now_s, device->period_s),
		6, code) != FAULT_NONE)
		errx(2, "no code");
	verify_code(
	    &y->policy, &y->record, &login, code, strlen(code), &outcome);
	if (outcome.verdict == VERDICT_PASS)
		return tomorrow_s;
	if (outcome.reason == REASON_LOCKED &&
	    outcome.wait_s <= y->policy.attempts.backoff_max_s)
		return now_s + outcome.wait_s;
	y->refused++;
	return tomorrow_s;
}

static void
play(struct year *y, enum thief thief)
{
	int64_t end_s = START_S + (int64_t)YEAR * DAY_S;
	int64_t owner_s = y->owner == OWNER_AWAY ? NEVER_S : START_S;
	int64_t away_s = thief & THIEF_AWAY ? START_S + 1 : NEVER_S;
	int64_t home_s = thief & THIEF_HOME ? START_S + 1 : NEVER_S;

	for (;;) {
		int64_t thief_s = away_s < home_s ? away_s : home_s;

		if (owner_s >= end_s && thief_s >= end_s)
			return;
		if (owner_s <= thief_s)
			owner_s = visit(y, owner_s);
		else if (away_s <= home_s)
			away_s = steal(y, AWAY, away_s);
		else
			home_s = steal(y, HOME, home_s);
	}
}

/* The owner logged in on the day before the year begins. */
static void
begin(struct year *y, enum owner owner, size_t mix)
{
	struct login login = login_from(HOME, "before", START_S - DAY_S);
	struct outcome outcome = {.changed = false};

	*y = (struct year){.owner = owner, .day = -1, .shut_from = -1};
	if (policy_builtin(&y->policy) != FAULT_NONE)
		errx(2, "no policy");
	record_init(&y->record, "alice", 1001);
	for (int i = 0; i < mixes[mix].timed; i++)
		add_device(&y->record, DEVICE_TOTP);
	for (int i = 0; i < mixes[mix].counted; i++)
		add_device(&y->record, DEVICE_HOTP);
	login_note_pass(&y->policy, &y->record, &login, &outcome);
}

static double
chance(int64_t guesses, size_t mix)
{
	double timed = (2 * WINDOW_STEPS + 1) * CODE;
	double counted = HOTP_AHEAD * CODE + HOTP_RESYNC * CODE * CODE;
	double right = mixes[mix].timed * timed + mixes[mix].counted * counted;
	double none = 1;

	for (int64_t i = 0; i < guesses; i++)
		none *= 1 - right;
	return 1 - none;
}

/* Prints a line of the table. True if its chance is small enough. */
static bool
print_year(enum thief thief, enum owner owner, size_t mix)
{
	struct year y;
	double odds;
	char shut[32] = "never";

	begin(&y, owner, mix);
	play(&y, thief);
	odds = chance(y.guesses, mix);
	if (y.shut_from >= 0)
		snprintf(
		    shut, sizeof(shut), "day %lld", (long long)y.shut_from + 1);
	printf("%-17s %-21s %-9s %8lld %7lld  %6.3f %%  %-8s %8lld\n",
	    thief_names[thief], owner_names[owner], mixes[mix].name,
	    (long long)y.most, (long long)y.guesses, 100 * odds, shut,
	    (long long)y.refused);
	record_done(&y.record);
	policy_done(&y.policy);
	return odds <= ODDS_MOST * (mixes[mix].timed + mixes[mix].counted);
}

int
main(void)
{
	bool good = true;

	printf("%-17s %-21s %-9s %8s %7s  %8s  %-8s %8s\n", "thief with the",
	    "owner logs in", "devices", "most/day", "a year", "chance",
	    "shut on", "refused");
	for (int thief = THIEF_AWAY; thief <= THIEF_BOTH; thief++)
		for (int owner = OWNER_DAILY; owner <= OWNER_ROAMS; owner++)
			for (size_t mix = 0; mix < MIXES; mix++)
				good &= print_year(
				    (enum thief)thief, (enum owner)owner, mix);
	printf("refused: days on which the owner's codes were, with nobody to "
	       "unlock her\n");
	printf("odds: at most %.1f %% a year for each device %s\n",
	    100 * ODDS_MOST, good ? "in every row" : "is EXCEEDED");
	return good ? 0 : 1;
}
