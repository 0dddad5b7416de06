/*
 * The revisions of etcd over time, for its compaction: without it 10,000 logins
 * a day fill etcd's quota in four weeks, and then nobody can write.  Pure: the
 * time is an argument, in milliseconds of a clock that only goes forward.
 */
#ifndef TFA_LINK_HISTORY_H
#define TFA_LINK_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#define HISTORY_SAMPLES 64

struct history {
	struct {
		int64_t at_ms, revision;
	} samples[HISTORY_SAMPLES]; /* the oldest first */
	int count;
	int64_t compacted; /* to this revision; 0: never */
	int64_t next_ms;   /* of the next compaction; 0: not planned */
	int64_t found;     /* the highest of the poll that runs; 0: none */
};

/* A poll of etcd's members: what each said, and the end, which notes the highest.
 * A member that follows is behind the leader, and not restored for that. */
void history_found(struct history *history, int64_t revision);
void history_polled(struct history *history, int64_t keep_ms, int64_t now_ms);

/* Notes a revision, one sample each keep_ms / 32.  One that is smaller than the
 * last says that etcd was restored: what is known is forgotten. */
void history_note(
    struct history *history, int64_t revision, int64_t keep_ms, int64_t now_ms);

/*
 * The revision to compact to now, all that was replaced keep_ms ago or earlier;
 * 0: none.  That is so once in keep_ms / 3, give or take a fifth: random, 0 to
 * 1000, sets the links of a fleet apart.
 */
int64_t history_due(
    struct history *history, int64_t keep_ms, int random, int64_t now_ms);

#endif
