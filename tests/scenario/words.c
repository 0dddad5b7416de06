/*
 * A client's words may contain all that a terminal obeys. Wherever they end up,
 * they are shown as plain text.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/scenario.h"
#include "store/base/utf8.h"

Scenarios(words);

/* ESC, CSI, OSC, BEL, DEL, C1 as UTF-8 and as bytes, bidi, lines. */
#define STEERING                                                     \
	"w\033[2J\033]0;t\a\b\r\177\302\233\302\235\302\205\233\235" \
	"\342\200\256\342\201\246\330\234\342\200\250\nw"

/*
 * The text must have no control characters but line ends: LF, on a terminal CR
 * LF.
 */
static void
assert_calm(const char *what, const char *shown)
{
	for (const char *line = shown; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		size_t n = len > 0 && line[len - 1] == '\r' ? len - 1 : len;
		char *copy = text("%.*s", (int)n, line), *clean = strdup(copy);

		cr_assert_not_null(clean);
		utf8_clean(copy, n, clean, n + 1);
		cr_expect_str_eq(copy, clean, "%s: %s", what, clean);
		line += len + (line[len] == '\n');
	}
}

static char *
program(const struct bastion *b, const char *name, const char *args)
{
	return text("%s/%s %s %s %s", getenv("TFA_PROGRAMS"), name,
	    b->embedded ? "--store" : "--socket",
	    b->embedded ? b->store : b->socket, args);
}

/* Adds a second device with such a name, and checks what tfa shows. */
static void
add_device(const struct bastion *b, const char *secret, uint64_t step)
{
	struct session *s = session_open(
	    b, b->me, NULL, program(b, "tfa", text("add '%s'", STEERING)));
	const char *second;

	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step - 1)));
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step)));
	session_expect(s, "New device's code: ");
	second = uri_parameter(screen_qr(s->seen), "secret");
	session_type(s, text("%s\r", code_at(second, step)));
	cr_assert_eq(session_status(s), 0);
}

/* The next login announces the device by its name. */
static void
assert_told(const struct bastion *b, const char *secret, uint64_t step)
{
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step + 1)));
	session_expect(s, "was added on ");
	assert_says(s->seen, "A device \"w?[2J?]0;t");
	assert_never_says(s->seen, "\033]0;t");
	assert_never_says(s->seen, "\302\233");
	session_kill(s);
}

/* All that an admin looks at, in a pipe, as JSON and on a terminal. */
static void
assert_admin_sees_words(const struct bastion *b)
{
	const char *const views[] = {text("log"), text("--json log"),
	    text("users %s", b->me), text("--json users %s", b->me),
	    text("users")};

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		char *command = program(b, "tfa-admin", views[i]);
		struct run *r = run(ARGV("sh", "-c", command), NULL, 0);
		struct session *s = session_start(ARGV("sh", "-c", command));

		assert_status(r, 0);
		assert_says(r->out, b->me);
		assert_calm(views[i], r->out);
		assert_calm(views[i], r->err);
		cr_assert_eq(session_status(s), 0);
		assert_says(s->seen, b->me);
		assert_calm(views[i], s->seen);
	}
}

Test(words, of_a_client_steer_no_log_and_no_terminal)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_fresh(15);
	char *audit;

	ssh_with_code(b, b->me, code_wrong(secret), STEERING);
	assert_status(
	    ssh_run(b, b->me, ARGV("-o", "SetEnv=\"TFA_CODE=" STEERING "\""),
		"true", NULL),
	    77);
	add_device(b, secret, step);
	assert_told(b, secret, step);
	audit = fixture_audit(b);
	assert_says(audit, "w?[2J?]0;t");
	assert_calm("audit", audit);
	assert_admin_sees_words(b);
}
