/*
 * systemd_runs(): true if systemd runs this machine, by the rule of
 * sd_booted(3).
 */
#ifndef TFA_SYSTEMD_H
#define TFA_SYSTEMD_H

#include <stdbool.h>

bool systemd_runs(void);

#endif
