/* A made-up report, in which every text that somebody chose is the caller's. */
#ifndef TFA_REPORT_SAMPLE_H
#define TFA_REPORT_SAMPLE_H

#include "admin/report/report.h"

/*
 * *ret: a report with each list filled; report_done() frees it.  person,
 * address and word stand wherever a name of a person, an address, or another
 * text of somebody's choice can stand.
 */
void sample_report(const char *person, const char *address, const char *word,
    struct report *ret);

/* The page as text, which the caller frees; ends the test without memory. */
char *sample_page(const struct report *report);

#endif
