/* Tests the request import: one account and several, what it says of those that
 * it refuses, and that nothing is left of what nobody was told. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/folder/audit.h"
#include "tests/unit/inject.h"
#include "tests/unit/store/keeper/scene.h"

#define POLICY(most)                                                      \
	"{'version':1,'issuer':'Test','rules':[],'otherwise':'required'," \
	"'enrollment':{'self':'always','max_devices':" most "}}"

#define ONE                                           \
	"'algorithm':'SHA1','digits':6,'period':30,"  \
	"'secret':'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'" \
	",'last_step':'0'"
#define TWO                                           \
	"'type':'hotp','algorithm':'SHA1','digits':6" \
	",'secret':'AEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ','counter':'7'"
#define THREE                                        \
	"'algorithm':'SHA1','digits':8,'period':60," \
	"'secret':'CEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ','last_step':'0'"
#define ALONE "'import','user':'root','import':{" ONE "}"
#define SEVERAL                                                              \
	"'import','user':'root','import':{" ONE ",'more':[{" TWO "},{" THREE \
	"}]}"
#define TEXT_MAX 65536

/* The last answer, and the packets as they came. */
struct heard {
	int answers;
	char text[4096];
	struct reply reply;
};

static void
hear(void *ctx, const char *answer)
{
	struct heard *heard = ctx;

	heard->answers++;
	snprintf(heard->text, sizeof(heard->text), "%s", answer);
	reply_done(&heard->reply);
	keeper_scene_reply(answer, &heard->reply);
}

static void
ask(struct keeper_scene *s, const char *text, struct heard *heard)
{
	char request[QUOTED_MAX];

	reply_done(&heard->reply);
	*heard = (struct heard){.answers = 0};
	keeper_scene_request(s, text, NO_CODE, request);
	keeper_scene_ask(s, 0, request, false, hear, heard);
}

/* ret: the devices of root's record, a word each: "d1 d2 ". */
static void
devices_of(struct keeper_scene *s, char *ret, size_t size)
{
	scoped_record struct record record = {.version = 0};
	size_t len = 0;

	ret[0] = '\0';
	if (store_read(&s->store, "root", &record) != FAULT_NONE)
		return;
	for (size_t i = 0; i < record.devices.count; i++)
		len += (size_t)snprintf(
		    ret + len, size - len, "%s ", record.devices.items[i].id);
}

#define EXPECT_DEVICES(s, ids)                             \
	do {                                               \
		char there[128];                           \
		devices_of(s, there, sizeof(there));       \
		cr_expect_str_eq(there, ids, "%s", there); \
	} while (0)

/* ret: the log's lines of imports, "VERDICT DEVICE, " each. */
static void
lines_of(struct keeper_scene *s, char *ret, size_t size)
{
	scoped_fd int fd = openat(
	    s->store.dir, AUDIT_FILE, O_RDONLY | O_CLOEXEC);
	scoped_free char *text = NULL;
	size_t len = 0, n = 0;
	struct audit entry;

	ret[0] = '\0';
	if (fd < 0)
		return;
	cr_assert_eq(file_read(fd, TEXT_MAX, &text, &len), FAULT_NONE);
	for (char *line = text, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		cr_assert(audit_parse(line, (size_t)(end - line), &entry));
		n += (size_t)snprintf(
		    ret + n, size - n, "%s %s, ", entry.verdict, entry.device);
	}
}

#define EXPECT_LINES(s, expected)                               \
	do {                                                    \
		char lines[512];                                \
		lines_of(s, lines, sizeof(lines));              \
		cr_expect_str_eq(lines, expected, "%s", lines); \
	} while (0)

/* A client of 0.3.0 sends no more than one, and knows neither key. */
Test(keeper_import, answers_one_account_as_before)
{
	struct heard heard = {.answers = 0};
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("1"));
	ask(&s, ALONE, &heard);
	cr_expect_str_eq(heard.reply.device, "d1");
	cr_expect_null(strstr(heard.text, "\"devices\""), "%s", heard.text);
	ask(&s, ALONE, &heard);
	/* It is there already, also where no second one fits. */
	cr_expect_eq(heard.reply.reason, REASON_KNOWN_SECRET);
	keeper_scene_policy(&s, POLICY("2"));
	ask(&s, ALONE, &heard);
	cr_expect_eq(heard.reply.reason, REASON_KNOWN_SECRET);
	cr_expect_null(strstr(heard.text, "\"account\""), "%s", heard.text);
	EXPECT_LINES(&s, "pass d1, ");
	reply_done(&heard.reply);
	keeper_scene_end(&s);
}

Test(keeper_import, adds_several_with_a_line_each)
{
	static const char *const ids[] = {"d2", "d3", "d4"};
	struct heard heard = {.answers = 0};
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("4"));
	keeper_scene_put(&s, "root", scene_enrolled);
	ask(&s, SEVERAL, &heard);
	cr_assert_eq(heard.reply.verdict, VERDICT_PASS, "%s", heard.text);
	cr_expect_str_eq(heard.reply.device, "d2");
	cr_assert_eq(heard.reply.devices.count, COUNT(ids));
	for (size_t i = 0; i < COUNT(ids); i++)
		cr_expect_str_eq(heard.reply.devices.items[i].text, ids[i]);
	EXPECT_DEVICES(&s, "d1 d2 d3 d4 ");
	EXPECT_LINES(&s, "pass d2, pass d3, pass d4, ");
	reply_done(&heard.reply);
	keeper_scene_end(&s);
}

Test(keeper_import, refuses_more_than_fit_with_the_numbers)
{
	static const struct {
		const char *policy;
		scene_state *state;
		const char *says;
	} cases[] = {
	    {POLICY("3"), scene_enrolled,
		"This user has 1 device and would get 3 more, where the "
		"policy allows 3: "},
	    {POLICY("2"), scene_new,
		"This user has 0 devices and would get 3 more, where the "
		"policy allows 2: "},
	    {POLICY("1"), scene_all_devices,
		"This user has 8 devices and would get 3 more, where the "
		"policy allows 1: "},
	};
	struct heard heard = {.answers = 0};
	struct keeper_scene s;

	keeper_scene_begin(&s, cases[0].policy);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char before[128];

		keeper_scene_policy(&s, cases[i].policy);
		keeper_scene_put(&s, "root", cases[i].state);
		devices_of(&s, before, sizeof(before));
		ask(&s, SEVERAL, &heard);
		cr_expect_eq(heard.reply.reason, REASON_DEVICES_FULL);
		cr_expect_eq(strncmp(heard.reply.message, cases[i].says,
				 strlen(cases[i].says)),
		    0, "%s", heard.reply.message);
		EXPECT_DEVICES(&s, before);
	}
	EXPECT_LINES(&s, "");
	reply_done(&heard.reply);
	keeper_scene_end(&s);
}

/* The last of three is not new: the two before it are not added either. */
Test(keeper_import, says_which_account_is_known_and_adds_none)
{
	struct heard heard = {.answers = 0};
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("8"));
	ask(&s, "'import','user':'root','import':{" THREE "}", &heard);
	ask(&s, SEVERAL, &heard);
	cr_expect_eq(heard.reply.reason, REASON_KNOWN_SECRET);
	cr_expect_eq(heard.reply.account, 3);
	EXPECT_DEVICES(&s, "d1 ");
	EXPECT_LINES(&s, "pass d1, ");
	ask(&s,
	    "'import','user':'root','import':{" ONE ",'more':[{" TWO "},{" TWO
	    "}]}",
	    &heard);
	cr_expect_eq(heard.reply.account, 3);
	EXPECT_DEVICES(&s, "d1 ");
	reply_done(&heard.reply);
	keeper_scene_end(&s);
}

/* A device with a step of the future would never be right again. */
Test(keeper_import, refuses_a_step_of_the_future_in_any_account)
{
	struct heard heard = {.answers = 0};
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("8"));
	ask(&s,
	    "'import','user':'root','import':{" TWO
	    ",'more':[{'algorithm':'SHA1','digits':6,'period':30,'secret':"
	    "'CEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ','last_step':'99999999'}]}",
	    &heard);
	cr_expect_eq(heard.reply.reason, REASON_BAD_REQUEST);
	EXPECT_DEVICES(&s, "");
	reply_done(&heard.reply);
	keeper_scene_end(&s);
}

/* A device that is not in the log is not in the record either, nor are those
 * that came with it. */
Test(keeper_import, takes_all_back_where_one_cannot_be_logged)
{
	struct heard heard = {.answers = 0};
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("8"));
	s.call = "write";
	for (s.failing = 2; s.failing <= 4; s.failing++) {
		keeper_scene_put(&s, "root", scene_enrolled);
		ask(&s, SEVERAL, &heard);
		cr_expect(s.reached);
		cr_expect_eq(heard.reply.reason, REASON_NO_LOG);
		EXPECT_DEVICES(&s, "d1 ");
	}
	reply_done(&heard.reply);
	keeper_scene_end(&s);
}

static int updates;
static struct keeper_scene *scene;

static enum change
put_off(struct record *record, void *arg)
{
	(void)arg;
	record->skipped_s = NOW_S;
	enroll_remove(record, 0, NOW_S);
	return CHANGE_WRITE;
}

/* Before the devices are taken back the user puts something off, and removes
 * the device that was there before. */
static void
change_before_undo(const char *user, inject_change *change, void *arg)
{
	(void)change;
	(void)arg;
	if (++updates != 2)
		return;
	inject_before_update(NULL);
	cr_expect_eq(
	    store_update(&scene->store, user, 0, put_off, NULL), FAULT_NONE);
}

Test(keeper_import, takes_back_no_more_than_it_added)
{
	scoped_record struct record record = {.version = 0};
	struct heard heard = {.answers = 0};
	struct keeper_scene s;

	keeper_scene_begin(&s, POLICY("8"));
	keeper_scene_put(&s, "root", scene_two_devices);
	scene = &s;
	inject_before_update(change_before_undo);
	s.call = "write";
	s.failing = 3;
	ask(&s, SEVERAL, &heard);
	inject_before_update(NULL);
	cr_expect_eq(updates, 2);
	cr_expect_eq(heard.reply.reason, REASON_NO_LOG);
	EXPECT_DEVICES(&s, "d2 ");
	cr_assert_eq(store_read(&s.store, "root", &record), FAULT_NONE);
	cr_expect_eq(record.skipped_s, NOW_S);
	cr_expect(record.enrolled_once);
	reply_done(&heard.reply);
	keeper_scene_end(&s);
}
