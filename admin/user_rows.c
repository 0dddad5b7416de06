#include <stdio.h>
#include <string.h>

#include "admin/user_rows.h"
#include "admin/field.h"
#include "store/base/when.h"

enum column { USER, STATE, DEVICES, LAST_LOGIN, FROM, UNTIL, RULE, PROBLEM };

static const char *const headings[] = {"USER", "STATE", "DEVICES", "LAST LOGIN",
    "FROM", "UNTIL", "RULE", "PROBLEM"};
#define HEADINGS (sizeof(headings) / sizeof(headings[0]))

/* The keys of a row's JSON. */
static const char *const csv_names[] = {"user", "state", "rule", "mode",
    "deadline", "devices", "recovery_left", "last_login", "last_address",
    "failures", "spent", "locked_until", "problem", "problem_text",
    "exempt_until", "codes"};

#define LOCK_TEXT 48

/* Writes a time; none stands for 0. */
static void
say_minute(int64_t time_s, const char *none, char ret[static WHEN_MINUTE])
{
	if (time_s == 0)
		snprintf(ret, WHEN_MINUTE, "%s", none);
	else
		when_say_minute(time_s, ret);
}

/* A row's problem in few words: in a table there is no room for the sentence,
 * which "users NAME" has. */
static const char *
problem_in_short(const struct user_row *row)
{
	static const struct {
		enum reason word;
		const char *text;
	} shorts[] = {
	    {REASON_UNKNOWN_USER, "no account"},
	    {REASON_BAD_RECORD, "damaged record"},
	    {REASON_UID_CHANGED, "another uid"},
	    {REASON_UNKNOWN_GROUP, "unknown group"},
	    {REASON_GROUP_ERROR, "group not found"},
	    {REASON_RULE_LOST, "left its group"},
	    {REASON_STORE, "not looked up"},
	};

	if (row->state == STATE_GONE)
		return "";
	for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++)
		if (shorts[i].word == row->problem_word)
			return shorts[i].text;
	return row->problem[0] != '\0' ? "refused" : "";
}

/* Until when the user is let in without a code; whoever has a device is asked. */
static int64_t
until_of(const struct user_row *row)
{
	if (row->exempt_until_s != 0)
		return row->exempt_until_s;
	return row->devices.count == 0 ? row->deadline_s : 0;
}

static bool
add_table_row(struct table *table, const struct user_row *row)
{
	char devices[24], last[WHEN_MINUTE], until[WHEN_MINUTE];
	const char *cells[HEADINGS] = {[USER] = row->user,
	    [STATE] = row->state == STATE_NONE ? "-" : state_names[row->state],
	    [DEVICES] = devices,
	    [LAST_LOGIN] = last,
	    [FROM] = table_dash(row->last_address),
	    [UNTIL] = until,
	    [RULE] = table_dash(row->rule),
	    [PROBLEM] = table_dash(problem_in_short(row))};

	snprintf(devices, sizeof(devices), "%zu", row->devices.count);
	say_minute(row->last_login_s, "-", last);
	say_minute(until_of(row), "-", until);
	return table_row(table, cells);
}

static void
print_device(const struct device_row *device)
{
	char added[WHEN_MINUTE], used[WHEN_MINUTE];

	say_minute(device->added_s, "-", added);
	say_minute(device->last_used_s, "never", used);
	printf("  device         %s \"%s\"%s, last used %s\n", device->id,
	    device->name, device_row_type(device), used);
	printf("                 added %s from %s\n", added,
	    table_dash(device->added_from));
	if (device->added_key[0] != '\0')
		printf("                 with key %s\n", device->added_key);
}

static void
print_code_row(const struct code_row *code)
{
	char until[WHEN_MINUTE];

	when_say_minute(code->until_s, until);
	printf("  one-time code  %s, until %s\n",
	    code->use == CODE_ENROLL ? "to set up a device" : "to log in once",
	    until);
}

/* The end of a sentence: until when codes are refused, or "". */
static void
say_lock(int64_t until_s, char ret[static LOCK_TEXT])
{
	char until[WHEN_MINUTE];

	if (until_s == 0)
		ret[0] = '\0';
	else if (until_s >= WHEN_LAST_S)
		snprintf(ret, LOCK_TEXT, ", locked until tfa-admin unlock");
	else {
		when_say_minute(until_s, until);
		snprintf(ret, LOCK_TEXT, ", locked until %s", until);
	}
}

static void
print_state(const struct user_row *row)
{
	const char *more = "";

	if (row->state == STATE_BLOCKED)
		more = ", until tfa-admin revoke or code --enroll";
	else if (row->state == STATE_HARDWARE)
		more = ": no device, and a hardware key is enough";
	else if (row->state == STATE_GONE)
		more = ": the account was deleted";
	printf("  state          %s%s\n", state_names[row->state], more);
}

static void
print_rule(const struct user_row *row)
{
	static const char *const modes[] = {[MODE_NONE] = "-",
	    [MODE_OPTIONAL] = "a code is asked of those who have a device",
	    [MODE_REQUIRED] = "a code is required",
	    [MODE_EXEMPT] = "never asked for a code"};
	char until[WHEN_MINUTE], rule[RULE_TEXT + 128];

	if (row->state == STATE_GONE)
		return;
	say_minute(row->exempt_until_s, "", until);
	snprintf(rule, sizeof(rule), "%s: %s%s%s",
	    row->rule[0] != '\0' ? row->rule : "otherwise", modes[row->mode],
	    until[0] != '\0' ? ", until " : "", until);
	field_print("  rule           ", rule);
	say_minute(row->deadline_s, "none", until);
	printf("  deadline       %s\n", until);
}

static void
print_block(const struct user_row *row)
{
	char last[WHEN_MINUTE], lock[LOCK_TEXT];

	printf("%s\n", row->user);
	print_state(row);
	print_rule(row);
	list_each(const struct device_row, device, row->devices)
		print_device(device);
	printf("  recovery codes %lld left\n", (long long)row->recovery_left);
	list_each(const struct code_row, code, row->codes)
		print_code_row(code);
	say_minute(row->last_login_s, "never", last);
	printf("  last login     %s%s%s\n", last,
	    row->last_address[0] != '\0' ? " from " : "", row->last_address);
	printf("  wrong codes    %lld", (long long)row->failures);
	if (row->spent > row->failures)
		printf(", %lld over the long term", (long long)row->spent);
	say_lock(row->locked_until_s, lock);
	printf("%s\n", lock);
	if (row->problem[0] != '\0')
		field_print("  problem        ", row->problem);
}

/* As csv_names has them; of lists, how many there are. */
static void
print_user_csv(struct csv *csv, const struct user_row *row)
{
	csv_text(csv, row->user);
	csv_text(csv, row->state != STATE_NONE ? state_names[row->state] : "");
	csv_text(csv, row->rule);
	csv_text(csv, row->mode != MODE_NONE ? mode_names[row->mode] : "");
	csv_time(csv, row->deadline_s);
	csv_number(csv, (int64_t)row->devices.count);
	csv_number(csv, row->recovery_left);
	csv_time(csv, row->last_login_s);
	csv_text(csv, row->last_address);
	csv_number(csv, row->failures);
	csv_number(csv, row->spent);
	csv_time(csv, row->locked_until_s);
	csv_text(csv,
	    row->problem_word != REASON_NONE ? reason_name(row->problem_word)
					     : "");
	csv_text(csv, row->problem);
	csv_time(csv, row->exempt_until_s);
	csv_number(csv, (int64_t)row->codes.count);
	csv_end(csv);
}

static bool
open_table(struct user_rows *rows)
{
	rows->table = table_new(headings, HEADINGS);
	if (rows->table == NULL) {
		admin_say("out of memory");
		return false;
	}
	table_spare(rows->table, FROM, 1);
	table_spare(rows->table, RULE, 2);
	return true;
}

bool
user_rows_begin(const struct admin *admin, bool in_full, struct user_rows *ret)
{
	*ret = (struct user_rows){.json = admin->json,
	    .in_full = in_full,
	    .csv.to = admin->csv ? stdout : NULL};
	if (ret->csv.to != NULL)
		csv_header(&ret->csv, csv_names,
		    sizeof(csv_names) / sizeof(csv_names[0]));
	else if (!ret->json && !in_full)
		return open_table(ret);
	return true;
}

bool
user_rows_add(
    struct user_rows *rows, const struct user_row *row, const char *text)
{
	if (rows->csv.to != NULL)
		print_user_csv(&rows->csv, row);
	else if (rows->json)
		puts(text);
	else if (rows->in_full)
		print_block(row);
	else
		return add_table_row(rows->table, row);
	return true;
}

bool
user_rows_end(struct user_rows *rows)
{
	return rows->table == NULL || table_print(rows->table);
}

void
user_rows_done(struct user_rows *rows)
{
	table_free(rows->table);
	rows->table = NULL;
}
