/*
 * store_update() may call a change() more than once, with different records:
 * once for each try that another writer was faster than.  Here each is called
 * on record A, which is thrown away, and then on record B.  All that can be
 * seen must be as with B alone: answer, records, log.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/file.h"
#include "tests/unit/inject.h"
#include "tests/unit/store/keeper/scene.h"

#define SEEN_MAX 65536
#define CHANGES  32

static const struct {
	const char *name;
	scene_state *make;
} states[] = {
    {"new", scene_new},
    {"enrolled", scene_enrolled},
    {"counted", scene_counted},
    {"two devices", scene_two_devices},
    {"all devices", scene_all_devices},
    {"blocked", scene_blocked},
    {"another's", scene_anothers},
    {"locked", scene_locked},
    {"spent", scene_spent},
    {"waiting", scene_waiting},
    {"another waiting", scene_another_waiting},
    {"waiting, with a pass code", scene_waiting_pass},
    {"codes", scene_codes},
    {"a code alone", scene_code_alone},
    {"all codes", scene_all_codes},
};

/* Requests; %s may change their answer. */
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

static const struct asked {
	const char *text;
	enum scene_code code;
	bool by_helper, unlogged;
} requests[] = {
    {"'login'," CLAIMED, NO_CODE, false, false},
    {"'verify'," CLAIMED ",'code':'%s'", OF_DEVICE, false, false},
    {"'verify'," CLAIMED ",'code':'%s'", WRONG, false, false},
    {"'verify','door':true," CLAIMED ",'code':'%s'", OF_DEVICE, false, false},
    {"'verify','door':true," CLAIMED ",'code':'PASS-0000-0000-0000'", NO_CODE,
	false, false},
    {"'verify'," CLAIMED ",'code':'PASS-0000-0000-0000'", NO_CODE, false,
	false},
    {"'verify'," CLAIMED ",'code':'REC0-0000-0000-0000'", NO_CODE, false,
	false},
    {"'verify'," CLAIMED ",'code':'ENR0-0000-0000-0000'", NO_CODE, false,
	false},
    {"'skip'," CLAIMED, NO_CODE, false, false},
    {"'enroll_begin'," CLAIMED, NO_CODE, false, false},
    {"'enroll_begin'," CLAIMED ",'enroll_code':'ENR0-0000-0000-0000'", NO_CODE,
	false, false},
    {"'enroll_confirm'," CLAIMED ",'code':'%s'", OF_WAITING, false, false},
    {"'enroll_confirm'," CLAIMED ",'code':'%s'", WRONG, false, false},
    {"'enroll_confirm'," CLAIMED ",'code':'" SCENE_PASS "'", NO_CODE, false,
	false},
    {"'device_begin'," CLAIMED ",'code':'%s','device':'x'", OF_DEVICE, false,
	false},
    {"'device_confirm'," CLAIMED ",'code':'%s'", OF_WAITING, false, false},
    {"'device_remove'," CLAIMED ",'code':'%s','device':'d1'", OF_DEVICE, false,
	false},
    {"'recovery'," CLAIMED ",'code':'%s'", OF_DEVICE, false, false},
    {"'revoke','user':'root'", NO_CODE, false, false},
    {"'revoke','user':'root','device':'d1'", NO_CODE, false, false},
    {"'revoke','user':'root','block':true", NO_CODE, false, false},
    {"'revoke','user':'root','use':'enroll'", NO_CODE, false, false},
    {"'unlock','user':'root'", NO_CODE, false, false},
    {"'code','user':'root','use':'enroll'", NO_CODE, false, false},
    {"'code','user':'root','use':'pass'", NO_CODE, false, false},
    {"'enroll','user':'root'", NO_CODE, false, false},
    {"'enroll','user':'root','use':'recover'", NO_CODE, false, false},
    {"'import','user':'root','import':{" ACCOUNT "}", NO_CODE, false, false},
    {"'import','user':'root','import':{" SEVERAL "}", NO_CODE, false, false},
    {"'enroll','user':'root','use':'recover'", NO_CODE, false, true},
    {"'import','user':'root','import':{" ACCOUNT "}", NO_CODE, false, true},
    {"'import','user':'root','import':{" SEVERAL "}", NO_CODE, false, true},
    {"'unlock','user':'" SCENE_HELPED "','code':'%s'", OF_DEVICE, true, false},
    {"'unlock','user':'" SCENE_HELPED "','code':'%s'", WRONG, true, false},
    {"'revoke','user':'" SCENE_HELPED "','code':'%s'", OF_DEVICE, true, false},
    {"'code','user':'" SCENE_HELPED "','use':'enroll','code':'%s'", OF_DEVICE,
	true, false},
};

/* Only the user's own login, one of these, asks the second policy more. */
#define OF_LOGIN 14

/* Under the first policy everybody may put enrolment off, under the second
 * nobody. */
static const char *const policies[] = {
    "{'version':1,'issuer':'Test','admins':{'users':['" SCENE_HELPER "']},"
    "'rules':[{'name':'all','users':['*'],'mode':'optional'}],"
    "'otherwise':'required','enrollment':{'self':'always'},"
    "'forwarding':'after-code'}",
    "{'version':1,'issuer':'Test','admins':{'users':['" SCENE_HELPER "']},"
    "'rules':[{'name':'all','users':['*'],'mode':'required'}],"
    "'otherwise':'required','enrollment':{'self':'always'},"
    "'forwarding':'after-code'}",
};

/* The state for the hook, which has no argument. */
static scene_state *first;
static inject_change *met[CHANGES];
static size_t met_count;

/* The first try, which another writer is faster than. */
static void
lose_a_try(const char *user, inject_change *change, void *arg)
{
	struct record record;
	size_t i = 0;

	while (i < met_count && met[i] != change)
		i++;
	if (i == met_count && i < CHANGES)
		met[met_count++] = change;
	if (first == NULL)
		return;
	keeper_scene_make(user, first, &record);
	(void)change(&record, arg);
	record_done(&record);
}

static void
add_text(char *seen, const char *text)
{
	size_t len = strlen(seen);

	cr_assert_lt(len + strlen(text) + 2, SEEN_MAX);
	snprintf(seen + len, SEEN_MAX - len, "%s\n", text);
}

static void
add_file(int folder, const char *name, char *seen)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len = 0;

	add_text(seen, name);
	if (fd < 0)
		return;
	cr_assert_eq(file_read(fd, SEEN_MAX, &text, &len), FAULT_NONE);
	add_text(seen, text);
	free(text);
	close(fd);
}

static void
add_answer(void *ctx, const char *answer)
{
	add_text(ctx, answer);
}

/* Returns all that can be seen of that request, with all three records in
 * that state.  The first write is the record's, the second the log's. */
static void
serve(struct keeper_scene *s, const struct asked *asked, scene_state *state,
    char seen[static SEEN_MAX])
{
	char request[QUOTED_MAX];

	keeper_scene_put(s, "root", state);
	keeper_scene_put(s, SCENE_HELPER, state);
	keeper_scene_put(s, SCENE_HELPED, state);
	unlinkat(s->store.dir, AUDIT_FILE, 0);
	keeper_scene_request(s, asked->text, asked->code, request);
	s->call = "write";
	s->failing = asked->unlogged ? 2 : 0;
	seen[0] = '\0';
	keeper_scene_ask(s,
	    asked->by_helper ? keeper_scene_uid(SCENE_HELPER) : 0, request,
	    false, add_answer, seen);
	add_file(s->store.users, "root.json", seen);
	add_file(s->store.users, SCENE_HELPER ".json", seen);
	add_file(s->store.users, SCENE_HELPED ".json", seen);
	add_file(s->store.dir, AUDIT_FILE, seen);
}

/* Returns the position where the two texts begin to differ. */
static const char *
difference(const char *one, const char *other)
{
	size_t same = 0;

	while (one[same] == other[same] && one[same] != '\0')
		same++;
	return one + (same > 60 ? same - 60 : 0);
}

static void
expect_as_alone(struct keeper_scene *s, const struct asked *asked, size_t b)
{
	static char alone[SEEN_MAX], both[SEEN_MAX];

	first = NULL;
	serve(s, asked, states[b].make, alone);
	for (size_t a = 0; a < COUNT(states); a++) {
		if (a == b)
			continue;
		first = states[a].make;
		serve(s, asked, states[b].make, both);
		cr_expect(strcmp(alone, both) == 0,
		    "%s%s: \"%s\", then \"%s\": %.300s\nalone: %.300s",
		    asked->text, asked->unlogged ? " (no log)" : "",
		    states[a].name, states[b].name, difference(both, alone),
		    difference(alone, both));
	}
}

/* Counts the functions of that form in the keeper's sources. */
static size_t
count_changes(void)
{
	glob_t files;
	size_t n = 0;

	cr_assert_eq(glob("store/keeper/*.c", 0, NULL, &files), 0,
	    "run this from the top of the tree");
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *file = fopen(files.gl_pathv[i], "re");
		char line[256];

		cr_assert_not_null(file);
		while (fgets(line, sizeof(line), file) != NULL)
			n += strncmp(line, "on_", 3) == 0 &&
			    strstr(line,
				"(struct record *record, void *arg)") != NULL;
		fclose(file);
	}
	globfree(&files);
	return n;
}

/* Each change of one's own record goes through one of these functions; which,
 * the table of requests says. */
static void
expect_each_deed(void)
{
	const struct kind *kind;

	for (size_t i = 0; (kind = keeper_kind(i)) != NULL; i++) {
		char name[REQUEST_TEXT + 2];
		size_t found = 0;

		snprintf(name, sizeof(name), "'%s'", kind->name);
		for (size_t k = 0; k < COUNT(requests); k++)
			found += strncmp(
				     requests[k].text, name, strlen(name)) == 0;
		cr_expect(kind->change == NULL || found > 0,
		    "add a request for %s", name);
	}
}

Test(keeper_restart, gives_what_the_last_record_gives, .timeout = 120)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, policies[0]);
	inject_before_update(lose_a_try);
	for (size_t p = 0; p < COUNT(policies); p++) {
		keeper_scene_policy(&s, policies[p]);
		for (size_t r = 0; r < (p == 0 ? COUNT(requests) : OF_LOGIN);
		     r++)
			for (size_t b = 0; b < COUNT(states); b++)
				expect_as_alone(&s, &requests[r], b);
	}
	inject_before_update(NULL);
	cr_expect_eq(met_count, count_changes(),
	    "%zu changes of %zu were made: add a request for the others",
	    met_count, count_changes());
	expect_each_deed();
	keeper_scene_end(&s);
}
