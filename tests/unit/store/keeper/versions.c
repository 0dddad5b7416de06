/*
 * PROTOCOL.md, "Versions": packets as release 0.2.0 sends them.  A gate that
 * was at its prompt when tfa was upgraded sends such a request to a newer
 * keeper, and must be able to read the answer; a newer gate reads such a reply.
 * These texts never change.  A later release adds a table of its own.
 */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/store/keeper/scene.h"
#include "store/wire/protocol.h"

#define CLAIMS                                                         \
	"'address':'203.0.113.7','auth':'publickey ssh-ed25519 AAAA'," \
	"'auth_path':'/tmp/sshauth.x','command':'id','terminal':true," \
	"'shell':true"

static const char policy[] =
    "{'version':1,'issuer':'Test','rules':[],'otherwise':'required',"
    "'forwarding':'after-code',"
    "'enrollment':{'self':'always'}}\n";

static const struct {
	const char *request;
	enum scene_code code;
	scene_state *state;
	const char *verdict;
} released_requests[] = {
    {"'login'," CLAIMS ",'keys':'default'", NO_CODE, scene_enrolled,
	"challenge"},
    {"'login'", NO_CODE, scene_enrolled, "challenge"},
    {"'login'," CLAIMS ",'keys':'default'", NO_CODE, scene_new, "enroll"},
    {"'login'," CLAIMS ",'keys':'other'", NO_CODE, scene_enrolled, "deny"},
    {"'login'," CLAIMS ",'door':true,'judged':true", NO_CODE, scene_enrolled,
	"challenge"},
    {"'login'," CLAIMS ",'reason':'key_file','keys':'default'", NO_CODE,
	scene_enrolled, "deny"},
    {"'verify'," CLAIMS ",'code':'%s'", OF_DEVICE, scene_enrolled, "pass"},
    {"'verify','code':'%s'", OF_DEVICE, scene_enrolled, "pass"},
    {"'verify'," CLAIMS ",'code':'%s','last':true", WRONG, scene_enrolled,
	"deny"},
    {"'verify'," CLAIMS ",'code':'%s','door':true", OF_DEVICE, scene_enrolled,
	"pass"},
    {"'verify'," CLAIMS ",'code':'" SCENE_RECOVERY "'", NO_CODE, scene_enrolled,
	"pass"},
    {"'verify'," CLAIMS ",'code':'" SCENE_ENROLL "'", NO_CODE, scene_code_alone,
	"enroll"},
    {"'skip'," CLAIMS, NO_CODE, scene_new, "deny"},
    {"'refuse'," CLAIMS ",'reason':'no_code'", NO_CODE, scene_enrolled, "pass"},
    {"'enroll_begin'," CLAIMS, NO_CODE, scene_new, "enroll"},
    {"'enroll_begin'," CLAIMS ",'enroll_code':'" SCENE_ENROLL "'", NO_CODE,
	scene_code_alone, "enroll"},
    {"'enroll_confirm'," CLAIMS ",'code':'%s','last':true", OF_WAITING,
	scene_waiting, "pass"},
    {"'device_begin'," CLAIMS ",'code':'%s','device':'phone'", OF_DEVICE,
	scene_enrolled, "enroll"},
    {"'device_remove'," CLAIMS ",'code':'%s','device':'d1'", OF_DEVICE,
	scene_two_devices, "pass"},
    {"'recovery'," CLAIMS ",'code':'%s'", OF_DEVICE, scene_enrolled, "pass"},
    {"'connect'," CLAIMS ",'target':'db1:5432'", NO_CODE, scene_enrolled,
	"pass"},
};

/* The keys of its replies. */
static const char released_keys[] =
    " v verdict reason message notes may_skip may_renew tries timeout_s left_s"
    " secret issuer user home shell device codes key_files unlisted keys"
    " last_login last_from end ";

static void
expect_as_released(void *ctx, const char *answer)
{
	const size_t *i = ctx;
	cJSON *reply = cJSON_Parse(answer);
	const cJSON *key;
	char word[64];

	cr_assert_not_null(reply, "%s", answer);
	cr_expect_str_eq(cJSON_GetObjectItem(reply, "verdict")->valuestring,
	    released_requests[*i].verdict, "%s: %s",
	    released_requests[*i].request, answer);
	cr_expect_str_neq(cJSON_GetObjectItem(reply, "reason")->valuestring,
	    "bad_request", "%s: %s", released_requests[*i].request, answer);
	cJSON_ArrayForEach(key, reply)
	{
		snprintf(word, sizeof(word), " %.60s ", key->string);
		cr_expect_not_null(strstr(released_keys, word),
		    "%s: an older client cannot read %s",
		    released_requests[*i].request, answer);
	}
	cJSON_Delete(reply);
}

Test(keeper_versions, answer_the_requests_of_each_release, .timeout = 60)
{
	struct keeper_scene s;
	char packet[QUOTED_MAX];

	keeper_scene_begin(&s, policy);
	for (size_t i = 0; i < COUNT(released_requests); i++) {
		keeper_scene_put(&s, "sys", released_requests[i].state);
		keeper_scene_request(&s, released_requests[i].request,
		    released_requests[i].code, packet);
		keeper_scene_ask(&s, keeper_scene_uid("sys"), packet, false,
		    expect_as_released, &i);
	}
	keeper_scene_end(&s);
}

static const char *const released_replies[] = {
    "{'v':1,'verdict':'deny','reason':'no_code'}",
    "{'v':1,'verdict':'pass','reason':'code','message':'m','notes':['n'],"
    "'may_renew':true,'last_login':'2026-11-01T00:00:00Z',"
    "'last_from':'203.0.113.7','user':'sys','home':'/','shell':'/bin/sh'}",
    "{'v':1,'verdict':'challenge','reason':'ask','tries':3,"
    "'timeout_s':60,'left_s':1,'may_skip':true}",
    "{'v':1,'verdict':'deny','reason':'look','key_files':['/a'],"
    "'unlisted':true,'keys':'default'}",
    "{'v':1,'verdict':'deny','reason':'look','key_files':['/a'],"
    "'hardware_files':['/b'],'hardware_authorities':['/c'],"
    "'keys':'0123456789abcdef'}",
    "{'v':1,'verdict':'pass','reason':'hardware_key'}",
    "{'v':1,'verdict':'enroll','reason':'setup','secret':'AAAA',"
    "'issuer':'i','user':'sys','device':'d1','codes':['c'],'end':true}",
};

/* Release 0.4.0 says of a login with a hardware key what it proves. */
static const char *const hardware_requests[] = {
    "'login'," CLAIMS ",'keys':'default','hardware':'none'",
    "'login'," CLAIMS ",'keys':'default','hardware':'touch'",
    "'login'," CLAIMS ",'keys':'default','hardware':'pin','door':true",
};

static void
expect_challenge(void *ctx, const char *answer)
{
	struct reply reply;

	keeper_scene_reply(answer, &reply);
	cr_expect_eq(reply.verdict, VERDICT_CHALLENGE, "%s: %s",
	    (const char *)ctx, answer);
	reply_done(&reply);
}

/* A policy without hardware keys answers as before. */
Test(keeper_versions, answer_the_claim_of_a_hardware_key)
{
	struct keeper_scene s;
	char packet[QUOTED_MAX];

	keeper_scene_begin(&s, policy);
	for (size_t i = 0; i < COUNT(hardware_requests); i++) {
		keeper_scene_put(&s, "sys", scene_enrolled);
		keeper_scene_request(&s, hardware_requests[i], NO_CODE, packet);
		keeper_scene_ask(&s, keeper_scene_uid("sys"), packet, false,
		    expect_challenge, (void *)(uintptr_t)hardware_requests[i]);
	}
	keeper_scene_end(&s);
}

Test(keeper_versions, replies_of_each_release_can_be_read)
{
	for (size_t i = 0; i < COUNT(released_replies); i++) {
		char quoted[QUOTED_MAX];
		struct reply reply = {.version = 0};
		struct json_error error = {.line = 0};

		fixture_quote(released_replies[i], quoted);
		cr_expect_eq(json_read(&reply_shape, quoted, strlen(quoted),
				 PACKET_MAX, &reply, &error),
		    FAULT_NONE, "%s: %s: %s", quoted, error.path, error.text);
		reply_done(&reply);
	}
}
