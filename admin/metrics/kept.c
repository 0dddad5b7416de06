#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/metrics/kept.h"

#define KEPT_VERSION 1
#define MOST         JSON_COUNT_MAX

/* A counter that is not zero. */
struct kept_logins {
	int verdict;
	char reason[33];
	int64_t count;
};

/* The file: struct kept, with the counters as a list. */
struct kept_file {
	int64_t version;
	struct kept kept;
	LIST_OF(struct kept_logins) logins;
};

static const char *const kept_verdicts[] = {
    [COUNT_DENY] = "deny", [COUNT_PASS] = "pass", NULL};

static const struct json_field logins_fields[] = {
    JSON_ROW_CHOICE(
	"verdict", JSON_REQUIRED, struct kept_logins, verdict, kept_verdicts),
    JSON_ROW_TEXT("reason", JSON_REQUIRED, struct kept_logins, reason),
    JSON_ROW_NUMBER("count", JSON_REQUIRED, struct kept_logins, count, 0, MOST),
};
static const struct json_shape logins_shape = JSON_SHAPE(logins_fields, NULL);
static const struct json_field logins_item = JSON_ITEM_OBJECT(
    struct kept_logins, &logins_shape);

#define NUMBER(word, member) \
	JSON_ROW_NUMBER(     \
	    word, JSON_MAYBE, struct kept_file, kept.member, 0, MOST)
#define TIME(word, member) \
	JSON_ROW_TIME(word, JSON_MAYBE, struct kept_file, kept.member)

static const struct json_field kept_fields[] = {
    JSON_ROW_NUMBER("version", JSON_REQUIRED, struct kept_file, version,
	KEPT_VERSION, KEPT_VERSION),
    TIME("since", counts.since_s),
    NUMBER("skip", counts.skip),
    TIME("last", counts.last_s),
    TIME("last_pass", counts.last_pass_s),
    JSON_ROW_LIST("logins", JSON_DEFAULT, struct kept_file, logins,
	COUNT_VERDICTS *REASON_COUNT, &logins_item),
    NUMBER("wrong_codes", counts.wrong_codes),
    NUMBER("unlogged", counts.unlogged),
    NUMBER("missing", counts.missing),
    TIME("doctor", doctor.at_s),
    NUMBER("fail", doctor.fail),
    NUMBER("warn", doctor.warn),
    NUMBER("ok", doctor.ok),
    TIME("audit", audit.at_s),
    TIME("begins", audit.begins_s),
    NUMBER("bytes", audit.bytes),
    NUMBER("damaged", audit.damaged),
    NUMBER("unreadable", audit.unreadable),
};
static const struct json_shape kept_shape = JSON_SHAPE(kept_fields, NULL);

static bool
list_logins(struct kept_file *file)
{
	for (int verdict = 0; verdict < COUNT_VERDICTS; verdict++)
		for (int reason = 0; reason < REASON_COUNT; reason++) {
			int64_t count =
			    file->kept.counts.logins[verdict][reason];
			struct kept_logins *one;

			if (count == 0)
				continue;
			one = list_add(&file->logins, sizeof(*one));
			if (one == NULL)
				return false;
			one->verdict = verdict;
			one->count = count;
			snprintf(one->reason, sizeof(one->reason), "%s",
			    reason_name((enum reason)reason));
		}
	return true;
}

/* A reason that an earlier version had is counted as unknown. */
static void
take_logins(struct kept_file *file)
{
	list_each(const struct kept_logins, one, file->logins) {
		enum reason reason = REASON_NONE;

		(void)reason_form.parse(one->reason, &reason);
		file->kept.counts.logins[one->verdict][reason] += one->count;
	}
}

enum fault
kept_parse(const char *text, size_t len, struct kept *ret,
    struct json_error *ret_error)
{
	struct kept_file file = {.version = 0};
	enum fault fault = json_read(
	    &kept_shape, text, len, KEPT_MAX, &file, ret_error);

	if (fault == FAULT_NONE) {
		take_logins(&file);
		*ret = file.kept;
	}
	json_done(&kept_shape, &file);
	return fault;
}

enum fault
kept_format(const struct kept *kept, char **ret_text)
{
	struct kept_file file = {.version = KEPT_VERSION, .kept = *kept};
	enum fault fault = FAULT_MEMORY;

	if (list_logins(&file))
		fault = json_write(&kept_shape, &file, true, ret_text);
	free(file.logins.items);
	return fault;
}
