/* The claim of a hardware key: which answer it gets, and what it leaves. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/folder/audit.h"
#include "tests/unit/store/keeper/scene.h"

#define POLICY(mode, says)                                                    \
	"{\"version\":1,\"issuer\":\"Test\",\"rules\":[{\"name\":\"all\","    \
	"\"users\":[\"*\"],\"mode\":\"" mode "\",\"hardware_keys\":\"" says   \
	"\"}],\"otherwise\":\"required\",\"forwarding\":\"after-code\","      \
	"\"remember\":{\"for\":\"8h\"},\"keys\":{\"hardware_files\":["        \
	"\"/etc/ssh/hardware/%u\"],\"hardware_authorities\":[\"/etc/ssh/ca\"" \
	"]}}"
#define ENOUGH POLICY("required", "enough")

#define AUTH  ",'auth':'publickey ssh-ed25519 AAAA'"
#define PLACE ",'address':'203.0.113.7','auth_path':'/tmp/sshauth.X'"
#define PROOF ",'hardware':'touch'"
#define SESSION                                                             \
	",'auth_path':'pam/0123456789abcdef0123456789abcdef 203.0.113.7 1 " \
	"192.0.2.9 22'"
#define DOOR ",'door':true" SESSION

struct heard {
	enum verdict verdict;
	enum reason reason;
	char keys[KEYS_NAME];
	size_t files, hardware, authorities;
};

static void
hear(void *ctx, const char *answer)
{
	struct heard *heard = ctx;
	struct reply reply;

	keeper_scene_reply(answer, &reply);
	*heard = (struct heard){.verdict = reply.verdict,
	    .reason = reply.reason,
	    .files = reply.key_files.count,
	    .hardware = reply.hardware_files.count,
	    .authorities = reply.hardware_authorities.count};
	memcpy(heard->keys, reply.keys, sizeof(heard->keys));
	if (heard->hardware > 0)
		cr_expect_str_eq(
		    reply.hardware_files.items[0].text, "/etc/ssh/hardware/%u");
	if (heard->authorities > 0)
		cr_expect_str_eq(
		    reply.hardware_authorities.items[0].text, "/etc/ssh/ca");
	reply_done(&reply);
}

static struct heard
ask(struct keeper_scene *s, const char *text)
{
	struct heard heard = {.verdict = VERDICT_DENY};
	char request[QUOTED_MAX];

	keeper_scene_request(s, text, NO_CODE, request);
	keeper_scene_ask(s, 0, request, false, hear, &heard);
	return heard;
}

/* A login that was judged by the policy's files. */
static struct heard
login(struct keeper_scene *s, const char *rest)
{
	struct heard heard = ask(s, "'login','hardware':'none','keys':'none'");
	char text[512];

	cr_assert_eq(heard.reason, REASON_LOOK);
	snprintf(text, sizeof(text), "'login','keys':'%s'%s", heard.keys, rest);
	return ask(s, text);
}

static void
expect(struct keeper_scene *s, const char *rest, enum verdict verdict,
    enum reason reason)
{
	struct heard heard = login(s, rest);

	cr_expect_eq(heard.verdict, verdict, "%s: %s", rest,
	    verdict_name(heard.verdict));
	cr_expect_eq(
	    heard.reason, reason, "%s: %s", rest, reason_name(heard.reason));
}

Test(keeper_hardware, is_told_where_such_keys_stand)
{
	struct keeper_scene s;
	struct heard heard;

	keeper_scene_begin(&s, ENOUGH);
	keeper_scene_put(&s, "root", scene_enrolled);
	heard = ask(&s, "'login','keys':'default','hardware':'none'" AUTH);
	cr_expect_eq(heard.reason, REASON_LOOK);
	cr_expect_eq(heard.files, 2);
	cr_expect_eq(heard.hardware, 1);
	cr_expect_eq(heard.authorities, 1);
	/* Nobody else asks for these files, or is sent to look for them. */
	heard = ask(&s, "'login','keys':'default'" AUTH);
	cr_expect_eq(heard.reason, REASON_ASK);
	heard = ask(&s, "'login','keys':'none'" AUTH);
	cr_expect_eq(heard.reason, REASON_LOOK);
	cr_expect_eq(heard.files, 2);
	cr_expect_eq(heard.hardware + heard.authorities, 0);
	/* A proof by other words of the policy is none. */
	heard = ask(&s, "'login','keys':'default'" PROOF AUTH);
	cr_expect_eq(heard.verdict, VERDICT_DENY);
	cr_expect_eq(heard.reason, REASON_LOOK);
	keeper_scene_end(&s);
}

/* A client that does not say by which words it judged has judged nothing. */
Test(keeper_hardware, proof_without_the_name_of_its_files_is_none)
{
	struct keeper_scene s;
	struct heard heard;

	keeper_scene_begin(&s, ENOUGH);
	keeper_scene_put(&s, "root", scene_enrolled);
	heard = ask(&s, "'login'" PROOF AUTH);
	cr_expect_neq(heard.verdict, VERDICT_PASS);
	heard = ask(&s, "'login','door':true" PROOF AUTH SESSION);
	cr_expect_neq(heard.verdict, VERDICT_PASS);
	keeper_scene_end(&s);
}

Test(keeper_hardware, passes_by_the_rule_and_the_record)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, ENOUGH);
	keeper_scene_put(&s, "root", scene_enrolled);
	expect(&s, PROOF AUTH, VERDICT_PASS, REASON_HARDWARE_KEY);
	expect(&s, ",'hardware':'pin'" AUTH, VERDICT_PASS, REASON_HARDWARE_KEY);
	expect(&s, ",'hardware':'none'" AUTH, VERDICT_CHALLENGE, REASON_ASK);
	/* Without a key there is nothing to touch. */
	expect(&s, PROOF, VERDICT_CHALLENGE, REASON_ASK);
	expect(&s, PROOF ",'auth':'password'", VERDICT_CHALLENGE, REASON_ASK);
	/* A key that the gate refuses. */
	expect(&s, PROOF AUTH ",'reason':'key_doubtful'", VERDICT_DENY,
	    REASON_KEY_DOUBTFUL);
	keeper_scene_put(&s, "root", scene_new);
	expect(&s, PROOF AUTH, VERDICT_PASS, REASON_HARDWARE_KEY);
	keeper_scene_put(&s, "root", scene_blocked);
	expect(&s, PROOF AUTH, VERDICT_DENY, REASON_CLOSED);
	keeper_scene_put(&s, "root", scene_anothers);
	expect(&s, PROOF AUTH, VERDICT_DENY, REASON_UID_CHANGED);
	keeper_scene_put(&s, "root", scene_locked);
	expect(&s, PROOF AUTH, VERDICT_PASS, REASON_HARDWARE_KEY);
	keeper_scene_policy(&s, POLICY("required", "enough-with-pin"));
	keeper_scene_put(&s, "root", scene_enrolled);
	expect(&s, PROOF AUTH, VERDICT_CHALLENGE, REASON_ASK);
	expect(&s, ",'hardware':'pin'" AUTH, VERDICT_PASS, REASON_HARDWARE_KEY);
	keeper_scene_policy(&s, POLICY("optional", "asked"));
	expect(&s, PROOF AUTH, VERDICT_CHALLENGE, REASON_ASK);
	keeper_scene_end(&s);
}

/* A record that was never read, or written, opens nothing. */
Test(keeper_hardware, damaged_record_denies)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, ENOUGH);
	keeper_scene_write(s.store.users, "root.json", 0600, "{");
	expect(&s, PROOF AUTH, VERDICT_DENY, REASON_BAD_RECORD);
	keeper_scene_end(&s);
}

Test(keeper_hardware, opens_the_door_as_a_code_does)
{
	struct keeper_scene s;
	struct heard heard;

	keeper_scene_begin(&s, ENOUGH);
	keeper_scene_put(&s, "root", scene_new);
	expect(&s, PROOF AUTH DOOR, VERDICT_PASS, REASON_HARDWARE_KEY);
	expect(&s, ",'hardware':'none'" AUTH DOOR, VERDICT_DENY, REASON_CLOSED);
	/* A session in that connection is judged for itself. */
	heard = ask(&s, "'login'" AUTH SESSION);
	cr_expect_neq(heard.verdict, VERDICT_PASS);
	keeper_scene_end(&s);
}

static void
expect_line(const char *folder)
{
	char path[FOLDER_MAX + 16], line[AUDIT_LINE_MAX];
	struct audit entry;
	FILE *file;

	snprintf(path, sizeof(path), "%s/" AUDIT_FILE, folder);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	cr_assert_not_null(fgets(line, sizeof(line), file));
	cr_assert(audit_parse(line, strcspn(line, "\n"), &entry));
	cr_expect_str_eq(entry.event, "login");
	cr_expect_str_eq(entry.verdict, "pass");
	cr_expect_str_eq(entry.reason, "hardware_key");
	cr_expect_str_eq(entry.rule, "all");
	cr_expect_neq(entry.key[0], '\0');
	cr_expect_null(fgets(line, sizeof(line), file));
	fclose(file);
}

/* Somebody's own process may lie: the next login must be as it was before. */
Test(keeper_hardware, leaves_a_line_and_nothing_of_a_code)
{
	struct keeper_scene s;
	struct record record;

	keeper_scene_begin(&s, ENOUGH);
	keeper_scene_put(&s, "root", scene_locked);
	expect(&s, PROOF AUTH PLACE, VERDICT_PASS, REASON_HARDWARE_KEY);
	expect_line(s.folder);
	cr_assert_eq(store_read(&s.store, "root", &record), FAULT_NONE);
	cr_expect_eq(record.sources.count, 0);
	cr_expect_eq(record.verified.count, 0);
	cr_expect_gt(record.failures.other.count, 0);
	cr_expect_eq(record.last_login.at_s, NOW_S);
	record_done(&record);
	expect(&s, ",'hardware':'none'" AUTH PLACE, VERDICT_CHALLENGE,
	    REASON_ASK_LOCKED);
	keeper_scene_end(&s);
}
