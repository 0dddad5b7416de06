/*
 * A tfa-link of one's own between a cluster and this test, which speaks to it as
 * a keeper does: store/link/PROTOCOL.md.  One test may have several, as several
 * bastions do; each has a folder, a store.json and a socket of its own, and the
 * fleet's key for the keeper that is started beside it.
 *
 *	struct cluster *c = cluster_open(.nodes = 3);
 *	struct link *l = link_open(.cluster = c, .first = 1);
 *	int fd = link_dial(l);
 *	struct link_answer a = link_put(fd, "users/alice", "0", "sealed");
 *	a.status is "ok", a.mark is the new one
 *	link_close_all();	in the suite's .fini, before cluster_close()
 */
#ifndef TFA_TESTS_LINK_H
#define TFA_TESTS_LINK_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tests/support/cluster.h"

#define LINKS_MAX 4

/* As the keeper waits, in milliseconds. */
#define LINK_READ_MS 4000
#define LINK_PUT_MS  5000

struct link_plan {
	const struct cluster *cluster;
	int first;               /* the endpoint of this node comes first */
	const char *certificate; /* "client" */
	const char *password; /* of CLUSTER_USER, where the cluster has auth */
	const char *more;     /* further keys of store.json: ",'a':1" */
	const char *keep;     /* how much of the history stays; "15m" */
	bool late;            /* does not wait until the link listens */
	const char
	    *ahead_s; /* its clock, and its keeper's, is off by so many */
};

struct link {
	struct link_plan plan;
	char dir[PATH_MAX];
	char *config, *socket, *secrets, *log;
	pid_t pid;
};

/* NULL where a link can be started, or the reason why not. */
const char *link_missing(void);

struct link *link_start(const struct link_plan *plan);
#define link_open(...) link_start(&(const struct link_plan){__VA_ARGS__})

/* Ends it (SIGTERM), kills it (-9), starts it again. */
void link_stop(struct link *l);
void link_kill(struct link *l);
void link_again(struct link *l);

/* Starts it again with another certificate. */
void link_refit(struct link *l, const char *certificate);

void link_close_all(void);

/* A connection; -1 if nobody listens. */
int link_dial(const struct link *l);

/* Sends one packet, with ' for ", and returns the next one, or NULL if the link
 * closes or does not answer within limit_ms. It is good until the next one. */
char *link_ask(int fd, const char *request, int limit_ms);

/* Strings are "" where the answer has no such key; status is "" if there was no
 * answer at all. */
struct link_answer {
	const char *status, *mark, *value, *why, *revision;
	const char *all;
	int took_ms;
};

/* The value of an answer is base64, that of link_put() is the text itself. */
struct link_answer link_get(int fd, const char *key);
struct link_answer link_get_within(int fd, const char *key, int wait_ms);
struct link_answer
link_put(int fd, const char *key, const char *mark, const char *value);

bool link_is(const struct link_answer *a, const char *status);

#endif
