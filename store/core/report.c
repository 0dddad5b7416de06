#include <stdio.h>
#include <string.h>

#include "store/core/report.h"
#include "store/base/when.h"

static const char *const type_names[] = {"totp", NULL};

static const struct json_field device_row_fields[] = {
    JSON_ROW_TEXT("id", JSON_REQUIRED, struct device_row, id),
    JSON_ROW_TEXT("name", JSON_NULL, struct device_row, name),
    JSON_ROW_CHOICE("type", JSON_REQUIRED, struct device_row, type, type_names),
    JSON_ROW_TIME("added", JSON_NULL, struct device_row, added_s),
    JSON_ROW_TEXT("added_from", JSON_NULL, struct device_row, added_from),
    JSON_ROW_TEXT("added_key", JSON_NULL, struct device_row, added_key),
    JSON_ROW_TIME("last_used", JSON_NULL, struct device_row, last_used_s),
};
static const struct json_shape device_row_shape = JSON_SHAPE(
    device_row_fields, NULL);
static const struct json_field device_row_item = JSON_ITEM_OBJECT(
    struct device_row, &device_row_shape);

static const struct json_field user_row_fields[] = {
    JSON_ROW_TEXT("user", JSON_REQUIRED, struct user_row, user),
    JSON_ROW_CHOICE("state", JSON_NULL, struct user_row, state, state_names),
    JSON_ROW_TEXT("rule", JSON_NULL, struct user_row, rule),
    JSON_ROW_CHOICE("mode", JSON_NULL, struct user_row, mode, mode_names),
    JSON_ROW_TIME("deadline", JSON_NULL, struct user_row, deadline_s),
    JSON_ROW_LIST("devices", JSON_REQUIRED, struct user_row, devices,
	DEVICES_MAX, &device_row_item),
    JSON_ROW_NUMBER("recovery_left", JSON_REQUIRED, struct user_row,
	recovery_left, 0, JSON_COUNT_MAX),
    JSON_ROW_TIME("last_login", JSON_NULL, struct user_row, last_login_s),
    JSON_ROW_TEXT("last_address", JSON_NULL, struct user_row, last_address),
    JSON_ROW_NUMBER("failures", JSON_REQUIRED, struct user_row, failures, 0,
	JSON_COUNT_MAX),
    JSON_ROW_NUMBER(
	"spent", JSON_REQUIRED, struct user_row, spent, 0, JSON_COUNT_MAX),
    JSON_ROW_TIME("locked_until", JSON_NULL, struct user_row, locked_until_s),
    JSON_ROW_TEXT("problem", JSON_NULL, struct user_row, problem),
};
const struct json_shape user_row_shape = JSON_SHAPE(user_row_fields, NULL);

static const struct json_field skipped_row_fields[] = {
    JSON_ROW_TEXT("rule", JSON_REQUIRED, struct skipped_row, rule),
    JSON_ROW_TEXT("reason", JSON_REQUIRED, struct skipped_row, reason),
};
static const struct json_shape skipped_row_shape = JSON_SHAPE(
    skipped_row_fields, NULL);
static const struct json_field skipped_row_item = JSON_ITEM_OBJECT(
    struct skipped_row, &skipped_row_shape);

static const struct json_field explained_fields[] = {
    JSON_ROW_TEXT("from", JSON_NULL, struct explained, from),
    JSON_ROW_TEXT("verdict", JSON_NULL, struct explained, verdict),
    JSON_ROW_TEXT("rule", JSON_NULL, struct explained, rule),
    JSON_ROW_CHOICE("mode", JSON_NULL, struct explained, mode, mode_names),
    JSON_ROW_TEXT("reason", JSON_REQUIRED, struct explained, reason),
    JSON_ROW_TIME("deadline", JSON_NULL, struct explained, deadline_s),
};
static const struct json_shape explained_shape = JSON_SHAPE(
    explained_fields, NULL);
static const struct json_field explained_item = JSON_ITEM_OBJECT(
    struct explained, &explained_shape);

static const struct json_field explanation_fields[] = {
    JSON_ROW_TEXT("user", JSON_REQUIRED, struct explanation, user),
    JSON_ROW_TEXT("verdict", JSON_REQUIRED, struct explanation, login.verdict),
    JSON_ROW_TEXT("rule", JSON_NULL, struct explanation, login.rule),
    JSON_ROW_CHOICE(
	"mode", JSON_NULL, struct explanation, login.mode, mode_names),
    JSON_ROW_TEXT("reason", JSON_REQUIRED, struct explanation, login.reason),
    JSON_ROW_TIME("deadline", JSON_NULL, struct explanation, login.deadline_s),
    JSON_ROW_LIST("by_address", JSON_REQUIRED, struct explanation, by_address,
	BY_ADDRESS_MAX, &explained_item),
    JSON_ROW_LIST("skipped", JSON_REQUIRED, struct explanation, skipped,
	POLICY_RULES, &skipped_row_item),
};
const struct json_shape explanation_shape = JSON_SHAPE(
    explanation_fields, NULL);

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
		struct device_row *row = list_add(&ret->devices, sizeof(*row));

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
