/* tfa and the gate must be told alike, since one path answers both. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/file.h"
#include "store/wire/client.h"
#include "tests/unit/store/keeper/scene.h"

static const char policy[] =
    "{'version':1,'issuer':'Test','rules':[{'name':'all','users':['*'],"
    "'mode':'required'}],'otherwise':'required','enrollment':{'self':"
    "'always'}}";

/* Requests that a record of another uid must refuse before anything else. */
static const char *const requests[] = {"'login'", "'verify','code':'000000'",
    "'skip'", "'enroll_begin'", "'enroll_confirm','code':'000000'",
    "'device_begin','code':'000000'", "'device_confirm','code':'000000'",
    "'device_remove','code':'000000','device':'no such'",
    "'recovery','code':'000000'"};

static void
scene_all_of_another(struct record *record)
{
	scene_all_devices(record);
	record->uid += 4000;
}

static void
take_reason(void *ctx, const char *answer)
{
	struct reply reply;

	keeper_scene_reply(answer, &reply);
	snprintf(ctx, REASON_SENT, "%s", reason_name(reply.reason));
	reply_done(&reply);
}

static const char *
reason_for(struct keeper_scene *s, const char *text, enum scene_code code)
{
	static char reason[REASON_SENT];
	char request[QUOTED_MAX];

	reason[0] = '\0';
	keeper_scene_request(s, text, code, request);
	keeper_scene_ask(s, 0, request, false, take_reason, reason);
	return reason;
}

static const char *
reason_of(struct keeper_scene *s, const char *text)
{
	return reason_for(s, text, NO_CODE);
}

/* Neither how many devices that record has nor which. */
Test(keeper_own, says_nothing_of_the_record_of_another_uid)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	for (size_t i = 0; i < COUNT(requests); i++) {
		keeper_scene_put(&s, "root", scene_all_of_another);
		cr_expect_str_eq(reason_of(&s, requests[i]), "uid_changed",
		    "%s", requests[i]);
		keeper_scene_put(&s, "root", scene_anothers);
		cr_expect_str_eq(reason_of(&s, requests[i]), "uid_changed",
		    "%s", requests[i]);
	}
	keeper_scene_end(&s);
}

/* The person needs to hear why, and nobody is let in by it. */
Test(keeper_own, a_denial_that_cannot_be_logged_says_why_all_the_same)
{
	static const struct {
		const char *request, *reason;
	} denials[] = {
	    {"'verify','code':'what'", "not_a_code"},
	    {"'device_remove','code':'000000','device':'none'", "no_device"},
	    {"'recovery','code':'what'", "not_a_code"},
	};
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	keeper_scene_put(&s, "root", scene_enrolled);
	reason_of(&s, "'login'"); /* has nothing left to note in the record */
	s.call = "write";
	s.failing = 1;
	for (size_t i = 0; i < COUNT(denials); i++) {
		cr_expect_str_eq(reason_of(&s, denials[i].request),
		    denials[i].reason, "%s", denials[i].request);
		cr_expect(s.reached, "%s", denials[i].request);
	}
	keeper_scene_end(&s);
}

/* One connection as its gate, and whatever runs in its session, may name it. */
#define CLAIMED "'address':'203.0.113.7','auth_path':'/tmp/sshauth.X'"

static const struct proof {
	const char *request;
	enum scene_code code;
	scene_state *state;
	const char *reason;
} proofs[] = {
    {"'device_begin'," CLAIMED ",'code':'%s','device':'x'", OF_DEVICE,
	scene_enrolled, "setup"},
    {"'device_confirm'," CLAIMED ",'code':'%s'", OF_WAITING,
	scene_another_waiting, "enrolled"},
    {"'device_remove'," CLAIMED ",'code':'%s','device':'d2'", OF_DEVICE,
	scene_two_devices, "code"},
    {"'recovery'," CLAIMED ",'code':'%s'", OF_DEVICE, scene_enrolled, "code"},
    {"'recovery'," CLAIMED ",'code':'%s'", OF_DEVICE, scene_counted, "code"},
    {"'device_begin'," CLAIMED ",'code':'%s','device':'x'", OF_DEVICE,
	scene_counted, "setup"},
};

static void
read_record(struct keeper_scene *s, struct record *ret)
{
	cr_assert_eq(store_read(&s->store, "root", ret), FAULT_NONE);
}

/* The code of a session's request is spent, but no login has come by it. */
Test(keeper_own, a_code_that_proves_who_asks_opens_no_connection)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	for (size_t i = 0; i < COUNT(proofs); i++) {
		const struct proof *p = &proofs[i];
		struct record record = {.version = 0};

		keeper_scene_put(&s, "root", p->state);
		cr_expect_str_eq(reason_for(&s, p->request, p->code), p->reason,
		    "%s", p->request);
		read_record(&s, &record);
		cr_expect_eq(record.sources.count, 0, "%s", p->request);
		cr_expect_eq(record.verified.count, 0, "%s", p->request);
		cr_expect_not(record.last_login.present, "%s", p->request);
		record_done(&record);
		cr_expect_str_eq(
		    reason_of(&s, "'login'," CLAIMED ",'terminal':true"), "ask",
		    "%s", p->request);
	}
	keeper_scene_end(&s);
}

Test(keeper_own, a_second_device_leaves_the_recovery_codes_alone)
{
	struct keeper_scene s;
	struct record record = {.version = 0};

	keeper_scene_begin(&s, policy);
	keeper_scene_put(&s, "root", scene_another_waiting);
	cr_expect_str_eq(
	    reason_for(&s, "'device_confirm','code':'%s'", OF_WAITING),
	    "enrolled");
	cr_expect_str_eq(reason_of(&s, "'verify','code':'" SCENE_RECOVERY "'"),
	    "one_time_code");
	read_record(&s, &record);
	cr_expect_eq(record_codes_left(&record, CODE_RECOVER, NOW_S), 0);
	record_done(&record);
	keeper_scene_end(&s);
}

/* Nor does it make up for guesses: only a login by a right code does. */
Test(keeper_own, a_code_that_proves_who_asks_forgives_no_guess)
{
	struct keeper_scene s;
	struct record record = {.version = 0};

	keeper_scene_begin(&s, policy);
	keeper_scene_put(&s, "root", scene_enrolled);
	cr_expect_str_eq(
	    reason_for(&s, "'verify'," CLAIMED ",'code':'%s'", WRONG),
	    "wrong_code");
	cr_expect_str_eq(reason_for(&s, proofs[3].request, OF_DEVICE), "code");
	read_record(&s, &record);
	cr_expect_eq(
	    record.failures.known.count + record.failures.other.count, 1);
	record_done(&record);
	keeper_scene_end(&s);
}

/* The log says which device was meant, also where nothing could be looked up. */
Test(keeper_own, log_names_the_device_though_the_record_is_damaged)
{
	struct keeper_scene s;
	char *text = NULL;
	size_t len = 0;
	int fd;

	keeper_scene_begin(&s, policy);
	keeper_scene_write(s.store.users, "root.json", 0600, "{}");
	cr_expect_str_eq(
	    reason_of(&s, "'device_remove','code':'000000','device':'d7'"),
	    "bad_record");
	fd = openat(s.store.dir, AUDIT_FILE, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(file_read(fd, 4096, &text, &len), FAULT_NONE);
	cr_expect_not_null(strstr(text, "\"detail\":\"d7\""), "%s", text);
	free(text);
	close(fd);
	keeper_scene_end(&s);
}

static void
note_ahead(void *ctx, const char *answer)
{
	bool *ahead = ctx;

	*ahead |= strstr(answer, "ahead") != NULL;
}

/* Only the first code of a new device shows that its sender knows the secret:
 * to others a clock that is ahead would tell a code that is going to be good. */
Test(keeper_own, a_code_to_enrol_with_is_told_of_no_clock_ahead)
{
	struct keeper_scene s;
	struct record record = {.version = 0};
	char code[OTP_DIGITS_MAX + 1], text[200], request[QUOTED_MAX];
	bool ahead = false;

	keeper_scene_begin(&s, policy);
	keeper_scene_make("root", scene_enrolled, &record);
	fixture_code(&record.devices.items[0], NOW_S, 20, code);
	record_done(&record);
	keeper_scene_put(&s, "root", scene_another_waiting);
	snprintf(text, sizeof(text),
	    "'enroll_confirm'," CLAIMED ",'enroll_code':'%s','code':'000000'",
	    code);
	cr_expect_str_eq(reason_of(&s, text), "wrong_code");
	keeper_scene_request(&s, text, NO_CODE, request);
	keeper_scene_ask(&s, 0, request, false, note_ahead, &ahead);
	cr_expect_not(ahead);
	keeper_scene_end(&s);
}

#define HARDWARE(word)                                                 \
	"{'version':1,'issuer':'Test','rules':[{'name':'all','users':" \
	"['*'],'mode':'required','hardware_keys':'" word               \
	"'}],'otherwise':'required','enrollment':{'self':'always'}"
#define NAMED  ",'keys':{'hardware_files':['/etc/ssh/keys/%u']}}"
#define ENOUGH "You need no code where you log in with a hardware key"

/* ctx: the last answer of a stream, which has the message. */
static void
take_end(void *ctx, const char *answer)
{
	if (strstr(answer, "\"end\":true") != NULL)
		snprintf(ctx, QUOTED_MAX, "%s", answer);
}

/* Users with a device, too, hear that they need no code, but nobody for whom
 * that is not so. */
Test(keeper_own, status_says_where_a_hardware_key_is_enough)
{
	static const struct {
		const char *policy;
		scene_state *state;
		const char *says, *says_not;
	} cases[] = {
	    {HARDWARE("enough") NAMED, scene_new,
		ENOUGH " that an administrator has listed for you. You can "
		       "set up a device now: tfa add.",
		"PIN"},
	    {HARDWARE("enough") NAMED, scene_enrolled, ENOUGH " that an",
		"set up"},
	    {HARDWARE("enough-with-pin") NAMED, scene_enrolled,
		ENOUGH " with a PIN that an", NULL},
	    {HARDWARE("enough") NAMED, scene_blocked, "tfa-admin code",
		"hardware"},
	    {HARDWARE("enough") "}", scene_new, "tfa add", "hardware"},
	    {HARDWARE("asked") NAMED, scene_new, "tfa add", "hardware"},
	};
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char request[QUOTED_MAX], end[QUOTED_MAX] = "";

		keeper_scene_policy(&s, cases[i].policy);
		keeper_scene_put(&s, "root", cases[i].state);
		keeper_scene_request(&s, "'status'", NO_CODE, request);
		keeper_scene_ask(&s, 0, request, false, take_end, end);
		cr_expect_not_null(
		    strstr(end, cases[i].says), "%zu: %s", i, end);
		cr_expect(cases[i].says_not == NULL ||
			strstr(end, cases[i].says_not) == NULL,
		    "%zu: %s", i, end);
	}
	keeper_scene_end(&s);
}
