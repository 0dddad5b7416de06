/* Shows a new device or new recovery codes to a person, as text for a
 * terminal that the caller writes.  The text holds secrets: wipe it. */
#ifndef TFA_SHOW_H
#define TFA_SHOW_H

#include "gate/screen/display.h"
#include "store/wire/protocol.h"
#include "gate/screen/scan.h"

#define SHOW_RECOVERY_TEXT 2048

/*
 * *ret: how to set up the reply's secret on a phone: the QR code if it fits on
 * the display, else the URI; always the key in groups of four; and message,
 * unless it is "".  Leaves room for a prompt below, which the text speaks of;
 * message NULL: no prompt follows.  json_text_free() wipes and frees the text.
 * FAULT_MEMORY.
 */
MUST_USE enum fault
show_device(const struct reply *reply, const struct scan *scan,
    const struct display *display, const char *message, char **ret);

/* ret: the reply's recovery codes in two columns, 44 characters wide. */
void
show_recovery(const struct reply *reply, char ret[static SHOW_RECOVERY_TEXT]);

#endif
