/*
 * systemd_runs(): true if systemd runs this machine, by the rule of
 * sd_booted(3).  systemd_folders: those of its units, NULL at the end, in the
 * order of "systemd-analyze unit-paths": a unit in an earlier one hides that in
 * a later one, as systemd.unit(5) has it.
 */
#ifndef TFA_SYSTEMD_H
#define TFA_SYSTEMD_H

#include <stdbool.h>

bool systemd_runs(void);
extern const char *const systemd_folders[];

/* Tells systemd a state, such as "READY=1", by sd_notify(3).  socket_name is
 * that of $NOTIFY_SOCKET.  False (errno) if it cannot be told. */
bool systemd_notify(const char *socket_name, const char *state);

#endif
