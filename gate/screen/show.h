/* Shows a new device or new recovery codes to a person, as text for a
 * terminal that the caller writes.  The text holds secrets: wipe it. */
#ifndef TFA_SHOW_H
#define TFA_SHOW_H

#include "gate/screen/display.h"
#include "gate/screen/sheet.h"
#include "store/wire/protocol.h"
#include "gate/screen/scan.h"

struct showing {
	const char *message; /* a sentence about this login, or "" */
	const char *prompt;  /* what asks for the first code below; "": nothing
			      * does, since the user is not there */
};

/*
 * *ret: how to set up the reply's secret on a phone: an explanation, the key in
 * groups of four, the message, and the QR code, if all of it and the prompt fit
 * on the display, so that nothing scrolls out of sight; else the URI and no QR
 * code.  The words stand beside the QR code where there is room, else above it.
 * json_text_free() wipes and frees the text.  FAULT_MEMORY.
 */
MUST_USE enum fault
show_device(const struct reply *reply, const struct scan *scan,
    const struct display *display, const struct showing *showing, char **ret);

/* Adds the reply's recovery codes: in two columns of 44 characters where these
 * fit, else one code a line, and never torn inside of a group. */
void show_recovery(const struct reply *reply, struct sheet *sheet);

#endif
