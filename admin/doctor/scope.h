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
struct scope_count {
	size_t inside, outside;
	char names[1050]; /* of the first five outside */
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

/* True if sshd itself serves the account with sftp, the gate is to stand before
 * it, and it cannot be started there: sftp_only.c. */
bool sftp_is_cut_off(const struct config *config, const struct passwd *pw);

/* True if the criteria fit the user.  One that depends on the connection fits
 * if any_connection says so. */
bool
match_fits(const char *match, const struct passwd *pw, bool any_connection);

#endif
