/* The sections of the page, each with its heading, in their order. */
#ifndef TFA_REPORT_SECTIONS_H
#define TFA_REPORT_SECTIONS_H

#include "admin/report/html.h"
#include "admin/report/report.h"

typedef void section(struct html *html, const struct report *report);

section section_adoption;                   /* adoption.c */
section section_activity;                   /* activity.c */
section section_people, section_exemptions; /* lists.c */
section section_changes, section_findings;  /* lists.c */
section section_sources;                    /* lists.c */

/* How many findings have this status. */
size_t sections_findings(const struct report *report, const char *status);

#endif
