#include "tests/unit/fixture.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/core/onetime.h"

void
fixture_quote(const char *text, char ret[static QUOTED_MAX])
{
	size_t n = strlen(text);

	cr_assert_lt(n, QUOTED_MAX);
	for (size_t i = 0; i <= n; i++)
		ret[i] = (char)(text[i] == '\'' ? '"' : text[i]);
}

void
fixture_change(const char *text, const char *from, const char *to,
    char ret[static QUOTED_MAX])
{
	const char *at = strstr(text, from);
	char changed[QUOTED_MAX];
	int n;

	cr_assert_not_null(at, "no %s", from);
	n = snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text),
	    text, to, at + strlen(from));
	cr_assert(n > 0 && n < QUOTED_MAX);
	fixture_quote(changed, ret);
}

void
fixture_policy(const char *rules, const char *rest, struct policy *ret)
{
	char text[QUOTED_MAX], quoted[QUOTED_MAX];
	struct json_error error;
	int n = snprintf(text, sizeof(text),
	    "{'version': 1, 'issuer': 'Test', 'rules': [%s], "
	    "'otherwise': 'optional'%s}",
	    rules, rest);

	cr_assert(n > 0 && n < QUOTED_MAX);
	fixture_quote(text, quoted);
	cr_assert_eq(policy_parse(quoted, strlen(quoted), ret, &error),
	    FAULT_NONE, "%s: %s", error.path, error.text);
}

void
fixture_record(struct record *ret)
{
	record_init(ret, "alice", 1001);
}

struct device *
fixture_device(struct record *record)
{
	size_t n = record->devices.count + 1;
	struct device *device = list_add(&record->devices, sizeof(*device));

	cr_assert_not_null(device);
	snprintf(device->id, sizeof(device->id), "d%zu", n);
	device->digits = 6;
	device->period_s = 30;
	device->secret.len = 20;
	for (size_t i = 0; i < device->secret.len; i++)
		device->secret.bytes[i] = (uint8_t)(17 * n + 31 * i);
	record->enrolled_once = true;
	return device;
}

struct device *
fixture_counted(struct record *record, uint64_t counter)
{
	struct device *device = fixture_device(record);

	device->type = DEVICE_HOTP;
	device->period_s = 0;
	device->counter = counter;
	return device;
}

void
fixture_one_time(
    struct record *record, enum code_use use, const char *text, int64_t until_s)
{
	char code[ONETIME_CHARS + 1] = "";
	struct one_time *one = list_add(&record->codes, sizeof(*one));

	cr_assert_not_null(one);
	if (use == CODE_SCRATCH)
		snprintf(code, sizeof(code), "%s", text);
	else
		cr_assert(onetime_read(text, strlen(text), code));
	cr_assert_eq(onetime_hash(code, one->hash), FAULT_NONE);
	one->use = use;
	one->until_s = until_s;
}

void
fixture_source(struct record *record, int64_t last_s)
{
	struct source *source = list_add(&record->sources, sizeof(*source));

	cr_assert_not_null(source);
	snprintf(source->key, sizeof(source->key), "%s", ALICE_KEY);
	snprintf(source->address, sizeof(source->address), "%s", ALICE_ADDRESS);
	source->last_s = last_s;
}

void
fixture_code_of(const struct device *device, uint64_t number,
    char ret[static OTP_DIGITS_MAX + 1])
{
	cr_assert_eq(otp_code((enum otp_algorithm)device->algorithm,
			 &device->secret, number, (int)device->digits, ret),
	    FAULT_NONE);
}

void
fixture_code(const struct device *device, int64_t now_s, int steps,
    char ret[static OTP_DIGITS_MAX + 1])
{
	fixture_code_of(device,
	    (uint64_t)((int64_t)otp_step(now_s, device->period_s) + steps),
	    ret);
}

/* The steps or counters that may matter. */
static void
numbers_of(const struct device *device, int64_t now_s, uint64_t *ret_from,
    uint64_t *ret_count)
{
	bool counts = device->type == DEVICE_HOTP;
	uint64_t around = counts ? 300 : 30;
	uint64_t number = counts ? device->counter
				 : otp_step(now_s, device->period_s);

	*ret_from = number > around ? number - around : 0;
	*ret_count = 2 * around + 1;
}

static bool
is_taken_by(const struct device *device, int64_t now_s, const char *digits)
{
	uint64_t from, count;

	numbers_of(device, now_s, &from, &count);
	for (uint64_t i = 0; i < count; i++) {
		char code[OTP_DIGITS_MAX + 1];

		fixture_code_of(device, from + i, code);
		if (strcmp(code, digits) == 0)
			return true;
	}
	return false;
}

static bool
is_taken(const struct record *record, int64_t now_s, const char *digits)
{
	for (size_t i = 0; i < record->devices.count; i++)
		if (is_taken_by(&record->devices.items[i], now_s, digits))
			return true;
	return false;
}

void
fixture_wrong(const struct record *record, int64_t now_s, char ret[static 7])
{
	for (unsigned n = 123456; n < 999999; n++) {
		snprintf(ret, 7, "%06u", n % 1000000);
		if (!is_taken(record, now_s, ret))
			return;
	}
}

struct login
fixture_login(int64_t now_s)
{
	return (struct login){.address = ALICE_ADDRESS,
	    .key = ALICE_KEY,
	    .connection = CONNECTION,
	    .terminal = true,
	    .shell = true,
	    .now_s = now_s};
}

static bool
lists(const char *const names[static 4], const char *name)
{
	for (size_t i = 0; i < 4; i++)
		if (names[i] != NULL && strcmp(names[i], name) == 0)
			return true;
	return false;
}

enum membership
fixture_member(void *ctx, const char *group)
{
	struct fixture_groups *groups = ctx;

	groups->asked++;
	if (groups->failing != NULL && strcmp(groups->failing, group) == 0)
		return GROUP_ERROR;
	if (lists(groups->inside, group))
		return GROUP_INSIDE;
	return lists(groups->outside, group) ? GROUP_OUTSIDE : GROUP_UNKNOWN;
}

void
fixture_folder(char ret[static FOLDER_MAX])
{
	snprintf(ret, FOLDER_MAX, "/tmp/tfa-unit.XXXXXX");
	cr_assert_not_null(mkdtemp(ret));
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
fixture_remove(const char *folder)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int
fixture_wait(int pid)
{
	int status = -1;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

bool
fixture_refuse_call(long number, int error)
{
	struct sock_filter filter[] = {
	    BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
	    .len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
