/*
 * The session that the user would have without a gate.
 */
#ifndef TFA_SESSION_H
#define TFA_SESSION_H

#include "gate/facts.h"
#include "store/core/verdict.h"

/*
 * Execs the login shell, or the client's command, or forced (tfa-gate
 * --command) in place of both.  Any verdict but a pass ends the process with
 * GATE_EXIT_DENIED.  Never returns.  If the exec fails, the process says so on
 * stderr and ends with 126 or 127, as a shell would.
 *
 * The environment is as sshd made it, with these exceptions: HOME is that of
 * /etc/passwd, the variables that guard_removes() names are gone, and so is
 * SSH_ORIGINAL_COMMAND unless a command is forced.  SIGPIPE has its default.
 */
_Noreturn void session_exec(
    enum verdict verdict, const struct facts *facts, const char *forced);

/*
 * Splits the arguments of "internal-sftp ARGS" as sshd does: white space,
 * single and double quotes, backslash.  *ret: program and the arguments, with
 * a NULL at the end; the caller never frees them, since an exec follows.
 * FAULT_FORMAT for a quote without an end, FAULT_LIMIT, FAULT_MEMORY.
 */
MUST_USE enum fault
session_split(const char *program, const char *args, char ***ret);

#endif
