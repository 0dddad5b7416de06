/* A phone is lost: a recovery code lets in, and sets up the new one at once. */
#include "tests/scenario/scenario.h"

Scenarios(renew);

#define OFFER "Type yes to set it up, or press Enter: "
#define NEXT  "New device's code: "

struct owner {
	struct bastion *b;
	const char *secret;
	const char *codes[2]; /* two of the recovery codes */
};

/* Somebody with a device and recovery codes, as an admin sets them up. */
static struct owner
own(void)
{
	struct owner o = {.b = bastion_open(.rules = REQUIRED)};
	struct run *r = bastion_admin(o.b, ARGV("--json", "enroll", o.b->me));
	const char *at;

	assert_status(r, 0);
	o.secret = text("%.32s", strstr(r->out, "\"secret\":\"") + 10);
	at = strstr(r->out, "\"recovery\":[\"") + 13;
	o.codes[0] = text("%.19s", at);
	o.codes[1] = text("%.19s", at + 22);
	return o;
}

/* Logs in by the first recovery code, and answers the offer. */
static struct session *
log_in(const struct owner *o, const char *answer)
{
	struct session *s = session_open(o->b, o->b->me, NULL, NULL);

	session_expect(s, PROMPT);
	session_type(s, text("%s\r", o->codes[0]));
	session_expect(s, "You used a recovery code.");
	session_expect(s, OFFER);
	session_type(s, text("%s\r", answer));
	return s;
}

static void
expect_shell(struct session *s)
{
	session_type(s, "echo in''side\r");
	session_expect(s, "inside");
}

/* Scans the code on the screen, and confirms it; returns its secret. */
static const char *
confirm(struct session *s, uint64_t step)
{
	const char *secret;

	session_expect(s, NEXT);
	secret = uri_parameter(screen_qr(s->seen), "secret");
	cr_assert_not_null(secret);
	session_type(s, text("%s\r", code_at(secret, step)));
	return secret;
}

static char *
tfa(const struct bastion *b, const char *args)
{
	return text("%s/tfa %s %s %s", getenv("TFA_PROGRAMS"),
	    b->embedded ? "--store" : "--socket",
	    b->embedded ? b->store : b->socket, args);
}

Test(renew, recovery_code_sets_up_the_new_phone_there_and_then)
{
	struct owner o = own();
	uint64_t step = step_fresh(20);
	struct session *s = log_in(&o, "yes");
	const char *secret = confirm(s, step);

	session_expect(s, "Done: the new device's codes are good.");
	expect_shell(s);
	session_kill(s);
	assert_says(fixture_audit(o.b), "\"event\":\"device_confirm\"");
	assert_says(fixture_record(o.b, o.b->me), "\"name\": \"phone-2\"");
	assert_never_says(fixture_record(o.b, o.b->me), "\"renewal\"");
	assert_status(
	    ssh_with_code(o.b, o.b->me, code_at(secret, step + 1), "true"), 0);
	/* It cost one recovery code, and the old phone is as it was. */
	assert_status(ssh_with_code(o.b, o.b->me, o.codes[1], "true"), 0);
	assert_status(ssh_with_code(o.b, o.b->me, o.codes[0], "true"), 77);
	assert_status(
	    ssh_with_code(o.b, o.b->me, code_at(o.secret, step + 1), "true"),
	    0);
}

Test(renew, later_is_tfa_add_with_the_same_code_once)
{
	struct owner o = own();
	uint64_t step = step_fresh(20);
	struct session *s = log_in(&o, "");

	session_expect(s, "Not now.");
	session_type(s, text("%s; echo status $?\r", tfa(o.b, "add tablet")));
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", o.codes[0]));
	confirm(s, step);
	session_expect(s, "status 0");
	assert_says(fixture_record(o.b, o.b->me), "\"name\": \"tablet\"");
	session_type(s, text("%s; echo status $?\r", tfa(o.b, "add third")));
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", o.codes[0]));
	session_expect(s, "already used");
	session_expect(s, "status 77");
	session_kill(s);
}

/* The QR code may be left, too; no device is there then. */
Test(renew, is_left_at_the_code_with_enter)
{
	struct owner o = own();
	struct session *s = log_in(&o, "y");

	session_expect(s, NEXT);
	assert_says(screen_words(s->seen), "Press Enter to do this later.");
	session_type(s, "\r");
	session_expect(s, "No device was set up.");
	expect_shell(s);
	session_kill(s);
	assert_never_says(fixture_record(o.b, o.b->me), "\"id\": \"d2\"");
}

/* The thief has the list of codes, but not the owner's connection. */
Test(renew, code_sets_up_nothing_on_another_connection)
{
	struct owner o = own();
	struct session *s = log_in(&o, "");
	struct session *other;

	session_expect(s, "Not now.");
	expect_shell(s);
	other = session_open(o.b, o.b->me, NULL, tfa(o.b, "add"));
	session_expect(other, PROMPT);
	session_type(other, text("%s\r", code_at(o.secret, step_fresh(10))));
	session_expect(other, PROMPT);
	session_type(other, text("%s\r", o.codes[0]));
	session_expect(other, "already used");
	cr_expect_eq(session_status(other), 77);
	session_kill(s);
	assert_never_says(fixture_record(o.b, o.b->me), "pending");
}

/* A program may have a terminal, too, and nobody behind it. */
Test(renew, is_offered_to_no_command)
{
	struct owner o = own();
	struct session *s = session_open(o.b, o.b->me, NULL, "echo in''side");
	struct run *r;

	session_expect(s, PROMPT);
	session_type(s, text("%s\r", o.codes[0]));
	session_expect(s, "inside");
	cr_expect_eq(session_status(s), 0);
	assert_never_says(s->seen, "You used a recovery code");
	assert_never_says(fixture_record(o.b, o.b->me), "\"renewal\"");
	r = ssh_with_code(o.b, o.b->me, o.codes[1], "true");
	assert_status(r, 0);
	assert_never_says(r->err, "You used a recovery code");
}

/* Two phones, a laptop. */
static void
put_devices(struct bastion *b, const char *secret)
{
	static const char device[] =
	    "{'id':'d%d','name':'%s','type':'totp','algorithm':'SHA1',"
	    "'digits':6,'period':30,'secret':'%s','last_step':'0'}";
	char *two = text("%s,%s", text(device, 2, "phone", secret_random()),
	    text(device, 4, "laptop", secret_random()));

	fixture_put_record(b, b->me,
	    text("'devices':[%s,%s],'enrolled_once':true",
		text(device, 1, "phone", secret), two));
}

static struct run *
remove_device(const struct bastion *b, const char *code, const char *word)
{
	return ssh_with_code(b, b->me, "",
	    text("TFA_CODE=%s %s", code, tfa(b, text("remove %s", word))));
}

Test(renew, devices_are_removed_by_name_or_id)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	const char *secret = secret_random();
	uint64_t step = step_fresh(10);
	struct run *r;

	put_devices(b, secret);
	r = remove_device(b, code_at(secret, step), "phone");
	assert_status(r, 77);
	assert_says(r->err,
	    "Several of your devices are called \"phone\": name one by its "
	    "id: d1 d2");
	r = remove_device(b, code_at(secret, step), "tower");
	assert_status(r, 77);
	assert_says(r->err, "no such device");
	/* No code was spent yet. */
	r = remove_device(b, code_at(secret, step), "laptop");
	assert_status(r, 0);
	assert_says(r->out, "d4 \"laptop\" is removed.");
	r = remove_device(b, code_at(secret, step + 1), "d2");
	assert_status(r, 0);
	assert_says(fixture_record(b, b->me), "\"id\": \"d1\"");
	assert_never_says(fixture_record(b, b->me), "\"id\": \"d2\"");
}

Test(renew, name_that_is_taken_is_said_before_a_code_is_asked_for)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	struct session *s;

	put_devices(b, secret_random());
	s = session_open(b, b->me, NULL, tfa(b, "add laptop"));
	session_expect(s, "A device of yours has that name");
	cr_expect_eq(session_status(s), 77);
	assert_never_says(s->seen, PROMPT);
}
