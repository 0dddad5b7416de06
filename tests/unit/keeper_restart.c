/*
 * A change() of store_update() may be called more than once, with different
 * records: once for each try that another writer got ahead of.  Here each is
 * called on record A, which is thrown away, and then on record B, and all that
 * can be seen must be what B alone gives: answer, records, log.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enroll.h"
#include "file.h"
#include "fixture.h"
#include "inject.h"
#include "keeper.h"

#define SEEN_MAX 65536
#define HELPER   "daemon" /* a delegate */
#define HELPED   "sys"
#define CHANGES  32

static const uint8_t waiting[ENROLL_SECRET_BYTES] = {7};
static const char pass_code[] = "PASS-0000-0000-0000";
static const char enroll_code[] = "ENR0-0000-0000-0000";
static const char recovery_code[] = "REC0-0000-0000-0000";

/* States of a record. */
static void
be_new(struct record *record)
{
	(void)record;
}

static void
be_enrolled(struct record *record)
{
	fixture_device(record);
	fixture_one_time(record, CODE_RECOVER, recovery_code, 0);
}

static void
have_two_devices(struct record *record)
{
	be_enrolled(record);
	fixture_device(record);
}

static void
have_all_devices(struct record *record)
{
	while (record->devices.count < DEVICES_MAX)
		fixture_device(record);
}

static void
be_blocked(struct record *record)
{
	be_enrolled(record);
	enroll_revoke(record, true, NOW_S);
}

static void
be_anothers(struct record *record)
{
	be_enrolled(record);
	record->uid += 4000;
}

static void
be_locked(struct record *record)
{
	struct counter shut = {.count = 9,
	    .last_s = NOW_S - 1,
	    .spent = 90,
	    .spent_since_s = NOW_S};

	be_enrolled(record);
	record->failures.known = shut;
	record->failures.other = shut;
}

static void
have_spent(struct record *record)
{
	struct device *device;

	be_enrolled(record);
	device = &record->devices.items[0];
	device->last_step = otp_step(NOW_S, device->period_s);
}

static void
be_waiting(struct record *record)
{
	enroll_begin(record, waiting, "phone", NOW_S);
}

static void
wait_for_another(struct record *record)
{
	be_enrolled(record);
	be_waiting(record);
}

static void
have_codes(struct record *record)
{
	be_enrolled(record);
	fixture_one_time(record, CODE_PASS, pass_code, NOW_S + DAY_S);
	fixture_one_time(record, CODE_ENROLL, enroll_code, NOW_S + DAY_S);
}

static void
have_a_code_alone(struct record *record)
{
	fixture_one_time(record, CODE_ENROLL, enroll_code, NOW_S + DAY_S);
	fixture_one_time(record, CODE_PASS, pass_code, NOW_S + DAY_S);
}

static void
have_all_codes(struct record *record)
{
	be_enrolled(record);
	while (record->codes.count < CODES_MAX) {
		char code[ONETIME_TEXT];

		snprintf(code, sizeof(code), "FFFF-FFFF-FFFF-00%02zu",
		    record->codes.count);
		fixture_one_time(record, CODE_RECOVER, code, 0);
	}
}

static const struct {
	const char *name;
	void (*make)(struct record *record);
} states[] = {
    {"new", be_new},
    {"enrolled", be_enrolled},
    {"two devices", have_two_devices},
    {"all devices", have_all_devices},
    {"blocked", be_blocked},
    {"another's", be_anothers},
    {"locked", be_locked},
    {"spent", have_spent},
    {"waiting", be_waiting},
    {"another waiting", wait_for_another},
    {"codes", have_codes},
    {"a code alone", have_a_code_alone},
    {"all codes", have_all_codes},
};

/* Requests; %s: the code of d1, of what waits, or of no device. */
enum code { NO_CODE, OF_DEVICE, OF_WAITING, WRONG };

#define CLAIMED "'terminal':true,'address':'203.0.113.7','command':'id'"
#define ACCOUNT                                                         \
	"'algorithm':'SHA1','digits':6,"                                \
	"'period':30,'secret':"                                         \
	"'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ','last_step':'0','scratch':" \
	"['12345678']"

static const struct asked {
	const char *text;
	enum code code;
	bool by_helper, unlogged;
} requests[] = {
    {"'login'," CLAIMED, NO_CODE, false, false},
    {"'verify'," CLAIMED ",'code':'%s'", OF_DEVICE, false, false},
    {"'verify'," CLAIMED ",'code':'%s'", WRONG, false, false},
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
    {"'device_begin'," CLAIMED ",'code':'%s','device':'x'", OF_DEVICE, false,
	false},
    {"'device_confirm'," CLAIMED ",'code':'%s'", OF_WAITING, false, false},
    {"'device_remove'," CLAIMED ",'code':'%s','device':'d1'", OF_DEVICE, false,
	false},
    {"'recovery'," CLAIMED ",'code':'%s'", OF_DEVICE, false, false},
    {"'revoke','user':'root'", NO_CODE, false, false},
    {"'revoke','user':'root','block':true", NO_CODE, false, false},
    {"'revoke','user':'root','use':'enroll'", NO_CODE, false, false},
    {"'unlock','user':'root'", NO_CODE, false, false},
    {"'code','user':'root','use':'enroll'", NO_CODE, false, false},
    {"'code','user':'root','use':'pass'", NO_CODE, false, false},
    {"'enroll','user':'root'", NO_CODE, false, false},
    {"'enroll','user':'root','use':'recover'", NO_CODE, false, false},
    {"'import','user':'root','import':{" ACCOUNT "}", NO_CODE, false, false},
    {"'enroll','user':'root','use':'recover'", NO_CODE, false, true},
    {"'import','user':'root','import':{" ACCOUNT "}", NO_CODE, false, true},
    {"'unlock','user':'" HELPED "','code':'%s'", OF_DEVICE, true, false},
    {"'unlock','user':'" HELPED "','code':'%s'", WRONG, true, false},
    {"'revoke','user':'" HELPED "','code':'%s'", OF_DEVICE, true, false},
    {"'code','user':'" HELPED "','use':'enroll','code':'%s'", OF_DEVICE, true,
	false},
};

/* Of these, only a login of one's own asks the second policy anything else. */
#define OF_LOGIN 11

/* Everybody may put it off; nobody may. */
static const char *const policies[] = {
    "{'version':1,'issuer':'Test','admins':{'users':['" HELPER "']},"
    "'rules':[{'name':'all','users':['*'],'mode':'optional'}],"
    "'otherwise':'required','enrollment':{'self':'always'}}",
    "{'version':1,'issuer':'Test','admins':{'users':['" HELPER "']},"
    "'rules':[{'name':'all','users':['*'],'mode':'required'}],"
    "'otherwise':'required','enrollment':{'self':'always'}}",
};

struct scene {
	char folder[FOLDER_MAX];
	char policy[FOLDER_MAX + 16];
	struct keeper keeper;
	struct store store;
	char codes[WRONG + 1][OTP_DIGITS_MAX + 1];
};

/* What the hook does, which has no argument of its own. */
static void (*first)(struct record *record);
static inject_change *met[CHANGES];
static size_t met_count;

static uid_t
uid_of(const char *user)
{
	const struct passwd *pw = getpwnam(user);

	cr_assert_not_null(pw, "%s", user);
	return pw->pw_uid;
}

static void
make_record(const char *user, void (*make)(struct record *), struct record *ret)
{
	record_init(ret, user, uid_of(user));
	make(ret);
}

/* The try that somebody else gets ahead of. */
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
	make_record(user, first, &record);
	(void)change(&record, arg);
	record_done(&record);
}

static void
write_file(int folder, const char *name, mode_t mode, const char *text)
{
	int fd = openat(
	    folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	cr_assert_geq(fd, 0, "%s", name);
	cr_assert_eq(file_write(fd, text, strlen(text)), FAULT_NONE);
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void
put_record(struct scene *s, const char *user, void (*make)(struct record *))
{
	scoped_json_text char *text = NULL;
	char name[USER_TEXT + 8];
	struct record record;

	snprintf(name, sizeof(name), "%s.json", user);
	unlinkat(s->store.users, name, 0);
	if (make == be_new)
		return;
	make_record(user, make, &record);
	cr_assert_eq(record_format(&record, &text), FAULT_NONE);
	write_file(s->store.users, name, 0600, text);
	record_done(&record);
}

static void
begin(struct scene *s)
{
	struct record record;
	struct device pending = {
	    .digits = 6, .period_s = 30, .secret.len = ENROLL_SECRET_BYTES};

	if (geteuid() != 0)
		cr_skip_test("needs root");
	*s = (struct scene){.folder = ""};
	fixture_folder(s->folder);
	cr_assert_eq(store_open(s->folder, true, &s->store), FAULT_NONE);
	snprintf(s->policy, sizeof(s->policy), "%s/policy.json", s->folder);
	s->keeper = (struct keeper){.store = s->folder,
	    .policy = s->policy,
	    .embedded = true,
	    .boot_id = "boot"};
	record_init(&record, "root", 0);
	fixture_code(fixture_device(&record), NOW_S, 0, s->codes[OF_DEVICE]);
	memcpy(pending.secret.bytes, waiting, sizeof(waiting));
	fixture_code(&pending, NOW_S, 0, s->codes[OF_WAITING]);
	fixture_wrong(&record, NOW_S, s->codes[WRONG]);
	record_done(&record);
	inject_syslog_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	inject_stand_still(NOW_S);
	inject_before_update(lose_a_try);
}

static void
end(struct scene *s)
{
	inject_before_update(NULL);
	inject_stand_still(0);
	inject_syslog_to(-1);
	store_close(&s->store);
	fixture_remove(s->folder);
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

/* The answer to one request of that uid, which the kernel notes. */
static void
ask(struct scene *s, uid_t uid, const char *request, char *seen)
{
	static const struct conduct conduct;
	char *answer = NULL;
	size_t len = 0;
	int pair[2];

	cr_assert_eq(seteuid(uid), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(packet_send(pair[0], request), FAULT_NONE);
	shutdown(pair[0], SHUT_WR);
	keeper_serve(&s->keeper, pair[1], &conduct);
	close(pair[1]);
	while (packet_receive(pair[0], 0, &answer, &len) == FAULT_NONE) {
		add_text(seen, answer);
		free(answer);
	}
	close(pair[0]);
}

/* All that can be seen of that request, with record B on disk: one that lies
 * there for each of the three. */
static void
serve(struct scene *s, const struct asked *asked,
    void (*record)(struct record *), char seen[static SEEN_MAX])
{
	char text[QUOTED_MAX], quoted[QUOTED_MAX], request[QUOTED_MAX + 64];

	put_record(s, "root", record);
	put_record(s, HELPER, record);
	put_record(s, HELPED, record);
	unlinkat(s->store.dir, AUDIT_FILE, 0);
	snprintf(text, sizeof(text), "{'v':1,'request':%s}", asked->text);
	fixture_quote(text, quoted);
	snprintf(request, sizeof(request), "%s", quoted);
	if (strstr(quoted, "%s") != NULL)
		snprintf(request, sizeof(request), "%.*s%s%s",
		    (int)(strstr(quoted, "%s") - quoted), quoted,
		    s->codes[asked->code], strstr(quoted, "%s") + 2);
	seen[0] = '\0';
	/* The first is the record's. */
	if (asked->unlogged)
		inject_arm_call("write", 2, ENOSPC);
	ask(s, asked->by_helper ? uid_of(HELPER) : 0, request, seen);
	inject_disarm();
	add_file(s->store.users, "root.json", seen);
	add_file(s->store.users, HELPER ".json", seen);
	add_file(s->store.users, HELPED ".json", seen);
	add_file(s->store.dir, AUDIT_FILE, seen);
}

/* Where the two begin to differ. */
static const char *
difference(const char *one, const char *other)
{
	size_t same = 0;

	while (one[same] == other[same] && one[same] != '\0')
		same++;
	return one + (same > 60 ? same - 60 : 0);
}

static void
expect_as_alone(struct scene *s, const struct asked *asked, size_t b)
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

/* The functions of that form in the keeper's sources. */
static size_t
count_changes(void)
{
	glob_t files;
	size_t n = 0;

	cr_assert_eq(glob("store/keeper_*.c", 0, NULL, &files), 0,
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

Test(keeper_restart, gives_what_the_last_record_gives, .timeout = 120)
{
	struct scene s;

	begin(&s);
	for (size_t p = 0; p < COUNT(policies); p++) {
		char quoted[QUOTED_MAX];

		fixture_quote(policies[p], quoted);
		write_file(s.store.dir, "policy.json", 0600, quoted);
		for (size_t r = 0; r < (p == 0 ? COUNT(requests) : OF_LOGIN);
		     r++)
			for (size_t b = 0; b < COUNT(states); b++)
				expect_as_alone(&s, &requests[r], b);
	}
	cr_expect_eq(met_count, count_changes(),
	    "%zu changes of %zu were made: add a request for the others",
	    met_count, count_changes());
	end(&s);
}
