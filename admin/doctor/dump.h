/*
 * The answers of "sshd -T -C ..." for each connection that it was asked about:
 * the settings of the drop-in must hold for all of them.  Keywords are read
 * without regard to case, since 9.x prints them in lower case and 10.x as
 * DisableForwarding.  Texts in, findings out.
 */
#ifndef TFA_DOCTOR_DUMP_H
#define TFA_DOCTOR_DUMP_H

#include "gate/sshd/config.h"
#include "gate/sshd/guard.h"
#include "admin/doctor/findings.h"
#include "store/core/policy.h"

/* The answer for one connection. */
struct view {
	char who[200]; /* "alice from 192.0.2.1" */
	char user[USER_TEXT];
	char *dump;                        /* what sshd -T printed */
	LIST_OF(unsigned long long) kinds; /* of users: kind_of() */
	size_t others; /* further connections with the same answer */
	bool exempt;   /* from the gate, on purpose: config_exempts() */
	bool outside;  /* the gate is not for this user: scope_has() */
	bool door;     /* at the door's port, for which guard.h has a table */
};

struct views {
	LIST_OF(struct view) list;
};

/* *ret: the value of the next line with keyword; *at is the dump at first.
 * False after the last. */
bool
dump_next(const char **at, const char *keyword, char ret[static CONFIG_WORD]);

/* *ret: the value in one view; "" and false if it has none. */
bool dump_value(
    const struct view *view, const char *keyword, char ret[static CONFIG_WORD]);

/* True if the gate stands before these connections.  If not, sshd itself obeys
 * the options of a key's line. */
bool dump_is_gated(const struct view *view);

/* True if the gate stands before these connections, and sshd takes keys. */
bool dump_takes_keys(const struct view *view);

/* True if the answer holds for users of that kind. */
bool dump_is_of_kind(const struct view *view, unsigned long long kind);

/* *ret: "for alice from 192.0.2.1 and 3 more connections". */
void dump_who(const char *who, size_t others, char *ret, size_t size);

/* A value of a keyword, other than none. */
struct held {
	const char *keyword, *value;
	char where[300]; /* "for alice and 3 more connections"; or the line */
	bool seen;       /* sshd -T says it of somebody */
	const struct config_line *line; /* where it does not */
};
typedef void dump_held(void *ctx, const struct held *held);

/*
 * Calls each once for every value that a keyword has in a view where the gate
 * stands, and for every line of the files whose value no view has: its Match is
 * for nobody whom sshd could be asked about, or sshd -T does not print it.
 */
void dump_each_value(const struct views *views, const struct config *config,
    const char *keyword, dump_held *each, void *ctx);

/* True if some connection, at the door or elsewhere, is in the views. */
bool dump_has(const struct views *views, bool door);

/* Each judge says a finding once, with the connections it concerns.
 * dump_judge_settings() does so for the views at the door, or for the others.
 */
void dump_judge_gate(const struct views *views, const struct config *config,
    struct findings *findings);
void dump_judge_settings(const struct views *views, const struct config *config,
    enum guard_group group, bool door, struct findings *findings);
void dump_judge_variables(const struct views *views,
    const struct config *config, struct findings *findings);

void views_done(struct views *views);

/*
 * Judges the order: what stands before our Match all and beats it, what our
 * Match all displaces, an Include below a Match, AcceptEnv lines that let code
 * in.  door_port: the door's block may stand before it; 0: there is none.
 */
void config_judge(
    const struct config *config, int door_port, struct findings *findings);

/* Judges what our Match all, of which gate is the ForceCommand, displaces; and
 * the door's block, unless door_port is 0. */
void config_judge_displaced(const struct config *config,
    const struct config_line *gate, int door_port, struct findings *findings);

/* The port of the criteria's "LocalPort N"; 0: they have none; -1: it is not
 * one number. */
int config_match_port(const char *match);

#endif
