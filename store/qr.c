#include "qr.h"

#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

#define TEXT_MAX 512
#define QUIET    2 /* modules of margin on each side */

/*
 * The colours are from the 256-colour cube: themes repaint the first sixteen,
 * but 231 stays white and 16 black.
 */
#define WHITE_PAPER "\033[0;48;5;231m"
#define BLACK_PAPER "\033[0;38;5;231;48;5;16m"
#define RESET       "\033[0m"

enum paper { PAPER_NONE, PAPER_WHITE, PAPER_BLACK };

/* x and y count from the code's corner; all around it is light. */
static bool
is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->data[y * code->width + x] & 1;
}

static const char *
glyph(bool upper_dark, bool lower_dark)
{
	if (upper_dark == lower_dark)
		return " ";
	return upper_dark ? "\u2584" : "\u2580";
}

/* The glyphs are the light half, white on black. */
static void
draw_cell(FILE *out, bool upper_dark, bool lower_dark, enum paper *paper)
{
	enum paper wanted = upper_dark || lower_dark ? PAPER_BLACK
						     : PAPER_WHITE;

	if (*paper != wanted)
		fputs(wanted == PAPER_BLACK ? BLACK_PAPER : WHITE_PAPER, out);
	*paper = wanted;
	fputs(glyph(upper_dark, lower_dark), out);
}

static void
draw_code(FILE *out, const QRcode *code)
{
	int end = code->width + QUIET;

	for (int y = -QUIET; y < end; y += 2) {
		enum paper paper = PAPER_NONE;

		for (int x = -QUIET; x < end; x++)
			draw_cell(out, is_dark(code, x, y),
			    is_dark(code, x, y + 1), &paper);
		fputs(RESET "\n", out);
	}
}

static enum fault
draw_text(const QRcode *code, char **ret)
{
	scoped_free char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool failed;

	if (out == NULL)
		return FAULT_MEMORY;
	draw_code(out, code);
	failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return FAULT_MEMORY;
	*ret = take(text);
	return FAULT_NONE;
}

enum fault
qr_draw(const char *text, char **ret, int *ret_columns)
{
	size_t len = strnlen(text, TEXT_MAX + 1);
	QRcode *code;
	enum fault fault;

	if (len == 0 || len > TEXT_MAX)
		return FAULT_LIMIT;
	code = QRcode_encodeData(
	    (int)len, (const unsigned char *)text, 0, QR_ECLEVEL_L);
	if (code == NULL)
		return FAULT_MEMORY;
	fault = draw_text(code, ret);
	if (fault == FAULT_NONE)
		*ret_columns = code->width + 2 * QUIET;
	QRcode_free(code);
	return fault;
}
