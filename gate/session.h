/*
 * The session that the user would have had without a gate.
 */
#ifndef TFA_SESSION_H
#define TFA_SESSION_H

#include "gate/facts.h"
#include "store/core/verdict.h"

/*
 * Execs the login shell, the client's command, or forced (tfa-gate --command)
 * in its place.  Needs a pass: with any other verdict the process ends with
 * GATE_EXIT_DENIED.  Never returns; an exec that fails is said on stderr and
 * ends with 126 or 127, as a shell's would.
 *
 * HOME is from passwd; what sshd's SetEnv put there for the gate, TFA_CODE
 * and, unless a command is forced, SSH_ORIGINAL_COMMAND are gone; what SetEnv
 * emptied and sshd then set is kept; SIGPIPE is at its default; all else is as
 * sshd made it.
 */
_Noreturn void session_exec(
    enum verdict verdict, const struct facts *facts, const char *forced);

/*
 * Splits the arguments of "internal-sftp ARGS" as sshd does: white space,
 * single and double quotes, backslash.  *ret: NULL-terminated, the first is
 * program; the caller never frees it, an exec follows.  FAULT_FORMAT for a
 * quote without an end, FAULT_LIMIT, FAULT_MEMORY.
 */
MUST_USE enum fault
session_split(const char *program, const char *args, char ***ret);

#endif
