#include <stdio.h>
#include <string.h>

#include "store/core/policy.h"
#include "store/base/fnv.h"
#include "store/base/utf8.h"
#include "store/json/odd.h"

const char *const mode_names[] = {"", "optional", "required", "exempt", NULL};
static const char *const self_names[] = {"grace", "always", "code", NULL};
static const char *const unlisted_names[] = {"refuse", "allow", NULL};
const char *const forwarding_names[] = {
    "", "closed", "after-code", "open", NULL};
const char *const hardware_keys_names[] = {
    "", "asked", "enough", "enough-with-pin", NULL};

static bool
prefix_read(const char *text, void *ret)
{
	return prefix_parse(text, ret);
}

static void
prefix_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	prefix_format(value, ret);
}

static const struct json_form form_prefix = {
    "an address or a prefix such as 10.2.0.0/16 or 2001:db8::/32, its host "
    "bits zero",
    prefix_read, prefix_write};

static const struct json_field item_name = JSON_ITEM_TEXT(struct name);
static const struct json_field item_prefix = JSON_ITEM_FORM(
    struct prefix, &form_prefix);

/* A row: kind and need without JSON_, the struct by its name. */
#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field grace_fields[] = {
    ROW(DURATION, grace, "for", MAYBE, for_s),
    ROW(TIME, grace, "until", REQUIRED, until_s),
};
static const struct json_shape grace_shape = JSON_SHAPE(grace_fields, NULL);

static const struct json_field rule_fields[] = {
    ROW(TEXT, rule, "name", REQUIRED, name),
    ROW(LIST, rule, "users", MAYBE, users, POLICY_NAMES, &item_name),
    ROW(LIST, rule, "groups", MAYBE, groups, POLICY_NAMES, &item_name),
    ROW(LIST, rule, "from", MAYBE, from, POLICY_NAMES, &item_prefix),
    ROW(CHOICE, rule, "mode", REQUIRED, mode, mode_names),
    ROW(TIME, rule, "since", MAYBE, since_s),
    ROW(TIME, rule, "until", MAYBE, until_s),
    ROW(TEXT, rule, "by", MAYBE, by),
    ROW(OBJECT, rule, "grace", MAYBE, grace, &grace_shape),
    ROW(CHOICE, rule, "forwarding", MAYBE, forwarding, forwarding_names),
    ROW(CHOICE, rule, "hardware_keys", MAYBE, hardware_keys,
	hardware_keys_names),
};

/* Nobody is called so.  Behind "!" such a name would lose a protection. */
static bool
has_stray_blank(const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at < len;) {
		size_t n = utf8_length(name + at, len - at);

		if (n > 1 && utf8_is_odd_blank(utf8_char(name + at, n)))
			return true;
		at += n > 0 ? n : 1;
	}
	return name[0] == ' ' || (len > 0 && name[len - 1] == ' ');
}

static const char *
name_check(const struct name *name, bool is_user)
{
	const char *text = name->text;

	if (text[text[0] == '!'] == '@')
		return "without the \"@\": users go into \"users\", groups "
		       "into \"groups\"";
	if (strcmp(text, "!") == 0 || strcmp(text, "!*") == 0)
		return "\"!\" excludes one user or group: name it";
	if (text[0] == '!' && text[1] == '!')
		return "\"!\" stands once: twice it would exclude nobody";
	if (has_stray_blank(text + (text[0] == '!')))
		return "a name has no blank before, behind or around it: "
		       "nobody is called so";
	if (!is_user && strcmp(text, "*") == 0)
		return "\"*\" goes into \"users\"";
	return NULL;
}

/* Checks the names in a list.  Adds the number of those without "!" to
 * *positive. */
static const char *
names_check(const void *list, bool is_user, size_t *positive, int *ret_index)
{
	const char *wrong;
	struct list l;

	memcpy(&l, list, sizeof(l));
	for (size_t i = 0; i < l.count; i++) {
		const struct name *name = (const struct name *)l.items + i;

		*ret_index = (int)i;
		if ((wrong = name_check(name, is_user)) != NULL)
			return wrong;
		*positive += name->text[0] != '!';
	}
	*ret_index = -1;
	return NULL;
}

/* Checks the users and groups of a rule, or of admins. */
static const char *
who_check(const void *users, const void *groups, size_t *positive,
    struct json_place *ret_place)
{
	const char *wrong;

	ret_place->key = "users";
	wrong = names_check(users, true, positive, &ret_place->index);
	if (wrong != NULL)
		return wrong;
	ret_place->key = "groups";
	return names_check(groups, false, positive, &ret_place->index);
}

/* Refuses a rule that matches nobody, and settings that have no effect. */
static const char *
rule_check(const void *value, struct json_place *ret_place)
{
	const struct rule *rule = value;
	size_t positive = 0;
	const char *wrong = who_check(
	    &rule->users, &rule->groups, &positive, ret_place);

	if (wrong != NULL)
		return wrong;
	ret_place->key = NULL;
	if (positive == 0)
		return "matches nobody: name someone in \"users\" or "
		       "\"groups\" (\"*\" in users is everyone)";
	ret_place->key = "until";
	if (rule->until_s > 0 && rule->mode != MODE_EXEMPT)
		return "only an exempt rule has an end; \"grace\" has one "
		       "inside it";
	ret_place->key = "grace";
	if (rule->grace.present && rule->mode != MODE_REQUIRED)
		return "only a required rule has grace";
	if (rule->grace.for_s > 0 && rule->since_s == 0)
		return "\"for\" needs \"since\" beside \"grace\"";
	ret_place->key = "hardware_keys";
	if (rule->hardware_keys > HARDWARE_KEYS_ASKED &&
	    rule->mode == MODE_EXEMPT)
		return "an exempt rule asks for no code that a hardware key "
		       "could stand for";
	return NULL;
}

static const struct json_shape rule_shape = JSON_SHAPE(rule_fields, rule_check);
static const struct json_field item_rule = JSON_ITEM_OBJECT(
    struct rule, &rule_shape);

static const struct json_field admins_fields[] = {
    ROW(LIST, admins, "users", MAYBE, users, POLICY_NAMES, &item_name),
    ROW(LIST, admins, "groups", MAYBE, groups, POLICY_NAMES, &item_name),
};

static const char *
admins_check(const void *value, struct json_place *ret_place)
{
	const struct admins *admins = value;
	size_t positive = 0;

	return who_check(&admins->users, &admins->groups, &positive, ret_place);
}

static const struct json_shape admins_shape = JSON_SHAPE(
    admins_fields, admins_check);

static const struct json_field enrollment_fields[] = {
    ROW(CHOICE, enrollment, "self", DEFAULT, self, self_names),
    ROW(NUMBER, enrollment, "max_devices", DEFAULT, max_devices, 1, 8),
};
static const struct json_shape enrollment_shape = JSON_SHAPE(
    enrollment_fields, NULL);

static const struct json_field attempts_fields[] = {
    ROW(NUMBER, attempts, "per_login", DEFAULT, per_login, 1, 10),
    ROW(DURATION, attempts, "timeout", DEFAULT, timeout_s),
    ROW(NUMBER, attempts, "free", DEFAULT, free, 1, 20),
    ROW(DURATION, attempts, "backoff", DEFAULT, backoff_s),
    ROW(DURATION, attempts, "backoff_max", DEFAULT, backoff_max_s),
    ROW(NUMBER, attempts, "stop", DEFAULT, stop, 1, 1000),
};

/* Outside these bounds codes could be guessed, or a user would stay locked
 * out. */
static const char *
attempts_check(const void *value, struct json_place *ret_place)
{
	const struct attempts *a = value;

	ret_place->key = "timeout";
	if (a->timeout_s < 2 || a->timeout_s > 600)
		return "must be 2s to 10m";
	ret_place->key = "backoff";
	if (a->backoff_s < 1)
		return "must be at least 1s";
	ret_place->key = "backoff_max";
	if (a->backoff_max_s < 900 || a->backoff_max_s > 7 * 86400)
		return "must be 15m to 7d";
	ret_place->key = "stop";
	if (a->stop < a->free)
		return "must not be less than \"free\"";
	return NULL;
}

static const struct json_shape attempts_shape = JSON_SHAPE(
    attempts_fields, attempts_check);

static const struct json_field remember_fields[] = {
    ROW(DURATION, remember, "connection", DEFAULT, connection_s),
    ROW(DURATION, remember, "for", DEFAULT, for_s),
};
static const struct json_shape remember_shape = JSON_SHAPE(
    remember_fields, NULL);

static const struct json_field keys_fields[] = {
    ROW(LIST, keys, "files", DEFAULT, files, KEY_FILES_MAX, &item_name),
    ROW(CHOICE, keys, "unlisted", DEFAULT, unlisted, unlisted_names),
    ROW(LIST, keys, "hardware_files", MAYBE, hardware_files, KEY_FILES_MAX,
	&item_name),
    ROW(LIST, keys, "hardware_authorities", MAYBE, hardware_authorities,
	KEY_FILES_MAX, &item_name),
};

/* The gate refuses every key if a file's name has another % sequence. */
static const char *
key_file_check(const char *name)
{
	if (strlen(name) > KEY_FILE_MAX)
		return "must have at most 80 bytes";
	for (const char *at = name; (at = strchr(at, '%')) != NULL; at += 2)
		if (at[1] == '\0' || strchr("huU%", at[1]) == NULL)
			return "only %h, %u, %U and %% stand for something";
	return NULL;
}

/* A file in a home folder is a user's, and none may count for a code. */
static const char *
hardware_file_check(const char *name)
{
	const char *wrong = key_file_check(name);

	if (wrong == NULL && name[0] != '/')
		wrong =
		    "must begin with /, such as /etc/ssh/hardware/%u: users "
		    "can write what is in their home folders";
	return wrong;
}

/* sshd's TrustedUserCAKeys stands for nothing else, either. */
static const char *
authority_file_check(const char *name)
{
	if (strchr(name, '%') != NULL)
		return "is one file for all users: without %";
	return hardware_file_check(name);
}

static const char *
each_name(
    const void *list, const char *(*check)(const char *name), int *ret_index)
{
	const char *wrong;
	struct list l;

	memcpy(&l, list, sizeof(l));
	for (size_t i = 0; i < l.count; i++) {
		*ret_index = (int)i;
		wrong = check(((const struct name *)l.items + i)->text);
		if (wrong != NULL)
			return wrong;
	}
	*ret_index = -1;
	return NULL;
}

static const char *
keys_check(const void *value, struct json_place *ret_place)
{
	const struct keys *keys = value;
	int *at = &ret_place->index;
	const char *wrong;

	ret_place->key = "files";
	wrong = each_name(&keys->files, key_file_check, at);
	if (wrong != NULL)
		return wrong;
	ret_place->key = "hardware_files";
	wrong = each_name(&keys->hardware_files, hardware_file_check, at);
	if (wrong != NULL)
		return wrong;
	ret_place->key = "hardware_authorities";
	return each_name(&keys->hardware_authorities, authority_file_check, at);
}

static const struct json_shape keys_shape = JSON_SHAPE(keys_fields, keys_check);

static const struct json_field policy_fields[] = {
    ROW(NUMBER, policy, "version", REQUIRED, version, 1, 1),
    ROW(TEXT, policy, "issuer", REQUIRED, issuer),
    ROW(LIST, policy, "rules", REQUIRED, rules, POLICY_RULES, &item_rule),
    ROW(CHOICE, policy, "otherwise", REQUIRED, otherwise, mode_names),
    ROW(CHOICE, policy, "forwarding", DEFAULT, forwarding, forwarding_names),
    ROW(OBJECT, policy, "admins", DEFAULT, admins, &admins_shape),
    ROW(OBJECT, policy, "enrollment", DEFAULT, enrollment, &enrollment_shape),
    ROW(OBJECT, policy, "attempts", DEFAULT, attempts, &attempts_shape),
    ROW(OBJECT, policy, "remember", DEFAULT, remember, &remember_shape),
    ROW(OBJECT, policy, "keys", DEFAULT, keys, &keys_shape),
    ROW(FLAG, policy, "log_commands", DEFAULT, log_commands),
};

static const char *
policy_check(const void *value, struct json_place *ret_place)
{
	const struct policy *policy = value;

	ret_place->key = "issuer";
	if (!otpauth_issuer_ok(policy->issuer))
		return "must be 1 to 32 of A-Z a-z 0-9 . _ -: some "
		       "authenticator apps read nothing else";
	ret_place->key = "rules";
	for (size_t i = 0; i < policy->rules.count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(policy->rules.items[i].name,
				policy->rules.items[k].name) == 0) {
				ret_place->index = (int)i;
				ret_place->inner = "name";
				return "an earlier rule has the same name";
			}
	return NULL;
}

static const struct json_shape policy_shape = JSON_SHAPE(
    policy_fields, policy_check);

static bool
add_key_file(struct policy *policy, const char *path)
{
	struct name *file = list_add(&policy->keys.files, sizeof(struct name));

	if (file != NULL)
		snprintf(file->text, sizeof(file->text), "%s", path);
	return file != NULL;
}

static enum fault
set_defaults(struct policy *policy)
{
	*policy = (struct policy){
	    .forwarding = FORWARDING_CLOSED,
	    .enrollment = {.self = SELF_GRACE, .max_devices = 3},
	    .attempts = {.per_login = 3,
		.timeout_s = 60,
		.free = 5,
		.backoff_s = 30,
		.backoff_max_s = 3600,
		.stop = 100},
	    .remember = {.connection_s = 12 * 3600},
	    .log_commands = true,
	};
	if (!add_key_file(policy, KEYS_FILE_FIRST) ||
	    !add_key_file(policy, KEYS_FILE_SECOND))
		return FAULT_MEMORY;
	return FAULT_NONE;
}

static bool
keys_are_default(const struct keys *keys, bool hardware)
{
	if (hardware && policy_names_hardware(keys))
		return false;
	return keys->unlisted != UNLISTED_ALLOW && keys->files.count == 2 &&
	    strcmp(keys->files.items[0].text, KEYS_FILE_FIRST) == 0 &&
	    strcmp(keys->files.items[1].text, KEYS_FILE_SECOND) == 0;
}

/* With its NUL, so that "a", "b" is another than "ab". */
static uint64_t
mix_text(uint64_t hash, const char *text)
{
	return fnv_add(hash, text, strlen(text) + 1);
}

/* With their number, so that a name of one list is none of the next. */
static uint64_t
mix_names(uint64_t hash, const void *list)
{
	char number[24];
	struct list l;

	memcpy(&l, list, sizeof(l));
	snprintf(number, sizeof(number), "%zu", l.count);
	hash = mix_text(hash, number);
	for (size_t i = 0; i < l.count; i++)
		hash = mix_text(hash, ((const struct name *)l.items + i)->text);
	return hash;
}

void
policy_keys_name(
    const struct keys *keys, bool hardware, char ret[static KEYS_NAME])
{
	uint64_t hash = FNV_BEGIN;

	if (keys_are_default(keys, hardware)) {
		memcpy(ret, KEYS_DEFAULT, sizeof(KEYS_DEFAULT));
		return;
	}
	for (size_t i = 0; i < keys->files.count; i++)
		hash = mix_text(hash, keys->files.items[i].text);
	hash = mix_text(
	    hash, keys->unlisted == UNLISTED_ALLOW ? "allow" : "refuse");
	if (hardware) {
		hash = mix_names(hash, &keys->hardware_files);
		hash = mix_names(hash, &keys->hardware_authorities);
	}
	snprintf(ret, KEYS_NAME, "%016llx", (unsigned long long)hash);
}

enum fault
policy_parse(const char *text, size_t len, struct policy *ret,
    struct json_error *ret_error)
{
	struct policy policy;
	enum fault fault = set_defaults(&policy);

	*ret_error = (struct json_error){.line = 0};
	if (fault == FAULT_NONE)
		fault = json_read(
		    &policy_shape, text, len, POLICY_MAX, &policy, ret_error);
	if (fault != FAULT_NONE) {
		json_odd_say(text, len, ret_error);
		policy_done(&policy);
		return fault;
	}
	*ret = policy;
	return FAULT_NONE;
}

enum fault
policy_builtin(struct policy *ret)
{
	struct policy policy;
	enum fault fault = set_defaults(&policy);

	if (fault != FAULT_NONE) {
		policy_done(&policy);
		return fault;
	}
	policy.version = 1;
	policy.otherwise = MODE_REQUIRED;
	policy.enrollment.self = SELF_ALWAYS;
	snprintf(policy.issuer, sizeof(policy.issuer), "ssh");
	*ret = policy;
	return FAULT_NONE;
}

enum fault
policy_format(const struct policy *policy, bool indented, char **ret_text)
{
	return json_write(&policy_shape, policy, indented, ret_text);
}

bool
policy_leaves(const struct policy *policy,
    bool (*each)(void *ctx, const struct leaf *leaf), void *ctx)
{
	return json_leaves(&policy_shape, policy, each, ctx);
}

void
policy_rule_done(struct rule *rule)
{
	json_done(&rule_shape, rule);
}

void
policy_done(struct policy *policy)
{
	json_done(&policy_shape, policy);
}
