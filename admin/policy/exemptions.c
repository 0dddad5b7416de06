#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/admin.h"
#include "admin/csv.h"
#include "admin/policy/exemptions.h"
#include "store/base/utf8.h"
#include "store/base/when.h"

/* Columns of the table.  A text is cut to as many bytes as all rows leave room
 * for in WIDTH, but to no fewer than these. */
enum { WHO, FROM, SINCE, UNTIL, BY, RULE, CELLS };
#define WIDTH 80
static const size_t least[CELLS] = {
    [WHO] = 16, [FROM] = 14, [BY] = 9, [RULE] = 10};

/* Adds one more to a list; "..." for those that find no room. */
static void __attribute__((format(printf, 2, 3)))
list_more(char ret[static EXEMPTION_TEXT], const char *format, ...)
{
	char word[USER_TEXT + 8], clean[USER_TEXT + 8];
	size_t len = strlen(ret);
	va_list ap;

	va_start(ap, format);
	vsnprintf(word, sizeof(word), format, ap);
	va_end(ap);
	utf8_clean(word, strlen(word), clean, sizeof(clean));
	if (len >= 3 && strcmp(ret + len - 3, "...") == 0)
		return;
	if (len + strlen(clean) + sizeof(", , ...") > EXEMPTION_TEXT)
		snprintf(clean, sizeof(clean), "...");
	snprintf(ret + len, EXEMPTION_TEXT - len, "%s%s", len > 0 ? ", " : "",
	    clean);
}

static void
add_names(const struct name *names, size_t count, const char *sign,
    char ret[static EXEMPTION_TEXT])
{
	for (size_t i = 0; i < count; i++) {
		const char *text = names[i].text;
		bool no = text[0] == '!';

		if (strcmp(text, "*") == 0)
			list_more(ret, "everyone");
		else
			list_more(
			    ret, "%s%s%s", no ? "not " : "", sign, text + no);
	}
}

static void
exemption_of(const struct rule *rule, int64_t now_s, struct exemption *ret)
{
	*ret = (struct exemption){.since_s = rule->since_s,
	    .until_s = rule->until_s,
	    .ended = policy_rule_ended(rule, now_s)};
	utf8_clean(
	    rule->name, strlen(rule->name), ret->rule, sizeof(ret->rule));
	utf8_clean(rule->by, strlen(rule->by), ret->by, sizeof(ret->by));
	add_names(rule->users.items, rule->users.count, "", ret->who);
	add_names(rule->groups.items, rule->groups.count, "@", ret->who);
	for (size_t i = 0; i < rule->from.count; i++) {
		char network[PREFIX_TEXT];

		prefix_format(&rule->from.items[i], network);
		list_more(ret->from, "%s", network);
	}
}

bool
exemptions_each(const struct policy *policy, int64_t now_s,
    bool (*each)(void *ctx, const struct exemption *exemption), void *ctx)
{
	struct exemption exemption;

	for (size_t i = 0; i < policy->rules.count; i++) {
		if (policy->rules.items[i].mode != MODE_EXEMPT)
			continue;
		exemption_of(&policy->rules.items[i], now_s, &exemption);
		if (!each(ctx, &exemption))
			return false;
	}
	if (policy->otherwise != MODE_EXEMPT)
		return true;
	exemption = (struct exemption){
	    .rule = "otherwise", .who = "everyone whom no rule matches"};
	return each(ctx, &exemption);
}

static void
print_time(const char *before, int64_t time_s)
{
	char when[WHEN_TEXT];

	when_format(time_s, when);
	if (time_s > 0)
		printf("%s\"%s\"", before, when);
	else
		printf("%snull", before);
}

static bool
print_json(void *ctx, const struct exemption *exemption)
{
	(void)ctx;
	admin_print_string("{\"rule\":", exemption->rule);
	admin_print_string(",\"who\":", exemption->who);
	admin_print_string(",\"from\":", exemption->from);
	print_time(",\"since\":", exemption->since_s);
	print_time(",\"until\":", exemption->until_s);
	admin_print_string(",\"by\":", exemption->by);
	printf(",\"ended\":%s}\n", exemption->ended ? "true" : "false");
	return true;
}

static bool
exemption_csv(void *ctx, const struct exemption *exemption)
{
	csv_text(ctx, exemption->rule);
	csv_text(ctx, exemption->who);
	csv_text(ctx, exemption->from);
	csv_time(ctx, exemption->since_s);
	csv_time(ctx, exemption->until_s);
	csv_text(ctx, exemption->by);
	csv_flag(ctx, exemption->ended);
	csv_end(ctx);
	return true;
}

static void
cut_cell(const char *text, size_t shown, char *ret)
{
	utf8_clean(text, strlen(text), ret, shown + 1);
	if (strlen(text) > shown && strlen(ret) >= 3)
		memcpy(ret + strlen(ret) - 3, "...", 3);
}

/* "2026-12-31 00:00", as far as it says something. */
static void
say_cell(int64_t time_s, bool ended, char ret[static WHEN_SAID])
{
	char minute[WHEN_MINUTE];

	when_say_minute(time_s, minute);
	if (ended || strcmp(minute + 11, "00:00") == 0)
		minute[10] = '\0';
	snprintf(ret, WHEN_SAID, "%s%s", time_s > 0 ? minute : "",
	    ended ? " ended" : "");
}

static void
say_times(const struct exemption *exemption, char ret_since[static WHEN_SAID],
    char ret_until[static WHEN_SAID])
{
	say_cell(exemption->since_s, false, ret_since);
	ret_since[ret_since[0] != '\0' ? 10 : 0] = '\0'; /* the day will do */
	say_cell(exemption->until_s, exemption->ended, ret_until);
}

struct fitted {
	struct table *table;
	size_t shown[CELLS]; /* bytes of the widest cell */
};

static bool
measure_row(void *ctx, const struct exemption *exemption)
{
	struct fitted *fitted = ctx;
	char since[WHEN_SAID], until[WHEN_SAID];
	const char *const cells[CELLS] = {exemption->who, exemption->from,
	    since, until, exemption->by, exemption->rule};

	say_times(exemption, since, until);
	for (size_t i = 0; i < CELLS; i++)
		if (strlen(cells[i]) > fitted->shown[i])
			fitted->shown[i] = strlen(cells[i]);
	return true;
}

/* Cuts the widest of the columns that may be cut, until all fit. */
static void
fit_columns(size_t shown[static CELLS], const char *const *headings)
{
	while (true) {
		size_t width = 0, widest = CELLS;

		for (size_t i = 0; i < CELLS; i++) {
			size_t heading = strlen(headings[i]);

			if (shown[i] > 0)
				width += 1 +
				    (shown[i] > heading ? shown[i] : heading);
			if (least[i] > 0 && shown[i] > least[i] &&
			    (widest == CELLS || shown[i] > shown[widest]))
				widest = i;
		}
		if (width <= WIDTH + 1 || widest == CELLS)
			return;
		shown[widest]--;
	}
}

static bool
exemption_row(void *ctx, const struct exemption *exemption)
{
	const struct fitted *fitted = ctx;
	char since[WHEN_SAID], until[WHEN_SAID], cut[CELLS][EXEMPTION_TEXT];
	const char *cells[CELLS] = {exemption->who, exemption->from, since,
	    until, exemption->by, exemption->rule};

	say_times(exemption, since, until);
	for (size_t i = 0; i < CELLS; i++) {
		if (least[i] > 0) {
			cut_cell(cells[i], fitted->shown[i], cut[i]);
			cells[i] = cut[i];
		}
		cells[i] = table_dash(cells[i]);
	}
	return table_row(fitted->table, cells);
}

static bool
exemptions_table(const struct policy *policy, int64_t now_s)
{
	static const char *const headings[CELLS] = {
	    "WHO", "FROM", "SINCE", "UNTIL", "BY", "RULE"};
	struct fitted fitted = {.table = table_new(headings, CELLS)};
	bool ok = fitted.table != NULL &&
	    exemptions_each(policy, now_s, measure_row, &fitted);

	if (ok)
		fit_columns(fitted.shown, headings);
	ok = ok && exemptions_each(policy, now_s, exemption_row, &fitted) &&
	    table_print(fitted.table);
	table_free(fitted.table);
	return ok;
}

static bool
print_exemptions(
    const struct admin *admin, const struct policy *policy, int64_t now_s)
{
	static const char *const names[] = {
	    "rule", "who", "from", "since", "until", "by", "ended"};
	struct csv csv = {.to = stdout};

	if (admin->json)
		return exemptions_each(policy, now_s, print_json, NULL);
	if (!admin->csv)
		return exemptions_table(policy, now_s);
	csv_header(&csv, names, sizeof(names) / sizeof(names[0]));
	return exemptions_each(policy, now_s, exemption_csv, &csv);
}

int
admin_exemptions(struct admin *admin, int argc, char **argv)
{
	struct policy policy;
	int status;

	(void)argv;
	if (argc > 0)
		return ADMIN_MISUSED;
	status = admin_load(admin, &policy);
	if (status != ADMIN_DONE)
		return status;
	if (!print_exemptions(admin, &policy, time(NULL))) {
		admin_say("out of memory");
		status = ADMIN_NOT;
	}
	policy_done(&policy);
	return status;
}
