/* The policy as sentences, for people who do not read JSON. */
#ifndef TFA_REPORT_WORDS_H
#define TFA_REPORT_WORDS_H

#include "admin/report/html.h"

#define WORDS_NAMES 20 /* of one rule; the others are counted */

/* Writes what each rule asks of whom, what holds for all others, and the other
 * settings. */
void
words_policy(struct html *html, const struct policy *policy, int64_t now_s);

#endif
