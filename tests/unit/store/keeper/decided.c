/* Tests the lines of the log about logins: one for each, by which they are
 * counted. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/folder/audit.h"
#include "tests/unit/store/keeper/scene.h"

#define POLICY(mode, rest)                                     \
	"{'version':1,'issuer':'Test','rules':[{'name':'all'," \
	"'users':['*'],'mode':'" mode "'}],'otherwise':'required'" rest "}"
#define REQUIRED POLICY("required", ",'enrollment':{'self':'always'}")
#define OPEN     POLICY("exempt", ",'forwarding':'open'")
#define FILES    POLICY("exempt", ",'keys':{'files':['/etc/keys/%u']}")

#define TTY    ",'terminal':true,'shell':true"
#define JUDGED ",'keys':'default'"
#define PLACE  ",'address':'203.0.113.7','auth_path':'/tmp/sshauth.X'"
#define DOOR   ",'door':true" SESSION
#define SESSION                                                             \
	",'auth_path':'pam/0123456789abcdef0123456789abcdef 203.0.113.7 1 " \
	"192.0.2.9 22'"

#define STEPS 4
#define LINES 512

/* Requests, one after the other, and all the lines that they leave: "EVENT
 * VERDICT REASON", with " door" if it was there. */
static const struct {
	const char *policy;
	scene_state *state;
	struct {
		const char *request;
		enum scene_code code;
	} steps[STEPS];
	const char *lines;
} logins[] = {
    {POLICY("exempt", ""), scene_new, {{"'login'" TTY JUDGED, NO_CODE}},
	"login pass exempt\n"},
    /* A key that is refused: no pass first. */
    {POLICY("exempt", ""), scene_new,
	{{"'login'" TTY JUDGED ",'reason':'key_unlisted'", NO_CODE}},
	"login deny key_unlisted\n"},
    {REQUIRED, scene_enrolled,
	{{"'login'" TTY JUDGED ",'reason':'key_file'", NO_CODE}},
	"login deny key_file\n"},
    /* The policy's own reason comes first. */
    {REQUIRED, scene_blocked,
	{{"'login'" JUDGED ",'reason':'key_file'", NO_CODE}},
	"login deny closed\n"},
    /* Other files: nothing is decided before the gate looked in them. */
    {FILES, scene_new,
	{{"'login'" TTY JUDGED, NO_CODE},
	    {"'login'" TTY ",'keys':'none'", NO_CODE}},
	""},
    {FILES, scene_new, {{"'login'" TTY ",'keys':'bfadf52ae43ddb9c'", NO_CODE}},
	"login pass exempt\n"},
    /* Codes. */
    {REQUIRED, scene_enrolled,
	{{"'login'" TTY JUDGED, NO_CODE},
	    {"'verify','code':'%s'" TTY, OF_DEVICE}},
	"login pass code\n"},
    {REQUIRED, scene_enrolled,
	{{"'verify','code':'%s'" TTY, WRONG},
	    {"'verify','code':'%s'" TTY, OF_DEVICE}},
	"verify deny wrong_code\nlogin pass code\n"},
    {REQUIRED, scene_enrolled,
	{{"'verify','code':'%s'" TTY, WRONG},
	    {"'verify','last':true,'code':'%s'" TTY, WRONG}},
	"verify deny wrong_code\nlogin deny wrong_code\n"},
    {REQUIRED, scene_enrolled, {{"'verify','code':'%s'", WRONG}},
	"login deny wrong_code\n"},
    {REQUIRED, scene_enrolled,
	{{"'verify','last':true,'code':'x'" TTY, NO_CODE},
	    {"'refuse','reason':'tries'" TTY, NO_CODE}},
	"verify deny not_a_code\nlogin deny tries\n"},
    {REQUIRED, scene_locked, {{"'verify','code':'%s'" TTY, OF_DEVICE}},
	"login deny locked\n"},
    {REQUIRED, scene_enrolled,
	{{"'login'" JUDGED, NO_CODE},
	    {"'refuse','reason':'needs_terminal'", NO_CODE}},
	"login deny needs_terminal\n"},
    /* A first device. */
    {REQUIRED, scene_waiting,
	{{"'enroll_confirm','code':'%s'" TTY, WRONG},
	    {"'enroll_confirm','code':'%s'" TTY, OF_WAITING}},
	"enroll deny wrong_code\nenroll pass enrolled\nlogin pass enrolled\n"},
    {REQUIRED, scene_waiting,
	{{"'enroll_confirm','last':true,'code':'%s'" TTY, WRONG}},
	"login deny wrong_code\n"},
    {REQUIRED, scene_waiting_pass,
	{{"'enroll_confirm','code':'" SCENE_PASS "'" TTY, NO_CODE}},
	"login pass one_time_code\n"},
    {POLICY("optional", ",'enrollment':{'self':'always'}"), scene_new,
	{{"'login'" TTY JUDGED, NO_CODE}, {"'skip'" TTY, NO_CODE}},
	"login pass skipped\n"},
    {REQUIRED, scene_new, {{"'skip'" TTY, NO_CODE}}, "login deny setup\n"},
    {REQUIRED, scene_blocked, {{"'enroll_begin'" TTY, NO_CODE}},
	"login deny closed\n"},
    /* A code is spent before the new device is there; the recovery code of
     * the login was spent then. */
    {REQUIRED, scene_enrolled,
	{{"'device_begin','code':'" SCENE_RECOVERY "'" TTY, NO_CODE}},
	"device_begin pass one_time_code\n"},
    {REQUIRED, scene_enrolled, {{"'device_begin','code':'%s'" TTY, OF_DEVICE}},
	"device_begin pass code\n"},
    {REQUIRED, scene_enrolled,
	{{"'verify','code':'" SCENE_RECOVERY "'" TTY PLACE, NO_CODE},
	    {"'device_begin','code':'" SCENE_RECOVERY "'" TTY PLACE, NO_CODE}},
	"login pass one_time_code\n"},
    /* The door: one line for the connection, one for each session in it. */
    {OPEN, scene_new,
	{{"'login'" DOOR, NO_CODE}, {"'login','judged':true" DOOR, NO_CODE},
	    {"'login'" TTY JUDGED SESSION, NO_CODE}},
	"login pass exempt door\nsession pass exempt door\n"},
    {OPEN, scene_new,
	{{"'login'" DOOR, NO_CODE},
	    {"'login','reason':'key_file'" TTY JUDGED SESSION, NO_CODE}},
	"login pass exempt door\nsession deny key_file door\n"},
    {POLICY("exempt", ""), scene_new, {{"'login','judged':true" DOOR, NO_CODE}},
	"login deny forwarding_closed door\n"},
    /* Only the door's module has asked before. */
    {OPEN, scene_new, {{"'login','judged':true" JUDGED, NO_CODE}},
	"login pass exempt\n"},
    {OPEN, scene_new, {{"'login','judged':true" JUDGED SESSION, NO_CODE}},
	"session pass exempt door\n"},
};

static void
ignore(void *ctx, const char *answer)
{
	(void)ctx, (void)answer;
}

/* Writes the lines of the log to ret, and empties the log. */
static void
take_lines(const struct keeper_scene *s, char ret[static LINES])
{
	char path[FOLDER_MAX + 16], line[AUDIT_LINE_MAX];
	struct audit entry;
	size_t len = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/" AUDIT_FILE, s->folder);
	ret[0] = '\0';
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		cr_assert(audit_parse(line, strcspn(line, "\n"), &entry));
		len += (size_t)snprintf(ret + len, LINES - len, "%s %s %s%s\n",
		    entry.event, entry.verdict, entry.reason,
		    entry.door ? " door" : "");
		cr_assert_lt(len, LINES);
	}
	fclose(file);
	cr_assert_eq(truncate(path, 0), 0);
}

Test(keeper_decided, leaves_one_line_for_each_login)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, REQUIRED);
	for (size_t i = 0; i < COUNT(logins); i++) {
		char request[QUOTED_MAX], lines[LINES];

		keeper_scene_policy(&s, logins[i].policy);
		keeper_scene_put(&s, "root", logins[i].state);
		for (size_t k = 0;
		     k < STEPS && logins[i].steps[k].request != NULL; k++) {
			keeper_scene_request(&s, logins[i].steps[k].request,
			    logins[i].steps[k].code, request);
			keeper_scene_ask(&s, 0, request, false, ignore, NULL);
		}
		take_lines(&s, lines);
		cr_expect_str_eq(lines, logins[i].lines, "%zu, %s:\n%s", i,
		    logins[i].steps[0].request, lines);
	}
	keeper_scene_end(&s);
}

/* A key that is refused must not begin a user's grace. */
Test(keeper_decided, a_refused_key_leaves_nothing_in_the_record)
{
	char request[QUOTED_MAX];
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("optional", ""));
	keeper_scene_request(
	    &s, "'login','reason':'key_file'" TTY JUDGED, NO_CODE, request);
	keeper_scene_ask(&s, 0, request, false, ignore, NULL);
	cr_expect_neq(faccessat(s.store.users, "root.json", F_OK, 0), 0);
	keeper_scene_request(&s, "'login'" TTY JUDGED, NO_CODE, request);
	keeper_scene_ask(&s, 0, request, false, ignore, NULL);
	cr_expect_eq(faccessat(s.store.users, "root.json", F_OK, 0), 0);
	keeper_scene_end(&s);
}

struct heard {
	int answers;
	enum reason last;
	char keys[KEYS_NAME];
	size_t files;
};

static void
hear(void *ctx, const char *answer)
{
	struct heard *heard = ctx;
	struct reply reply;

	keeper_scene_reply(answer, &reply);
	heard->answers++;
	heard->last = reply.reason;
	memcpy(heard->keys, reply.keys, sizeof(heard->keys));
	heard->files += reply.key_files.count;
	reply_done(&reply);
}

/* The gate learns the files from the first answer; the name that it gives back
 * is the policy's. */
Test(keeper_decided, a_gate_is_told_where_to_look)
{
	char request[QUOTED_MAX], text[128];
	struct heard heard = {.answers = 0};
	struct keeper_scene s;

	keeper_scene_begin(&s, FILES);
	keeper_scene_request(&s, "'login'" TTY JUDGED, NO_CODE, request);
	keeper_scene_ask(&s, 0, request, false, hear, &heard);
	cr_expect_eq(heard.last, REASON_LOOK);
	cr_expect_eq(heard.files, 1);
	snprintf(text, sizeof(text), "'login','keys':'%s'", heard.keys);
	keeper_scene_request(&s, text, NO_CODE, request);
	keeper_scene_ask(&s, 0, request, false, hear, &heard);
	cr_expect_eq(heard.last, REASON_EXEMPT);
	keeper_scene_policy(
	    &s, POLICY("exempt", ",'keys':{'unlisted':'allow'}"));
	keeper_scene_ask(&s, 0, request, false, hear, &heard);
	cr_expect_eq(heard.last, REASON_LOOK);
	/* A client that judges no keys is not sent to look. */
	keeper_scene_request(&s, "'login'", NO_CODE, request);
	keeper_scene_ask(&s, 0, request, false, hear, &heard);
	cr_expect_eq(heard.last, REASON_EXEMPT);
	keeper_scene_end(&s);
}

static const char *const several[] = {
    "'login','keys':'none'", "'login','keys':'none'", "'login','keys':'none'"};

/* A connection on which a gate could look for ever would count as one. */
Test(keeper_decided, a_gate_may_look_once_on_a_connection)
{
	static const struct conduct conduct;
	struct heard heard = {.answers = 0};
	struct keeper_scene s;
	char *answer = NULL;
	size_t len = 0;
	int pair[2];

	keeper_scene_begin(&s, FILES);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	for (size_t i = 0; i < COUNT(several); i++) {
		char request[QUOTED_MAX];

		keeper_scene_request(&s, several[i], NO_CODE, request);
		cr_assert_eq(packet_send(pair[0], request), FAULT_NONE);
	}
	keeper_serve(&s.keeper, pair[1], &conduct);
	while (packet_receive(pair[0], 0, &answer, &len) == FAULT_NONE) {
		hear(&heard, answer);
		free(answer);
	}
	close(pair[0]);
	close(pair[1]);
	cr_expect_eq(heard.answers, 2);
	keeper_scene_end(&s);
}

/* One more, and the record could not be read again. */
Test(keeper_decided, an_admin_gives_no_code_that_the_record_cannot_hold)
{
	struct heard heard = {.answers = 0};
	struct keeper_scene s;
	struct record record;
	char request[QUOTED_MAX];

	keeper_scene_begin(&s, FILES);
	keeper_scene_put(&s, "root", scene_all_codes);
	keeper_scene_request(
	    &s, "'code','user':'root','use':'pass'", NO_CODE, request);
	keeper_scene_ask(&s, 0, request, false, hear, &heard);
	cr_expect_eq(heard.last, REASON_CODES_FULL);
	cr_assert_eq(store_read(&s.store, "root", &record), FAULT_NONE);
	cr_expect_eq(record.codes.count, CODES_MAX);
	record_done(&record);
	keeper_scene_end(&s);
}
