/*
 * A QR code on a terminal.  Both colours are set explicitly so that it scans
 * on dark and light themes, and every line ends in a reset.  The quiet zone
 * is two modules, the level L.
 *
 * In half blocks two module rows share a character cell: a cell of one shade
 * is a space, which fills it whatever the font; only a mixed cell is a white
 * half block on black.  A URI of up to 106 bytes takes 41 columns by 21 rows,
 * up to 134 bytes 45 by 23.  In full blocks a module is two spaces, for
 * terminals that have no other glyph: 82 by 41, 90 by 45.
 */
#ifndef TFA_QR_H
#define TFA_QR_H

#include <stddef.h>

#include "display.h"
#include "fault.h"

#define QR_QUIET 2 /* modules of margin on each side */

enum qr_blocks { QR_NONE = 0, QR_HALF, QR_FULL };

/*
 * *ret: how many modules the code for text has on a side, margins included.
 * FAULT_LIMIT for an empty text or more than 512 bytes; FAULT_ABSENT where
 * libqrencode, which is loaded by this, is not installed; FAULT_MEMORY.
 */
MUST_USE enum fault qr_side(const char *text, int *ret);

/* The columns and rows that a code of that many modules takes. */
int qr_columns(enum qr_blocks blocks, int side);
int qr_rows(enum qr_blocks blocks, int side);

/*
 * How a code of that many modules is drawn whole on the display, with lines
 * more under it; QR_NONE where it cannot be.  Its first row, which is margin
 * alone, may be out of sight.
 */
enum qr_blocks qr_choose(const struct display *display, int side, int lines);

/*
 * *ret: the code for text, as UTF-8 lines (in full blocks: as ASCII) with ANSI
 * colours, ending in a newline; empty for QR_NONE.  The caller frees.  Faults
 * as of qr_side(); *ret is untouched by them.
 */
MUST_USE enum fault
qr_draw(const char *text, enum qr_blocks blocks, char **ret);

/* *ret: the code for text as an SVG document, with the margin of four modules
 * that paper wants.  As qr_draw(). */
MUST_USE enum fault qr_svg(const char *text, char **ret);

#endif
