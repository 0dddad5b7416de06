/* Tests requests at the door, and at the gate behind it, from the packet to the
 * record on disk. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/folder/audit.h"
#include "store/wire/client.h"
#include "tests/unit/store/keeper/scene.h"

#define BLOB \
	"AAAAC3NzaC1lZDI1NTE5AAAAILIBN0NvBuHd5tXEiachQtzJfR/FNHkbNhQQYYgcXM7O"
#define OTHER \
	"AAAAC3NzaC1lZDI1NTE5AAAAILIBN0NvBuHd5tXEiachQtzJfR/FNHkbNhQQYYgcXM7P"
#define TOKEN  "pam/0123456789abcdef0123456789abcdef"
#define TOKEN2 "pam/0123456789abcdef0123456789abcdee"
#define ENDS   "203.0.113.7 5555 192.0.2.9 2222"

/* A login on a connection, with a key. */
#define FROM(name, blob)                                               \
	",'address':'203.0.113.7','auth':'publickey ssh-ed25519 " blob \
	"','auth_path':'" name "'"
#define HERE FROM(TOKEN " " ENDS, BLOB)
#define DOOR ",'door':true"

#define POLICY(mode, rest)                                     \
	"{'version':1,'issuer':'Test','rules':[{'name':'all'," \
	"'users':['*'],'mode':'" mode "'}],'otherwise':'required'" rest "}"
#define AFTER_CODE ",'forwarding':'after-code'"
#define OPEN       ",'forwarding':'open'"

struct heard {
	char reason[REASON_SENT];
	size_t notes;
};

static void
hear(void *ctx, const char *answer)
{
	struct heard *heard = ctx;
	struct reply reply;

	keeper_scene_reply(answer, &reply);
	snprintf(heard->reason, sizeof(heard->reason), "%s",
	    reason_name(reply.reason));
	heard->notes = reply.notes.count;
	reply_done(&reply);
}

static struct heard
say(struct keeper_scene *s, const char *text, enum scene_code code)
{
	struct heard heard = {.reason = ""};
	char request[QUOTED_MAX];

	keeper_scene_request(s, text, code, request);
	keeper_scene_ask(s, 0, request, false, hear, &heard);
	return heard;
}

static void
expect(struct keeper_scene *s, const char *text, enum scene_code code,
    const char *reason)
{
	struct heard heard = say(s, text, code);

	cr_expect_str_eq(heard.reason, reason, "%s: %s", text, heard.reason);
}

static bool
has_record(const struct keeper_scene *s)
{
	return faccessat(s->store.users, "root.json", F_OK, 0) == 0;
}

static void
read_root(struct keeper_scene *s, struct record *ret)
{
	cr_assert_eq(store_read(&s->store, "root", ret), FAULT_NONE);
}

/* sshd asks twice at the door; then the gate asks. */
Test(keeper_door, one_code_opens_the_door_and_the_gate_behind_it)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("required", AFTER_CODE));
	keeper_scene_put(&s, "root", scene_enrolled);
	expect(&s, "'login'" DOOR HERE, NO_CODE, "ask");
	expect(&s, "'verify','code':'%s'" DOOR HERE, OF_DEVICE, "code");
	expect(&s, "'login'" DOOR HERE, NO_CODE, "remembered");
	expect(&s, "'login','terminal':true,'shell':true" HERE, NO_CODE,
	    "remembered");
	keeper_scene_end(&s);
}

/* The name that a client could send on another connection, where AcceptEnv
 * lets it; and each other part of the login. */
Test(keeper_door, a_code_opens_no_other_connection)
{
	static const char *const others[] = {
	    FROM(TOKEN " 203.0.113.7 5555 192.0.2.9 22", BLOB),
	    FROM(TOKEN " 203.0.113.7 5556 192.0.2.9 2222", BLOB),
	    FROM(TOKEN " 203.0.113.8 5555 192.0.2.9 2222", BLOB),
	    FROM(TOKEN2 " " ENDS, BLOB),
	    FROM(TOKEN, BLOB),
	    FROM(ENDS, BLOB),
	    FROM("/tmp/sshauth.x", BLOB),
	    FROM("", BLOB),
	    FROM(TOKEN " " ENDS, OTHER),
	    ",'address':'203.0.113.7','auth_path':'" TOKEN " " ENDS "'",
	};
	struct keeper_scene s;
	char login[512];

	keeper_scene_begin(&s, POLICY("required", AFTER_CODE));
	keeper_scene_put(&s, "root", scene_enrolled);
	expect(&s, "'verify','code':'%s'" DOOR HERE, OF_DEVICE, "code");
	for (size_t i = 0; i < COUNT(others); i++)
		for (int door = 0; door <= 1; door++) {
			snprintf(login, sizeof(login), "'login'%s%s",
			    door == 1 ? DOOR : "", others[i]);
			expect(&s, login, NO_CODE, "ask");
		}
	expect(&s, "'login'" DOOR HERE, NO_CODE, "remembered");
	keeper_scene_end(&s);
}

/* A door that is shut judges no code: it is neither counted nor spent. */
Test(keeper_door, judges_no_code_where_it_is_closed)
{
	static const char *const closed[] = {"", ",'forwarding':'closed'"};
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("required", ""));
	for (size_t i = 0; i < COUNT(closed); i++) {
		struct record record = {.version = 0};
		char policy[256];

		snprintf(policy, sizeof(policy), POLICY("required", "%s"),
		    closed[i]);
		keeper_scene_policy(&s, policy);
		keeper_scene_put(&s, "root", scene_enrolled);
		expect(&s, "'login'" DOOR HERE, NO_CODE, "forwarding_closed");
		expect(&s, "'verify','code':'%s'" DOOR HERE, WRONG,
		    "forwarding_closed");
		expect(&s, "'verify','code':'%s'" DOOR HERE, OF_DEVICE,
		    "forwarding_closed");
		read_root(&s, &record);
		cr_expect_eq(
		    record.failures.known.count + record.failures.other.count,
		    0);
		record_done(&record);
		expect(&s, "'verify','code':'%s'" HERE, OF_DEVICE, "code");
	}
	keeper_scene_end(&s);
}

/* A guess counts wherever it is made. */
Test(keeper_door, counts_wrong_codes_with_those_of_the_gate)
{
	struct keeper_scene s;
	struct record record = {.version = 0};

	keeper_scene_begin(&s, POLICY("required", AFTER_CODE));
	keeper_scene_put(&s, "root", scene_enrolled);
	for (int i = 0; i < 3; i++) {
		expect(
		    &s, "'verify','code':'%s'" DOOR HERE, WRONG, "wrong_code");
		expect(&s, "'verify','code':'%s'" FROM("/tmp/sshauth.x", BLOB),
		    WRONG, "wrong_code");
	}
	read_root(&s, &record);
	cr_expect_eq(record.failures.other.count, 6);
	cr_expect_eq(record.failures.other.spent, 6);
	record_done(&record);
	expect(&s, "'verify','code':'%s'" DOOR HERE, OF_DEVICE, "locked");
	expect(&s, "'verify','code':'%s'" HERE, OF_DEVICE, "locked");
	expect(&s, "'login'" DOOR HERE, NO_CODE, "ask_locked");
	keeper_scene_end(&s);
}

/* A thief with the key alone must not begin the user's grace. The gate does
 * that, and lets in. */
Test(keeper_door, leaves_no_record_of_whom_it_refuses)
{
	static const char *const policies[] = {POLICY("optional", ""),
	    POLICY("optional", AFTER_CODE), POLICY("exempt", AFTER_CODE)};
	struct keeper_scene s;

	keeper_scene_begin(&s, policies[0]);
	for (size_t i = 0; i < COUNT(policies); i++) {
		const char *reason = i == 0 ? "forwarding_closed"
					    : "code_first";

		keeper_scene_policy(&s, policies[i]);
		keeper_scene_put(&s, "root", scene_new);
		expect(&s, "'login','terminal':true,'shell':true" DOOR HERE,
		    NO_CODE, reason);
		expect(&s, "'verify','code':'%s'" DOOR HERE, WRONG, reason);
		cr_expect_not(has_record(&s), "%s", policies[i]);
		say(&s, "'login'" HERE, NO_CODE);
		cr_expect(has_record(&s), "%s", policies[i]);
	}
	keeper_scene_end(&s);
}

static void
scene_with_pass_code(struct record *record)
{
	fixture_one_time(record, CODE_PASS, SCENE_PASS, NOW_S + DAY_S);
}

static void
scene_with_device(struct record *record)
{
	fixture_device(record);
}

/* An exempt user's wrong code is noted, and no login. */
Test(keeper_door, notes_no_login_that_it_did_not_let_in)
{
	scene_state *const states[] = {scene_with_pass_code, scene_with_device};
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("exempt", AFTER_CODE));
	for (size_t i = 0; i < COUNT(states); i++) {
		struct record record = {.version = 0};

		keeper_scene_put(&s, "root", states[i]);
		expect(&s, "'verify','code':'AAAA-BBBB-CCCC-DDDD'" DOOR HERE,
		    NO_CODE, "wrong_code");
		read_root(&s, &record);
		cr_expect_eq(record.failures.other.count, 1);
		cr_expect_not(record.last_login.present, "%zu", i);
		record_done(&record);
	}
	keeper_scene_end(&s);
}

/* No offer is made at the door, and none is put off there: the gate still makes
 * it. */
Test(keeper_door, puts_no_offer_off)
{
	struct keeper_scene s;
	struct record record = {.version = 0};

	keeper_scene_begin(&s, POLICY("optional", OPEN));
	keeper_scene_put(&s, "root", scene_new);
	expect(&s, "'login','terminal':true,'shell':true" DOOR HERE, NO_CODE,
	    "optional");
	read_root(&s, &record);
	cr_expect_eq(record.skipped_s, 0);
	record_done(&record);
	expect(
	    &s, "'login','terminal':true,'shell':true" HERE, NO_CODE, "offer");
	keeper_scene_end(&s);
}

/* A person who has answered the door's question has read what was wrong
 * meanwhile. Where nothing was asked, perhaps nobody reads, and the gate says it
 * again. */
Test(keeper_door, leaves_the_news_to_the_gate_where_nothing_was_asked)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("required", AFTER_CODE));
	keeper_scene_put(&s, "root", scene_enrolled);
	expect(&s, "'verify','code':'%s'" FROM("/tmp/sshauth.x", OTHER), WRONG,
	    "wrong_code");
	cr_expect_gt(
	    say(&s, "'verify','terminal':true,'code':'%s'" DOOR HERE, OF_DEVICE)
		.notes,
	    0);
	cr_expect_eq(say(&s, "'login','terminal':true" HERE, NO_CODE).notes, 0);
	expect(&s, "'verify','code':'%s'" FROM("/tmp/sshauth.x", OTHER), WRONG,
	    "wrong_code");
	cr_expect_gt(
	    say(&s, "'login','terminal':true" DOOR HERE, NO_CODE).notes, 0);
	cr_expect_gt(say(&s, "'login','terminal':true" HERE, NO_CODE).notes, 0);
	cr_expect_eq(say(&s, "'login','terminal':true" HERE, NO_CODE).notes, 0);
	keeper_scene_end(&s);
}

static void
scene_with_enrol_code(struct record *record)
{
	fixture_one_time(record, CODE_ENROLL, SCENE_ENROLL, NOW_S + DAY_S);
}

/* It is a code, and opens a session behind the door as well. */
Test(keeper_door, takes_an_administrators_code_to_pass_with)
{
	static const char *const policies[] = {POLICY("required", AFTER_CODE),
	    POLICY("required", OPEN), POLICY("optional", AFTER_CODE),
	    POLICY("exempt", AFTER_CODE)};
	struct keeper_scene s;

	keeper_scene_begin(&s, policies[0]);
	for (size_t i = 0; i < COUNT(policies); i++) {
		keeper_scene_policy(&s, policies[i]);
		keeper_scene_put(&s, "root", scene_with_pass_code);
		expect(&s, "'login'" DOOR HERE, NO_CODE, "ask_one_time");
		expect(&s, "'verify','code':'" SCENE_PASS "'" DOOR HERE,
		    NO_CODE, "one_time_code");
		expect(&s, "'login'" DOOR HERE, NO_CODE, "remembered");
		expect(
		    &s, "'login','terminal':true" HERE, NO_CODE, "remembered");
		/* The code is spent, for another connection. */
		expect(&s,
		    "'verify','code':'" SCENE_PASS
		    "'" DOOR FROM(TOKEN2 " " ENDS, BLOB),
		    NO_CODE, i < 2 ? "closed" : "code_first");
	}
	keeper_scene_end(&s);
}

Test(keeper_door, takes_no_code_to_enrol_with)
{
	struct keeper_scene s;
	struct record record = {.version = 0};

	keeper_scene_begin(&s, POLICY("required", AFTER_CODE));
	keeper_scene_put(&s, "root", scene_with_enrol_code);
	expect(&s, "'login'" DOOR HERE, NO_CODE, "code_first");
	expect(&s, "'verify','code':'" SCENE_ENROLL "'" DOOR HERE, NO_CODE,
	    "code_first");
	keeper_scene_put(&s, "root", scene_code_alone);
	expect(&s, "'login'" DOOR HERE, NO_CODE, "ask_one_time");
	expect(&s, "'verify','code':'" SCENE_ENROLL "'" DOOR HERE, NO_CODE,
	    "code_first");
	read_root(&s, &record);
	cr_expect_eq(record_codes_left(&record, CODE_ENROLL, NOW_S), 1);
	cr_expect_eq(record.verified.count, 0);
	record_done(&record);
	expect(&s, "'verify','code':'" SCENE_ENROLL "'" HERE, NO_CODE, "setup");
	keeper_scene_end(&s);
}

/* The pass code is good for a session, on the ordinary port. */
Test(keeper_door, stays_shut_where_the_policy_cannot_decide)
{
	static const char policy[] =
	    "{'version':1,'issuer':'Test','rules':[{'name':'all','groups':"
	    "['no-such-group'],'mode':'exempt'}],'otherwise':'required'" OPEN
	    "}";
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	keeper_scene_put(&s, "root", scene_with_pass_code);
	expect(&s, "'login'" DOOR HERE, NO_CODE, "unknown_group");
	expect(&s, "'verify','code':'" SCENE_PASS "'" DOOR HERE, NO_CODE,
	    "unknown_group");
	expect(&s, "'verify','code':'" SCENE_PASS "'" HERE, NO_CODE,
	    "one_time_code");
	expect(&s, "'login'" DOOR HERE, NO_CODE, "unknown_group");
	keeper_scene_end(&s);
}

/* Returns how many lines of the log there are; each has that event, and says
 * that it was at the door. */
static int
expect_lines(const struct keeper_scene *s, const char *event)
{
	char path[FOLDER_MAX + 16], line[AUDIT_LINE_MAX];
	struct audit entry;
	FILE *file;
	int n = 0;

	snprintf(path, sizeof(path), "%s/" AUDIT_FILE, s->folder);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	for (; fgets(line, sizeof(line), file) != NULL; n++) {
		cr_assert(audit_parse(line, strcspn(line, "\n"), &entry));
		cr_expect(entry.door, "%s", line);
		cr_expect_str_eq(entry.event, event, "%s", line);
		cr_expect_eq(entry.key[0] == '\0',
		    strcmp(entry.detail, "sshd did not say which key") == 0,
		    "%s", line);
	}
	fclose(file);
	cr_assert_eq(truncate(path, 0), 0);
	return n;
}

Test(keeper_door, is_named_in_the_log)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("required", AFTER_CODE));
	keeper_scene_put(&s, "root", scene_enrolled);
	expect(&s, "'verify','code':'%s'" DOOR HERE, WRONG, "wrong_code");
	expect(&s, "'verify','code':'%s'" DOOR HERE, OF_DEVICE, "code");
	expect(&s, "'login'" DOOR HERE, NO_CODE, "remembered");
	keeper_scene_policy(&s, POLICY("required", ""));
	expect(&s, "'login'" DOOR HERE, NO_CODE, "forwarding_closed");
	expect(&s, "'login','auth_path':'" TOKEN " " ENDS "'" DOOR, NO_CODE,
	    "forwarding_closed");
	cr_expect_eq(expect_lines(&s, "login"), 5);
	expect(&s, "'login'" HERE, NO_CODE, "remembered");
	expect(&s, "'login','door':false" HERE, NO_CODE, "remembered");
	cr_expect_eq(expect_lines(&s, "session"), 2);
	keeper_scene_end(&s);
}

/* The policy may change between the two questions of sshd. */
Test(keeper_door, decides_each_question_anew)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("required", AFTER_CODE));
	keeper_scene_put(&s, "root", scene_enrolled);
	expect(&s, "'verify','code':'%s'" DOOR HERE, OF_DEVICE, "code");
	keeper_scene_policy(&s, POLICY("required", ""));
	expect(&s, "'login'" DOOR HERE, NO_CODE, "forwarding_closed");
	keeper_scene_policy(&s, POLICY("required", AFTER_CODE));
	keeper_scene_put(&s, "root", scene_blocked);
	expect(&s, "'login'" DOOR HERE, NO_CODE, "closed");
	keeper_scene_end(&s);
}
