#include <criterion/criterion.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "gate/screen/show.h"

static const struct reply reply = {.user = "alice",
    .issuer = "Example",
    .secret = "7XHYIIPZX5RHT2UDRSGOBMILW2XDBWLD"};

/* The text that a person sees in a window with room for a code. */
static const char *
shown(const struct scan *scan)
{
	const struct display display = {
	    .columns = 80, .rows = 50, .utf8 = true};
	static char *text;

	cr_assert_eq(
	    show_device(&reply, scan, &display, "Later.", &text), FAULT_NONE);
	return text;
}

Test(show, device_is_a_code_with_the_key_under_it)
{
	scoped_scan struct scan scan = {.modules = NULL};
	const char *text;

	cr_assert_eq(scan_make(&reply, &scan), FAULT_NONE);
	text = shown(&scan);
	cr_expect_not_null(strstr(text, "scan this"));
	cr_expect_not_null(strstr(text, "\033["));
	cr_expect_null(strstr(text, "otpauth://"));
	cr_expect_not_null(strstr(text, "\nKey: 7XHY IIPZ X5RH T2UD RSGO"));
	cr_expect_not_null(strstr(text, "\nLater.\n"));
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

/* Nobody reads the digits here: an admin hands the code over. */
Test(show, device_without_a_prompt_speaks_of_the_next_login)
{
	static const struct display pipe = {.columns = 0};
	static const struct display window = {
	    .columns = 80, .rows = 50, .utf8 = true};
	const struct display *displays[] = {&pipe, &window};
	scoped_scan struct scan scan = {.modules = NULL};

	cr_assert_eq(scan_make(&reply, &scan), FAULT_NONE);
	for (size_t i = 0; i < 2; i++) {
		scoped_json_text char *text = NULL;

		cr_assert_eq(
		    show_device(&reply, &scan, displays[i], NULL, &text),
		    FAULT_NONE);
		cr_expect_null(strstr(text, "type the six"), "%s", text);
		cr_expect_not_null(strstr(text, "Logins ask for the six"));
		cr_expect_not_null(strstr(text, "\nKey: 7XHY IIPZ"));
	}
}

/* A window of 45 columns is the narrowest that has a QR code. */
Test(show, recovery_codes_fit_45_columns)
{
	struct note codes[10];
	struct reply full = {
	    .codes = {.items = codes, .count = sizeof(codes) / sizeof(*codes)}};
	char text[SHOW_RECOVERY_TEXT];
	const char *line;
	size_t seen = 0;

	for (size_t i = 0; i < full.codes.count; i++)
		strcpy(codes[i].text, "ABCD-EFGH-JKMN-PQRS");
	show_recovery(&full, text);
	for (line = strstr(text, "\n\n") + 2; *line != '\n';
	     line += strcspn(line, "\n") + 1) {
		cr_expect_leq(strcspn(line, "\n"), 45, "%s", line);
		for (const char *c = line; *c != '\n'; c++)
			seen += *c == 'A';
	}
	cr_expect_eq(seen, full.codes.count);
}
