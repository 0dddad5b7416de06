#include "tests/unit/store/keeper/scene.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/core/enroll.h"
#include "store/base/file.h"
#include "tests/unit/inject.h"

static const uint8_t waiting[ENROLL_SECRET_BYTES] = {7};

void
scene_new(struct record *record)
{
	(void)record;
}

void
scene_enrolled(struct record *record)
{
	fixture_device(record);
	fixture_one_time(record, CODE_RECOVER, SCENE_RECOVERY, 0);
}

/* Its next counter has the code that the other type of device has now. */
void
scene_counted(struct record *record)
{
	fixture_counted(record, otp_step(NOW_S, 30));
	fixture_one_time(record, CODE_RECOVER, SCENE_RECOVERY, 0);
}

void
scene_two_devices(struct record *record)
{
	scene_enrolled(record);
	fixture_device(record);
}

void
scene_all_devices(struct record *record)
{
	while (record->devices.count < DEVICES_MAX)
		fixture_device(record);
}

void
scene_blocked(struct record *record)
{
	scene_enrolled(record);
	enroll_revoke(record, true, NOW_S);
}

void
scene_anothers(struct record *record)
{
	scene_enrolled(record);
	record->uid += 4000;
}

void
scene_locked(struct record *record)
{
	struct counter shut = {.count = 9,
	    .last_s = NOW_S - 1,
	    .spent = 90,
	    .spent_since_s = NOW_S};

	scene_enrolled(record);
	record->failures.known = shut;
	record->failures.other = shut;
}

void
scene_spent(struct record *record)
{
	struct device *device;

	scene_enrolled(record);
	device = &record->devices.items[0];
	device->last_step = otp_step(NOW_S, device->period_s);
}

void
scene_waiting(struct record *record)
{
	cr_assert_eq(enroll_begin(record, waiting, "phone", NOW_S), FAULT_NONE);
}

void
scene_another_waiting(struct record *record)
{
	scene_enrolled(record);
	scene_waiting(record);
}

void
scene_waiting_pass(struct record *record)
{
	scene_waiting(record);
	fixture_one_time(record, CODE_PASS, SCENE_PASS, NOW_S + DAY_S);
}

void
scene_codes(struct record *record)
{
	scene_enrolled(record);
	fixture_one_time(record, CODE_PASS, SCENE_PASS, NOW_S + DAY_S);
	fixture_one_time(record, CODE_ENROLL, SCENE_ENROLL, NOW_S + DAY_S);
}

void
scene_code_alone(struct record *record)
{
	fixture_one_time(record, CODE_ENROLL, SCENE_ENROLL, NOW_S + DAY_S);
	fixture_one_time(record, CODE_PASS, SCENE_PASS, NOW_S + DAY_S);
}

void
scene_all_codes(struct record *record)
{
	scene_enrolled(record);
	while (record->codes.count < CODES_MAX) {
		char code[ONETIME_TEXT];

		snprintf(code, sizeof(code), "FFFF-FFFF-FFFF-00%02zu",
		    record->codes.count);
		fixture_one_time(record, CODE_RECOVER, code, 0);
	}
}

void
keeper_scene_write(int folder, const char *name, mode_t mode, const char *text)
{
	int fd = openat(
	    folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	cr_assert_geq(fd, 0, "%s", name);
	cr_assert_eq(file_write(fd, text, strlen(text)), FAULT_NONE);
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

void
keeper_scene_tokens(struct keeper_scene *s)
{
	char text[QUOTED_MAX];

	fixture_quote(
	    "{'version':1,'tokens':[{'serial':'" SCENE_TOKEN
	    "','type':'totp','algorithm':'SHA1','digits':6,'period':30,"
	    "'secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB','imported':"
	    "'2026-10-01T00:00:00Z'},{'serial':'" SCENE_TOKEN_BEGUN
	    "','type':'hotp','algorithm':'SHA1','digits':6,'counter':'5',"
	    "'secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAC','imported':"
	    "'2026-10-01T00:00:00Z','user':'root'},{'serial':'" SCENE_TOKEN_GIVEN
	    "','type':'totp','algorithm':'SHA1','digits':6,'period':30,"
	    "'hash':'00000000000000000000000000000000000000000000000000000000"
	    "00000000','imported':'2026-10-01T00:00:00Z','user':'root',"
	    "'assigned':'2026-10-02T00:00:00Z'}]}",
	    text);
	keeper_scene_write(s->store.dir, "tokens.json", 0600, text);
}

uid_t
keeper_scene_uid(const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (strcmp(user, SCENE_GONE) == 0)
		return 4000;
	cr_assert_not_null(pw, "%s", user);
	return pw->pw_uid;
}

void
keeper_scene_make(const char *user, scene_state *make, struct record *ret)
{
	record_init(ret, user, keeper_scene_uid(user));
	make(ret);
}

void
keeper_scene_put(struct keeper_scene *s, const char *user, scene_state *make)
{
	scoped_json_text char *text = NULL;
	char name[USER_TEXT + 8];
	struct record record;

	snprintf(name, sizeof(name), "%s.json", user);
	unlinkat(s->store.users, name, 0);
	if (make == scene_new)
		return;
	keeper_scene_make(user, make, &record);
	cr_assert_eq(record_format(&record, &text), FAULT_NONE);
	keeper_scene_write(s->store.users, name, 0600, text);
	record_done(&record);
}

/* A policy to be weighed, by which people lose something. */
static const char draft[] = "{\"version\":1,\"issuer\":\"Test\",\"rules\":[],"
			    "\"otherwise\":\"exempt\"}";

void
keeper_scene_policy(struct keeper_scene *s, const char *policy)
{
	char quoted[QUOTED_MAX];

	fixture_quote(policy, quoted);
	keeper_scene_write(s->store.dir, "policy.json", 0600, quoted);
	keeper_scene_write(s->store.dir, ".policy.json.draft", 0600, draft);
}

void
keeper_scene_begin(struct keeper_scene *s, const char *policy)
{
	struct record record;
	struct device pending = {
	    .digits = 6, .period_s = 30, .secret.len = ENROLL_SECRET_BYTES};

	if (geteuid() != 0)
		cr_skip_test("needs root");
	*s = (struct keeper_scene){.folder = ""};
	fixture_folder(s->folder);
	cr_assert_eq(store_open(s->folder, true, &s->store), FAULT_NONE);
	snprintf(s->policy, sizeof(s->policy), "%s/policy.json", s->folder);
	keeper_scene_policy(s, policy);
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
}

void
keeper_scene_end(struct keeper_scene *s)
{
	inject_stand_still(0);
	inject_syslog_to(-1);
	store_close(&s->store);
	fixture_remove(s->folder);
}

void
keeper_scene_request(const struct keeper_scene *s, const char *text,
    enum scene_code code, char ret[static QUOTED_MAX])
{
	char whole[QUOTED_MAX], quoted[QUOTED_MAX];
	const char *hole;

	snprintf(whole, sizeof(whole), "{'v':1,'request':%s}", text);
	fixture_quote(whole, quoted);
	hole = strstr(quoted, "%s");
	snprintf(ret, QUOTED_MAX, "%s", quoted);
	if (hole != NULL)
		snprintf(ret, QUOTED_MAX, "%.*s%s%s", (int)(hole - quoted),
		    quoted, s->codes[code], hole + 2);
}

/* The kernel records who creates the connection. */
void
keeper_scene_ask(struct keeper_scene *s, uid_t uid, const char *request,
    bool follows, void (*each)(void *ctx, const char *answer), void *ctx)
{
	static const struct conduct conduct;
	char *answer = NULL;
	size_t len = 0;
	int pair[2];

	cr_assert_eq(seteuid(uid), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(seteuid(0), 0);
	if (follows)
		cr_assert_eq(
		    packet_send(pair[0], "{\"v\":1,\"request\":\"login\"}"),
		    FAULT_NONE);
	cr_assert_eq(packet_send(pair[0], request), FAULT_NONE);
	shutdown(pair[0], SHUT_WR);
	if (s->failing > 0)
		inject_arm_call(s->call, s->failing, INJECT_USUAL);
	keeper_serve(&s->keeper, pair[1], &conduct);
	s->reached = inject_disarm();
	close(pair[1]);
	while (packet_receive(pair[0], 0, &answer, &len) == FAULT_NONE) {
		each(ctx, answer);
		free(answer);
	}
	close(pair[0]);
}

void
keeper_scene_reply(const char *answer, struct reply *ret)
{
	struct json_error error;

	*ret = (struct reply){.version = 0};
	cr_assert_eq(json_read(&reply_shape, answer, strlen(answer), PACKET_MAX,
			 ret, &error),
	    FAULT_NONE, "%s", answer);
}
