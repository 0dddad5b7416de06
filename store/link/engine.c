#include "store/link/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/base/cleanup.h"

#define OWN         4 /* connections to a member for the engine's own */
#define SCANS       4 /* at once: a reply may have 4 MiB */
#define AGAIN_MS    50
#define REPLY_MAX   262144UL
#define METRICS_MAX 2097152UL

static const struct {
	const char *path;
	size_t reply_max;
	bool needs_token;
	bool writes;
	bool once;   /* no second try */
	bool proves; /* an answer takes a majority of the members */
} kinds[] = {
    [TASK_GET] = {ETCD_PATH_TXN, REPLY_MAX, true, false, false, true},
    [TASK_PUT] = {ETCD_PATH_TXN, REPLY_MAX, true, true, false, true},
    [TASK_REMOVE] = {ETCD_PATH_TXN, REPLY_MAX, true, true, false, true},
    [TASK_SCAN] = {ETCD_PATH_RANGE, ETCD_REPLY_MAX, true, false, false, true},
    [TASK_PUT_ALL] = {ETCD_PATH_TXN, REPLY_MAX, true, true, false, true},
    [TASK_AUTH] = {ETCD_PATH_AUTH, 8192, false, false, true, true},
    [TASK_PROBE] = {ETCD_PATH_RANGE, 8192, true, false, true, true},
    [TASK_COMPACT] = {ETCD_PATH_COMPACT, 8192, true, false, true, true},
    [TASK_USER] = {ETCD_PATH_USER, 8192, true, false, true, true},
    [TASK_STATUS] = {ETCD_PATH_STATUS, 65536, false, false, true, false},
    [TASK_METRICS] = {ETCD_PATH_METRICS, METRICS_MAX, false, false, true,
	false},
};

static bool
is_own(const struct task *task)
{
	return task->kind >= TASK_AUTH;
}

void
engine_begin(struct engine *e, const struct fleet_config *config,
    char *password, struct http *http)
{
	memset(e, 0, sizeof(*e));
	e->config = config;
	e->http = http;
	e->password = password;
	e->scan_rows = ETCD_SCAN_ROWS;
	e->scan_keys = LINK_ROWS;
	e->token.wanted = config->user[0] != '\0';
	endpoints_begin(&e->endpoints, (int)config->endpoints.count);
}

/* Whatever of a write may have been done makes each other end unsure. */
static void
end_task(struct engine *e, struct task *task, enum link_end end,
    const char *words, const struct http_result *result)
{
	struct json_out answer = json_out_begin(512);
	char why[LINK_WHY];

	if (task->unsure && end != LINK_OK && end != LINK_STALE)
		end = LINK_UNSURE;
	link_plain(words, why, sizeof(why));
	memcpy(task->why, why, sizeof(why));
	link_say(&answer, end, why);
	task->over = true;
	e->answered += !is_own(task);
	task->done(task, end, &answer, result);
	json_text_free(&answer.text);
}

enum link_end
engine_away(const struct engine *e, char ret[static LINK_WHY])
{
	snprintf(ret, LINK_WHY, "etcd does not answer: %.150s",
	    e->endpoints.why[0] != '\0' ? e->endpoints.why : "no word from it");
	return e->endpoints.refused ? LINK_REFUSED : LINK_AWAY;
}

/* The time of a task is over. */
static void
finish_late(struct engine *e, struct task *task)
{
	char why[LINK_WHY];
	enum link_end end = engine_away(e, why);

	if (task->why[0] != '\0')
		snprintf(why, sizeof(why), "etcd does not answer: %.150s",
		    task->why);
	end_task(
	    e, task, task->certificate_tries == 0 ? LINK_AWAY : end, why, NULL);
}

void
engine_add(struct engine *e, struct task *task, int64_t now_ms)
{
	struct task **last = &e->tasks;
	char why[LINK_WHY];

	while (*last != NULL)
		last = &(*last)->next;
	*last = task;
	if (!is_own(task) && endpoints_are_away(&e->endpoints, now_ms))
		end_task(e, task, engine_away(e, why), why, NULL);
}

/* A failure: what the task has to say if there is no later success. */
static void
note_why(struct engine *e, struct task *task, const char *why)
{
	snprintf(task->why, sizeof(task->why), "%.90s: %.100s",
	    e->config->endpoints.items[task->member].text, why);
}

static void
try_again(struct engine *e, struct task *task)
{
	unsigned count = (unsigned)e->endpoints.count;

	task->tries++;
	if (task->certificate_tries >= count &&
	    task->certificate_tries == task->tries)
		end_task(e, task, LINK_REFUSED, task->why, NULL);
	else if (kinds[task->kind].once)
		end_task(e, task, LINK_AWAY, task->why, NULL);
	else if (task->tries % count == 0)
		task->not_before_ms = e->now_ms + AGAIN_MS;
}

/* The member is no use now. */
static void
fail_attempt(struct engine *e, struct task *task,
    const struct http_result *result, const char *why)
{
	bool refused = result->end == HTTP_CERTIFICATE;

	note_why(e, task, why);
	if (kinds[task->kind].proves)
		endpoints_bad(&e->endpoints, task->member,
		    refused                 ? ENDPOINT_REFUSED
			: result->unreached ? ENDPOINT_UNREACHED
					    : ENDPOINT_SILENT,
		    task->why, e->now_ms);
	task->unsure |= kinds[task->kind].writes && result->sent;
	task->certificate_tries += refused;
	try_again(e, task);
}

/* etcd does not take the token. */
static void
fail_token(struct engine *e, struct task *task, const char *why)
{
	if (kinds[task->kind].proves)
		endpoints_neither(&e->endpoints);
	note_why(e, task, why);
	if (!e->token.wanted) {
		end_task(e, task, LINK_REFUSED,
		    "etcd asks for a user: name it in store.json, and put its "
		    "password beside the key",
		    NULL);
		return;
	}
	token_is_bad(&e->token, task->token_serial, e->now_ms);
	if (kinds[task->kind].once)
		end_task(e, task, LINK_AWAY, task->why, NULL);
	else if (token_is_ready(&e->token))
		task->not_before_ms = e->now_ms + AGAIN_MS;
}

static bool
read_page(struct engine *e, const struct link_request *request,
    const struct json_out *body, struct json_out *ret, enum link_end *ret_end)
{
	bool keys_only = request->keys_only;
	int *next = keys_only ? &e->scan_keys : &e->scan_rows;
	struct etcd_rows rows;

	if (!etcd_read_scan(request, e->config->prefix, body->text, body->len,
		ret, ret_end, &rows))
		return false;
	if (*ret_end == LINK_OK)
		*next = etcd_next_rows(
		    *next, &rows, keys_only ? LINK_ROWS : ETCD_SCAN_ROWS);
	return true;
}

static bool
read_answer(struct engine *e, struct task *task, const struct json_out *body,
    struct json_out *ret, enum link_end *ret_end)
{
	const struct link_request *request = &task->request;
	const char *prefix = e->config->prefix;
	char revision[LINK_MARK];

	*ret_end = LINK_OK;
	switch (task->kind) {
	case TASK_GET:
		return etcd_read_get(
		    request, prefix, body->text, body->len, ret, ret_end);
	case TASK_PUT:
		return etcd_read_put(
		    request, prefix, body->text, body->len, ret, ret_end);
	case TASK_REMOVE:
		return etcd_read_remove(
		    request, prefix, body->text, body->len, ret, ret_end);
	case TASK_SCAN:
		return read_page(e, request, body, ret, ret_end);
	case TASK_PUT_ALL:
		return etcd_read_put_all(
		    request, body->text, body->len, ret, ret_end);
	case TASK_PROBE:
		return etcd_read_revision(body->text, body->len, revision);
	case TASK_AUTH:
	case TASK_COMPACT:
	case TASK_USER:
	case TASK_STATUS:
	case TASK_METRICS:
		return true;
	}
	return false;
}

/* A member alone can say how it is, but not what is stored. */
static void
note_good(struct engine *e, const struct task *task)
{
	if (kinds[task->kind].proves)
		endpoints_good(&e->endpoints, task->member, e->now_ms);
}

/* 200: the body says what happened. */
static void
take_answer(
    struct engine *e, struct task *task, const struct http_result *result)
{
	struct json_out answer = json_out_begin(
	    task->kind == TASK_SCAN ? LINK_PACKET : 512);
	enum link_end end;

	if (!read_answer(e, task, &result->body, &answer, &end)) {
		fail_attempt(e, task, result,
		    "its answer is not one of etcd 3.4 or later");
	} else {
		note_good(e, task);
		task->over = true;
		e->answered += !is_own(task);
		task->done(task, end, &answer, result);
	}
	json_text_free(&answer.text);
}

static void
judge_answer(
    struct engine *e, struct task *task, const struct http_result *result)
{
	char why[LINK_WHY];
	enum etcd_outcome outcome = etcd_judge(
	    result->status, result->body.text, result->body.len, why);

	switch (outcome) {
	case ETCD_OK:
		take_answer(e, task, result);
		return;
	case ETCD_ODD:
	case ETCD_BUSY:
		fail_attempt(e, task, result, why);
		return;
	case ETCD_TOKEN_BAD:
		fail_token(e, task, why);
		return;
	case ETCD_FULL:
	case ETCD_COMPACTED:
	case ETCD_REFUSED:
		break;
	}
	note_good(e, task);
	end_task(e, task,
	    outcome == ETCD_FULL            ? LINK_FULL
		: outcome == ETCD_COMPACTED ? LINK_COMPACTED
					    : LINK_REFUSED,
	    why, result);
}

/* The clock of a member, to half a second: its answers name whole ones. */
static void
note_member(struct member *member, const struct http_result *result)
{
	struct timespec ts = {0, 0};

	if (result->expires_s != 0)
		member->expires_s = result->expires_s;
	if (result->date_s == 0)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	member->has_clock = true;
	member->off_ms = result->date_s * 1000 + 500 -
	    ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static void
take_results(struct engine *e)
{
	struct http_result result;

	while (http_next(e->http, &result)) {
		struct task *task = result.owner;

		task->running = false;
		e->active[task->member]--;
		e->scans -= task->kind == TASK_SCAN;
		note_member(&e->members[task->member], &result);
		endpoints_heard(&e->endpoints, task->member, result.closed,
		    result.end == HTTP_CERTIFICATE, task->tls12);
		if (result.end == HTTP_ANSWERED)
			judge_answer(e, task, &result);
		else
			fail_attempt(e, task, &result, result.why);
		http_result_done(&result);
	}
}

/* A try takes longer once two rounds were in vain: etcd may be slow.  Where
 * LOST_MS decide, each try is short. */
static int64_t
attempt_ms(const struct engine *e, const struct task *task)
{
	unsigned rounds = endpoints_lack_majority(&e->endpoints)
	    ? 0
	    : task->tries / (2 * (unsigned)e->endpoints.count);
	int64_t limit = (int64_t)ATTEMPT_MS << (rounds < 2 ? rounds : 2);
	int64_t left = task->until_ms - e->now_ms;

	if (kinds[task->kind].once)
		return left;
	return limit < left ? limit : left;
}

static bool
has_slot(const struct engine *e, const struct task *task, int member)
{
	int most = HTTP_CONNECTIONS - (is_own(task) ? 0 : OWN);

	return e->active[member] < most &&
	    (task->kind != TASK_SCAN || e->scans < SCANS);
}

static void
start(struct engine *e, struct task *task, int member)
{
	struct http_request request = {
	    .url = e->config->endpoints.items[member].text,
	    .path = kinds[task->kind].path,
	    .body = task->body.text,
	    .token = kinds[task->kind].needs_token ? e->token.text : "",
	    .limit_ms = attempt_ms(e, task),
	    .reply_max = kinds[task->kind].reply_max,
	    .tls12 = e->endpoints.tls12[member],
	    .owner = task,
	};

	if (!http_start(e->http, &request))
		return;
	task->member = member;
	task->tls12 = request.tls12;
	task->token_serial = e->token.serial;
	task->running = true;
	e->active[member]++;
	e->scans += task->kind == TASK_SCAN;
	if (kinds[task->kind].proves)
		endpoints_sent(&e->endpoints, e->now_ms);
}

static void
on_auth(struct task *task, enum link_end end, const struct json_out *answer,
    const struct http_result *result)
{
	struct engine *e = task->ctx;
	char text[ETCD_TOKEN] = "", why[LINK_WHY];

	(void)answer;
	if (end == LINK_OK &&
	    etcd_read_token(result->body.text, result->body.len, text)) {
		token_got(&e->token, text, e->now_ms);
	} else if (end == LINK_REFUSED) {
		snprintf(why, sizeof(why), "etcd refuses the user %s: %.100s",
		    e->config->user, task->why);
		token_refused(&e->token, why);
	} else {
		token_lost(&e->token);
	}
	explicit_bzero(text, sizeof(text));
}

/* One for all requests that wait for it. */
static void
authenticate(struct engine *e)
{
	struct task *task;

	if (!token_ask_now(&e->token, e->now_ms))
		return;
	task = task_new(TASK_AUTH, e->now_ms + AUTH_MS);
	if (task != NULL)
		task->body = etcd_auth(e->config->user, e->password);
	if (task == NULL || task->body.text == NULL) {
		free(task);
		token_lost(&e->token);
		return;
	}
	task->done = on_auth;
	task->ctx = e;
	engine_add(e, task, e->now_ms);
}

/* Starts a try of a task, if it may be now. */
static void
advance_task(struct engine *e, struct task *task)
{
	int member = task->bound >= 0 ? task->bound : e->endpoints.current;

	if (task->until_ms <= e->now_ms ||
	    (!is_own(task) && endpoints_are_lost(&e->endpoints, e->now_ms))) {
		finish_late(e, task);
	} else if (task->not_before_ms > e->now_ms ||
	    !has_slot(e, task, member)) {
		return;
	} else if (kinds[task->kind].needs_token &&
	    !token_is_ready(&e->token)) {
		authenticate(e);
		if (!e->token.asking && e->token.refused[0] != '\0')
			end_task(e, task, LINK_REFUSED, e->token.refused, NULL);
	} else {
		start(e, task, member);
	}
}

static void
free_task(struct task *task)
{
	link_request_done(&task->request);
	json_text_free(&task->body.text);
	free(task);
}

static void
end_late_tasks(struct engine *e)
{
	for (struct task **at = &e->tasks; *at != NULL;) {
		struct task *task = *at;

		if (!task->over) {
			at = &task->next;
			continue;
		}
		*at = task->next;
		free_task(task);
	}
}

void
engine_turn(struct engine *e, int64_t now_ms)
{
	e->now_ms = now_ms;
	take_results(e);
	for (struct task *task = e->tasks; task != NULL; task = task->next)
		if (!task->over && !task->running)
			advance_task(e, task);
	end_late_tasks(e);
}

int
engine_wait_ms(const struct engine *e, int64_t now_ms, int64_t most_ms)
{
	int64_t wait_ms = most_ms;

	for (const struct task *task = e->tasks; task != NULL;
	     task = task->next) {
		int64_t at = task->not_before_ms > now_ms ? task->not_before_ms
							  : task->until_ms;

		/* One that waits for a member with room, or for a token, is
		 * looked at again soon. */
		if (!task->running && at - now_ms < wait_ms)
			wait_ms = at - now_ms;
		if (!task->running && wait_ms > AGAIN_MS)
			wait_ms = AGAIN_MS;
	}
	return wait_ms > 0 ? (int)wait_ms : 0;
}

bool
engine_is_idle(const struct engine *e)
{
	return e->tasks == NULL;
}
