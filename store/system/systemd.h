/*
 * Whether systemd runs this machine, as sd_booted(3) tells it.
 */
#ifndef TFA_SYSTEMD_H
#define TFA_SYSTEMD_H

#include <stdbool.h>

bool systemd_runs(void);

#endif
