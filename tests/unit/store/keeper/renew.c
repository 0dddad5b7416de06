/* A recovery code lets in, and then sets up one device: request by request. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/core/enroll.h"
#include "store/core/spent.h"
#include "tests/unit/store/keeper/scene.h"

static const char policy[] =
    "{'version':1,'issuer':'Test','rules':[{'name':'all','users':['*'],"
    "'mode':'required'}],'otherwise':'required','enrollment':{'self':"
    "'always','max_devices':5}}";

#define ON(connection) \
	"'address':'203.0.113.7','auth_path':'/tmp/sshauth." connection "',"
#define SITTING   "'terminal':true,'shell':true,"
#define THAT_CODE "'code':'" SCENE_RECOVERY "'"
#define LOGIN     "'verify'," ON("X") SITTING THAT_CODE
#define BEGIN     "'device_begin'," ON("X") SITTING THAT_CODE

struct answered {
	char reason[REASON_SENT];
	char device[DEVICE_ID_TEXT];
	bool may_renew;
};

static void
take_answer(void *ctx, const char *text)
{
	struct answered *answered = ctx;
	struct reply reply;

	keeper_scene_reply(text, &reply);
	snprintf(answered->reason, sizeof(answered->reason), "%s",
	    reason_name(reply.reason));
	memcpy(answered->device, reply.device, sizeof(reply.device));
	answered->may_renew = reply.may_renew;
	reply_done(&reply);
}

static struct answered
answer_of(struct keeper_scene *s, const char *text)
{
	struct answered answered = {.reason = ""};
	char request[QUOTED_MAX];

	keeper_scene_request(s, text, NO_CODE, request);
	keeper_scene_ask(s, 0, request, false, take_answer, &answered);
	return answered;
}

static void
lost_phone(struct record *record)
{
	scene_two_devices(record);
	memcpy(record->devices.items[0].name, "phone", sizeof("phone"));
	memcpy(record->devices.items[1].name, "laptop", sizeof("laptop"));
}

static void
begin(struct keeper_scene *s)
{
	keeper_scene_begin(s, policy);
	keeper_scene_put(s, "root", lost_phone);
}

Test(keeper_renew, says_so_to_a_person_alone)
{
	static const struct {
		const char *request;
		bool may;
	} cases[] = {
	    {LOGIN, true},
	    {"'verify'," ON("X") "'shell':true," THAT_CODE, false},
	    {"'verify'," ON("X") "'terminal':true," THAT_CODE, false},
	    {"'verify'," SITTING THAT_CODE, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct keeper_scene s;
		struct answered answered;

		begin(&s);
		answered = answer_of(&s, cases[i].request);
		cr_expect_str_eq(answered.reason, "one_time_code");
		cr_expect_eq(answered.may_renew, cases[i].may, "%zu", i);
		answered = answer_of(&s, BEGIN);
		cr_expect_eq(strcmp(answered.reason, "setup") == 0,
		    cases[i].may, "%zu: %s", i, answered.reason);
		keeper_scene_end(&s);
	}
}

/* Not for another connection, not without that code, and for nothing else. */
Test(keeper_renew, code_is_spent_for_all_else)
{
	static const char *const requests[] = {
	    "'device_begin'," ON("Y") SITTING THAT_CODE,
	    "'device_begin'," SITTING THAT_CODE,
	    "'device_remove'," ON("X") SITTING "'device':'d1'," THAT_CODE,
	    "'recovery'," ON("X") SITTING THAT_CODE,
	    "'verify'," ON("Y") SITTING THAT_CODE,
	};
	struct keeper_scene s;
	struct answered answered;

	begin(&s);
	answered = answer_of(&s, LOGIN);
	cr_assert(answered.may_renew);
	for (size_t i = 0; i < COUNT(requests); i++) {
		answered = answer_of(&s, requests[i]);
		cr_expect_str_eq(answered.reason,
		    i == 2 || i == 3 ? "code_used" : "one_time_used", "%s: %s",
		    requests[i], answered.reason);
	}
	answered = answer_of(&s, "'device_begin'," ON("X") SITTING "'code':''");
	cr_expect_str_eq(answered.reason, "not_a_code");
	keeper_scene_end(&s);
}

/* Ends the enrolment that waits, with its first code. */
static struct answered
confirm(struct keeper_scene *s, const char *pending)
{
	struct record record = {.version = 0};
	struct device app = {.digits = 6, .period_s = 30};
	char code[OTP_DIGITS_MAX + 1], request[QUOTED_MAX];

	cr_assert_eq(store_read(&s->store, "root", &record), FAULT_NONE);
	app.secret = record.pending.secret;
	record_done(&record);
	fixture_code(&app, NOW_S, 0, code);
	snprintf(request, sizeof(request),
	    "'device_confirm'," ON("X") SITTING "'device':'%s','code':'%s'",
	    pending, code);
	return answer_of(s, request);
}

Test(keeper_renew, sets_up_one_device_and_keeps_the_recovery_codes)
{
	struct keeper_scene s;
	struct answered answered;
	struct record before = {.version = 0}, after = {.version = 0};

	begin(&s);
	cr_assert(answer_of(&s, LOGIN).may_renew);
	cr_assert_eq(store_read(&s.store, "root", &before), FAULT_NONE);
	cr_expect_str_eq(answer_of(&s, BEGIN).reason, "setup");
	/* A second QR code, since the first one was closed. */
	answered = answer_of(&s, BEGIN);
	cr_expect_str_eq(answered.reason, "setup");
	cr_expect_str_eq(confirm(&s, answered.device).reason, "enrolled");
	cr_assert_eq(store_read(&s.store, "root", &after), FAULT_NONE);
	cr_expect_eq(after.devices.count, before.devices.count + 1);
	cr_expect_eq(record_codes_left(&after, CODE_RECOVER, NOW_S),
	    record_codes_left(&before, CODE_RECOVER, NOW_S));
	cr_expect_str_eq(answer_of(&s, BEGIN).reason, "code_used");
	record_done(&before);
	record_done(&after);
	keeper_scene_end(&s);
}

/* tfa add NAME; without a name the device gets one that is free. */
Test(keeper_renew, no_two_devices_have_one_name)
{
	static const struct {
		const char *name, *reason;
	} cases[] = {
	    {"phone", "name_taken"},
	    {"d1", "name_taken"},
	    {"d77", "name_taken"},
	    {"dx", "setup"},
	    {"tablet", "setup"},
	};
	struct keeper_scene s;
	char request[QUOTED_MAX];

	begin(&s);
	cr_assert(answer_of(&s, LOGIN).may_renew);
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(request, sizeof(request), BEGIN ",'device':'%s'",
		    cases[i].name);
		cr_expect_str_eq(answer_of(&s, request).reason, cases[i].reason,
		    "%s", cases[i].name);
	}
	keeper_scene_end(&s);
}
