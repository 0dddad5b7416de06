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
 *
 * A code is made by libqrencode, in a program of its own (scan.h).
 */
#ifndef TFA_QR_H
#define TFA_QR_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/screen/display.h"
#include "store/base/fault.h"

#define QR_QUIET   2   /* modules of margin on each side */
#define QR_MOST    512 /* bytes of text */
#define QR_WIDTH   177 /* modules of the largest code (ISO/IEC 18004) */
#define QR_MODULES (QR_WIDTH * QR_WIDTH)

enum qr_blocks { QR_NONE = 0, QR_HALF, QR_FULL };

/* A code's modules without a margin, row by row: '1' is dark, '0' light. */
struct qr {
	const char *modules;
	int width;
};

/*
 * *ret_modules: the code for text, the caller wipes and frees it.  FAULT_LIMIT
 * for an empty text or more than QR_MOST bytes; FAULT_MEMORY.  Whoever calls
 * this is linked with libqrencode.
 */
MUST_USE enum fault qr_encode(const char *text, char **ret_modules);

/* *ret: these modules, which must stay.  False where they are no code's. */
bool qr_read(const char *modules, struct qr *ret);

/* How many modules a code has on a side, margins included. */
int qr_side(const struct qr *code);

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
 * *ret: the code as UTF-8 lines (in full blocks: as ASCII) with ANSI colours,
 * ending in a newline; empty for QR_NONE.  The caller wipes and frees.
 * FAULT_MEMORY; *ret is untouched by it.
 */
MUST_USE enum fault
qr_draw(const struct qr *code, enum qr_blocks blocks, char **ret);

/* *ret: the code as an SVG document, with the margin of four modules that
 * paper wants.  As qr_draw(). */
MUST_USE enum fault qr_svg(const struct qr *code, char **ret);

#endif
