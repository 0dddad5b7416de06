/*
 * The people before whom the gate stands, by sshd's files: everybody, or only
 * those of "setup --only".  doctor and setup ask here.
 */
#ifndef TFA_DOCTOR_SCOPE_H
#define TFA_DOCTOR_SCOPE_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#include "gate/sshd/config.h"

/* True if the gate stands before some people alone. */
bool scope_is_partial(const struct config *config);

/* True if the gate stands before this user, by name or, as sshd looks them up,
 * by a group.  scope_has_name(): a user who may not exist has no group. */
bool scope_has(const struct config *config, const struct passwd *pw);
bool scope_has_name(const struct config *config, const char *user);

/* *ret: "the group ops and alice"; "" for everybody. */
void scope_say(const struct config *config, char *ret, size_t size);

/* The accounts that can log in, as getpwent(3) lists them. */
#define SCOPE_NAMED 5
struct scope_count {
	size_t inside, outside;
	char names[1050]; /* of the first SCOPE_NAMED outside */
};
void scope_count(const struct config *config, struct scope_count *ret);

/*
 * True if lines under the criteria of a Match matter to the gate.  They do not
 * if they fit nobody before whom it stands.  Those below its own blocks do not
 * either if they fit only accounts that are exempt from it, or of which
 * sftp_is_cut_off() says more.  Criteria that depend on the connection count as
 * fitting; NULL fits all.
 */
bool scope_matters(const struct config *config, const char *match, bool below);

/* Adds "BEFORE TEXT" to a list. */
void scope_add(char *list, size_t size, const char *separator,
    const char *before, const char *text);

/*
 * True if sshd itself serves the account with sftp, and the gate is to stand
 * before it.  sftp_is_cut_off(): its shell opens no session, so that no gate
 * can be started.  sftp_is_confined(): it has a shell and a ChrootDirectory,
 * whose lines are judged by themselves, too: the gate can do without one.
 */
bool sftp_is_cut_off(const struct config *config, const struct passwd *pw);
bool sftp_is_confined(const struct config *config, const struct passwd *pw);

/* True if sshd itself would serve sftp without the gate.  *ret_named: a
 * ForceCommand, and not the Subsystem line, says so. */
bool served_by_sshd(const struct config *config, const struct passwd *pw,
    const char **ret_command, bool *ret_named);

/* The value of the keyword that holds for the user without the gate's own
 * blocks; NULL for none. */
const char *served_value(
    const struct config *config, const struct passwd *pw, const char *keyword);

/* True if the criteria of a Match fit the user.  One that depends on the
 * connection fits if any_connection says so. */
bool
match_fits(const char *match, const struct passwd *pw, bool any_connection);

#endif
