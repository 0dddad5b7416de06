/* Terminals that people really have. tmux shows each, at its own size. */
#include "tests/scenario/scenario.h"

Scenarios(terminals);

#define LONG_ISSUER "A-Bastion-With-A-Long-Name"

/* tmux ARGS on a server of this bastion's own. */
static struct run *
tmux(const struct bastion *b, const char *const args[])
{
	const char *argv[24] = {"env", "LC_ALL=C.UTF-8", "tmux", "-u", "-f",
	    "/dev/null", "-S", text("%s/tmux", b->dir)};
	size_t n = 8;

	while (*args != NULL && n < 23)
		argv[n++] = *args++;
	return run(argv, NULL, 0);
}

static struct bastion *
open_with_issuer(const char *issuer)
{
	return bastion_open(
		.policy = text(
		    "{'version':1,'issuer':'%s','rules':[" REQUIRED "],"
		    "'otherwise':'optional','enrollment':{'self':'always'}%s}",
		    issuer,
		    bastion_has_people() ? ""
					 : ",'keys':{'unlisted':'allow'}"));
}

/*
 * Returns the screen of that size at the prompt of an enrolment. The client
 * sends locale as LC_ALL.
 */
static char *
seen_at(struct bastion *b, int columns, int rows, const char *locale)
{
	long long end = run_clock_ms() + 15000;
	struct run *r = tmux(b,
	    ARGV("new-session", "-d", "-x", text("%d", columns), "-y",
		text("%d", rows),
		text("exec ssh -F %s -tt %s%s bastion", b->ssh_config,
		    locale != NULL ? "-o SetEnv=LC_ALL=" : "",
		    locale != NULL ? locale : ""),
		";", "set", "status", "off", ";", "resize-window", "-x",
		text("%d", columns), "-y", text("%d", rows)));

	assert_status(r, 0);
	do {
		run_sleep_ms(50);
		r = tmux(b, ARGV("capture-pane", "-e", "-p", "-N"));
		cr_assert_lt(run_clock_ms(), end, "no prompt in: %s", r->out);
	} while (strstr(r->out, "Verification code:") == NULL);
	return r->out;
}

static void
close_tmux(struct bastion *b)
{
	tmux(b, ARGV("kill-server"));
}

/* The pending secret in the record. */
static char *
pending_secret(const struct bastion *b)
{
	const char *at = strstr(fixture_record(b, b->me), "\"secret\": \"");

	cr_assert_not_null(at);
	return text("%.32s", at + strlen("\"secret\": \""));
}

/* The screen must show the key in groups of four, even if the line wraps. */
static void
assert_key(const struct bastion *b, const char *seen)
{
	const char *secret = pending_secret(b);
	char *plain = screen_text(seen), *to = plain;
	char *key = text("Key:");

	for (size_t i = 0; i < strlen(secret); i += 4)
		key = text("%s %.4s", key, secret + i);
	for (const char *c = plain; *c != '\0'; c++)
		if (*c != '\n')
			*to++ = *c;
	*to = '\0';
	assert_says(plain, key);
}

static void
assert_scans(const struct bastion *b, const char *seen)
{
	const char *uri = screen_qr(seen);

	cr_assert_not_null(uri, "no QR code in: %s", seen);
	cr_assert_str_eq(uri_parameter(uri, "secret"), pending_secret(b));
	assert_key(b, seen);
}

Test(terminals, code_fits_80_by_24)
{
	struct bastion *b = open_with_issuer("Bastion");

	assert_scans(b, seen_at(b, 80, 24, "en_US.UTF-8"));
	close_tmux(b);
}

Test(terminals, larger_code_fits_45_by_24_without_any_locale)
{
	struct bastion *b = open_with_issuer(LONG_ISSUER);
	const char *seen = seen_at(b, 45, 24, NULL);

	assert_scans(b, seen);
	cr_assert_gt(strlen(screen_qr(seen)), 106);
	close_tmux(b);
}

Test(terminals, full_blocks_where_the_locale_is_not_utf8)
{
	struct bastion *b = open_with_issuer(LONG_ISSUER);
	const char *seen = seen_at(b, 90, 47, "C");

	assert_scans(b, seen);
	assert_never_says(seen, "\xe2\x96");
	close_tmux(b);
}

Test(terminals, text_where_full_blocks_have_no_room)
{
	struct bastion *b = open_with_issuer(LONG_ISSUER);
	const char *seen = seen_at(b, 80, 24, "de_DE.ISO-8859-1");

	cr_assert_null(screen_qr(seen));
	assert_says(seen, "otpauth://totp/" LONG_ISSUER ":");
	assert_key(b, seen);
	close_tmux(b);
}

Test(terminals, text_where_it_is_too_narrow_for_anything)
{
	struct bastion *b = open_with_issuer(LONG_ISSUER);
	const char *seen = seen_at(b, 30, 60, "en_US.UTF-8");

	cr_assert_null(screen_qr(seen));
	assert_says(seen, "otpauth://totp/");
	assert_key(b, seen);
	close_tmux(b);
}
