/*
 * Has requests answered by etcd: sends them, again and elsewhere where that
 * fails, until their time is over.
 *
 *	engine_begin(&engine, config, secrets, http)
 *	engine_add(&engine, task)    done() is called once, later or at once
 *	engine_turn(&engine, now)    whenever something may have happened
 *	engine_wait_ms(&engine, now) and after so long, anyhow
 *
 * A write whose outcome is not known is sent again with the same bytes and the
 * same mark.  It is done at most once: the mark changes with the first.
 */
#ifndef TFA_LINK_ENGINE_H
#define TFA_LINK_ENGINE_H

#include "store/link/endpoints.h"
#include "store/link/etcd.h"
#include "store/link/history.h"
#include "store/link/http.h"
#include "store/link/token.h"

#define ATTEMPT_MS 600
#define AUTH_MS    900

enum task_kind {
	/* In the order of enum link_op. */
	TASK_GET,
	TASK_PUT,
	TASK_REMOVE,
	TASK_SCAN,
	TASK_PUT_ALL,
	/* The engine's own. */
	TASK_AUTH,
	TASK_PROBE,
	TASK_COMPACT,
	TASK_USER,
	TASK_STATUS,
	TASK_METRICS,
};

struct engine;

struct task {
	struct task *next;
	enum task_kind kind;
	struct link_request request;
	struct json_out body; /* text NULL: a GET */
	int64_t until_ms;     /* answered by then */
	int64_t not_before_ms;
	int bound;  /* to this member; -1: to none */
	int member; /* that is asked now */
	int asked_rows;
	bool running; /* at a member */
	bool over;    /* answered: it is freed in the next turn */
	bool unsure;  /* some try may have been done */
	unsigned tries, certificate_tries, token_serial;
	bool tls12;         /* this try */
	char why[LINK_WHY]; /* the last failure */
	/* Called once, with the answer; body is of an HTTP reply, for the
	 * engine's own tasks. */
	void (*done)(struct task *task, enum link_end end,
	    const struct json_out *answer, const struct http_result *result);
	void *ctx;
};

/* A member as it was last seen. */
struct member {
	struct etcd_status status;
	bool reached;       /* by the last poll */
	bool refused;       /* certificate */
	char why[LINK_WHY]; /* it was not reached */
	bool has_clock;
	int64_t off_ms;    /* its clock minus ours */
	int64_t expires_s; /* its certificate; 0: unknown */
};

struct engine {
	const struct fleet_config *config;
	struct http *http;
	char *password; /* "": none */
	struct endpoints endpoints;
	struct token token;
	struct member members[FLEET_ENDPOINTS];
	int active[FLEET_ENDPOINTS]; /* attempts that run */
	int scans;                   /* that run */
	int scan_rows, scan_keys;    /* to ask for next */
	struct task *tasks;          /* the oldest first */
	int64_t now_ms;              /* of this turn */
	int64_t answered;            /* requests */
};

/* Config, password and http stay the caller's. */
void engine_begin(struct engine *e, const struct fleet_config *config,
    char *password, struct http *http);

/* An empty task of that kind, or NULL. */
struct task *task_new(enum task_kind kind, int64_t until_ms);

/* A task for a request, which it takes over. NULL without memory. */
struct task *
task_of(struct engine *e, struct link_request *request, int64_t until_ms);

/* Takes the task over. */
void engine_add(struct engine *e, struct task *task, int64_t now_ms);

/* Takes results in, answers, and starts attempts. */
void engine_turn(struct engine *e, int64_t now_ms);

/* How long nothing needs to be done, at most most_ms. */
int engine_wait_ms(const struct engine *e, int64_t now_ms, int64_t most_ms);

bool engine_is_idle(const struct engine *e);

/* The end and the words of requests while etcd is away. */
enum link_end engine_away(const struct engine *e, char ret[static LINK_WHY]);

#endif
