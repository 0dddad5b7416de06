#include "admin/letter.h"

#include <criterion/criterion.h>
#include <string.h>

static char *
page_for(const char *user, const char *host, size_t codes)
{
	static struct note notes[10];
	static struct reply reply;
	struct scan scan = {.modules = NULL};
	const struct letter letter = {&reply, &scan, host};
	char *text;

	reply = (struct reply){.issuer = "Example",
	    .secret = "7XHYIIPZX5RHT2UDRSGOBMILW2XDBWLD",
	    .codes = {.items = notes, .count = codes}};
	memcpy(reply.user, "alice", sizeof("alice"));
	for (size_t i = 0; i < codes; i++)
		strcpy(notes[i].text, "ABCD-EFGH-JKMN-PQRS");
	cr_assert_eq(scan_make(&reply, DEVICE_TOTP, &scan), FAULT_NONE);
	memcpy(reply.user, user, strlen(user) + 1);
	text = letter_text(&letter);
	cr_assert_not_null(text);
	scan_done(&scan);
	return text;
}

static size_t
times(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		n++;
	return n;
}

Test(letter, says_what_to_do_in_five_sentences)
{
	char *page = page_for("alice", "bastion", 10);

	cr_expect_eq(times(page, "<li>ABCD-EFGH-JKMN-PQRS</li>"), 10);
	cr_expect_eq(times(page, "<li>"), 15);
	cr_expect_not_null(strstr(page, "<svg "));
	cr_expect_not_null(
	    strstr(page, ">7XHY IIPZ X5RH T2UD<br>RSGO BMIL W2XD BWLD</p>"));
	json_text_free(&page);
}

/* Nothing is loaded, and nothing runs: the only addresses are names of XML. */
Test(letter, loads_and_runs_nothing)
{
	char *page = page_for("alice", "bastion", 10);

	cr_expect_null(strstr(page, "<script"));
	cr_expect_null(strstr(page, "src="));
	cr_expect_null(strstr(page, "href="));
	cr_expect_null(strstr(page, "url("));
	cr_expect_eq(times(page, "http:"), 1);
	cr_expect_eq(times(page, "xmlns=\"http://www.w3.org/2000/svg\""), 1);
	cr_expect_not_null(strstr(page, "default-src 'none'"));
	json_text_free(&page);
}

/* A directory may have users of any name. */
Test(letter, escapes_every_name)
{
	static const char *const names[] = {"<script>alert(1)</script>",
	    "\"><img src=x>", "a&b", "'onload='x", "\033[31mred", "a\nb"};
	char *plain = page_for("x", "x", 0);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *page = page_for(names[i], names[i], 0);

		cr_expect_eq(times(page, "<"), times(plain, "<"), "%s", page);
		cr_expect_eq(times(page, "\""), times(plain, "\""), "%s", page);
		cr_expect_null(strstr(page, names[i]), "%s", page);
		json_text_free(&page);
	}
	cr_expect_not_null(strstr(plain, "those that you have stay good"));
	json_text_free(&plain);
}

Test(letter, is_none_without_a_code)
{
	const struct reply reply = {.user = "alice"};
	const struct scan scan = {.uri = "otpauth:"};
	const struct letter letter = {&reply, &scan, "bastion"};

	cr_expect_null(letter_text(&letter));
}
