#include "gate/screen/qr.h"

#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"

#define SVG_QUIET 4 /* modules of margin on each side */
#define SVG_SCALE 8 /* pixels for a module, unless the reader scales it */

/* Colours of the 256-colour cube: themes change the first sixteen, but 231
 * stays white and 16 black. */
#define WHITE_PAPER "\033[0;48;5;231m"
#define BLACK_PAPER "\033[0;38;5;231;48;5;16m"
#define RESET       "\033[0m"

enum paper { PAPER_NONE, PAPER_WHITE, PAPER_BLACK };

/* x and y count from the code's corner; everything outside the code is
 * light. */
static bool
is_dark(const struct qr *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->modules[y * code->width + x] == '1';
}

static const char *
glyph(bool upper_dark, bool lower_dark)
{
	if (upper_dark == lower_dark)
		return " ";
	return upper_dark ? "\u2584" : "\u2580";
}

/* A glyph shows the light half of a cell, white on black. */
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

/* Starts with half a row of margin, so that the code keeps a light edge if
 * the first row scrolls out of sight. */
static void
draw_half(FILE *out, const struct qr *code)
{
	int end = code->width + QR_QUIET;

	for (int y = -QR_QUIET - 1; y < end; y += 2) {
		enum paper paper = PAPER_NONE;

		for (int x = -QR_QUIET; x < end; x++)
			draw_cell(out, is_dark(code, x, y),
			    is_dark(code, x, y + 1), &paper);
		fputs(RESET "\n", out);
	}
}

static void
draw_full(FILE *out, const struct qr *code)
{
	int end = code->width + QR_QUIET;

	for (int y = -QR_QUIET; y < end; y++) {
		enum paper paper = PAPER_NONE;

		for (int x = -QR_QUIET; x < end; x++) {
			bool dark = is_dark(code, x, y);

			draw_cell(out, dark, dark, &paper);
			fputs(" ", out);
		}
		fputs(RESET "\n", out);
	}
}

static void
draw_none(FILE *out, const struct qr *code)
{
	(void)out;
	(void)code;
}

/* Draws one path for all dark modules, with a rectangle for each run of
 * them. */
static void
draw_svg(FILE *out, const struct qr *code)
{
	int side = code->width + 2 * SVG_QUIET;

	fprintf(out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" "
	    "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
	    "shape-rendering=\"crispEdges\">\n"
	    "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
	    "<path fill=\"#000\" d=\"",
	    side, side, side * SVG_SCALE, side * SVG_SCALE, side, side);
	for (int y = 0; y < code->width; y++) {
		for (int x = 0, n; x < code->width; x += n + 1) {
			for (n = 0; is_dark(code, x + n, y); n++)
				continue;
			if (n > 0)
				fprintf(out, "M%d %dh%dv1h-%dz\n",
				    x + SVG_QUIET, y + SVG_QUIET, n, n);
		}
	}
	fputs("\"/>\n</svg>\n", out);
}

static enum fault
draw_text(const struct qr *code, void (*draw)(FILE *out, const struct qr *code),
    char **ret)
{
	scoped_free char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool failed;

	if (out == NULL)
		return FAULT_MEMORY;
	draw(out, code);
	failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return FAULT_MEMORY;
	*ret = take(text);
	return FAULT_NONE;
}

bool
qr_read(const char *modules, struct qr *ret)
{
	size_t count = strspn(modules, "01");
	int width = 21;

	while (width < QR_WIDTH && (size_t)(width * width) < count)
		width += 4;
	*ret = (struct qr){.modules = modules, .width = width};
	return (size_t)(width * width) == count && modules[count] == '\0';
}

int
qr_side(const struct qr *code)
{
	return code->width + 2 * QR_QUIET;
}

int
qr_columns(enum qr_blocks blocks, int side)
{
	return blocks == QR_FULL ? 2 * side : side;
}

int
qr_rows(enum qr_blocks blocks, int side)
{
	return blocks == QR_FULL ? side : (side + 1) / 2;
}

enum fault
qr_draw(const struct qr *code, enum qr_blocks blocks, char **ret)
{
	static void (*const how[])(FILE * out, const struct qr *code) = {
	    [QR_NONE] = draw_none,
	    [QR_HALF] = draw_half,
	    [QR_FULL] = draw_full,
	};

	return draw_text(code, how[blocks], ret);
}

enum fault
qr_svg(const struct qr *code, char **ret)
{
	return draw_text(code, draw_svg, ret);
}
