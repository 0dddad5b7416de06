#include <stdio.h>
#include <string.h>

#include "store/core/report.h"
#include "store/base/when.h"

/* A row: kind and need without JSON_, the struct by its name. */
#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field device_row_fields[] = {
    ROW(TEXT, device_row, "id", REQUIRED, id),
    ROW(TEXT, device_row, "name", NULL, name),
    ROW(CHOICE, device_row, "type", REQUIRED, type, record_type_names),
    ROW(TIME, device_row, "added", NULL, added_s),
    ROW(TEXT, device_row, "added_from", NULL, added_from),
    ROW(TEXT, device_row, "added_key", NULL, added_key),
    ROW(TIME, device_row, "last_used", NULL, last_used_s),
};
static const struct json_shape device_row_shape = JSON_SHAPE(
    device_row_fields, NULL);
static const struct json_field device_row_item = JSON_ITEM_OBJECT(
    struct device_row, &device_row_shape);

static const struct json_field code_row_fields[] = {
    ROW(CHOICE, code_row, "use", REQUIRED, use, record_use_names),
    ROW(TIME, code_row, "until", REQUIRED, until_s),
};
static const struct json_shape code_row_shape = JSON_SHAPE(
    code_row_fields, NULL);
static const struct json_field code_row_item = JSON_ITEM_OBJECT(
    struct code_row, &code_row_shape);

static const struct json_field user_row_fields[] = {
    ROW(TEXT, user_row, "user", REQUIRED, user),
    ROW(CHOICE, user_row, "state", NULL, state, state_names),
    ROW(TEXT, user_row, "rule", NULL, rule),
    ROW(CHOICE, user_row, "mode", NULL, mode, mode_names),
    ROW(TIME, user_row, "deadline", NULL, deadline_s),
    ROW(LIST, user_row, "devices", REQUIRED, devices, DEVICES_MAX,
	&device_row_item),
    ROW(NUMBER, user_row, "recovery_left", REQUIRED, recovery_left, 0,
	JSON_COUNT_MAX),
    ROW(TIME, user_row, "last_login", NULL, last_login_s),
    ROW(TEXT, user_row, "last_address", NULL, last_address),
    ROW(NUMBER, user_row, "failures", REQUIRED, failures, 0, JSON_COUNT_MAX),
    ROW(NUMBER, user_row, "spent", REQUIRED, spent, 0, JSON_COUNT_MAX),
    ROW(TIME, user_row, "locked_until", NULL, locked_until_s),
    ROW(FORM, user_row, "problem", NULL, problem_word, &reason_form),
    ROW(TEXT, user_row, "problem_text", NULL, problem),
    ROW(TIME, user_row, "exempt_until", NULL, exempt_until_s),
    ROW(LIST, user_row, "codes", REQUIRED, codes, CODES_MAX, &code_row_item),
};
const struct json_shape user_row_shape = JSON_SHAPE(user_row_fields, NULL);

static const struct json_field skipped_row_fields[] = {
    ROW(TEXT, skipped_row, "rule", REQUIRED, rule),
    ROW(TEXT, skipped_row, "reason", REQUIRED, reason),
};
static const struct json_shape skipped_row_shape = JSON_SHAPE(
    skipped_row_fields, NULL);
static const struct json_field skipped_row_item = JSON_ITEM_OBJECT(
    struct skipped_row, &skipped_row_shape);

static const struct json_field explained_fields[] = {
    ROW(TEXT, explained, "from", NULL, from),
    ROW(TEXT, explained, "verdict", NULL, verdict),
    ROW(TEXT, explained, "rule", NULL, rule),
    ROW(CHOICE, explained, "mode", NULL, mode, mode_names),
    ROW(TEXT, explained, "reason", REQUIRED, reason),
    ROW(TIME, explained, "deadline", NULL, deadline_s),
    ROW(TIME, explained, "until", NULL, until_s),
    ROW(CHOICE, explained, "hardware_keys", NULL, hardware_keys,
	hardware_keys_names),
};
static const struct json_shape explained_shape = JSON_SHAPE(
    explained_fields, NULL);
static const struct json_field explained_item = JSON_ITEM_OBJECT(
    struct explained, &explained_shape);

static const struct json_field explained_key_fields[] = {
    ROW(TEXT, explained_key, "key", NULL, key),
    ROW(TEXT, explained_key, "where", REQUIRED, where),
    ROW(TEXT, explained_key, "verdict", REQUIRED, verdict),
    ROW(TEXT, explained_key, "reason", NULL, reason),
    ROW(TEXT, explained_key, "detail", NULL, detail),
    ROW(TEXT, explained_key, "command", NULL, command),
    ROW(CHOICE, explained_key, "hardware", NULL, hardware, hardware_names),
    ROW(TEXT, explained_key, "hardware_why", NULL, hardware_why),
};
static const struct json_shape explained_key_shape = JSON_SHAPE(
    explained_key_fields, NULL);
static const struct json_field explained_key_item = JSON_ITEM_OBJECT(
    struct explained_key, &explained_key_shape);
static const struct json_field explained_note_item = JSON_ITEM_TEXT(
    struct explained_note);
static const struct json_field name_item = JSON_ITEM_TEXT(struct name);

static const struct json_field explanation_fields[] = {
    ROW(TEXT, explanation, "user", REQUIRED, user),
    ROW(TEXT, explanation, "verdict", REQUIRED, login.verdict),
    ROW(TEXT, explanation, "rule", NULL, login.rule),
    ROW(CHOICE, explanation, "mode", NULL, login.mode, mode_names),
    ROW(TEXT, explanation, "reason", REQUIRED, login.reason),
    ROW(TIME, explanation, "deadline", NULL, login.deadline_s),
    ROW(TIME, explanation, "until", NULL, login.until_s),
    ROW(CHOICE, explanation, "hardware_keys", NULL, login.hardware_keys,
	hardware_keys_names),
    ROW(LIST, explanation, "by_address", REQUIRED, by_address, BY_ADDRESS_MAX,
	&explained_item),
    ROW(LIST, explanation, "skipped", REQUIRED, skipped, POLICY_RULES,
	&skipped_row_item),
    ROW(LIST, explanation, "hardware_files", REQUIRED, hardware_files,
	KEY_FILES_MAX, &name_item),
    ROW(LIST, explanation, "hardware_authorities", REQUIRED,
	hardware_authorities, KEY_FILES_MAX, &name_item),
    ROW(LIST, explanation, "keys", REQUIRED, keys, EXPLAINED_KEYS,
	&explained_key_item),
    ROW(LIST, explanation, "notes", REQUIRED, notes, EXPLAINED_NOTES,
	&explained_note_item),
};
const struct json_shape explanation_shape = JSON_SHAPE(
    explanation_fields, NULL);

const char *
device_row_type(const struct device_row *device)
{
	return device->type == DEVICE_HOTP ? ", counts its codes" : "";
}

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

static enum fault
add_codes(const struct record *record, int64_t now_s, struct user_row *ret)
{
	list_each(const struct one_time, code, record->codes) {
		struct code_row *row;

		if (code->until_s <= now_s)
			continue;
		row = list_add(&ret->codes, sizeof(*row));
		if (row == NULL)
			return FAULT_MEMORY;
		row->use = code->use;
		row->until_s = code->until_s;
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
		reason_say_admin(decision->reason, &facts, ret, size);
}

/* *ret: what the record alone says. */
static enum fault
report_record(const struct record *record, int64_t now_s, struct user_row *ret)
{
	enum fault fault;

	*ret = (struct user_row){
	    .recovery_left = (int64_t)record_recovery_left(record, now_s),
	    .last_login_s = record->last_login.at_s,
	    .failures = record->failures.known.count +
		record->failures.other.count,
	    .spent = spent_long_term(record, now_s),
	};
	memcpy(ret->user, record->user, sizeof(ret->user));
	memcpy(ret->last_address, record->last_login.from,
	    sizeof(ret->last_address));
	fault = add_devices(record, ret);
	if (fault == FAULT_NONE)
		fault = add_codes(record, now_s, ret);
	if (fault != FAULT_NONE)
		user_row_done(ret);
	return fault;
}

enum fault
report_user(const struct policy *policy, const struct decision *decision,
    const struct record *record, int64_t now_s, struct user_row *ret)
{
	struct user_row row;
	enum fault fault = report_record(record, now_s, &row);

	if (fault != FAULT_NONE)
		return fault;
	row.mode = (int)decision->mode;
	row.locked_until_s = locked_until(policy, record, now_s);
	row.state = (int)login_state(
	    policy, decision, record, now_s, &row.deadline_s);
	if (decision->rule != NULL)
		memcpy(row.rule, decision->rule->name, sizeof(row.rule));
	if (decision->mode == MODE_EXEMPT && decision->rule != NULL)
		row.exempt_until_s = decision->rule->until_s;
	if (decision->mode == MODE_NONE) {
		row.problem_word = decision->reason;
		report_denial(decision, row.problem, sizeof(row.problem));
	}
	*ret = row;
	return FAULT_NONE;
}

enum fault
report_gone(const struct record *record, int64_t now_s, struct user_row *ret)
{
	struct user_row row;
	enum fault fault = report_record(record, now_s, &row);

	if (fault != FAULT_NONE)
		return fault;
	row.state = STATE_GONE;
	row.problem_word = REASON_UNKNOWN_USER;
	snprintf(row.problem, sizeof(row.problem),
	    "there is no such account any more: tfa-admin forget removes what "
	    "is kept of it");
	*ret = row;
	return FAULT_NONE;
}

/* Returns 0 if no state has that name. */
static unsigned
state_of_name(const char *name)
{
	for (int i = STATE_EXEMPT; state_names[i] != NULL; i++)
		if (strcmp(state_names[i], name) == 0)
			return 1U << i;
	return 0;
}

bool
user_filter_states(
    const char *text, unsigned *ret, char ret_word[static STATE_WORD])
{
	unsigned states = 0;

	for (;;) {
		size_t len = strcspn(text, ",");
		unsigned state;

		snprintf(ret_word, STATE_WORD, "%.*s", (int)len, text);
		state = len < STATE_WORD ? state_of_name(ret_word) : 0;
		if (state == 0)
			return false;
		states |= state;
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	*ret = states;
	return true;
}

bool
user_filter_takes(const struct user_filter *filter, const struct user_row *row)
{
	unsigned states = 1U << row->state;

	if (row->state == STATE_LOCKED && row->devices.count > 0)
		states |= 1U << STATE_ENROLLED;
	if (filter->states != 0 && (filter->states & states) == 0)
		return false;
	if (filter->no_device && row->devices.count > 0)
		return false;
	return filter->unused_s == 0 || row->last_login_s < filter->unused_s;
}
