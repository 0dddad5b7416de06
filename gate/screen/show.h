/*
 * What a new device and new recovery codes look like to a person: text for a
 * terminal, which the caller writes.  The text holds secrets: wipe it.
 */
#ifndef TFA_SHOW_H
#define TFA_SHOW_H

#include "gate/screen/display.h"
#include "store/wire/protocol.h"
#include "gate/screen/scan.h"

#define SHOW_RECOVERY_TEXT 2048

/*
 * *ret: how to set the reply's secret up on a phone, for that display: the QR
 * code where it can be shown whole, the URI where it cannot, the key in groups
 * of four always, and message, unless it is empty.  Under it there is room
 * for a prompt, which the text speaks of; message NULL: no prompt follows.  json_text_free() wipes and frees it.  FAULT_MEMORY.
 */
MUST_USE enum fault
show_device(const struct reply *reply, const struct scan *scan,
    const struct display *display, const char *message, char **ret);

/* ret: the reply's recovery codes, in two columns, which take 44 of a
 * terminal's. */
void
show_recovery(const struct reply *reply, char ret[static SHOW_RECOVERY_TEXT]);

#endif
