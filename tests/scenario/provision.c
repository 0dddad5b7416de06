/* An admin sets up a device for a user who is not there. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

#define SIDE_MAX 100
#define SCALE    4

Scenarios(provision);

/* The audit's line of the last enrolment. */
static char *
audited(const struct bastion *b)
{
	char *audit = fixture_audit(b), *line = NULL;

	for (char *at = audit;
	     (at = strstr(at, "\"event\":\"enroll\"")) != NULL; at++)
		line = at;
	cr_assert_not_null(line, "no enrolment in: %s", audit);
	return text("%.*s", (int)strcspn(line, "\n"), line);
}

Test(provision, uri_gives_the_codes_of_the_next_login)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	uint64_t step = step_now();
	struct run *r = bastion_admin(b, ARGV("enroll", b->me, "--qr", "uri"));
	const char *secret;

	assert_status(r, 0);
	cr_assert_eq(strncmp(r->out, "otpauth://totp/Test-Bastion:", 28), 0);
	cr_assert_eq(strcspn(r->out, "\n") + 1, r->out_len);
	secret = uri_parameter(r->out, "secret");
	assert_says(fixture_record(b, b->me), "\"added_from\": \"tfa-admin\"");
	assert_never_says(fixture_record(b, b->me), "\"recover\"");
	assert_says(r->err, "no recovery codes were made");
	assert_says(audited(b), "\"actor\":");
	assert_says(audited(b), "\"device\":\"d1\"");
	assert_never_says(fixture_audit(b), secret);
	assert_status(ssh_with_code(b, b->me, code_wrong(secret), "true"), 77);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step), "true"), 0);
}

Test(provision, json_has_recovery_codes_where_there_were_none)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = bastion_admin(b, ARGV("--json", "enroll", b->me));
	const char *at;

	assert_status(r, 0);
	assert_says(r->out, "\"uri\":\"otpauth://totp/");
	assert_says(r->out, "\"device\":\"d1\"");
	at = strstr(r->out, "\"recovery\":[\"");
	cr_assert_not_null(at, "%s", r->out);
	assert_status(
	    ssh_with_code(b, b->me, text("%.19s", at + 13), "true"), 0);
	r = bastion_admin(b, ARGV("--json", "enroll", b->me));
	assert_status(r, 0);
	assert_says(r->out, "\"device\":\"d2\",\"recovery\":[]");
}

/*
 * Draws the SVG's rectangles as a picture for zbarimg, and returns its text.
 * This only works because our SVG is so plain.
 */
static const char *
scan_svg(const char *svg, const char *path)
{
	static unsigned char dark[SIDE_MAX][SIDE_MAX];
	int side = 0, x, y, n;
	FILE *file = fopen(path, "we");
	struct run *r;

	cr_assert_eq(
	    sscanf(strstr(svg, "viewBox"), "viewBox=\"0 0 %d", &side), 1);
	cr_assert_leq(side, SIDE_MAX);
	for (const char *at = svg; (at = strchr(at, 'M')) != NULL; at++)
		if (sscanf(at, "M%d %dh%dv1", &x, &y, &n) == 3)
			memset(&dark[y][x], 1, (size_t)n);
	cr_assert_not_null(file);
	fprintf(file, "P5\n%d %d\n255\n", side * SCALE, side * SCALE);
	for (int i = 0; i < side * SCALE; i++)
		for (int j = 0; j < side * SCALE; j++)
			fputc(dark[i / SCALE][j / SCALE] ? 0 : 255, file);
	cr_assert_eq(fclose(file), 0);
	r = run(ARGV("zbarimg", "-q", "--raw", path), NULL, 0);
	assert_status(r, 0);
	return r->out;
}

Test(provision, svg_scans)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	uint64_t step = step_now();
	struct run *r = bastion_admin(b, ARGV("enroll", b->me, "--qr", "svg"));
	const char *uri;

	assert_status(r, 0);
	cr_assert_eq(strncmp(r->out, "<svg ", 5), 0, "%s", r->out);
	uri = scan_svg(r->out, text("%s/qr.pgm", b->dir));
	assert_status(ssh_with_code(b, b->me,
			  code_at(uri_parameter(uri, "secret"), step), "true"),
	    0);
}

static struct run *
enroll_letter(const struct bastion *b, const char *path)
{
	return bastion_admin(b, ARGV("enroll", b->me, "--letter", path));
}

/* Returns the text between two words of a page. */
static char *
between(const char *page, const char *from, const char *to)
{
	const char *at = strstr(page, from), *end;

	cr_assert_not_null(at, "no %s in: %s", from, page);
	at += strlen(from);
	end = strstr(at, to);
	cr_assert_not_null(end, "no %s in: %s", to, page);
	return text("%.*s", (int)(end - at), at);
}

Test(provision, letter_has_the_code_the_key_and_recovery_codes)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = text("%s/letter.html", b->dir), *page, *key, *to;
	uint64_t step = step_now();
	struct run *r = enroll_letter(b, path);
	const char *uri, *code;
	struct stat st;

	assert_status(r, 0);
	cr_assert_str_empty(r->out);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	page = read_text(path);
	assert_says(page, text("For <b>%s</b> on <b>", b->me));
	assert_says(page, "(Test-Bastion)");
	assert_never_says(page, "<script");
	uri = scan_svg(page, text("%s/qr.pgm", b->dir));
	key = to = between(page, "<p class=\"key\">", "</p>");
	for (const char *at = key; *at != '\0'; at++)
		if ((*at >= 'A' && *at <= 'Z') || (*at >= '2' && *at <= '7'))
			*to++ = *at;
	*to = '\0';
	cr_assert_str_eq(key, text("%.32s", uri_parameter(uri, "secret")));
	code = between(page, "<ul class=\"codes\">\n<li>", "</li>");
	assert_status(ssh_with_code(b, b->me, code, "true"), 0);
	assert_status(ssh_with_code(b, b->me, code_at(key, step), "true"), 0);
}

/* Not over a file, nor through a link, and no device is made then. */
Test(provision, letter_takes_no_other_files_place)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = text("%s/letter.html", b->dir);
	struct run *r;

	write_text(path, "mine");
	r = enroll_letter(b, path);
	assert_status(r, 1);
	assert_says(r->err, "is there already");
	cr_assert_str_eq(read_text(path), "mine");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(symlink(text("%s/else", b->dir), path), 0);
	assert_status(enroll_letter(b, path), 1);
	assert_status(enroll_letter(b, text("%s/none/letter", b->dir)), 1);
	assert_status(
	    bastion_admin(
		b, ARGV("enroll", b->me, "--letter", "-", "--qr", "uri")),
	    2);
	cr_assert_null(fixture_record(b, b->me));
	r = enroll_letter(b, "-");
	assert_status(r, 0);
	cr_assert_eq(strncmp(r->out, "<!DOCTYPE html>", 15), 0);
	r = enroll_letter(b, text("%s/again.html", b->dir));
	assert_status(r, 0);
	assert_says(read_text(text("%s/again.html", b->dir)),
	    "those that you have stay good");
}

Test(provision, letter_needs_room_before_there_is_a_device)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	r = run(ARGV("unshare", "-m", "sh", "-ec",
		    text("mount -t tmpfs -o size=20k none /mnt; "
			 "%s/tfa-admin --socket %s enroll alice --letter "
			 "/mnt/letter && exit 9; ls -A /mnt",
			getenv("TFA_PROGRAMS"), b->socket)),
	    NULL, 0);
	assert_status(r, 0);
	assert_says(r->err, "No space left on device");
	cr_assert_str_empty(r->out);
	cr_assert_null(fixture_record(b, "alice"));
}

/* qr may be NULL. */
static struct session *
enroll_on_terminal(const struct bastion *b, const char *qr)
{
	return session_start(ARGV(text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
	    b->embedded ? "--store" : "--socket",
	    b->embedded ? b->store : b->socket, "enroll", b->me,
	    qr != NULL ? "--qr" : NULL, qr));
}

Test(provision, terminal_shows_a_code_that_scans_and_a_pipe_none)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s = enroll_on_terminal(b, NULL);
	struct run *r;

	session_expect(s, "Press Enter for the recovery codes: ");
	cr_assert_not_null(screen_qr(s->seen), "%s", screen_text(s->seen));
	assert_never_says(s->seen, "Recovery codes");
	assert_never_says(s->seen, "then type");
	session_type(s, "\r");
	session_expect(s, "Recovery codes");
	cr_assert_eq(session_status(s), 0, "%s", screen_text(s->seen));
	r = bastion_admin(b, ARGV("enroll", b->me));
	assert_status(r, 0);
	assert_never_says(r->out, "\033");
	assert_says(r->out, "\notpauth://totp/");
	assert_says(r->out, "\nKey: ");
}

Test(provision, draws_no_svg_on_a_terminal)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s = enroll_on_terminal(b, "svg");

	cr_assert_eq(session_status(s), 2, "%s", screen_text(s->seen));
	assert_says(s->seen, "a file of its own");
	cr_assert_null(fixture_record(b, b->me));
}

Test(provision, refuses_bad_usage_before_it_makes_anything)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	assert_status(bastion_admin(b, ARGV("enroll")), 2);
	assert_status(bastion_admin(b, ARGV("enroll", b->me, b->me)), 2);
	assert_status(bastion_admin(b, ARGV("enroll", b->me, "--qr", "x")), 2);
	assert_status(
	    bastion_admin(b, ARGV("--json", "enroll", b->me, "--qr", "svg")),
	    2);
	cr_assert_null(fixture_record(b, b->me));
}

/* Runs tfa-admin enroll with /dev/null over file, which a shell expands. */
static struct run *
enroll_without(const struct bastion *b, const char *file, const char *options)
{
	return run(ARGV("unshare", "-m", "sh", "-ec",
		       text("mount --bind /dev/null \"%s\"; "
			    "exec %s/tfa-admin --socket %s enroll alice %s",
			   file, getenv("TFA_PROGRAMS"), b->socket, options)),
	    NULL, 0);
}

Test(provision, makes_no_device_that_it_cannot_draw)
{
	static const char *const files[] = {
	    "$(ldconfig -p | sed -n 's/.*libqrencode.so.4 .*=> //p' | "
	    "head -n 1)",
	    "/usr/sbin/tfa-qr"};

	needs_people();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct bastion *b = bastion_open(.rules = REQUIRED);
		struct run *r = enroll_without(b, files[i], "--qr svg");

		assert_status(r, 1);
		assert_says(r->err, "libqrencode is not installed");
		cr_assert_str_empty(r->out);
		cr_assert_null(fixture_record(b, "alice"));
		r = enroll_without(b, files[i], "");
		assert_status(r, 0);
		assert_says(r->out, "\notpauth://totp/");
		assert_says(r->out, "\nKey: ");
	}
}

Test(provision, refuses_whom_it_does_not_know)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = bastion_admin(b, ARGV("enroll", "nobody-here"));

	assert_status(r, 1);
	assert_says(r->err, "nobody-here");
	cr_assert_str_empty(r->out);
	cr_assert_null(fixture_record(b, "nobody-here"));
}

Test(provision, refuses_more_devices_than_the_policy_allows)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'max_devices':1}");
	const char *secret = fixture_enrol(b, b->me);
	char *before = fixture_record(b, b->me);
	struct run *r = bastion_admin(b, ARGV("enroll", b->me));

	assert_status(r, 1);
	assert_says(r->err, "revoke");
	assert_never_says(r->out, "otpauth");
	cr_assert_str_eq(fixture_record(b, b->me), before);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step_now()), "true"), 0);
}

Test(provision, refuses_a_record_of_another_uid)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_enrol(b, "alice");
	assert_status(run(ARGV("sed", "-i", "s/\"uid\":[0-9]*/\"uid\":4242/",
			      text("%s/users/alice.json", b->store)),
			  NULL, 0),
	    0);
	r = bastion_admin(b, ARGV("enroll", "alice"));
	assert_status(r, 1);
	assert_says(r->err, "user id");
	assert_says(r->err, "revoke");
}

/* Ordinary users and delegates may do neither. */
Test(provision, and_import_are_roots_alone)
{
	static const char *const others[] = {"bob", "grace"};
	static const char *const commands[] = {
	    "enroll alice", "import alice -"};
	static const char uri[] =
	    "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n";
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = REQUIRED,
	    .more = "'admins':{'groups':['helpdesk']}");
	fixture_enrol(b, "grace");
	for (size_t i = 0; i < 4; i++) {
		const char *who = others[i % 2];
		struct run *r = run(
		    ARGV("setpriv", text("--reuid=%s", who),
			text("--regid=%s", who), "--init-groups", "sh", "-c",
			text("exec %s/tfa-admin --socket %s %s",
			    getenv("TFA_PROGRAMS"), b->socket,
			    commands[i / 2])),
		    uri, sizeof(uri) - 1);

		assert_status(r, 77);
		cr_assert_str_empty(r->out);
	}
	cr_assert_null(fixture_record(b, "alice"));
	assert_status(
	    run(ARGV("sh", "-c",
		    text("echo '%s' | %s/tfa-admin --socket %s import alice -",
			uri, getenv("TFA_PROGRAMS"), b->socket)),
		NULL, 0),
	    0);
}

/*
 * There is no device without a line in the log, and no line without a record.
 */
Test(provision, leaves_nothing_half_made)
{
	struct bastion *b;
	char *log;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	log = text("%s/audit.jsonl", b->store);
	assert_status(run(ARGV("rm", "-f", log), NULL, 0), 0);
	cr_assert_eq(mkdir(log, 0700), 0);
	r = bastion_admin(b, ARGV("enroll", "alice"));
	assert_status(r, 1);
	cr_assert_str_empty(r->out);
	cr_assert_null(fixture_record(b, "alice"));
	cr_assert_eq(rmdir(log), 0);
	fixture_enrol(b, "bob");
	assert_status(
	    run(ARGV("mkdir", text("%s/users/.alice.new", b->store)), NULL, 0),
	    0);
	r = bastion_admin(b, ARGV("enroll", "alice"));
	assert_status(r, 1);
	cr_assert_str_empty(r->out);
	cr_assert_null(fixture_record(b, "alice"));
	assert_says(audited(b), "\"verdict\":\"deny\"");
}
