/* Runs doctor for a report, and takes what it finds. */
#ifndef TFA_REPORT_EXAMINE_H
#define TFA_REPORT_EXAMINE_H

#include "admin/report/report.h"

/*
 * Runs the program at path, which prints findings as "doctor --json" does, for
 * at most limit_ms, and adds those that it printed by then.
 * report->findings_why says if they are not all.  False without memory.
 */
bool examine_run(const char *path, const char *const argv[], int limit_ms,
    struct report *report);

#endif
