#include "gate/screen/qr.h"

#include <criterion/criterion.h>
#include <qrencode.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/json/json.h"

#define SIDE_MAX 128
#define QUIET    2
#define TOP      3 /* half rows of margin above */

#define WHITE_PAPER "\033[0;48;5;231m"
#define BLACK_PAPER "\033[0;38;5;231;48;5;16m"
#define LINE_END    "\033[0m\n"
#define UPPER_LIGHT "\u2580"
#define LOWER_LIGHT "\u2584"

/* The picture on the terminal, as a person sees it. */
struct picture {
	bool dark[SIDE_MAX][SIDE_MAX]; /* [y][x], two y a terminal row */
	int columns, rows;
};

static bool
skip(const char **at, const char *expected)
{
	size_t len = strlen(expected);

	if (strncmp(*at, expected, len) != 0)
		return false;
	*at += len;
	return true;
}

static void
read_row(const char **at, struct picture *picture)
{
	int y = 2 * picture->rows++, x = 0;
	enum { NONE, WHITE, BLACK } paper = NONE;

	for (; !skip(at, LINE_END); x++) {
		bool *upper = &picture->dark[y][x];
		bool *lower = &picture->dark[y + 1][x];

		cr_assert_lt(x, SIDE_MAX);
		if (skip(at, WHITE_PAPER)) {
			cr_assert_neq(paper, WHITE, "colour set again");
			paper = WHITE;
		} else if (skip(at, BLACK_PAPER)) {
			cr_assert_neq(paper, BLACK, "colour set again");
			paper = BLACK;
		}
		cr_assert_neq(paper, NONE, "a cell in the theme's colours");
		if (skip(at, " ")) {
			*upper = *lower = paper == BLACK;
			continue;
		}
		cr_assert_eq(paper, BLACK, "a half block on white");
		*upper = skip(at, LOWER_LIGHT);
		*lower = !*upper;
		cr_assert(*upper || skip(at, UPPER_LIGHT), "stray: %.8s", *at);
	}
	cr_assert(picture->rows == 1 || x == picture->columns);
	picture->columns = x;
}

static void
picture_read(const char *drawn, struct picture *ret)
{
	memset(ret, 0, sizeof(*ret));
	while (*drawn != '\0') {
		cr_assert_lt(2 * ret->rows + 1, SIDE_MAX);
		read_row(&drawn, ret);
	}
}

static void
text_of(size_t len, char ret[static 514])
{
	for (size_t i = 0; i < len; i++)
		ret[i] = (char)('!' + i % 90);
	ret[len] = '\0';
}

/* Makes a code as tfa-qr does, and draws it as its callers do. */
static enum fault
draw(const char *text, enum qr_blocks blocks, char **ret)
{
	scoped_json_text char *modules = NULL;
	enum fault fault = qr_encode(text, &modules);
	struct qr code;

	if (fault != FAULT_NONE)
		return fault;
	cr_assert(qr_read(modules, &code));
	return qr_draw(&code, blocks, ret);
}

static int
side_of(const char *text)
{
	scoped_json_text char *modules = NULL;
	struct qr code;

	cr_assert_eq(qr_encode(text, &modules), FAULT_NONE);
	cr_assert(qr_read(modules, &code));
	return qr_side(&code);
}

static void
expect_same_modules(const char *text)
{
	static struct picture picture;
	scoped_free char *drawn = NULL;
	int side = 0;
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	cr_assert_not_null(code);
	cr_assert_eq(draw(text, QR_HALF, &drawn), FAULT_NONE);
	picture_read(drawn, &picture);
	side = side_of(text);
	cr_expect_eq(side, code->width + 2 * QUIET);
	cr_expect_eq(picture.columns, qr_columns(QR_HALF, side));
	cr_expect_eq(picture.rows, qr_rows(QR_HALF, side));
	for (int y = 0; y < 2 * picture.rows; y++) {
		for (int x = 0; x < side; x++) {
			int cx = x - QUIET, cy = y - TOP;
			bool inside = cx >= 0 && cy >= 0 && cx < code->width &&
			    cy < code->width;
			bool dark = inside &&
			    (code->data[cy * code->width + cx] & 1) != 0;

			cr_assert_eq(picture.dark[y][x], dark, "%d, %d", x, y);
		}
	}
	QRcode_free(code);
}

Test(qr, draws_the_modules_that_libqrencode_makes)
{
	expect_same_modules("otpauth://totp/Example-Bastion:alice%40bastion"
			    "?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
			    "&issuer=Example-Bastion");
	expect_same_modules("0123456789");
	expect_same_modules("z\303\274rich \346\227\245");
}

Test(qr, draws_every_length_up_to_512_bytes)
{
	static const size_t lengths[] = {1, 17, 106, 107, 134, 135, 300, 512};
	char text[514];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		text_of(lengths[i], text);
		expect_same_modules(text);
	}
}

/* The sizes in the manual: one byte more or less changes the size. */
Test(qr, takes_as_few_cells_as_promised)
{
	static const struct {
		size_t len;
		int columns, rows;
	} sizes[] = {
	    {106, 41, 21},
	    {107, 45, 23},
	    {134, 45, 23},
	    {135, 49, 25},
	};
	static struct picture picture;
	char text[514];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		scoped_free char *drawn = NULL;

		text_of(sizes[i].len, text);
		cr_assert_eq(draw(text, QR_HALF, &drawn), FAULT_NONE);
		picture_read(drawn, &picture);
		cr_expect_eq(picture.columns, sizes[i].columns);
		cr_expect_eq(picture.rows, sizes[i].rows);
	}
}

/* Even without the first row, which may have scrolled out of sight. */
Test(qr, has_a_light_margin_on_all_sides)
{
	static struct picture picture;
	scoped_free char *drawn = NULL;
	int side;

	cr_assert_eq(draw("otpauth", QR_HALF, &drawn), FAULT_NONE);
	picture_read(drawn, &picture);
	side = picture.columns;
	for (int i = 0; i < side; i++) {
		for (int margin = 0; margin < QUIET; margin++) {
			int last = 2 * picture.rows - 1 - margin;

			cr_expect_not(picture.dark[margin][i]);
			cr_expect_not(picture.dark[last][i]);
			cr_expect_not(picture.dark[i][margin]);
			cr_expect_not(picture.dark[i][side - 1 - margin]);
		}
		cr_expect_not(picture.dark[TOP - 1][i]);
	}
	cr_expect(picture.dark[TOP][QUIET]);
}

/* Reads one module of a line in full blocks: two spaces of one colour. */
static bool
read_full(const char **at, bool *dark)
{
	if (skip(at, WHITE_PAPER))
		*dark = false;
	else if (skip(at, BLACK_PAPER))
		*dark = true;
	return skip(at, "  ");
}

Test(qr, draws_full_blocks_of_ascii_spaces)
{
	scoped_free char *drawn = NULL;
	QRcode *code = QRcode_encodeString8bit("otpauth", 0, QR_ECLEVEL_L);
	const char *at;

	cr_assert_not_null(code);
	cr_assert_eq(draw("otpauth", QR_FULL, &drawn), FAULT_NONE);
	at = drawn;
	for (int y = -QUIET; y < code->width + QUIET; y++) {
		bool dark = true;

		cr_assert_eq(strncmp(at, WHITE_PAPER, strlen(WHITE_PAPER)), 0);
		for (int x = -QUIET; x < code->width + QUIET; x++) {
			bool inside = x >= 0 && y >= 0 && x < code->width &&
			    y < code->width;

			cr_assert(read_full(&at, &dark), "%d, %d", x, y);
			cr_assert_eq(dark,
			    inside &&
				(code->data[y * code->width + x] & 1) != 0,
			    "%d, %d", x, y);
		}
		cr_assert(skip(&at, LINE_END));
	}
	cr_expect_str_empty(at);
	for (at = drawn; *at != '\0'; at++)
		cr_assert((unsigned char)*at < 0x80);
	QRcode_free(code);
}

Test(qr, refuses_an_empty_or_oversized_text)
{
	char *drawn = NULL;
	char text[514];

	text_of(513, text);
	cr_expect_eq(draw(text, QR_HALF, &drawn), FAULT_LIMIT);
	cr_expect_eq(draw("", QR_FULL, &drawn), FAULT_LIMIT);
	cr_expect_null(drawn);
}

/* A text from another process is either a square of a valid size, or
 * refused. */
Test(qr, reads_only_modules_of_a_code)
{
	static char text[QR_MODULES + 2];
	struct qr code;

	for (int width = 0; width <= QR_WIDTH + 1; width++) {
		size_t count = (size_t)(width * width);
		bool is_code = width >= 21 && width <= QR_WIDTH &&
		    (width - 21) % 4 == 0;

		if (count > QR_MODULES + 1)
			count = QR_MODULES + 1;
		memset(text, '1', count);
		text[count] = '\0';
		cr_expect_eq(qr_read(text, &code), is_code, "%d", width);
		if (!is_code)
			continue;
		cr_expect_eq(code.width, width);
		text[count / 2] = '2';
		cr_expect_not(qr_read(text, &code), "%d", width);
		text[count / 2] = '0';
		text[count - 1] = '\0';
		cr_expect_not(qr_read(text, &code), "%d", width);
	}
}
