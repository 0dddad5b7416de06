#include "store/link/upkeep.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define POLL_MS       60000
#define POLL_LIMIT_MS 1500

static void
begin(struct upkeep *u, enum task_kind kind, int member, int64_t until_ms,
    struct json_out body,
    void (*done)(struct task *task, enum link_end end,
	const struct json_out *answer, const struct http_result *result))
{
	struct task *task = task_new(kind, until_ms);

	if (task == NULL) {
		json_text_free(&body.text);
		return;
	}
	task->bound = member;
	task->body = body;
	task->done = done;
	task->ctx = u;
	u->polls += kind == TASK_STATUS || kind == TASK_METRICS ||
	    kind == TASK_USER;
	engine_add(u->engine, task, u->engine->now_ms);
}

/* One task of the poll is over. */
static void
end_part(struct upkeep *u)
{
	if (--u->polls == 0)
		history_polled(&u->history, u->keep_ms, u->engine->now_ms);
}

static void
on_status(struct task *task, enum link_end end, const struct json_out *answer,
    const struct http_result *result)
{
	struct upkeep *u = task->ctx;
	struct member *member = &u->engine->members[task->bound];
	int64_t quota = member->status.quota;
	struct etcd_status status;

	(void)answer;
	member->reached = end == LINK_OK &&
	    etcd_read_status(result->body.text, result->body.len, &status);
	member->refused = end == LINK_REFUSED;
	memcpy(member->why, task->why, sizeof(member->why));
	if (member->reached) {
		member->status = status;
		if (status.quota == 0)
			member->status.quota = quota;
		if (status.has_leader)
			history_found(
			    &u->history, strtoll(status.revision, NULL, 10));
	}
	end_part(u);
}

static void
on_metrics(struct task *task, enum link_end end, const struct json_out *answer,
    const struct http_result *result)
{
	struct upkeep *u = task->ctx;
	int64_t quota = 0;

	(void)answer;
	if (end == LINK_OK)
		quota = etcd_read_quota(result->body.text);
	if (quota > 0)
		u->engine->members[task->bound].status.quota = quota;
	end_part(u);
}

static void
on_user(struct task *task, enum link_end end, const struct json_out *answer,
    const struct http_result *result)
{
	struct upkeep *u = task->ctx;
	bool root;

	(void)answer;
	if (end == LINK_OK &&
	    etcd_read_root(result->body.text, result->body.len, &root))
		u->is_root = root;
	end_part(u);
}

static struct json_out
empty_body(void)
{
	struct json_out out = json_out_begin(8);

	json_out_text(&out, "{}");
	return out;
}

static void
poll_members(struct upkeep *u, int64_t now_ms)
{
	for (int i = 0; i < u->engine->endpoints.count; i++)
		begin(u, TASK_STATUS, i, now_ms + POLL_LIMIT_MS, empty_body(),
		    on_status);
	u->next_poll_ms = now_ms + POLL_MS;
}

void
upkeep_poll(struct upkeep *u, int64_t now_ms)
{
	if (u->polls > 0)
		return;
	u->engine->now_ms = now_ms;
	poll_members(u, now_ms);
	for (int i = 0; i < u->engine->endpoints.count; i++)
		begin(u, TASK_METRICS, i, now_ms + POLL_LIMIT_MS,
		    (struct json_out){.text = NULL}, on_metrics);
	if (u->engine->config->user[0] != '\0')
		begin(u, TASK_USER, -1, now_ms + POLL_LIMIT_MS,
		    etcd_user(u->engine->config->user), on_user);
}

bool
upkeep_is_polling(const struct upkeep *u)
{
	return u->polls > 0;
}

static void
on_probe(struct task *task, enum link_end end, const struct json_out *answer,
    const struct http_result *result)
{
	struct upkeep *u = task->ctx;

	(void)answer;
	(void)result;
	if (end == LINK_OK && task->bound == 0)
		endpoints_go_home(&u->engine->endpoints);
}

/* A key that every fleet has; its revision is of no interest. */
static void
probe(struct upkeep *u, int member, int64_t now_ms)
{
	struct link_request request = {.op = LINK_SCAN,
	    .key = "fleet",
	    .revision = "0",
	    .keys_only = true};

	begin(u, TASK_PROBE, member, now_ms + ATTEMPT_MS,
	    etcd_scan(u->engine->config->prefix, &request, 1), on_probe);
}

static void
on_compact(struct task *task, enum link_end end, const struct json_out *answer,
    const struct http_result *result)
{
	struct upkeep *u = task->ctx;

	(void)answer;
	(void)result;
	/* Another link was there first, or etcd is away: nothing to say. */
	u->compact_refused = end == LINK_REFUSED;
}

static void
compact(struct upkeep *u, int64_t now_ms)
{
	struct json_out number = json_out_begin(32);
	uint16_t random = 0;
	int64_t revision;

	(void)!getrandom(&random, sizeof(random), 0);
	revision = history_due(&u->history, u->keep_ms, random % 1001, now_ms);
	json_out_number(&number, revision);
	if (revision > 0 && number.text != NULL)
		begin(u, TASK_COMPACT, -1, now_ms + POLL_LIMIT_MS,
		    etcd_compact(number.text), on_compact);
	json_text_free(&number.text);
}

void
upkeep_turn(struct upkeep *u, int64_t now_ms)
{
	struct endpoints *endpoints = &u->engine->endpoints;

	u->engine->now_ms = now_ms;
	if (now_ms >= u->next_poll_ms && u->polls == 0)
		poll_members(u, now_ms);
	if (endpoints_are_away(endpoints, now_ms))
		token_is_doubtful(
		    &u->engine->token, endpoints->silent_since_ms);
	if (endpoints_probe_now(endpoints, now_ms))
		for (int i = 0; i < endpoints->count; i++)
			probe(u, i, now_ms);
	else if (endpoints_try_home(endpoints, now_ms))
		probe(u, 0, now_ms);
	if (u->engine->config->compact)
		compact(u, now_ms);
}

int64_t
upkeep_wait_ms(const struct upkeep *u, int64_t now_ms)
{
	const struct endpoints *endpoints = &u->engine->endpoints;
	int64_t wait_ms = u->next_poll_ms - now_ms;

	if (endpoints->silent_since_ms != 0 && wait_ms > PROBE_MS / 4)
		wait_ms = PROBE_MS / 4;
	if (wait_ms > u->keep_ms / 32)
		wait_ms = u->keep_ms / 32;
	return wait_ms > 0 ? wait_ms : 0;
}

static int
compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

bool
upkeep_clock(const struct upkeep *u, int64_t *ret_off_ms)
{
	int64_t off[FLEET_ENDPOINTS];
	size_t count = 0;

	for (int i = 0; i < u->engine->endpoints.count; i++)
		if (u->engine->members[i].has_clock)
			off[count++] = u->engine->members[i].off_ms;
	if (count == 0)
		return false;
	qsort(off, count, sizeof(off[0]), compare_numbers);
	*ret_off_ms = off[count / 2];
	return true;
}

static void
say_number(struct json_out *out, const char *key, int64_t number)
{
	json_out_text(out, ",");
	json_out_string(out, key);
	json_out_text(out, ":");
	json_out_number(out, number);
}

/* Whole days that are left; those that are over are negative. */
static int64_t
days_left(int64_t ends_s, int64_t now_s)
{
	int64_t left_s = ends_s - now_s;

	return left_s >= 0 ? left_s / 86400 : -((86399 - left_s) / 86400);
}

static void
say_alarms(struct json_out *out, const struct member *member)
{
	const struct etcd_status *status = &member->status;

	json_out_text(out, ",\"alarms\":[");
	json_out_text(out, status->no_space ? "\"NOSPACE\"" : "");
	json_out_text(out, status->no_space && status->corrupt ? "," : "");
	json_out_text(out, status->corrupt ? "\"CORRUPT\"" : "");
	json_out_text(out, "]");
}

static void
say_member(struct json_out *out, const char *url, const struct member *member,
    int64_t now_s)
{
	json_out_text(out, "{");
	link_put_text(out, "url", url);
	link_put_text(out, "state",
	    !member->reached ? member->refused ? "refused" : "away"
		: member->status.has_leader ? "good"
					    : "no_leader");
	if (!member->reached)
		link_put_text(out, "why", member->why);
	link_put_text(out, "version", member->status.version);
	say_number(out, "db_size", member->status.db_size);
	say_number(out, "db_in_use", member->status.db_in_use);
	say_number(out, "quota", member->status.quota);
	say_alarms(out, member);
	if (member->expires_s != 0)
		say_number(
		    out, "days_left", days_left(member->expires_s, now_s));
	if (member->has_clock)
		say_number(out, "clock_off_ms", member->off_ms);
	json_out_text(out, "}");
}

/* A member that is off may have said another one before a restore. */
static const char *
revision_text(const struct upkeep *u)
{
	const char *best = "0";

	for (int i = 0; i < u->engine->endpoints.count; i++) {
		const struct member *member = &u->engine->members[i];
		const char *text = member->status.revision;

		if (member->reached &&
		    strtoll(text, NULL, 10) > strtoll(best, NULL, 10))
			best = text;
	}
	return best;
}

void
upkeep_say(
    const struct upkeep *u, int64_t now_ms, int64_t now_s, struct json_out *ret)
{
	const struct engine *e = u->engine;
	char why[LINK_WHY];
	int64_t off_ms;

	json_out_text(ret, "{\"status\":\"ok\",\"endpoints\":[");
	for (int i = 0; i < e->endpoints.count; i++) {
		json_out_text(ret, i > 0 ? "," : "");
		say_member(ret, e->config->endpoints.items[i].text,
		    &e->members[i], now_s);
	}
	json_out_text(ret, "]");
	say_number(ret, "current", e->endpoints.current);
	link_put_text(ret, "breaker",
	    endpoints_are_away(&e->endpoints, now_ms) ? "open" : "closed");
	engine_away(e, why);
	if (endpoints_are_away(&e->endpoints, now_ms))
		link_put_text(ret, "why", why);
	if (e->token.refused[0] != '\0')
		link_put_text(ret, "login", e->token.refused);
	if (u->is_root)
		json_out_text(ret, ",\"root\":true");
	if (upkeep_clock(u, &off_ms))
		say_number(ret, "clock_off_ms", off_ms);
	if (u->certificate_ends_s != 0)
		say_number(ret, "certificate_days_left",
		    days_left(u->certificate_ends_s, now_s));
	json_out_text(ret,
	    e->config->compact ? ",\"compact\":true" : ",\"compact\":false");
	json_out_text(ret,
	    u->compact_refused ? ",\"compact_refused\":true"
			       : ",\"compact_refused\":false");
	say_number(ret, "compacted", u->history.compacted);
	say_number(ret, "answered", e->answered);
	link_put_text(ret, "version", TFA_VERSION);
	link_put_text(ret, "revision", revision_text(u));
	json_out_text(ret, "}");
}
