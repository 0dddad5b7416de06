#include "gate/screen/scan.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct scan_request request = {.issuer = "Example",
    .user = "alice",
    .secret = "7XHYIIPZX5RHT2UDRSGOBMILW2XDBWLD"};

/* The full host name says more, but must not make the code larger. */
Test(scan, has_the_full_name_where_the_code_is_no_larger)
{
	static const struct {
		const char *short_name, *full, *in_uri;
	} cases[] = {
	    {"b", "b.example.org", ":alice%40b.example.org?"},
	    {"b", "b", ":alice%40b?"},
	    {"b", "b.a-rather-long-name-of-a-domain.example.org",
		":alice%40b?"},
	    {"bastion-in-a-far-away-place-of-the-world",
		"bastion-in-a-far-away-place-of-the-world.org",
		":alice%40bastion-in-a-far-away-place-of-the-world.org?"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scoped_scan struct scan scan = {.modules = NULL};
		scoped_scan struct scan alone = {.modules = NULL};

		cr_assert_eq(scan_encode(&request, cases[i].short_name,
				 cases[i].full, &scan),
		    FAULT_NONE);
		cr_expect_not_null(
		    strstr(scan.uri, cases[i].in_uri), "%s", scan.uri);
		cr_assert_eq(scan_encode(&request, cases[i].short_name,
				 cases[i].short_name, &alone),
		    FAULT_NONE);
		cr_expect_eq(strlen(scan.modules), strlen(alone.modules));
	}
}

/* A window of 24 lines shows the code of any name. */
Test(scan, cuts_names_that_make_the_code_too_large)
{
	static const char far[] = "a-bastion-in-a-far-away-place-of-the-world";
	struct scan_request most = request;
	struct qr code;

	for (size_t user = 1; user < 81; user += 13) {
		scoped_scan struct scan scan = {.modules = NULL};

		memset(most.issuer, 'I', sizeof(most.issuer) - 1);
		memset(most.user, 0, sizeof(most.user));
		for (size_t i = 0; i + 1 < user; i += 2)
			memcpy(most.user + i, "\xc3\xa9", 2);
		memcpy(most.user, "u", user == 1);
		cr_assert_eq(scan_encode(&most, far, far, &scan), FAULT_NONE);
		cr_assert(qr_read(scan.modules, &code));
		cr_expect_leq(qr_side(&code), 49, "%s", scan.uri);
		cr_expect_not_null(strstr(scan.uri, "%40a-ba"), "%s", scan.uri);
		cr_expect_null(strstr(scan.uri, "%3F"), "%s", scan.uri);
	}
}

/* By the program tfa-qr, beside this one. */
Test(scan, is_made_by_a_program_of_its_own)
{
	static const struct reply reply = {.issuer = "Example",
	    .user = "alice",
	    .secret = "7XHYIIPZX5RHT2UDRSGOBMILW2XDBWLD"};
	scoped_scan struct scan scan = {.modules = NULL};
	scoped_json_text char *modules = NULL;
	struct qr code;

	cr_assert_eq(scan_make(&reply, DEVICE_TOTP, &scan), FAULT_NONE);
	cr_assert_not_null(scan.modules);
	cr_expect(qr_read(scan.modules, &code));
	cr_assert_eq(qr_encode(scan.uri, &modules), FAULT_NONE);
	cr_expect_str_eq(scan.modules, modules);
	cr_expect(scan_works());
}

Test(scan, says_that_a_device_counts)
{
	static const struct reply reply = {.issuer = "Example",
	    .user = "alice",
	    .secret = "7XHYIIPZX5RHT2UDRSGOBMILW2XDBWLD"};
	scoped_scan struct scan scan = {.modules = NULL};
	struct qr code;

	cr_assert_eq(scan_make(&reply, DEVICE_HOTP, &scan), FAULT_NONE);
	cr_expect(scan_counts(&scan));
	cr_expect_eq(
	    strncmp(scan.uri, "otpauth://hotp/Example:alice%40", 31), 0);
	cr_expect_not_null(strstr(scan.uri, "&counter=0"));
	cr_expect_null(strstr(scan.uri, "period"));
	cr_expect(qr_read(scan.modules, &code));
	scan_done(&scan);
	cr_assert_eq(scan_make(&reply, DEVICE_TOTP, &scan), FAULT_NONE);
	cr_expect_not(scan_counts(&scan));
	cr_expect_null(strstr(scan.uri, "counter"));
}

Test(scan, is_none_of_what_no_app_takes)
{
	struct reply reply = {.issuer = "Exa mple",
	    .user = "alice",
	    .secret = "7XHYIIPZX5RHT2UDRSGOBMILW2XDBWLD"};
	scoped_scan struct scan scan = {.modules = NULL};

	cr_expect_eq(scan_make(&reply, DEVICE_TOTP, &scan), FAULT_FORMAT);
	cr_expect_str_empty(scan.uri);
	cr_expect_null(scan.modules);
}
