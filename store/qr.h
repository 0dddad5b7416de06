/*
 * A QR code on a terminal.  Two module rows share a character cell, both
 * colours are set explicitly so that it scans on dark and light themes, and
 * every line ends in a reset.  A cell of one shade is a space, which fills it
 * whatever the font; only a mixed cell is a white half block on black.  The
 * quiet zone is two modules, the level L: a URI of up to 106 bytes takes 41
 * columns by 21 rows, up to 134 bytes 45 by 23.
 */
#ifndef TFA_QR_H
#define TFA_QR_H

#include <stddef.h>

#include "fault.h"

/*
 * *ret: the code for text, as UTF-8 lines with ANSI colours, ending in a
 * newline; the caller frees.  *ret_columns: its width in cells.  FAULT_LIMIT
 * for an empty text or more than 512 bytes; FAULT_MEMORY.  Both are untouched
 * by a failure.
 */
MUST_USE enum fault qr_draw(const char *text, char **ret, int *ret_columns);

#endif
