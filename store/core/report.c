#include <stdio.h>
#include <string.h>

#include "store/core/report.h"
#include "store/base/when.h"

static const char *const type_names[] = {"totp", NULL};

/* clang-format off */
#define TEXT(type, member, n) \
	{.key = #member, .kind = JSON_TEXT, .need = n, JSON_AT(type, member)}
#define TIME(type, member, word) \
	{.key = word, .kind = JSON_FORM, .need = JSON_NULL, \
	    JSON_AT(type, member), .form = &json_form_time}
#define COUNT(type, member) \
	{.key = #member, .kind = JSON_NUMBER, .need = JSON_REQUIRED, \
	    JSON_AT(type, member), .min = 0, .max = 1000000000000}
#define CHOICE(type, member, words) \
	{.key = #member, .kind = JSON_CHOICE, .need = JSON_NULL, \
	    JSON_AT(type, member), .names = words}
#define LIST(type, member, most, i) \
	{.key = #member, .kind = JSON_LIST, .need = JSON_REQUIRED, \
	    JSON_AT(type, member), .max = most, .item = i}

static const struct json_field device_row_fields[] = {
	TEXT(struct device_row, id, JSON_REQUIRED),
	TEXT(struct device_row, name, JSON_NULL),
	{.key = "type", .kind = JSON_CHOICE, .need = JSON_REQUIRED,
	    JSON_AT(struct device_row, type), .names = type_names},
	TIME(struct device_row, added_s, "added"),
	TEXT(struct device_row, added_from, JSON_NULL),
	TEXT(struct device_row, added_key, JSON_NULL),
	TIME(struct device_row, last_used_s, "last_used"),
};
static const struct json_shape device_row_shape
    = JSON_SHAPE(device_row_fields, NULL);
static const struct json_field device_row_item
    = {.kind = JSON_OBJECT, .need = JSON_REQUIRED,
	.size = sizeof(struct device_row), .shape = &device_row_shape};

static const struct json_field user_row_fields[] = {
	TEXT(struct user_row, user, JSON_REQUIRED),
	CHOICE(struct user_row, state, state_names),
	TEXT(struct user_row, rule, JSON_NULL),
	CHOICE(struct user_row, mode, mode_names),
	TIME(struct user_row, deadline_s, "deadline"),
	LIST(struct user_row, devices, DEVICES_MAX, &device_row_item),
	COUNT(struct user_row, recovery_left),
	TIME(struct user_row, last_login_s, "last_login"),
	TEXT(struct user_row, last_address, JSON_NULL),
	COUNT(struct user_row, failures),
	COUNT(struct user_row, spent),
	TIME(struct user_row, locked_until_s, "locked_until"),
	TEXT(struct user_row, problem, JSON_NULL),
};
const struct json_shape user_row_shape = JSON_SHAPE(user_row_fields, NULL);

static const struct json_field skipped_row_fields[] = {
	TEXT(struct skipped_row, rule, JSON_REQUIRED),
	TEXT(struct skipped_row, reason, JSON_REQUIRED),
};
static const struct json_shape skipped_row_shape
    = JSON_SHAPE(skipped_row_fields, NULL);
static const struct json_field skipped_row_item
    = {.kind = JSON_OBJECT, .need = JSON_REQUIRED,
	.size = sizeof(struct skipped_row), .shape = &skipped_row_shape};

static const struct json_field explained_fields[] = {
	TEXT(struct explained, from, JSON_NULL),
	TEXT(struct explained, verdict, JSON_NULL),
	TEXT(struct explained, rule, JSON_NULL),
	CHOICE(struct explained, mode, mode_names),
	TEXT(struct explained, reason, JSON_REQUIRED),
	TIME(struct explained, deadline_s, "deadline"),
};
static const struct json_shape explained_shape
    = JSON_SHAPE(explained_fields, NULL);
static const struct json_field explained_item
    = {.kind = JSON_OBJECT, .need = JSON_REQUIRED,
	.size = sizeof(struct explained), .shape = &explained_shape};

static const struct json_field explanation_fields[] = {
	TEXT(struct explanation, user, JSON_REQUIRED),
	{.key = "verdict", .kind = JSON_TEXT, .need = JSON_REQUIRED,
	    JSON_AT(struct explanation, login.verdict)},
	{.key = "rule", .kind = JSON_TEXT, .need = JSON_NULL,
	    JSON_AT(struct explanation, login.rule)},
	{.key = "mode", .kind = JSON_CHOICE, .need = JSON_NULL,
	    JSON_AT(struct explanation, login.mode), .names = mode_names},
	{.key = "reason", .kind = JSON_TEXT, .need = JSON_REQUIRED,
	    JSON_AT(struct explanation, login.reason)},
	TIME(struct explanation, login.deadline_s, "deadline"),
	LIST(struct explanation, by_address, BY_ADDRESS_MAX, &explained_item),
	LIST(struct explanation, skipped, POLICY_RULES, &skipped_row_item),
};
const struct json_shape explanation_shape
    = JSON_SHAPE(explanation_fields, NULL);
/* clang-format on */

void
user_row_done(struct user_row *row)
{
	json_done(&user_row_shape, row);
}

void
explanation_done(struct explanation *explanation)
{
	json_done(&explanation_shape, explanation);
}

static enum fault
add_devices(const struct record *record, struct user_row *ret)
{
	for (size_t i = 0; i < record->devices.count; i++) {
		const struct device *d = &record->devices.items[i];
		struct device_row *row = json_list_add(
		    &ret->devices, sizeof(*row));

		if (row == NULL)
			return FAULT_MEMORY;
		memcpy(row->id, d->id, sizeof(row->id));
		memcpy(row->name, d->name, sizeof(row->name));
		memcpy(row->added_from, d->added_from, sizeof(row->added_from));
		memcpy(row->added_key, d->added_key, sizeof(row->added_key));
		row->type = d->type;
		row->added_s = d->added_s;
		row->last_used_s = d->last_used_s;
	}
	return FAULT_NONE;
}

static int64_t
spent_long_term(const struct record *record, int64_t now_s)
{
	struct failures failures = record->failures;

	login_forgive(&failures.known, now_s);
	login_forgive(&failures.other, now_s);
	return failures.known.spent + failures.other.spent;
}

/* Returns when the last shut counter opens again; WHEN_LAST_S if only an
 * administrator can open it; 0 if none is shut. */
static int64_t
locked_until(
    const struct policy *policy, const struct record *record, int64_t now_s)
{
	const struct failures *f = &record->failures;
	int64_t known_s = login_wait(
	    &policy->attempts, &f->known, false, now_s);
	int64_t other_s = login_wait(&policy->attempts, &f->other, true, now_s);

	if (other_s < 0)
		return WHEN_LAST_S;
	if (known_s == 0 && other_s == 0)
		return 0;
	return now_s + (known_s > other_s ? known_s : other_s);
}

void
report_denial(const struct decision *decision, char *ret, size_t size)
{
	struct reason_facts facts = {.name = decision->name};
	const char *rule = decision->rule != NULL ? decision->rule->name : "";

	if (decision->reason == REASON_UNKNOWN_GROUP)
		snprintf(ret, size,
		    "rule \"%s\" names group \"%s\", which does not exist: "
		    "every login that reaches it is refused",
		    rule, decision->name);
	else if (decision->reason == REASON_GROUP_ERROR)
		snprintf(ret, size,
		    "rule \"%s\": group \"%s\" cannot be looked up: every "
		    "login that reaches it is refused",
		    rule, decision->name);
	else if (decision->reason == REASON_RULE_LOST)
		snprintf(ret, size,
		    "no longer in the group that rule \"%s\" is for: refused "
		    "until confirmed (tfa-admin unlock)",
		    decision->name);
	else if (decision->reason == REASON_NO_ADDRESS)
		snprintf(ret, size,
		    "the rule \"%s\" depends on the address: ask with --from",
		    decision->name);
	else
		reason_say(decision->reason, &facts, ret, size);
}

enum fault
report_user(const struct policy *policy, const struct decision *decision,
    const struct record *record, int64_t now_s, struct user_row *ret)
{
	struct user_row row = {
	    .mode = (int)decision->mode,
	    .recovery_left = (int64_t)record_recovery_left(record, now_s),
	    .last_login_s = record->last_login.at_s,
	    .failures = record->failures.known.count +
		record->failures.other.count,
	    .spent = spent_long_term(record, now_s),
	    .locked_until_s = locked_until(policy, record, now_s),
	};
	enum fault fault = add_devices(record, &row);

	if (fault != FAULT_NONE) {
		user_row_done(&row);
		return fault;
	}
	row.state = (int)login_state(
	    policy, decision, record, now_s, &row.deadline_s);
	memcpy(row.user, record->user, sizeof(row.user));
	memcpy(row.last_address, record->last_login.from,
	    sizeof(row.last_address));
	if (decision->rule != NULL)
		memcpy(row.rule, decision->rule->name, sizeof(row.rule));
	if (decision->mode == MODE_NONE)
		report_denial(decision, row.problem, sizeof(row.problem));
	*ret = row;
	return FAULT_NONE;
}
