/*
 * Runs each request once for each call of libc that can fail, and makes that
 * call fail.  Whichever call it is: the keeper answers a pass only if the
 * record and the log agree; the record is the old or the new one, whole; and
 * nothing is left open, and no file is left behind.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/wire/client.h"
#include "store/base/file.h"
#include "tests/unit/inject.h"
#include "tests/unit/store/keeper/scene.h"

#define MOST_CALLS 5000
#define TEXT_MAX   65536

#define CLAIMED "'terminal':true,'address':'203.0.113.7','command':'id'"
#define ACCOUNT                                                         \
	"'algorithm':'SHA1','digits':6,"                                \
	"'period':30,'secret':"                                         \
	"'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ','last_step':'0','scratch':" \
	"['12345678']"
#define SEVERAL                                                           \
	ACCOUNT ",'more':[{'type':'hotp','algorithm':'SHA256'"            \
		",'digits':8,'counter':'7','secret':"                     \
		"'AEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'},{'algorithm':"       \
		"'SHA1','digits':6,'period':60,'last_step':'0','secret':" \
		"'CEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'}]"

#define NEW_TOKEN                                                     \
	"{'serial':'N1','type':'totp','algorithm':'SHA1','digits':6," \
	"'period':30,'secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}"

/* The rules ask everybody for a code; the groups make the keeper look them
 * up. */
#define RULES(mode)                                                        \
	"{'version':1,'issuer':'Test','admins':{'users':['" SCENE_HELPER   \
	"']},'rules':[{'name':'some','users':['no-such-user'],'groups':"   \
	"['daemon','!sys'],'mode':'exempt'},{'name':'all','users':['*'],"  \
	"'mode':'" mode "'}],'otherwise':'required','enrollment':{'self':" \
	"'always'}}"
static const char required[] = RULES("required");
static const char roomy[] =
    "{'version':1,'issuer':'Test','rules':[],'otherwise':'required',"
    "'enrollment':{'max_devices':4}}";
static const char optional[] = RULES("optional");
static const char forwarding[] =
    "{'version':1,'issuer':'Test','rules':[],'otherwise':'required',"
    "'forwarding':'after-code'}";

/* Returns true if the record shows that the request was carried out. */
static bool
is_spent(const struct record *record)
{
	return record->devices.count > 0 &&
	    record->devices.items[0].last_step != 0;
}

static bool
is_code_gone(const struct record *record)
{
	return record->codes.count == 0;
}

static bool
is_put_off(const struct record *record)
{
	return record->skipped_s == NOW_S;
}

static bool
is_pending(const struct record *record)
{
	return record->pending.present;
}

static bool
has_recovery(const struct record *record)
{
	return record_codes_left(record, CODE_RECOVER, NOW_S) == RECOVERY_CODES;
}

static bool
is_first_device(const struct record *record)
{
	return record->devices.count == 1 && has_recovery(record);
}

static bool
has_one_more(const struct record *record)
{
	return record->devices.count == 2;
}

/* The counter is on disk before the door opens. */
static bool
is_counted(const struct record *record)
{
	return record->devices.items[0].counter == otp_step(NOW_S, 30) + 1;
}

static bool
has_one_that_counts(const struct record *record)
{
	return has_one_more(record) &&
	    record->devices.items[1].type == DEVICE_HOTP &&
	    record->devices.items[1].counter == 0 &&
	    record->devices.items[1].period_s == 0;
}

static bool
has_three_more(const struct record *record)
{
	return record->devices.count == 4;
}

static bool
is_spent_and_pending(const struct record *record)
{
	return is_spent(record) && is_pending(record);
}

static bool
has_one_less(const struct record *record)
{
	return record->devices.count == 1 &&
	    strcmp(record->devices.items[0].id, "d2") == 0;
}

static bool
is_spent_for_recovery(const struct record *record)
{
	return is_spent(record) && has_recovery(record);
}

static bool
is_revoked(const struct record *record)
{
	return record->devices.count == 0;
}

static bool
is_open(const struct record *record)
{
	return record->failures.other.count == 0;
}

static bool
has_pass(const struct record *record)
{
	return record_codes_left(record, CODE_PASS, NOW_S) == 1;
}

static bool
may_enrol(const struct record *record)
{
	return record_codes_left(record, CODE_ENROLL, NOW_S) == 1;
}

static bool
is_set_up(const struct record *record)
{
	return record->devices.count == 1;
}

/* There is no record any more; is_done() looks. */
static bool
is_forgotten(const struct record *record)
{
	return record == NULL;
}

enum how { PLAIN = 0, FOLLOWS, BY_HELPER, UNDONE, NOTES, ROWS, BEGUN };

/*
 * The requests: the answer if nothing fails, and what the user's record then
 * says; NULL: it is unchanged.  UNDONE: after a denial the record is
 * unchanged.  NOTES: after a denial the record may have a note of the login.
 * ROWS: an error in one user's record is reported in that user's row.  BEGUN:
 * after a denial the record may be changed, and the same request again passes.
 */
static const struct asked {
	const char *text;
	enum scene_code code;
	scene_state *state;
	const char *verdict;
	bool (*is_done)(const struct record *record);
	enum how how;
	const char *policy;
} requests[] = {
    {"'login'," CLAIMED, NO_CODE, scene_enrolled, "challenge", NULL, NOTES,
	required},
    {"'login'," CLAIMED, NO_CODE, scene_new, "enroll", NULL, NOTES, required},
    {"'verify'," CLAIMED ",'code':'%s'", OF_DEVICE, scene_enrolled, "pass",
	is_spent, NOTES, required},
    {"'verify'," CLAIMED ",'code':'%s'", OF_DEVICE, scene_enrolled, "pass",
	is_spent, FOLLOWS, required},
    {"'verify'," CLAIMED ",'code':'%s'", OF_DEVICE, scene_counted, "pass",
	is_counted, NOTES, required},
    {"'verify'," CLAIMED ",'code':'" SCENE_RECOVERY "'", NO_CODE,
	scene_enrolled, "pass", is_code_gone, NOTES, required},
    {"'verify','door':true," CLAIMED ",'code':'%s'", OF_DEVICE, scene_enrolled,
	"pass", is_spent, NOTES, forwarding},
    {"'skip','shell':true," CLAIMED, NO_CODE, scene_new, "pass", is_put_off,
	NOTES, optional},
    {"'refuse','reason':'no_code'," CLAIMED, NO_CODE, scene_enrolled, "pass",
	NULL, PLAIN, required},
    {"'connect','target':'db1:5432'," CLAIMED, NO_CODE, scene_enrolled, "pass",
	NULL, PLAIN, required},
    {"'enroll_begin'," CLAIMED, NO_CODE, scene_new, "enroll", is_pending, NOTES,
	required},
    {"'enroll_confirm'," CLAIMED ",'code':'%s'", OF_WAITING, scene_waiting,
	"pass", is_first_device, NOTES, required},
    {"'enroll_confirm'," CLAIMED ",'code':'" SCENE_PASS "'", NO_CODE,
	scene_waiting_pass, "pass", is_code_gone, NOTES, required},
    {"'status'", NO_CODE, scene_enrolled, "pass", NULL, ROWS, required},
    {"'device_begin'," CLAIMED ",'code':'%s','device':'x'", OF_DEVICE,
	scene_enrolled, "enroll", is_spent_and_pending, PLAIN, required},
    {"'device_confirm'," CLAIMED ",'code':'%s'", OF_WAITING,
	scene_another_waiting, "pass", has_one_more, PLAIN, required},
    {"'device_remove'," CLAIMED ",'code':'%s','device':'d1'", OF_DEVICE,
	scene_two_devices, "pass", has_one_less, PLAIN, required},
    {"'recovery'," CLAIMED ",'code':'%s'", OF_DEVICE, scene_enrolled, "pass",
	is_spent_for_recovery, PLAIN, required},
    {"'users'", NO_CODE, scene_enrolled, "pass", NULL, ROWS, required},
    {"'users','user':'root'", NO_CODE, scene_enrolled, "pass", NULL, ROWS,
	required},
    {"'weigh'", NO_CODE, scene_enrolled, "pass", NULL, ROWS, required},
    {"'weigh','user':'root'", NO_CODE, scene_enrolled, "pass", NULL, ROWS,
	required},
    {"'users','states':'enrolled','group':'root','unused_s':9", NO_CODE,
	scene_enrolled, "pass", NULL, ROWS, required},
    {"'explain','user':'root'", NO_CODE, scene_enrolled, "pass", NULL, PLAIN,
	required},
    {"'revoke','user':'root'", NO_CODE, scene_two_devices, "pass", is_revoked,
	PLAIN, required},
    {"'revoke','user':'root','device':'d1'", NO_CODE, scene_two_devices, "pass",
	has_one_less, PLAIN, required},
    {"'forget','user':'" SCENE_GONE "'", NO_CODE, scene_two_devices, "pass",
	is_forgotten, PLAIN, required},
    {"'ended','user':'root','detail':'x'", NO_CODE, scene_enrolled, "pass",
	NULL, PLAIN, required},
    {"'revoke','user':'root','use':'enroll'", NO_CODE, scene_enrolled, "pass",
	is_revoked, PLAIN, required},
    {"'unlock','user':'root'", NO_CODE, scene_locked, "pass", is_open, PLAIN,
	required},
    {"'unlock','user':'" SCENE_HELPED "','code':'%s'", OF_DEVICE,
	scene_enrolled, "pass", is_spent, BY_HELPER, required},
    {"'code','user':'root','use':'pass'", NO_CODE, scene_enrolled, "pass",
	has_pass, PLAIN, required},
    {"'code','user':'root','use':'enroll'", NO_CODE, scene_new, "pass",
	may_enrol, PLAIN, required},
    {"'enroll','user':'root','use':'recover'", NO_CODE, scene_blocked, "pass",
	is_first_device, UNDONE, required},
    {"'enroll','user':'root'", NO_CODE, scene_enrolled, "pass", has_one_more,
	UNDONE, required},
    {"'enroll','user':'root','hotp':true", NO_CODE, scene_enrolled, "pass",
	has_one_that_counts, UNDONE, required},
    {"'import','user':'root','import':{" ACCOUNT "}", NO_CODE, scene_codes,
	"pass", has_one_more, UNDONE, required},
    {"'import','user':'root','import':{" ACCOUNT "}", NO_CODE, scene_code_alone,
	"pass", is_set_up, UNDONE, required},
    {"'import','user':'root','import':{" SEVERAL "}", NO_CODE, scene_codes,
	"pass", has_three_more, UNDONE, roomy},
    {"'tokens'", NO_CODE, scene_enrolled, "pass", NULL, ROWS, required},
    {"'tokens_put','tokens':[" NEW_TOKEN "],'last':true", NO_CODE,
	scene_enrolled, "pass", NULL, PLAIN, required},
    {"'tokens_remove','serial':'" SCENE_TOKEN "'", NO_CODE, scene_enrolled,
	"pass", NULL, PLAIN, required},
    {"'tokens_remove','serial':'" SCENE_TOKEN_GIVEN "'", NO_CODE,
	scene_enrolled, "pass", NULL, PLAIN, required},
    {"'assign','user':'root','serial':'" SCENE_TOKEN "'", NO_CODE,
	scene_enrolled, "pass", has_one_more, BEGUN, required},
    {"'assign','user':'root','serial':'" SCENE_TOKEN_BEGUN "'", NO_CODE,
	scene_blocked, "pass", is_set_up, BEGUN, required},
    {"'log'", NO_CODE, scene_enrolled, "pass", NULL, ROWS, required},
    {"'note','detail':'x'", NO_CODE, scene_enrolled, "pass", NULL, PLAIN,
	required},
};

/* The answer, and the files on disk. */
struct seen {
	char verdict[12]; /* of the last answer; "": none */
	char record[TEXT_MAX];
	size_t lines;  /* in the log */
	size_t passes; /* of them */
	bool blamed;   /* the record is called damaged for a lack of our own */
};

static void
take_answer(void *ctx, const char *answer)
{
	struct seen *seen = ctx;
	struct reply reply = {.version = 0};
	struct json_error error;

	seen->blamed |= strstr(answer, "out of memory") != NULL;
	if (json_read(&reply_shape, answer, strlen(answer), PACKET_MAX, &reply,
		&error) == FAULT_NONE)
		snprintf(seen->verdict, sizeof(seen->verdict), "%s",
		    verdict_name(reply.verdict));
	reply_done(&reply);
}

static void
read_text(int folder, const char *name, char ret[static TEXT_MAX])
{
	scoped_fd int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	scoped_free char *text = NULL;
	size_t len = 0;

	ret[0] = '\0';
	if (fd < 0)
		return;
	cr_assert_eq(file_read(fd, TEXT_MAX - 1, &text, &len), FAULT_NONE);
	memcpy(ret, text, len + 1);
}

/* Counts the lines of the log; each must be whole. */
static void
count_lines(struct keeper_scene *s, struct seen *ret)
{
	static char text[TEXT_MAX];
	struct audit entry;

	ret->lines = ret->passes = 0;

	read_text(s->store.dir, AUDIT_FILE, text);
	for (char *line = text, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		cr_assert_not_null(end, "half a line: %s", line);
		cr_expect(audit_parse(line, (size_t)(end - line), &entry),
		    "%.*s", (int)(end - line), line);
		ret->lines++;
		ret->passes += strcmp(entry.verdict, "pass") == 0;
	}
}

/* Returns the user whose record the request changes; a delegate's code is
 * spent too. */
static const char *
owner_of(const struct asked *asked)
{
	if (strstr(asked->text, SCENE_GONE) != NULL)
		return SCENE_GONE;
	return asked->how == BY_HELPER ? SCENE_HELPER : "root";
}

static void
look(struct keeper_scene *s, const struct asked *asked, struct seen *seen)
{
	char name[USER_TEXT + 8];

	snprintf(name, sizeof(name), "%s.json", owner_of(asked));
	read_text(s->store.users, name, seen->record);
	count_lines(s, seen);
	snprintf(name, sizeof(name), ".%s.new", owner_of(asked));
	cr_expect_neq(faccessat(s->store.users, name, F_OK, 0), 0, "%s", name);
	cr_expect_neq(faccessat(s->store.dir, ".tokens.json.new", F_OK, 0), 0);
}

static void
serve(struct keeper_scene *s, const struct asked *asked, struct seen *seen)
{
	char request[QUOTED_MAX];
	int before = dup(0), after;

	*seen = (struct seen){.verdict = ""};
	close(before);
	keeper_scene_request(s, asked->text, asked->code, request);
	keeper_scene_ask(s,
	    asked->how == BY_HELPER ? keeper_scene_uid(SCENE_HELPER) : 0,
	    request, asked->how == FOLLOWS, take_answer, seen);
	after = dup(0);
	close(after);
	cr_expect_eq(after, before, "%s left open", inject_failed());
	look(s, asked, seen);
}

static void
set_up(struct keeper_scene *s, const struct asked *asked, struct seen *before)
{
	static const char line[] = "{\"time\":\"2026-10-01T00:00:00Z\","
				   "\"event\":\"login\",\"user\":\"root\"}\n";

	keeper_scene_put(s, "root", asked->state);
	keeper_scene_put(s, SCENE_HELPER, asked->state);
	keeper_scene_put(s, SCENE_HELPED, scene_locked);
	keeper_scene_put(s, SCENE_GONE, asked->state);
	keeper_scene_tokens(s);
	keeper_scene_write(s->store.dir, AUDIT_FILE, 0600, line);
	*before = (struct seen){.verdict = ""};
	look(s, asked, before);
}

static bool
is_done(struct keeper_scene *s, const struct asked *asked)
{
	struct record record = {.version = 0};
	enum fault fault = store_read(&s->store, owner_of(asked), &record);
	bool done = fault == FAULT_NONE &&
	    (asked->is_done == NULL || asked->is_done(&record));

	if (asked->is_done == is_forgotten)
		done = fault == FAULT_ABSENT;
	cr_expect(
	    fault == FAULT_NONE || fault == FAULT_ABSENT, "%s", s->store.why);
	record_done(&record);
	return done;
}

static bool
is_among(const char *call, const char *const *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(calls[i], call) == 0)
			return true;
	return false;
}

/*
 * Returns true if the failure of that call changes nothing that counts: it only
 * reads the actor's name, or ends what is done.  Without memory, for example, a
 * record may be written in small pieces.
 */
static bool
is_light(const struct asked *asked, const char *call)
{
	static const char *const light[] = {
	    "close", "fopen", "pread", "getpwuid", "getgrnam_r", "strdup"};
	static const char *const of_row[] = {
	    "open", "openat", "fstat", "read", "__read_chk"};
	static const char *const behind_answer[] = {
	    "poll", "recv", "__recv_chk"};

	if (asked->how == ROWS && is_among(call, of_row, COUNT(of_row)))
		return true;
	/* A damaged record can be forgotten, too. */
	if (asked->is_done == is_forgotten &&
	    is_among(call, of_row, COUNT(of_row)))
		return true;
	/* The last code of a removed device is remembered as used, or not. */
	if (strcmp(call, "EVP_MAC_init") == 0 &&
	    strstr(asked->text, "'device_remove'") != NULL)
		return true;
	if (strcmp(asked->verdict, "challenge") == 0 &&
	    is_among(call, behind_answer, COUNT(behind_answer)))
		return true;
	return is_among(call, light, COUNT(light)) ||
	    strstr(call, "alloc") != NULL;
}

/* A user without a record has an empty one. */
static bool
is_as_before(const struct asked *asked, const struct seen *before,
    const struct seen *after)
{
	struct record record;
	scoped_json_text char *empty = NULL;

	if (strcmp(before->record, after->record) == 0)
		return true;
	keeper_scene_make(owner_of(asked), scene_new, &record);
	cr_assert_eq(record_format(&record, &empty), FAULT_NONE);
	record_done(&record);
	return before->record[0] == '\0' && strcmp(after->record, empty) == 0;
}

/* True if a challenge is as good as a denial: it answers the login before, or
 * asks for the pass code because the policy could not decide. */
static bool
may_challenge(const struct asked *asked)
{
	return asked->how == FOLLOWS || asked->state == scene_waiting_pass;
}

/* Checks that the answer and the disk agree; clean: nothing failed. */
static void
judge(struct keeper_scene *s, const struct asked *asked,
    const struct seen *before, const struct seen *clean,
    const struct seen *after)
{
	bool good = strcmp(after->verdict, asked->verdict) == 0;
	bool same = is_as_before(asked, before, after);
	const char *call = inject_failed();
	int n = s->failing;
	/* An undone device has a line more. */
	size_t undone = asked->how == UNDONE ? clean->passes : 1;

#define EXPECT(what) \
	cr_expect(what, "%s: call %d, %s: %s", asked->text, n, call, #what)
	EXPECT(good || strcmp(after->verdict, "deny") == 0 ||
	    after->verdict[0] == '\0' ||
	    (may_challenge(asked) && strcmp(after->verdict, "challenge") == 0));
	EXPECT(!after->blamed);
	if (good) {
		EXPECT(is_done(s, asked));
		EXPECT(after->lines == clean->lines);
		EXPECT(is_light(asked, call));
	} else {
		EXPECT(after->lines <= clean->lines + undone);
		EXPECT(same || asked->how != UNDONE);
		/* The log says of nothing that it was done, unless it was.
		 * "forget" is logged first, and what is undone has a line
		 * more. */
		EXPECT(!same || after->passes == 0 || asked->is_done == NULL ||
		    asked->how == UNDONE || asked->how == BEGUN ||
		    asked->is_done == is_forgotten);
		EXPECT(same || asked->how == NOTES || asked->how == FOLLOWS ||
		    (asked->is_done != NULL && is_done(s, asked)));
	}
#undef EXPECT
}

/* A code that passed does not pass again. */
static void
ask_again(struct keeper_scene *s, const struct asked *asked)
{
	struct seen again;

	s->failing = 0;
	serve(s, asked, &again);
	cr_expect_str_neq(
	    again.verdict, asked->verdict, "%s: passed twice", asked->text);
}

/* A token is assigned once, whenever that was interrupted. */
static void
end_begun(struct keeper_scene *s, const struct asked *asked)
{
	struct seen again;

	s->failing = 0;
	serve(s, asked, &again);
	cr_expect_str_eq(again.verdict, asked->verdict, "%s", asked->text);
	cr_expect(is_done(s, asked), "%s", asked->text);
}

/* Lets one call after another fail, until a request reaches its end.
 * Returns how many. */
static int
fail_each(struct keeper_scene *s, const struct asked *asked)
{
	static struct seen before, clean, after;
	int n = 0;

	keeper_scene_policy(s, asked->policy);
	set_up(s, asked, &before);
	s->failing = 0;
	serve(s, asked, &clean);
	cr_assert_str_eq(clean.verdict, asked->verdict, "%s", asked->text);
	cr_expect(is_done(s, asked), "%s", asked->text);
	do {
		set_up(s, asked, &before);
		s->failing = ++n;
		serve(s, asked, &after);
		if (!s->reached)
			break;
		judge(s, asked, &before, &clean, &after);
		if (asked->code != NO_CODE &&
		    strcmp(after.verdict, asked->verdict) == 0)
			ask_again(s, asked);
		if (asked->how == BEGUN)
			end_begun(s, asked);
	} while (n < MOST_CALLS);
	cr_expect_str_eq(after.verdict, asked->verdict, "%s", asked->text);
	cr_expect_lt(n, MOST_CALLS, "%s", asked->text);
	return n;
}

/* Runs one half: two processes use both of the machine's processors. */
static void
fail_half(size_t half)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, required);
	s.call = INJECT_ANY;
	for (size_t i = half; i < COUNT(requests); i += 2)
		cr_expect_gt(
		    fail_each(&s, &requests[i]), 20, "%s", requests[i].text);
	keeper_scene_end(&s);
}

Test(keeper_inject, passes_nobody_where_a_call_fails, .timeout = 240)
{
	fail_half(0);
}

Test(keeper_inject, passes_nobody_where_a_call_fails_too, .timeout = 240)
{
	fail_half(1);
}

/* The scene for the hook, which has no argument. */
static struct keeper_scene *meanwhile;
static int updates;

static void
count_meanwhile(const char *user, inject_change *change, void *arg)
{
	scoped_json_text char *text = NULL;
	struct record record;

	(void)change;
	(void)arg;
	if (++updates != 2)
		return;
	cr_assert_eq(store_read(&meanwhile->store, user, &record), FAULT_NONE);
	record.failures.other.count++;
	cr_assert_eq(record_format(&record, &text), FAULT_NONE);
	keeper_scene_write(meanwhile->store.users, "root.json", 0600, text);
	record_done(&record);
}

/* The device is removed, a change that another writer made since stays, and
 * a blocked user stays blocked. */
Test(keeper_inject, takes_a_device_back_from_a_record_that_was_changed)
{
	static const struct asked asked = {
	    .text = "'enroll','user':'root','use':'recover'",
	    .state = scene_blocked};
	static struct seen seen;
	struct keeper_scene s;
	struct record record;

	keeper_scene_begin(&s, required);
	set_up(&s, &asked, &seen);
	meanwhile = &s;
	inject_before_update(count_meanwhile);
	s.call = "write";
	s.failing = 2; /* by the write of the log */
	serve(&s, &asked, &seen);
	inject_before_update(NULL);
	cr_expect(s.reached);
	cr_expect_eq(updates, 2);
	cr_expect_str_eq(seen.verdict, "deny");
	cr_assert_eq(store_read(&s.store, "root", &record), FAULT_NONE);
	cr_expect_eq(record.failures.other.count, 1);
	cr_expect_eq(record.devices.count, 0);
	cr_expect_eq(record.codes.count, 0);
	cr_expect(login_is_blocked(&record));
	record_done(&record);
	keeper_scene_end(&s);
}

/* Those of a fleet's policy are denied here, where there is no fleet. */
Test(keeper_inject, has_a_case_for_each_request)
{
	for (size_t i = 0; keeper_kind(i) != NULL; i++) {
		char name[REQUEST_TEXT + 2];
		size_t found = 0;

		snprintf(name, sizeof(name), "'%s'", keeper_kind(i)->name);
		if (strncmp(name, "'policy_", 8) == 0)
			continue;
		for (size_t k = 0; k < COUNT(requests); k++)
			found += strncmp(
				     requests[k].text, name, strlen(name)) == 0;
		cr_expect_gt(found, 0, "%s", name);
	}
}
