/*
 * A bastion of a fleet as it describes itself once a minute, under the key
 * "bastions/HOST" and sealed as the records are.  The other bastions' decisions
 * do not depend on it.
 */
#ifndef TFA_BASTION_H
#define TFA_BASTION_H

#include <stdint.h>

#include "store/base/fault.h"
#include "store/base/list.h"
#include "store/folder/audit.h"
#include "store/json/json.h"

#define BASTION_MAX     4096 /* bytes of its text */
#define BASTION_EACH_S  60
#define BASTION_VERSION 33
#define BASTION_KEYS    4
#define BASTION_KEY     9 /* 8 hexadecimal digits */
#define BASTION_HOST    AUDIT_HOST

struct bastion_key {
	char text[BASTION_KEY]; /* the id of a fleet key */
};

struct bastion {
	char version[BASTION_VERSION]; /* of tfa */
	int64_t level;                 /* CHARTER_LEVEL of that */
	LIST_OF(struct bastion_key)
	keys;                 /* that it holds, the one in use first */
	int64_t clock_off_ms; /* from the engine's clocks */
	int64_t policy;       /* the number of its policy; 0: none */
	int64_t time_s;       /* by its own clock */
};

/* Reads a text of len bytes, text[len] being NUL; bastion_done() frees *ret.
 * FAULT_FORMAT, FAULT_LIMIT: *ret_error says where and why; FAULT_MEMORY. */
MUST_USE enum fault bastion_parse(const char *text, size_t len,
    struct bastion *ret, struct json_error *ret_error);

/* *ret_text: as bastion_parse() reads it; the caller frees it.  FAULT_MEMORY. */
MUST_USE enum fault
bastion_format(const struct bastion *bastion, char **ret_text);

void bastion_done(struct bastion *bastion);

/* ret: the name of this host, as the fleet has it: what cannot stand in a key is
 * "_".  False if the host has no name. */
bool bastion_host(char ret[static BASTION_HOST]);

#endif
