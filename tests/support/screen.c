#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/fail.h"
#include "tests/support/run.h"
#include "tests/support/screen.h"

#define ROWS_MAX    200
#define COLUMNS_MAX 160
#define SCALE       6
#define CODE_LEAST  21 /* cells in a line of a QR code, at least */

/* The brightness of a colour that the terminal's theme decides. */
#define UNKNOWN 128

struct pen {
	int fore, back;
};

/* A cell is two modules: its upper half and its lower half. */
struct picture {
	unsigned char half[2 * ROWS_MAX][COLUMNS_MAX];
	int rows, columns;
};

/* Only black and white of colours 0 to 7 belong to our QR code. */
static int
brightness(long colour)
{
	return colour == 0 ? 0 : colour == 7 ? 255 : UNKNOWN;
}

/* 256 colours and RGB: "5;n" and "2;r;g;b" after a 38 or 48. */
static int
extended(char **at)
{
	long kind = strtol(*at + 1, at, 10);
	long first = **at == ';' ? strtol(*at + 1, at, 10) : 0;

	if (kind == 2) {
		for (int i = 0; i < 2 && **at == ';'; i++)
			strtol(*at + 1, at, 10);
		return first > 200 ? 255 : first < 55 ? 0 : UNKNOWN;
	}
	if (first == 0 || first == 16)
		return 0;
	return first == 15 || first == 231 ? 255 : UNKNOWN;
}

static void
set_colour(struct pen *pen, long code, char **at)
{
	int swap = pen->fore;

	if (code == 0)
		*pen = (struct pen){UNKNOWN, UNKNOWN};
	else if (code == 7) {
		pen->fore = pen->back;
		pen->back = swap;
	} else if (code == 38)
		pen->fore = extended(at);
	else if (code == 48)
		pen->back = extended(at);
	else if (code >= 30 && code <= 39)
		pen->fore = code == 39 ? UNKNOWN : brightness(code - 30);
	else if (code >= 40 && code <= 49)
		pen->back = code == 49 ? UNKNOWN : brightness(code - 40);
	else if (code >= 90 && code <= 97)
		pen->fore = brightness(code - 90);
	else if (code >= 100 && code <= 107)
		pen->back = brightness(code - 100);
}

/* An escape sequence at "\033["; returns what follows it. */
static const char *
escape(const char *at, struct pen *pen)
{
	const char *end = at + 2 + strspn(at + 2, "0123456789;?");
	char *next = (char *)(size_t)(at + 1);

	if (*end != 'm')
		return *end == '\0' ? end : end + 1;
	do
		set_colour(pen, strtol(next + 1, &next, 10), &next);
	while (*next == ';');
	return end + 1;
}

/*
 * Reads a cell's glyph, and returns its length in bytes; 0 for a glyph that is
 * no part of a QR code.
 */
static size_t
glyph(const char *at, const struct pen *pen, int *upper, int *lower)
{
	*upper = *lower = pen->back;
	if (*at == ' ')
		return 1;
	if (strncmp(at, "\xe2\x96", 2) != 0)
		return 0;
	if (at[2] != '\x80' && at[2] != '\x84' && at[2] != '\x88')
		return 0;
	if (at[2] != '\x84')
		*upper = pen->fore;
	if (at[2] != '\x80')
		*lower = pen->fore;
	return 3;
}

/* One line of the terminal, up to its newline, as a row of cells. */
static const char *
row(const char *at, struct pen *pen, struct picture *picture)
{
	int columns = 0;

	while (*at != '\0' && *at != '\n') {
		int upper, lower;
		size_t len;

		if (at[0] == '\033' && at[1] == '[') {
			at = escape(at, pen);
			continue;
		}
		len = glyph(at, pen, &upper, &lower);
		if (len > 0 && upper != UNKNOWN && lower != UNKNOWN &&
		    columns < COLUMNS_MAX) {
			picture->half[2 * picture->rows][columns] =
			    (unsigned char)upper;
			picture->half[2 * picture->rows + 1][columns] =
			    (unsigned char)lower;
			columns++;
		}
		at += len > 0 ? len : 1;
	}
	if (columns >= CODE_LEAST && picture->rows < ROWS_MAX - 1) {
		picture->columns = columns;
		picture->rows++;
	}
	return *at == '\n' ? at + 1 : at;
}

/*
 * Writes the picture with a grey border: a terminal's background is neither
 * black nor white.
 */
static void
write_picture(const struct picture *picture, const char *path)
{
	int width = (picture->columns + 4) * SCALE;
	int height = (2 * picture->rows + 4) * SCALE;
	FILE *file = fopen(path, "we");

	if (file == NULL)
		fail("cannot write %s", path);
	fprintf(file, "P5\n%d %d\n255\n", width, height);
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			int line = y / SCALE - 2, column = x / SCALE - 2;
			bool inside = line >= 0 && line < 2 * picture->rows &&
			    column >= 0 && column < picture->columns;

			fputc(inside ? picture->half[line][column] : UNKNOWN,
			    file);
		}
	}
	if (fclose(file) != 0)
		fail("cannot write %s", path);
}

const char *
screen_qr(const char *seen)
{
	struct picture *picture = calloc(1, sizeof(*picture));
	struct pen pen = {UNKNOWN, UNKNOWN};
	char path[] = "/tmp/qr-XXXXXX.pgm";
	int fd = mkstemps(path, 4);
	struct run *r;

	if (picture == NULL || fd < 0)
		fail("no place for a picture");
	close(fd);
	while (*seen != '\0')
		seen = row(seen, &pen, picture);
	if (picture->rows > 0)
		write_picture(picture, path);
	free(picture);
	r = run(ARGV("zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable",
		    path),
	    NULL, 0);
	unlink(path);
	if (r->status != 0 || r->out_len == 0)
		return NULL;
	r->out[strcspn(r->out, "\n")] = '\0';
	return r->out;
}

/* Copies a line without the cells of a QR code, and counts those; returns what
 * follows the line. */
static const char *
plain_row(const char *at, struct pen *pen, char **end, int *ret_cells)
{
	*ret_cells = 0;
	while (*at != '\0' && *at != '\n') {
		int upper, lower;
		size_t len;

		if (at[0] == '\033' && at[1] == '[') {
			at = escape(at, pen);
			continue;
		}
		len = glyph(at, pen, &upper, &lower);
		if (len > 0 && upper != UNKNOWN && lower != UNKNOWN) {
			++*ret_cells;
			at += len;
		} else {
			*(*end)++ = *at++;
		}
	}
	return *at == '\n' ? at + 1 : at;
}

char *
screen_text(const char *seen)
{
	/* A line of a code is longer than "(QR)". */
	char *plain = text("%s", seen), *end = plain;
	struct pen pen = {UNKNOWN, UNKNOWN};

	while (*seen != '\0') {
		char *line = end;
		int cells;

		seen = plain_row(seen, &pen, &end, &cells);
		if (cells >= CODE_LEAST) {
			memmove(line + 4, line, (size_t)(end - line));
			memcpy(line, "(QR)", 4);
			end += 4;
		}
		while (end > line && (end[-1] == ' ' || end[-1] == '\r'))
			end--;
		*end++ = '\n';
	}
	*end = '\0';
	return plain;
}

char *
screen_words(const char *seen)
{
	char *words = screen_text(seen), *to = words;

	for (const char *at = words; *at != '\0';) {
		bool blank = *at == ' ' || *at == '\n' || *at == '\r';

		if (strncmp(at, "(QR)", 4) == 0) {
			at += 4;
			continue;
		}
		if (!blank)
			*to++ = *at;
		else if (to > words && to[-1] != ' ')
			*to++ = ' ';
		at++;
	}
	*to = '\0';
	return words;
}

const char *
uri_parameter(const char *uri, const char *name)
{
	const char *at = strpbrk(uri, "?&");
	size_t len = strlen(name);

	for (; at != NULL; at = strpbrk(at + 1, "&")) {
		if (strncmp(at + 1, name, len) == 0 && at[len + 1] == '=')
			return text("%.*s", (int)strcspn(at + len + 2, "&"),
			    at + len + 2);
	}
	return NULL;
}
