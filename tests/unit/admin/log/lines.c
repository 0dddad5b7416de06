#include "admin/log/lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

/* The lines that came, each as "[LENGTH:START]". */
struct heard {
	char text[1024];
	size_t len;
	int most; /* each() is false from then on; 0: never */
};

static bool
hear(void *ctx, char *line, size_t len)
{
	struct heard *heard = ctx;

	cr_assert_eq(line[len], '\0');
	heard->len += (size_t)snprintf(heard->text + heard->len,
	    sizeof(heard->text) - heard->len, "[%zu:%.8s]", len, line);
	return heard->most == 0 || --heard->most > 0;
}

/* Feeds the text in pieces of so many bytes. */
static void
feed(struct lines *lines, const char *text, size_t piece)
{
	char bytes[3 * AUDIT_LINE_MAX + 1];

	for (size_t at = 0, len = strlen(text); at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		memcpy(bytes, text + at, n);
		(void)lines_feed(lines, bytes, n);
	}
}

/* However the bytes come, the lines are these. */
Test(lines, are_cut_alike_in_pieces_of_any_size)
{
	static const char text[] = "one\n\ntwo two\n\n\nthree\nfour";
	static struct lines lines;

	for (size_t piece = 1; piece <= sizeof(text); piece++) {
		struct heard heard = {.text = ""};

		lines = (struct lines){.each = hear, .ctx = &heard};
		feed(&lines, text, piece);
		cr_expect_str_eq(heard.text, "[3:one][7:two two][5:three]",
		    "%zu: %s", piece, heard.text);
		cr_expect_eq(lines.taken, (int64_t)strlen(text) - 4);
		cr_expect_eq(lines.count, 6);
		cr_expect_eq(lines.loose, 4);
		cr_expect(lines_end(&lines));
		cr_expect_str_eq(
		    heard.text, "[3:one][7:two two][5:three][4:four]");
		cr_expect_eq(lines.taken, (int64_t)strlen(text));
	}
}

/* A line over the limit is given once, cut, and the next one is whole. */
Test(lines, over_the_limit_are_cut_and_count_once)
{
	static char text[2 * AUDIT_LINE_MAX + 64];
	static const size_t pieces[] = {1, 7, 4096, 4097, sizeof(text)};
	static struct lines lines;
	size_t longs[] = {AUDIT_LINE_MAX, AUDIT_LINE_MAX + 1,
	    AUDIT_LINE_MAX + 2, 2 * AUDIT_LINE_MAX};
	char wanted[64];

	for (size_t i = 0; i < COUNT(longs) * COUNT(pieces); i++) {
		size_t len = longs[i / COUNT(pieces)];
		size_t given = len > AUDIT_LINE_MAX ? AUDIT_LINE_MAX + 1 : len;
		struct heard heard = {.text = ""};

		memset(text, 'x', len);
		strcpy(text + len, "\nnext\n");
		lines = (struct lines){.each = hear, .ctx = &heard};
		feed(&lines, text, pieces[i % COUNT(pieces)]);
		snprintf(
		    wanted, sizeof(wanted), "[%zu:xxxxxxxx][4:next]", given);
		cr_expect_str_eq(heard.text, wanted, "%s", heard.text);
		cr_expect_eq(lines.taken, (int64_t)len + 6);
	}
}

Test(lines, end_where_the_reader_has_enough)
{
	struct heard heard = {.text = "", .most = 2};
	static struct lines lines;
	char text[] = "a\nb\nc\nd\n";

	lines = (struct lines){.each = hear, .ctx = &heard};
	cr_expect_not(lines_feed(&lines, text, strlen(text)));
	cr_expect_str_eq(heard.text, "[1:a][1:b]");
}
