/*
 * Lists the exemptions of a policy, for "exemptions" and for the report.
 */
#ifndef TFA_EXEMPTIONS_H
#define TFA_EXEMPTIONS_H

#include "store/core/policy.h"

#define EXEMPTION_TEXT 320

/* An exempt rule, in words that are clean for a terminal. */
struct exemption {
	char rule[RULE_TEXT];      /* "otherwise" for what no rule matches */
	char who[EXEMPTION_TEXT];  /* "alice, @staff, not bob"; "everyone" */
	char from[EXEMPTION_TEXT]; /* "10.2.0.0/16"; "": anywhere */
	char by[USER_TEXT];        /* "": not known */
	int64_t since_s, until_s;  /* 0: not known; no end */
	bool ended;                /* until has come: it counts no more */
};

/* Calls each() for every exemption, in the order of the rules; exemptions that
 * have ended, too.  False once each() has returned false. */
bool exemptions_each(const struct policy *policy, int64_t now_s,
    bool (*each)(void *ctx, const struct exemption *exemption), void *ctx);

#endif
