/*
 * Draws a QR code on a terminal.  Both colours are set explicitly, so that the
 * code scans on dark and on light themes, and every line ends in a reset.  The
 * margin is two modules wide, the error correction is level L.
 *
 * In half blocks one character cell holds two rows of modules: a cell of one
 * colour is a space, which fills the cell in every font; only a mixed cell is a
 * white half block on black.  A URI of up to 106 bytes takes 41 columns by 21
 * rows, up to 134 bytes 45 by 23.  In full blocks a module is two spaces, for
 * terminals without the half block: 82 by 41, 90 by 45.
 *
 * libqrencode makes the code, in a program of its own (scan.h).
 *
 *	if (qr_read(scan.modules, &code))
 *		fault = qr_draw(&code, QR_HALF, &text);
 *
 * show.h places it in a window.
 */
#ifndef TFA_QR_H
#define TFA_QR_H

#include <stdbool.h>
#include <stddef.h>

#include "store/base/fault.h"

#define QR_QUIET   2   /* modules of margin on each side */
#define QR_MOST    512 /* bytes of text at most */
#define QR_WIDTH   177 /* modules of the largest code (ISO/IEC 18004) */
#define QR_MODULES (QR_WIDTH * QR_WIDTH)

enum qr_blocks { QR_NONE = 0, QR_HALF, QR_FULL };

/* A code's modules, without a margin, row by row: '1' is dark, '0' light. */
struct qr {
	const char *modules;
	int width;
};

/*
 * *ret_modules: the code for text, which the caller wipes and frees.
 * FAULT_LIMIT for an empty text or more than QR_MOST bytes; FAULT_MEMORY.  Only
 * a program linked with libqrencode can call this.
 */
MUST_USE enum fault qr_encode(const char *text, char **ret_modules);

/* *ret: a code that points to these modules.  Returns false if they form no
 * code. */
bool qr_read(const char *modules, struct qr *ret);

/* Returns a code's modules on each side, margins included. */
int qr_side(const struct qr *code);

/* Return the columns and rows of a drawn code with that many modules on each
 * side. */
int qr_columns(enum qr_blocks blocks, int side);
int qr_rows(enum qr_blocks blocks, int side);

/*
 * *ret: the code as lines of UTF-8 (full blocks: ASCII) with ANSI colours, each
 * ending in a newline; "" for QR_NONE.  The caller wipes and frees it.
 * FAULT_MEMORY; *ret is then untouched.
 */
MUST_USE enum fault
qr_draw(const struct qr *code, enum qr_blocks blocks, char **ret);

/* *ret: the code as an SVG document, with a margin of four modules, which
 * paper needs.  Ownership and faults as qr_draw(). */
MUST_USE enum fault qr_svg(const struct qr *code, char **ret);

#endif
