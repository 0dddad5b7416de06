/*
 * The words before a login shell: the message of the day, and when the person
 * came last.  sshd shows neither where a command is forced, as the gate
 * is, so the gate does.
 *
 * The lines of pam_motd(8) in PAM's file say which files make the message.
 * Whatever cannot be read, or is not root's alone, is left out: nobody is kept
 * out by it.
 */
#ifndef TFA_MOTD_H
#define TFA_MOTD_H

#include <stdbool.h>

#include "gate/facts.h"

#define MOTD_PAM      "/etc/pam.d/sshd"
#define MOTD_MAX      65535 /* bytes of a file; pam_motd has the same limit */
#define MOTD_PAM_MAX  65536 /* bytes of PAM's file */
#define MOTD_FILES    100   /* of a folder */
#define MOTD_LINE_MAX 1024  /* bytes of a line of PAM's file */

/* True for a shell on a terminal, unless the user has a ~/.hushlogin. */
bool motd_is_due(const struct facts *facts);

/*
 * Writes to fd what pam_motd shows by this text of PAM's file, unchanged, as
 * sshd would: terminals' control sequences in it are root's.
 */
void motd_show(const char *pam, int fd);

/* Writes "Last login: ...", as sshd does; nothing if at_s is 0. */
void motd_show_last(int64_t at_s, const char *from, int fd);

/* All of it, on standard output, if it is due. */
void motd_greet(const struct facts *facts, const struct reply *reply);

#endif
