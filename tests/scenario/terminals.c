/* Terminals that people really have. tmux shows each, at its own size. */
#include "tests/scenario/scenario.h"

Scenarios(terminals);

#define LONG_ISSUER    "A-Bastion-With-A-Long-Name"
#define LONGEST_ISSUER "A-Bastion-With-The-Longest-Name1"
#define QR3            "(QR)\n(QR)\n(QR)\n"
#define LATER          "Press Enter to do this later."

/* tmux ARGS on a server of this bastion's own. */
static struct run *
tmux(const struct bastion *b, const char *const args[])
{
	const char *argv[32] = {"env", "LC_ALL=C.UTF-8", "tmux", "-u", "-f",
	    "/dev/null", "-S", text("%s/tmux", b->dir)};
	size_t n = 8;

	while (*args != NULL && n < 31)
		argv[n++] = *args++;
	return run(argv, NULL, 0);
}

static struct bastion *
open_with(const char *issuer, const char *mode, const char *self)
{
	return bastion_open(
		.policy = text(
		    "{'version':1,'issuer':'%s','rules':[{'name':'all',"
		    "'users':['*'],'mode':'%s'}],'otherwise':'optional',"
		    "'enrollment':{'self':'%s'}%s}",
		    issuer, mode, self,
		    bastion_has_people() ? ""
					 : ",'keys':{'unlisted':'allow'}"));
}

static struct bastion *
open_with_issuer(const char *issuer)
{
	return open_with(issuer, "required", "always");
}

/* Returns the screen once it has these words. */
static char *
seen_with(struct bastion *b, const char *words)
{
	long long end = run_clock_ms() + 15000;
	struct run *r;

	do {
		run_sleep_ms(50);
		r = tmux(b, ARGV("capture-pane", "-e", "-p", "-N"));
		cr_assert_lt(
		    run_clock_ms(), end, "no \"%s\" in: %s", words, r->out);
	} while (strstr(screen_words(r->out), words) == NULL);
	return r->out;
}

/*
 * Returns the screen of that size at the prompt of an enrolment. The client
 * sends locale as LC_ALL.
 */
static char *
seen_at(struct bastion *b, int columns, int rows, const char *locale)
{
	struct run *r = tmux(b,
	    ARGV("new-session", "-d", "-x", text("%d", columns), "-y",
		text("%d", rows),
		text("exec ssh -F %s -tt %s%s bastion", b->ssh_config,
		    locale != NULL ? "-o SetEnv=LC_ALL=" : "",
		    locale != NULL ? locale : ""),
		";", "set", "status", "off", ";", "resize-window", "-x",
		text("%d", columns), "-y", text("%d", rows)));

	assert_status(r, 0);
	return seen_with(b, "Verification code:");
}

static void
type(struct bastion *b, const char *keys)
{
	assert_status(tmux(b, ARGV("send-keys", "-l", keys)), 0);
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

/* The screen must show the key in groups of four, none of them torn. */
static void
assert_key(const struct bastion *b, const char *seen)
{
	const char *secret = pending_secret(b);
	char *key = text("Key:");

	for (size_t i = 0; i < strlen(secret); i += 4)
		key = text("%s %.4s", key, secret + i);
	assert_says(screen_words(seen), key);
}

static void
assert_scans(const struct bastion *b, const char *seen)
{
	const char *uri = screen_qr(seen);

	cr_assert_not_null(uri, "no QR code in: %s", seen);
	cr_assert_str_eq(uri_parameter(uri, "secret"), pending_secret(b));
	assert_key(b, seen);
}

/* The lines up to the prompt, with 7777 for each group of the key. */
static const char *
masked(const struct bastion *b, const char *seen)
{
	const char *secret = pending_secret(b);
	char *lines = screen_text(seen), *end;

	for (size_t i = 0; i < strlen(secret); i += 4) {
		char *at = strstr(lines, text("%.4s", secret + i));

		cr_assert_not_null(at, "no %.4s in: %s", secret + i, lines);
		memcpy(at, "7777", 4);
	}
	end = strstr(lines, "Verification code:");
	cr_assert_not_null(end);
	end[strcspn(end, "\n")] = '\0';
	return lines;
}

static const char on_80_by_24[] =
    "(QR)\n"
    "(QR)  Set up two-step verification: scan\n"
    "(QR)  this with Google Authenticator, Duo\n"
    "(QR)  Mobile, Authy, Microsoft\n"
    "(QR)  Authenticator or another\n"
    "(QR)  authenticator app, or enter the key;\n"
    "(QR)  then type the six digits that the app\n"
    "(QR)  shows.\n"
    "(QR)\n"
    "(QR)  Key:\n"
    "(QR)  7777 7777 7777 7777\n"
    "(QR)  7777 7777 7777 7777\n"
    "(QR)\n"
    "(QR)  " LATER "\n" QR3 QR3 "(QR)\n"
    "Verification code:";

static const char longest_on_80_by_24[] =
    "(QR)  Set up two-step verification:\n"
    "(QR)  scan this with Google\n"
    "(QR)  Authenticator, Duo Mobile,\n"
    "(QR)  Authy, Microsoft\n"
    "(QR)  Authenticator or another\n"
    "(QR)  authenticator app, or enter\n"
    "(QR)  the key; then type the six\n"
    "(QR)  digits that the app shows.\n"
    "(QR)\n"
    "(QR)  Key:\n"
    "(QR)  7777 7777 7777 7777\n"
    "(QR)  7777 7777 7777 7777\n"
    "(QR)\n"
    "(QR)  Press Enter to do this later.\n" QR3 QR3 QR3
    "(QR)  Verification code:";

static const char on_100_by_40[] =
    "(QR)\n"
    "(QR)  Set up two-step verification: scan this with Google\n"
    "(QR)  Authenticator, Duo Mobile, Authy, Microsoft Authenticator\n"
    "(QR)  or another authenticator app, or enter the key; then type\n"
    "(QR)  the six digits that the app shows.\n"
    "(QR)\n"
    "(QR)  Key: 7777 7777 7777 7777 7777 7777 7777 7777\n"
    "(QR)\n"
    "(QR)  " LATER "\n" QR3 QR3 QR3 QR3 "Verification code:";

/* Nothing scrolls off, and the prompt stands last. */
Test(terminals, screens_that_hold_a_code_are_as_drawn)
{
	static const struct {
		const char *issuer;
		int columns, rows;
		const char *lines;
	} cases[] = {
	    {"Bastion", 80, 24, on_80_by_24},
	    {LONGEST_ISSUER, 80, 24, longest_on_80_by_24},
	    {"Bastion", 100, 40, on_100_by_40},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bastion *b = open_with(
		    cases[i].issuer, "optional", "grace");
		const char *seen = seen_at(
		    b, cases[i].columns, cases[i].rows, "C.UTF-8");

		assert_scans(b, seen);
		cr_expect_str_eq(masked(b, seen), cases[i].lines,
		    "not as drawn: %s", masked(b, seen));
		close_tmux(b);
	}
}

static const char on_40_by_24[] = "\n"
				  "Set up two-step verification: enter the\n"
				  "key below in Google Authenticator, Duo\n"
				  "Mobile, Authy, Microsoft Authenticator\n"
				  "or another authenticator app; then type\n"
				  "the six digits that the app shows.\n"
				  "For a QR code begin again (^C) in a\n"
				  "window of 73 columns by 21 lines.\n"
				  "\n"
				  "(URI)\n"
				  "Key:\n"
				  "7777 7777 7777 7777\n"
				  "7777 7777 7777 7777\n"
				  "\n" LATER "\n"
				  "Verification code:";

static const char on_20_by_24[] = "\n"
				  "Enter this key in\n"
				  "your authenticator\n"
				  "app; then type the\n"
				  "six digits that the\n"
				  "app shows.\n"
				  "\n"
				  "(URI)\n"
				  "Key:\n"
				  "7777 7777 7777 7777\n"
				  "7777 7777 7777 7777\n"
				  "\n"
				  "Press Enter to do\n"
				  "this later.\n"
				  "Verification code:";

/* Takes the URI out, whose length depends on user and host. */
static char *
without_uri(const char *lines)
{
	const char *at = strstr(lines, "otpauth:");
	const char *end = at != NULL ? strstr(at, "Key:") : NULL;

	cr_assert_not_null(end, "no URI in: %s", lines);
	return text("%.*s(URI)\n%s", (int)(at - lines), lines, end);
}

/* These are the windows of ssh on a phone, where the app is at hand. */
Test(terminals, narrow_screens_are_as_drawn_and_tear_no_key)
{
	static const struct {
		int columns;
		const char *lines;
	} cases[] = {{40, on_40_by_24}, {20, on_20_by_24}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bastion *b = open_with("Bastion", "optional", "grace");
		const char *seen = seen_at(b, cases[i].columns, 24, "C.UTF-8");

		assert_key(b, seen);
		seen = without_uri(seen);
		cr_expect_str_eq(
		    masked(b, seen), cases[i].lines, "not as drawn: %s", seen);
		close_tmux(b);
	}
}

/* The longest message that an enrolment has fits beside the largest code. */
Test(terminals, longest_message_stands_beside_the_largest_code)
{
	struct bastion *b = open_with(LONGEST_ISSUER, "required", "grace");
	const char *seen;

	fixture_enrol(b, b->me);
	assert_status(bastion_admin(b, ARGV("revoke", "--yes", b->me)), 0);
	seen = seen_at(b, 80, 24, "C.UTF-8");
	assert_scans(b, seen);
	assert_says(screen_words(seen), "Set up two-step verification: scan");
	assert_says(screen_words(seen),
	    "to set it up; after that, ask an administrator");
	close_tmux(b);
}

/* Codes are shown at the size that the window has by then. */
Test(terminals, recovery_codes_stand_one_a_line_in_a_window_made_narrow)
{
	static const int columns[] = {43, 20};

	for (size_t i = 0; i < 2; i++) {
		struct bastion *b = open_with_issuer("Bastion");
		const char *seen = seen_at(b, 80, 24, "C.UTF-8"), *line;
		int codes = 0;

		type(b, text("%s", code_at(pending_secret(b), step_now())));
		assert_status(tmux(b,
				  ARGV("resize-window", "-x",
				      text("%d", columns[i]), "-y", "24")),
		    0);
		type(b, "\r");
		seen = screen_text(seen_with(b, "kept them:"));
		for (line = seen; *line != '\0'; line = strchr(line, '\n') + 1)
			codes += strcspn(line, "\n") == 19 && line[4] == '-' &&
			    line[9] == '-' && line[14] == '-';
		cr_expect_eq(codes, 10, "%d in: %s", codes, seen);
		close_tmux(b);
	}
}

Test(terminals, code_stands_under_the_words_in_a_narrow_long_window)
{
	struct bastion *b = open_with_issuer(LONG_ISSUER);
	const char *seen = seen_at(b, 45, 40, NULL);

	assert_scans(b, seen);
	cr_assert_gt(strlen(screen_qr(seen)), 106);
	cr_assert_lt(strstr(screen_text(seen), "Key:"),
	    strstr(screen_text(seen), "(QR)"));
	close_tmux(b);
}

Test(terminals, full_blocks_where_the_locale_is_not_utf8)
{
	struct bastion *b = open_with_issuer(LONG_ISSUER);
	const char *seen = seen_at(b, 90, 60, "C");

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
