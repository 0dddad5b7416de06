/*
 * What a new device and new recovery codes look like on the terminal.
 */
#ifndef TFA_SHOW_H
#define TFA_SHOW_H

#include "protocol.h"

/*
 * Shows the QR code of the reply's secret, the key for whoever cannot scan,
 * and message, unless it is empty.  False where there is no memory to draw.
 */
bool show_device(const struct reply *reply, const char *message);

/* Shows the reply's recovery codes, in two columns. */
void show_recovery(const struct reply *reply);

#endif
