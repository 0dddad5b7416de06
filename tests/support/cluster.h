/*
 * A real etcd of one to three nodes, with TLS, in a network of its own: each
 * node is in a network namespace with two cables, one to the other nodes and one
 * to the clients.  The test itself is where the clients are, and what it starts
 * afterwards is there, too.  Addresses and ports are the same in each test, and
 * in nobody's way.
 *
 *	struct cluster *c = cluster_open(.nodes = 3, .auth = true);
 *	cluster_kill(c, cluster_leader(c));
 *	...
 *	cluster_close();		in the suite's .fini
 *
 * Nodes are counted from 0.  A test has one cluster, and all of it is gone when
 * the test has ended.  Needs root, a private-root, etcd, etcdctl, curl and
 * openssl; cluster_missing() says what is not there.
 */
#ifndef TFA_TESTS_CLUSTER_H
#define TFA_TESTS_CLUSTER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/support/run.h"

#define CLUSTER_NODES_MAX 3
#define CLUSTER_PREFIX    "/tfa/v1/"

/* The user with a password, where the plan says auth. */
#define CLUSTER_USER     "tfa"
#define CLUSTER_PASSWORD "a password of the tests"

struct cluster_plan {
	int nodes;   /* 1 or 3; 0 is 1 */
	bool auth;   /* CLUSTER_USER may read and write /tfa/, and "root" all */
	int quota_k; /* the database may have so many KiB; 0: etcd's default */
	int token_ttl_s;            /* a token dies after it; 0: 300 */
	const char *server;         /* the servers' certificate; "server" */
	const char *const *further; /* arguments of each etcd */
};

struct cluster_node {
	char *url;        /* where clients ask: "https://10.77.0.1:2379" */
	char *log, *data; /* a file, and a folder */
	char *member;     /* the id that the cluster knows it by */
	pid_t network;    /* its namespace lives as long as this process */
	pid_t pid;        /* 0: not running */
};

struct cluster {
	struct cluster_plan plan;
	int nodes;
	char dir[PATH_MAX];
	struct cluster_node node[CLUSTER_NODES_MAX];
};

/* NULL where a cluster can be started, or the reason why not. */
const char *cluster_missing(void);

/* Returns when each node answers. */
struct cluster *cluster_start(const struct cluster_plan *plan);
#define cluster_open(...) \
	cluster_start(&(const struct cluster_plan){__VA_ARGS__})

/* Ends this test's cluster and removes its folder. */
void cluster_close(void);

/* The path of a certificate or key that tests/support/certificates makes:
 * "client.pem". */
char *cluster_file(const struct cluster *c, const char *name);

/* The node that leads, by what a majority says; the test fails if there is
 * none within a while. */
int cluster_leader(const struct cluster *c);

/* SIGKILL; and the way back, which returns when the node answers or, with
 * quorum lost, at once. */
void cluster_kill(struct cluster *c, int node);
void cluster_restart(struct cluster *c, int node);

/* SIGSTOP: its sockets stay open, and nobody answers. */
void cluster_hang(struct cluster *c, int node);
void cluster_wake(struct cluster *c, int node);

/* Pulls the cable to the other nodes; clients reach it all the same. */
void cluster_cut_off(struct cluster *c, int node);
void cluster_plug_in(struct cluster *c, int node);

/* Stops the node for stop_ms of each second, until the process that it returns
 * is ended by server_stop(); the node goes on then. */
pid_t cluster_slow(struct cluster *c, int node, int stop_ms);

/* Waits until each node that runs is well: has a leader and answers. */
void cluster_await(const struct cluster *c);

/* Runs etcdctl with these arguments as root of the cluster, which asks the nodes
 * that run; the test fails if it does. */
struct run *cluster_ctl(const struct cluster *c, const char *const args[]);

/* Writes and removes past everybody, at once at all of its clients. */
void cluster_put(const struct cluster *c, const char *key, const char *value);
void cluster_remove(const struct cluster *c, const char *key);

/* The value of a key, as it is, or "". */
char *cluster_get(const struct cluster *c, const char *key);

/* The cluster's revision: each put is one more. */
uint64_t cluster_revision(const struct cluster *c);

/* Writes until the quota is reached; and makes room: compaction, defragmentation,
 * and the alarm is taken away. */
void cluster_fill(const struct cluster *c);
void cluster_make_room(const struct cluster *c);

/*
 * Saves all to a file, and puts it back on all nodes, as an administrator does
 * after a disaster. bump: and moves the revision above all that anybody can
 * have seen, as "--bump-revision" of newer versions does.
 */
void cluster_save(const struct cluster *c, const char *path);
void cluster_restore(struct cluster *c, const char *path, bool bump);

/* The answer to an HTTPS client. */
struct cluster_answer {
	int curl;   /* 0, or curl's status: there was no answer */
	int status; /* of HTTP, or 0 */
	char *body;
};

/*
 * POST of a body to a path of the JSON gateway ("kv/range"), with a client's
 * certificate ("client", or NULL for none) and a token (or NULL). Waits 5 s.
 */
struct cluster_answer
cluster_ask(const struct cluster *c, int node, const char *certificate,
    const char *token, const char *path, const char *body);

/* A new token of CLUSTER_USER. */
char *cluster_token(const struct cluster *c, int node);

/* Bytes as JSON has them at etcd. */
char *cluster_base64(const char *bytes);

#endif
