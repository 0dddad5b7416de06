/*
 * What "tfa-admin doctor" finds, for other commands: a list, and nothing is
 * printed on stdout.
 *
 *	struct findings findings = {.check = NULL};
 *
 *	if (doctor_findings(admin, &findings))
 *		fails = findings_count(&findings, FINDING_FAIL);
 *	... each findings.list.items[i]: check, status, detail, fix ...
 *	findings_done(&findings);
 */
#ifndef TFA_DOCTOR_LIBRARY_H
#define TFA_DOCTOR_LIBRARY_H

#include "admin/admin.h"
#include "admin/doctor/findings.h"

/*
 * *ret: all findings, in the order in which doctor shows them; for
 * findings_done().  finding_word() has the word of a status, finding_fix() the
 * fix as one line.  The options of admin for the keeper, the store and the
 * policy count; --config and --probe do not.  Needs no terminal.  False where
 * there was no memory for all of it.
 *
 * It asks sshd -T up to 500 times and tries the login shells: it takes about a
 * second, and up to half a minute on a machine with many of both.
 */
bool doctor_findings(const struct admin *admin, struct findings *ret);

#endif
