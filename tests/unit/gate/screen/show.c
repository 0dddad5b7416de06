#include <criterion/criterion.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "gate/screen/show.h"

#define PROMPT "Verification code: "

static const struct reply reply = {.user = "alice",
    .issuer = "Example",
    .secret = "7XHYIIPZX5RHT2UDRSGOBMILW2XDBWLD"};

/* Returns the text that a window of that size shows. */
static const char *
shown_in(const struct scan *scan, int columns, int rows, const char *message,
    const char *prompt)
{
	const struct display display = {
	    .columns = columns, .rows = rows, .utf8 = true};
	const struct showing showing = {message, prompt};
	static char *text;

	cr_assert_eq(
	    show_device(&reply, scan, &display, &showing, &text), FAULT_NONE);
	return text;
}

static const char *
shown(const struct scan *scan)
{
	return shown_in(scan, 80, 50, "Later.", PROMPT);
}

Test(show, device_is_a_code_with_the_key_beside_it)
{
	scoped_scan struct scan scan = {.modules = NULL};
	const char *text;

	cr_assert_eq(scan_make(&reply, DEVICE_TOTP, &scan), FAULT_NONE);
	text = shown(&scan);
	cr_expect_not_null(strstr(text, "scan"));
	cr_expect_not_null(strstr(text, "\033["));
	cr_expect_null(strstr(text, "otpauth://"));
	cr_expect_not_null(strstr(text, "\033[0m  Key:\n"));
	cr_expect_not_null(strstr(text, "\033[0m  7XHY IIPZ X5RH T2UD\n"));
	cr_expect_not_null(strstr(text, "\033[0m  Later.\n"));
}

Test(show, device_is_text_where_no_code_can_be_made)
{
	const struct scan scan = {.uri = "otpauth://totp/Example:alice%40"};
	const char *text = shown(&scan);

	cr_expect_null(strstr(text, "scan this"));
	cr_expect_null(strstr(text, "\033["));
	cr_expect_null(strstr(text, "begin again"));
	cr_expect_not_null(strstr(text, "\notpauth://totp/Example:alice%40"));
	cr_expect_not_null(strstr(text, "\nKey: 7XHY IIPZ X5RH T2UD RSGO"));
	cr_expect_not_null(strstr(text, "\nLater.\n"));
}

/* Many apps know no codes that are counted. */
Test(show, device_that_counts_names_apps_that_do)
{
	const struct scan scan = {.uri = "otpauth://hotp/Example:alice%40"};
	const char *text = shown(&scan);

	cr_expect_not_null(strstr(text, "HOTP"));
	cr_expect_null(strstr(text, "Authy"));
}

/* Nobody reads the digits here: an admin hands the code over. */
Test(show, device_without_a_prompt_speaks_of_the_next_login)
{
	scoped_scan struct scan scan = {.modules = NULL};

	cr_assert_eq(scan_make(&reply, DEVICE_TOTP, &scan), FAULT_NONE);
	for (int columns = 0; columns <= 100; columns += 100) {
		const char *text = shown_in(
		    &scan, columns, columns / 2, "", "");

		cr_expect_null(strstr(text, "type the six"), "%s", text);
		cr_expect_not_null(strstr(text, "Logins"));
		cr_expect_not_null(strstr(text, "7XHY IIPZ"));
		json_text_free((char **)(size_t)&text);
	}
}

/* Counts the rows of a window that this text takes, with the prompt. */
static int
rows_in(const char *text, int columns)
{
	int rows = 0, column = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\033') {
			text += strcspn(text, "m");
		} else if (*text == '\n') {
			rows++;
			column = 0;
		} else if (((unsigned char)*text & 0xc0) != 0x80 &&
		    ++column > columns) {
			rows++;
			column = 1;
		}
	}
	return rows + 1 + (column + (int)sizeof(PROMPT) + 6 > columns + 1);
}

/*
 * No window of any size loses its first words: but for the margin of a code,
 * nothing scrolls off.  The smallest that can show a key at all is 20 by 14.
 */
Test(show, nothing_scrolls_off_in_any_window)
{
	static const char later[] =
	    "A code will be required in 13 days. Press Enter to do this "
	    "later.";
	scoped_scan struct scan scan = {.modules = NULL};

	cr_assert_eq(scan_make(&reply, DEVICE_TOTP, &scan), FAULT_NONE);
	for (int columns = 20; columns <= 130; columns += 3) {
		for (int rows = 14; rows <= 60; rows++) {
			const char *text = shown_in(
			    &scan, columns, rows, later, PROMPT);
			bool draws = strstr(text, "\033[") != NULL;

			cr_expect_leq(rows_in(text, columns),
			    rows + (draws ? 1 : 0), "%d by %d: %s", columns,
			    rows, text);
			cr_expect_not_null(strstr(text, "BWLD"));
			json_text_free((char **)(size_t)&text);
		}
	}
}

/* Returns the recovery codes as a window of that width shows them. */
static const char *
recovery_in(int columns)
{
	static struct sheet sheet;
	struct note codes[10];
	struct reply full = {
	    .codes = {.items = codes, .count = sizeof(codes) / sizeof(*codes)}};

	sheet = (struct sheet){.columns = columns};
	for (size_t i = 0; i < full.codes.count; i++)
		strcpy(codes[i].text, "ABCD-EFGH-JKMN-PQRS");
	show_recovery(&full, &sheet);
	return strstr(sheet.text, "\n\n") + 2;
}

static size_t
times(const char *words, const char *wanted)
{
	size_t seen = 0;

	for (; (words = strstr(words, wanted)) != NULL; words++)
		seen++;
	return seen;
}

/* Each code is whole, or torn only between two groups. */
Test(show, recovery_codes_fit_any_window)
{
	for (int columns = 10; columns <= 100; columns++) {
		const char *lines = recovery_in(columns);

		for (const char *at = lines; *at != '\0';
		     at += strcspn(at, "\n") + 1)
			cr_expect_leq(strcspn(at, "\n"), (size_t)columns);
		cr_expect_eq(times(lines, "ABCD-EFGH-"), 10);
		cr_expect_eq(times(lines, "JKMN-PQRS"), 10);
		cr_expect_eq(times(lines, "ABCD-EFGH-JKMN-PQRS"),
		    columns >= 19 ? 10 : 0, "%d: %s", columns, lines);
		cr_expect_eq(times(lines, "PQRS    ABCD"),
		    columns >= 44 ? 5 : 0, "%d: %s", columns, lines);
	}
}
