/* Two keepers of one fleet: what a user hears at each, and while the store that
 * they share is away, unsure, or older than it was. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/clock.h"
#include "store/fleet/fleet.h"
#include "store/fleet/names.h"
#include "store/fleet/offset.h"
#include "store/fleet/seen.h"
#include "store/folder/audit.h"
#include "store/keeper/beat.h"
#include "store/keeper/join.h"
#include "tests/unit/inject.h"
#include "tests/unit/store/fleet/founder.h"
#include "tests/unit/store/fleet/liar.h"
#include "tests/unit/store/keeper/scene.h"

static const char policy[] =
    "{'version':1,'issuer':'Test','rules':[{'name':'all','users':['*'],"
    "'mode':'required'}],'otherwise':'required','enrollment':{'self':"
    "'always'}}";

#define TTY    "'terminal':true,'shell':true"
#define LOGIN  "'login','keys':'default'," TTY
#define VERIFY "'verify','code':'%s'," TTY

struct scene {
	struct liar liar;
	struct fleet_config config;
	struct keyring ring;
	struct fleet fleets[2];
	struct keeper_scene at[2];
};

static struct fleet_local local[] = {{"daemon"}};

static struct scene *
begin(void)
{
	static struct scene s;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	s = (struct scene){
	    .config = {.local = {local, COUNT(local)}}, .ring = {.count = 1}};
	liar_begin(&s.liar);
	for (int i = 0; i < 2; i++) {
		keeper_scene_begin(&s.at[i], policy);
		fleet_init(&s.fleets[i], &s.config, &s.ring, s.liar.path);
		s.fleets[i].get_ms = s.fleets[i].put_ms = 150;
		s.at[i].keeper.fleet = &s.fleets[i];
	}
	founder_charter(&s.fleets[0], FOUNDER_EPOCH, CHARTER_LEVEL);
	founder_policy(&s.fleets[0], s.at[0].store.dir, "b1", policy);
	return &s;
}

static void
end(struct scene *s)
{
	for (int i = 0; i < 2; i++) {
		fleet_done(&s->fleets[i]);
		keeper_scene_end(&s->at[i]);
	}
	liar_end(&s->liar);
}

static enum change
replace(struct record *record, void *arg)
{
	struct record *other = arg;

	record_done(record);
	*record = *other;
	*other = (struct record){.version = 0};
	return CHANGE_WRITE;
}

/* Puts a record into the store that both share, or into a folder. */
static void
put(struct scene *s, int i, const char *user, scene_state *make)
{
	struct record record;

	keeper_scene_make(user, make, &record);
	fleet_attach(&s->fleets[i], &s->at[i].store);
	cr_assert_eq(store_update(&s->at[i].store, user, keeper_scene_uid(user),
			 replace, &record),
	    FAULT_NONE, "%s", s->at[i].store.why);
	record_done(&record);
}

struct heard {
	char reason[REASON_SENT];
	char user[USER_TEXT];
	char message[MESSAGE_TEXT];
	int rows;
};

static void
hear(void *ctx, const char *answer)
{
	struct heard *heard = ctx;
	struct reply reply = {.version = 0};
	struct json_error error;

	if (strstr(answer, "\"reason\"") == NULL) {
		heard->rows++;
		return;
	}
	if (json_read(&reply_shape, answer, strlen(answer), PACKET_MAX, &reply,
		&error) == FAULT_NONE) {
		snprintf(heard->reason, sizeof(heard->reason), "%s",
		    reason_name(reply.reason));
		snprintf(heard->message, sizeof(heard->message), "%s",
		    reply.message);
	}
	reply_done(&reply);
}

static struct heard
ask_as(
    struct scene *s, int i, uid_t uid, const char *text, enum scene_code code)
{
	struct heard heard = {.reason = ""};
	char request[QUOTED_MAX];

	keeper_scene_request(&s->at[i], text, code, request);
	keeper_scene_ask(&s->at[i], uid, request, false, hear, &heard);
	return heard;
}

static struct heard
ask(struct scene *s, int i, const char *text, enum scene_code code)
{
	return ask_as(s, i, 0, text, code);
}

#define EXPECT(answer, expected)                                             \
	do {                                                                 \
		struct heard told = (answer);                                \
		cr_expect_str_eq(told.reason, expected, "%s", told.message); \
	} while (0)

Test(keeper_shared, a_code_is_good_at_one_bastion)
{
	struct scene *s = begin();

	put(s, 0, "root", scene_enrolled);
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "ask");
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "code");
	EXPECT(ask(s, 0, VERIFY, OF_DEVICE), "code_used");
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "code_used");
	end(s);
}

Test(keeper_shared, wrong_codes_are_counted_over_both)
{
	struct scene *s = begin();
	struct record record;

	put(s, 0, "root", scene_enrolled);
	EXPECT(ask(s, 0, VERIFY, WRONG), "wrong_code");
	EXPECT(ask(s, 1, VERIFY, WRONG), "wrong_code");
	EXPECT(ask(s, 0, VERIFY, WRONG), "wrong_code");
	cr_assert_eq(store_read(&s->at[0].store, "root", &record), FAULT_NONE);
	cr_expect_eq(
	    record.failures.known.count + record.failures.other.count, 3);
	record_done(&record);
	end(s);
}

Test(keeper_shared, a_revoke_at_one_is_felt_at_the_other)
{
	struct scene *s = begin();

	put(s, 0, "root", scene_enrolled);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	EXPECT(
	    ask(s, 0, "'revoke','user':'root','block':true", NO_CODE), "done");
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "closed");
	end(s);
}

/* Each request that needs a record, and no pass before the store is back. */
Test(keeper_shared, while_the_store_is_away_everybody_is_told_so)
{
	static const char *const requests[] = {LOGIN, VERIFY, "'skip'," TTY,
	    "'enroll_begin'," TTY, "'status'", "'recovery','code':'%s'",
	    "'users'", "'users','user':'root'", "'explain','user':'root'",
	    "'revoke','user':'root'", "'unlock','user':'root'",
	    "'code','user':'root','use':'pass'", "'enroll','user':'root'"};
	struct scene *s = begin();

	put(s, 0, "root", scene_enrolled);
	s->liar.shared->lie = LIE_AWAY;
	for (size_t i = 0; i < COUNT(requests); i++) {
		struct heard heard = ask(s, 1, requests[i], OF_DEVICE);

		cr_expect_str_eq(heard.reason, "store_away", "%s: %s",
		    requests[i], heard.message);
	}
	s->liar.shared->lie = LIE_NOT;
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "code");
	end(s);
}

Test(keeper_shared, a_local_user_logs_in_while_it_is_away)
{
	struct scene *s = begin();
	uid_t uid = keeper_scene_uid("daemon");
	int puts;

	put(s, 0, "daemon", scene_enrolled);
	puts = s->liar.shared->puts;
	s->liar.shared->lie = LIE_AWAY;
	EXPECT(ask_as(s, 0, uid, LOGIN, NO_CODE), "ask");
	EXPECT(ask_as(s, 0, uid, VERIFY, OF_DEVICE), "code");
	EXPECT(ask_as(s, 0, uid, VERIFY, OF_DEVICE), "code_used");
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "store_away");
	cr_expect_eq(s->liar.shared->puts, puts);
	end(s);
}

/* The code is spent, and its login was denied. */
Test(keeper_shared, a_code_that_may_be_spent_lets_nobody_in)
{
	struct scene *s = begin();

	put(s, 0, "root", scene_enrolled);
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "ask");
	s->liar.shared->lie = LIE_DONE_SILENT;
	EXPECT(ask(s, 0, VERIFY, OF_DEVICE), "store_unsure");
	s->liar.shared->lie = LIE_NOT;
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "code_used");
	end(s);
}

Test(keeper_shared, each_fault_of_the_store_has_its_reason)
{
	static const struct {
		enum lie lie;
		const char *reason;
	} cases[] = {
	    {LIE_FULL, "store_full"},
	    {LIE_REFUSED, "store"},
	    {LIE_GONE, "store_back"},
	    {LIE_OLD, "store_back"},
	    {LIE_DAMAGED, "bad_record"},
	    {LIE_CUT, "store"},
	    {LIE_REVISION, "store_back"},
	};
	struct scene *s = begin();

	put(s, 0, "root", scene_two_devices);
	put(s, 0, "root", scene_enrolled);
	for (size_t i = 0; i < COUNT(cases); i++) {
		s->liar.shared->lie = cases[i].lie;
		EXPECT(ask(s, 0, LOGIN, NO_CODE), cases[i].reason);
		EXPECT(ask(s, 0, VERIFY, OF_DEVICE), cases[i].reason);
	}
	s->liar.shared->lie = LIE_NOT;
	cr_assert_eq(
	    seen_revision_accept(s->at[0].store.dir, 1000), FAULT_NONE);
	EXPECT(ask(s, 0, VERIFY, OF_DEVICE), "code");
	end(s);
}

/* A file of this bastion that is damaged says nothing about the record, which
 * revoke would set aside. */
Test(keeper_shared, a_damaged_file_here_is_no_damaged_record)
{
	static const char noise[] = "neither of these";
	struct scene *s = begin();
	struct store *store = &s->at[0].store;
	int puts;

	put(s, 0, "root", scene_enrolled);
	puts = s->liar.shared->puts;
	keeper_scene_write(store->locks, "root", 0600, noise);
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "store");
	EXPECT(ask(s, 0, "'revoke','user':'root'", NO_CODE), "store");
	cr_assert_eq(unlinkat(store->locks, "root", 0), 0);
	keeper_scene_write(store->dir, "fleet/revision", 0600, noise);
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "store");
	EXPECT(ask(s, 0, "'revoke','user':'root'", NO_CODE), "store");
	cr_expect_eq(s->liar.shared->puts, puts);
	cr_assert_eq(unlinkat(store->dir, "fleet/revision", 0), 0);
	EXPECT(ask(s, 0, VERIFY, OF_DEVICE), "code");
	end(s);
}

static void
beat(struct scene *s, int i, int times)
{
	struct keeper *keeper = &s->at[i].keeper;

	snprintf(keeper->host, sizeof(keeper->host), "b%d", i + 1);
	for (int n = 0; n < times; n++)
		keeper_beat(keeper);
}

/* A store that was restored comes to the revision that it had by what bastions
 * write there each minute, and shows an older state all the same. */
Test(keeper_shared, a_restored_store_is_not_believed_as_time_goes_by)
{
	struct scene *s = begin();
	int puts;

	put(s, 0, "root", scene_enrolled);
	/* Nobody logged in at the other one. */
	beat(s, 1, 1);
	puts = s->liar.shared->puts;
	s->liar.shared->lie = LIE_REVISION;
	beat(s, 1, 1);
	cr_expect_eq(s->liar.shared->puts, puts);
	s->liar.shared->lie = LIE_NOT;
	beat(s, 0, 3);
	puts = s->liar.shared->puts;
	beat(s, 1, 3);
	cr_expect_eq(s->liar.shared->puts, puts);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "store_back");
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "store_back");
	cr_assert_eq(
	    seen_revision_accept(s->at[1].store.dir, 1000), FAULT_NONE);
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "code");
	beat(s, 1, 1);
	cr_expect_eq(s->liar.shared->puts, puts + 2);
	end(s);
}

/* The word that a bastion puts there each minute is a change, too. */
Test(keeper_shared, remembers_the_revision_of_its_own_word)
{
	static const struct talk_marks none;
	scoped_answer struct talk_answer answer = {.status = 0};
	struct scene *s = begin();
	uint64_t seen = 0;

	beat(s, 1, 1);
	cr_assert_eq(talk_get(&s->fleets[1].line, FLEET_BASTIONS "b2", &none,
			 clock_ms() + 1000, &answer),
	    FAULT_NONE);
	cr_assert_eq(seen_revision_read(s->at[1].store.dir, &seen), FAULT_NONE);
	cr_expect_eq(seen, strtoull(answer.mark, NULL, 10));
	end(s);
}

/* The worst: a thief with the key would be offered to set up a phone. */
Test(keeper_shared, nobody_enrols_in_place_of_a_record_that_was_taken_away)
{
	static const char *const requests[] = {LOGIN, "'skip'," TTY,
	    "'enroll_begin'," TTY, "'enroll_confirm','code':'%s'," TTY};
	struct scene *s = begin();
	int puts;

	put(s, 0, "root", scene_enrolled);
	s->liar.shared->lie = LIE_GONE;
	puts = s->liar.shared->puts;
	for (size_t i = 0; i < COUNT(requests); i++)
		EXPECT(ask(s, 0, requests[i], OF_WAITING), "store_back");
	cr_expect_eq(s->liar.shared->puts, puts);
	end(s);
}

Test(keeper_shared, a_damaged_record_can_be_revoked)
{
	struct scene *s = begin();
	struct stat st;

	put(s, 0, "root", scene_enrolled);
	snprintf(
	    s->liar.shared->about, sizeof(s->liar.shared->about), "users/");
	s->liar.shared->lie = LIE_DAMAGED_ONCE;
	EXPECT(ask(s, 0, "'revoke','user':'root'", NO_CODE), "done");
	cr_expect_eq(
	    fstatat(s->at[0].store.users, "root.json.damaged", &st, 0), 0);
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "setup");
	end(s);
}

static bool
is_logged(const struct keeper_scene *at, const char *words)
{
	char path[FOLDER_MAX + 32], line[AUDIT_LINE_MAX];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/" AUDIT_FILE, at->folder);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		found |= strstr(line, words) != NULL;
	if (file != NULL)
		fclose(file);
	return found;
}

Test(keeper_shared, lists_the_users_of_both)
{
	struct scene *s = begin();
	struct heard one, other;

	put(s, 0, "root", scene_enrolled);
	put(s, 0, "sys", scene_enrolled);
	put(s, 0, SCENE_GONE, scene_enrolled);
	one = ask(s, 0, "'users'", NO_CODE);
	other = ask(s, 1, "'users'", NO_CODE);
	cr_expect_geq(one.rows, 3);
	cr_expect_eq(one.rows, other.rows);
	EXPECT(ask(s, 0, "'forget','user':'" SCENE_GONE "'", NO_CODE), "done");
	cr_expect(is_logged(&s->at[0], "\"forget\""));
	cr_expect_eq(ask(s, 1, "'users'", NO_CODE).rows, one.rows - 1);
	end(s);
}

/* A user who could not be forgotten is not in the log as forgotten. */
Test(keeper_shared, logs_nobody_as_forgotten_who_stays)
{
	static const enum lie lies[] = {
	    LIE_GONE, LIE_OLD, LIE_AWAY, LIE_REFUSED};
	struct scene *s = begin();

	put(s, 0, SCENE_GONE, scene_two_devices);
	put(s, 0, SCENE_GONE, scene_enrolled);
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct heard told;

		s->liar.shared->lie = lies[i];
		told = ask(s, 0, "'forget','user':'" SCENE_GONE "'", NO_CODE);
		cr_expect_str_neq(told.reason, "done", "lie %d", lies[i]);
		cr_expect_not(
		    is_logged(&s->at[0], "\"forget\""), "lie %d", lies[i]);
	}
	end(s);
}

/* A configuration that cannot be read hides records, which may revoke what the
 * folder has. */
Test(keeper_shared, denies_everybody_where_the_fleet_is_not_clear)
{
	struct scene *s = begin();
	struct keeper *keeper = &s->at[1].keeper;
	char file[FOLDER_MAX + 32];

	keeper->fleet = NULL;
	snprintf(file, sizeof(file), "%s/store.json", s->at[1].folder);
	keeper_join(file, LINE_SOCKET, keeper);
	keeper_join_missed(file, keeper);
	cr_expect_str_empty(keeper->unjoined);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "setup");

	cr_assert_eq(mkdirat(s->at[1].store.dir, "fleet", 0700), 0);
	keeper_join(file, LINE_SOCKET, keeper);
	keeper_join_missed(file, keeper);
	cr_expect_not_null(strstr(keeper->unjoined, "put it back"));
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "store");

	keeper_scene_write(s->at[1].store.dir, "store.json", 0644, "{}");
	keeper_join(file, LINE_SOCKET, keeper);
	keeper_join_missed(file, keeper);
	cr_expect_not_null(
	    strstr(keeper->unjoined, file), "%s", keeper->unjoined);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "store");
	EXPECT(ask(s, 1, "'users'", NO_CODE), "store");
	end(s);
}

static const char configuration[] =
    "{\"version\":1,\"name\":\"b\",\"engine\":\"etcd\",\"endpoints\":"
    "[\"https://e:2379\"],\"prefix\":\"/t/\",\"tls\":{\"ca\":\"/ca\"},"
    "\"user\":\"tfa\"}";

#define HEX16 "0123456789abcdef"

static const char keys[] = "{\"version\":1,\"fleet\":\"" HEX16 HEX16
			   "\",\"use\":\"00000001\",\"keys\":[{\"id\":"
			   "\"00000001\",\"key\":\"" HEX16 HEX16 HEX16 HEX16
			   "\",\"since\":\"2026-11-29T12:00:00Z\"}]}";

Test(keeper_shared, joins_with_its_key)
{
	struct scene *s = begin();
	struct keeper *keeper = &s->at[1].keeper;
	char file[FOLDER_MAX + 32];

	keeper->fleet = NULL;
	snprintf(file, sizeof(file), "%s/store.json", s->at[1].folder);
	keeper_scene_write(
	    s->at[1].store.dir, "store.json", 0644, configuration);
	keeper_join(file, s->liar.path, keeper);
	cr_expect_null(keeper->fleet);
	cr_expect_not_null(
	    strstr(keeper->unjoined, "fleet.key"), "%s", keeper->unjoined);

	keeper_scene_write(s->at[1].store.dir, "fleet.key", 0640, keys);
	keeper_join(file, s->liar.path, keeper);
	cr_expect_null(keeper->fleet);
	cr_expect_not_null(
	    strstr(keeper->unjoined, "chmod"), "%s", keeper->unjoined);

	cr_assert_eq(fchmodat(s->at[1].store.dir, "fleet.key", 0600, 0), 0);
	keeper_join(file, s->liar.path, keeper);
	cr_expect_str_empty(keeper->unjoined);
	cr_assert_not_null(keeper->fleet);
	cr_expect(keeper_seals(keeper));
	liar_kill(&s->liar);
	liar_start(&s->liar);
	founder_charter(keeper->fleet, FOUNDER_EPOCH, CHARTER_LEVEL);
	founder_policy(keeper->fleet, s->at[1].store.dir, "b1", policy);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "setup");
	end(s);
}

static const char exempting[] =
    "{'version':1,'issuer':'Test','rules':[],'otherwise':'exempt'}";

/* By the request for the record, which says that another policy is in force. */
Test(keeper_shared, decides_by_the_policy_in_force)
{
	struct scene *s = begin();

	put(s, 0, "root", scene_enrolled);
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "ask");
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	founder_policy(&s->fleets[0], s->at[0].store.dir, "b1", exempting);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "exempt");
	founder_policy(&s->fleets[0], s->at[0].store.dir, "b1", policy);
	EXPECT(ask(s, 1, VERIFY, WRONG), "wrong_code");
	founder_policy(&s->fleets[1], s->at[1].store.dir, "b2", exempting);
	EXPECT(ask(s, 0, VERIFY, WRONG), "exempt");
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "exempt");
	end(s);
}

/* Files of keys that the policy names are asked for again, too. */
Test(keeper_shared, looks_where_the_policy_in_force_says)
{
	static const char elsewhere[] =
	    "{'version':1,'issuer':'Test','rules':[],'otherwise':'exempt',"
	    "'keys':{'files':['/etc/keys/%u']}}";
	struct scene *s = begin();

	put(s, 0, "root", scene_enrolled);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	founder_policy(&s->fleets[0], s->at[0].store.dir, "b1", elsewhere);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "look");
	end(s);
}

Test(keeper_shared, denies_what_it_is_too_old_for)
{
	struct scene *s = begin();

	put(s, 0, "root", scene_enrolled);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	founder_charter(&s->fleets[0], FOUNDER_EPOCH, CHARTER_LEVEL + 1);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "too_old");
	EXPECT(ask(s, 1, "'users'", NO_CODE), "too_old");
	founder_charter(&s->fleets[0], FOUNDER_EPOCH, CHARTER_LEVEL);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	end(s);
}

Test(keeper_shared, denies_by_a_policy_that_is_none)
{
	struct scene *s = begin();

	founder_policy(&s->fleets[0], s->at[0].store.dir, "b1", "{'no':1}");
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "bad_policy");
	EXPECT(ask(s, 1, "'policy_get'", NO_CODE), "done");
	end(s);
}

/* A minute is too much; administrators can look all the same. */
Test(keeper_shared, judges_nothing_by_a_clock_that_is_off)
{
	struct scene *s = begin();

	put(s, 0, "root", scene_enrolled);
	offset_note(s->at[0].store.dir, "", 60999);
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "ask");
	offset_note(s->at[0].store.dir, "", 61000);
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "clock_off");
	EXPECT(ask(s, 0, VERIFY, OF_DEVICE), "clock_off");
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	EXPECT(ask(s, 0, "'users'", NO_CODE), "done");
	offset_note(s->at[0].store.dir, "", -61000);
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "clock_off");
	end(s);
}

/* A local user's record is here, and so is the last policy that was seen. */
Test(keeper_shared, last_policy_seen_decides_for_local_users)
{
	struct scene *s = begin();

	EXPECT(ask_as(s, 1, 1, LOGIN, NO_CODE), "setup");
	s->liar.shared->lie = LIE_AWAY;
	EXPECT(ask_as(s, 1, 1, LOGIN, NO_CODE), "setup");
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "store_away");
	s->liar.shared->lie = LIE_REFUSED;
	EXPECT(ask_as(s, 1, 1, LOGIN, NO_CODE), "setup");
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "store");
	/* This bastion has seen none. */
	liar_kill(&s->liar);
	cr_assert_eq(unlinkat(s->at[1].store.dir, "fleet/policy", 0), 0);
	EXPECT(ask_as(s, 1, 1, LOGIN, NO_CODE), "store_away");
	liar_start(&s->liar);
	end(s);
}

/* Before any policy was read here, and while the clock is off, too. */
Test(keeper_shared, each_login_that_was_not_judged_is_in_the_audit)
{
	static const char *const ends[] = {LOGIN, VERIFY,
	    "'refuse','reason':'no_code'", "'enroll_begin'," TTY};
	static const char *const others[] = {"'status'", "'users'"};
	struct scene *s = begin();

	s->liar.shared->lie = LIE_AWAY;
	for (size_t i = 0; i < COUNT(others); i++)
		EXPECT(ask(s, 1, others[i], NO_CODE), "store_away");
	cr_expect_not(is_logged(&s->at[1], "store_away"));
	for (size_t i = 0; i < COUNT(ends); i++) {
		EXPECT(ask(s, 1, ends[i], OF_DEVICE), "store_away");
		cr_expect(is_logged(&s->at[1], "store_away"), "%s", ends[i]);
		cr_assert_eq(unlinkat(s->at[1].store.dir, AUDIT_FILE, 0), 0,
		    "%s", ends[i]);
	}
	s->liar.shared->lie = LIE_NOT;
	offset_note(s->at[1].store.dir, "", 61000);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "clock_off");
	cr_expect(is_logged(&s->at[1], "clock_off"));
	end(s);
}

/* The record as both have it. */
static void
read_shared(struct scene *s, struct record *ret)
{
	fleet_attach(&s->fleets[0], &s->at[0].store);
	cr_assert_eq(store_read(&s->at[0].store, "root", ret), FAULT_NONE, "%s",
	    s->at[0].store.why);
}

static void
expect_uids(struct scene *s, size_t count, const char *last, int64_t uid)
{
	struct record record;

	read_shared(s, &record);
	cr_assert_eq(record.uids.count, count);
	if (count > 0) {
		const struct uid_at *at = &record.uids.items[count - 1];

		cr_expect_str_eq(at->bastion, last);
		cr_expect_eq(at->uid, uid);
	}
	record_done(&record);
}

static struct scene *
begin_uids(int level)
{
	struct scene *s = begin();

	s->config.uids = FLEET_UIDS_PER_BASTION;
	for (int i = 0; i < 2; i++)
		snprintf(s->at[i].keeper.host, sizeof(s->at[i].keeper.host),
		    "b%d", i + 1);
	founder_charter(&s->fleets[0], FOUNDER_EPOCH, level);
	return s;
}

/* The record was made at a bastion where that user has another uid. */
Test(keeper_shared, knows_a_user_by_the_uid_of_each_bastion)
{
	struct scene *s = begin_uids(CHARTER_UIDS);

	put(s, 0, "root", scene_anothers);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	expect_uids(s, 1, "b2", 0);
	EXPECT(ask(s, 0, LOGIN, NO_CODE), "ask");
	expect_uids(s, 2, "b1", 0);
	EXPECT(ask(s, 0, VERIFY, OF_DEVICE), "code");
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "code_used");
	expect_uids(s, 2, "b1", 0);
	end(s);
}

static void
at_b2_of_another(struct record *record)
{
	scene_enrolled(record);
	record_note_uid(record, "b2", 4000);
}

/* The name belongs to another account there than at the first visit. */
Test(keeper_shared, denies_another_uid_than_that_of_the_bastion)
{
	static const char *const requests[] = {LOGIN, VERIFY, "'skip'," TTY,
	    "'enroll_begin'," TTY, "'explain','user':'root'",
	    "'enroll','user':'root'"};
	struct scene *s = begin_uids(CHARTER_UIDS);

	put(s, 0, "root", at_b2_of_another);
	for (size_t i = 0; i < COUNT(requests); i++)
		EXPECT(ask(s, 1, requests[i], OF_DEVICE), "uid_changed");
	expect_uids(s, 1, "b2", 4000);
	EXPECT(ask(s, 0, VERIFY, OF_DEVICE), "code");
	expect_uids(s, 2, "b1", 0);
	EXPECT(ask(s, 1, "'revoke','user':'root'", NO_CODE), "done");
	expect_uids(s, 1, "b2", 0);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "setup");
	end(s);
}

static void
everywhere_else(struct record *record)
{
	char host[16];

	scene_anothers(record);
	for (int i = 0; i < UIDS_MAX; i++) {
		snprintf(host, sizeof(host), "other%d", i);
		cr_assert(record_note_uid(record, host, 1));
	}
}

Test(keeper_shared, notes_uids_of_as_many_bastions_as_fit)
{
	struct scene *s = begin_uids(CHARTER_UIDS);

	put(s, 0, "root", everywhere_else);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "uid_changed");
	expect_uids(s, UIDS_MAX, "other31", 1);
	end(s);
}

/* A new record says from the beginning whose it is. */
Test(keeper_shared, makes_records_with_the_uid_of_the_bastion)
{
	struct scene *s = begin_uids(CHARTER_UIDS);

	EXPECT(
	    ask(s, 1, "'code','user':'root','use':'enroll'", NO_CODE), "done");
	expect_uids(s, 1, "b2", 0);
	end(s);
}

/* An older tfa in the fleet could not read them, and one that is told that uids
 * are the same does not look at them. */
Test(keeper_shared, has_one_uid_for_all_below_the_level)
{
	struct scene *s = begin_uids(CHARTER_UIDS - 1);

	put(s, 0, "root", scene_anothers);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "uid_changed");
	put(s, 0, "root", scene_enrolled);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	expect_uids(s, 0, "", 0);
	founder_charter(&s->fleets[0], FOUNDER_EPOCH, CHARTER_UIDS);
	s->config.uids = FLEET_UIDS_SAME;
	put(s, 0, "root", at_b2_of_another);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "ask");
	expect_uids(s, 1, "b2", 4000);
	end(s);
}

/* An older tfa in the fleet could not read such a record. */
Test(keeper_shared, takes_no_device_that_counts_below_the_level)
{
	static const char enroll[] = "'enroll','user':'root','hotp':true",
			  import[] =
			      "'import','user':'root','import':{"
			      "'algorithm':'SHA1','digits':6,'period':30,"
			      "'secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',"
			      "'last_step':'0'}";
	struct scene *s = begin_uids(CHARTER_HOTP - 1);
	struct record record;

	EXPECT(ask(s, 1, enroll, NO_CODE), "fleet_level");
	EXPECT(ask(s, 1, import, NO_CODE), "done");
	read_shared(s, &record);
	cr_assert_eq(record.devices.count, 1);
	cr_expect_eq(record.devices.items[0].type, DEVICE_TOTP);
	record_done(&record);
	EXPECT(
	    ask(s, 1, "'enroll','user':'daemon','hotp':true", NO_CODE), "done");
	founder_charter(&s->fleets[0], FOUNDER_EPOCH, CHARTER_HOTP);
	EXPECT(ask(s, 1, enroll, NO_CODE), "done");
	read_shared(s, &record);
	cr_assert_eq(record.devices.count, 2);
	cr_expect_eq(record.devices.items[1].type, DEVICE_HOTP);
	record_done(&record);
	end(s);
}

/* The record of a local user is in one bastion's folder. */
Test(keeper_shared, local_users_have_one_uid)
{
	struct scene *s = begin_uids(CHARTER_UIDS);
	uid_t uid = keeper_scene_uid("daemon");
	struct record record;

	put(s, 0, "daemon", scene_anothers);
	EXPECT(ask_as(s, 0, uid, LOGIN, NO_CODE), "uid_changed");
	put(s, 0, "daemon", scene_enrolled);
	EXPECT(ask_as(s, 0, uid, LOGIN, NO_CODE), "ask");
	cr_assert_eq(
	    store_read(&s->at[0].store, "daemon", &record), FAULT_NONE);
	cr_expect_eq(record.uids.count, 0);
	record_done(&record);
	end(s);
}

static const char by_name[] =
    "{'version':1,'issuer':'Test','rules':[{'name':'ci','users':['root'],"
    "'mode':'exempt'}],"
    "'otherwise':'required'}";

/* A scene whose policy is that one, seen by both, and etcd away. */
static struct scene *
begin_away(const char *text)
{
	struct scene *s = begin();

	s->config.away = (struct fleet_away){true, FLEET_EXEMPT_PASS};
	founder_policy(&s->fleets[0], s->at[0].store.dir, "b1", text);
	(void)ask(s, 0, LOGIN, NO_CODE);
	(void)ask(s, 1, LOGIN, NO_CODE);
	s->liar.shared->lie = LIE_AWAY;
	return s;
}

Test(keeper_shared, exempt_users_come_in_while_it_is_away_if_told_so)
{
	struct scene *s = begin_away(by_name);

	EXPECT(ask(s, 1, LOGIN, NO_CODE), "exempt");
	EXPECT(ask(s, 1, VERIFY, OF_DEVICE), "store_away");
	EXPECT(ask(s, 1, "'login','keys':'default','door':true", NO_CODE),
	    "store_away");
	EXPECT(
	    ask(s, 1, LOGIN ",'reason':'key_unlisted'", NO_CODE), "store_away");
	EXPECT(ask(s, 1, "'users','user':'root'", NO_CODE), "store_away");
	EXPECT(ask_as(s, 1, keeper_scene_uid("sys"), LOGIN, NO_CODE),
	    "store_away");
	s->config.away.exempt = FLEET_EXEMPT_DENY;
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "store_away");
	end(s);
}

/* Only the record knows if a rule by which they need a code was lost. */
Test(keeper_shared, nobody_is_exempt_by_a_rule_for_all_while_it_is_away)
{
	static const char all[] =
	    "{'version':1,'issuer':'Test','rules':[{'name':'all','users':['*'],"
	    "'mode':'exempt'}],'otherwise':'required'}";
	struct scene *s = begin_away(all);

	EXPECT(ask(s, 1, LOGIN, NO_CODE), "store_away");
	end(s);
	s = begin_away(exempting);
	EXPECT(ask(s, 1, LOGIN, NO_CODE), "store_away");
	end(s);
}

/* A rule that names people, and asks them. */
Test(keeper_shared, nobody_whom_a_rule_asks_comes_in_while_it_is_away)
{
	static const char *const asking[] = {
	    "{'version':1,'issuer':'Test','rules':[{'name':'ops','users':["
	    "'root'],'mode':'required'}],'otherwise':'required'}",
	    "{'version':1,'issuer':'Test','rules':[{'name':'ops','users':["
	    "'root'],'mode':'optional'}],'otherwise':'required'}"};

	for (size_t i = 0; i < COUNT(asking); i++) {
		struct scene *s = begin_away(asking[i]);

		EXPECT(ask(s, 1, LOGIN, NO_CODE), "store_away");
		end(s);
	}
}

/* Every other fault is one of the record, and not of the way to it. */
Test(keeper_shared, nobody_is_exempt_where_the_store_answers)
{
	static const enum lie lies[] = {LIE_UNSURE, LIE_FULL, LIE_REFUSED,
	    LIE_GONE, LIE_OLD, LIE_DAMAGED, LIE_CUT, LIE_REVISION};
	struct scene *s = begin_away(by_name);

	s->liar.shared->lie = LIE_NOT;
	put(s, 0, "root", scene_two_devices);
	put(s, 0, "root", scene_enrolled);
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct heard heard;

		s->liar.shared->lie = lies[i];
		heard = ask(s, 0, LOGIN, NO_CODE);
		cr_expect_str_neq(heard.reason, "exempt", "%d", lies[i]);
	}
	end(s);
}

Test(keeper_shared, nobody_is_exempt_by_a_policy_of_last_week)
{
	struct scene *s = begin_away(by_name);
	static const char *const ages[] = {"2026", "2020"};
	char command[FOLDER_MAX + 100];

	for (int i = 0; i < 2; i++) {
		snprintf(command, sizeof(command),
		    "sed -i 's/\"time\":\"[0-9]*/\"time\":\"%s/' "
		    "%s/fleet/policy",
		    ages[i], s->at[1].folder);
		cr_assert_eq(system(command), 0);
		EXPECT(ask(s, 1, LOGIN, NO_CODE),
		    i == 0 ? "exempt" : "store_away");
	}
	end(s);
}
