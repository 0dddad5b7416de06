#include "store/link/check.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/base/clock.h"
#include "store/fleet/names.h"
#include "store/link/link.h"
#include "store/link/listen.h"
#include "store/system/systemd.h"

/* A login waits for less; etcd may be slow, and members are asked in turn. */
#define CHECK_MS  10000
#define WARN_DAYS 30
#define CLOCK_MS  5000
#define MEBIBYTE  1048576.0

struct checked {
	bool answered;
	enum link_end end;
	char why[LINK_WHY];
};

static void
on_checked(struct task *task, enum link_end end, const struct json_out *answer,
    const struct http_result *result)
{
	struct checked *checked = task->ctx;

	(void)answer;
	(void)result;
	checked->answered = true;
	checked->end = end;
	memcpy(checked->why, task->why, sizeof(checked->why));
}

static void
turn_once(struct engine *engine)
{
	engine_turn(engine, clock_ms());
	http_wait(
	    engine->http, NULL, 0, engine_wait_ms(engine, clock_ms(), 100));
}

static int64_t
days_of(int64_t ends_s)
{
	return (ends_s - (int64_t)time(NULL)) / 86400;
}

static bool
say_days(const char *what, int64_t ends_s)
{
	int64_t days = days_of(ends_s);

	if (ends_s < (int64_t)time(NULL))
		printf("%s: has expired: renew it\n", what);
	else if (days < WARN_DAYS)
		printf("%s: expires in %lld days: renew it\n", what,
		    (long long)days);
	else
		return true;
	return ends_s >= (int64_t)time(NULL);
}

static const char *
state_of(const struct etcd_status *status)
{
	return status->corrupt   ? "CORRUPT"
	    : status->no_space   ? "FULL"
	    : status->has_leader ? "good"
				 : "has no leader";
}

static bool
say_one(const char *url, const struct member *member)
{
	const struct etcd_status *status = &member->status;

	if (!member->reached) {
		printf("%s: %s\n", url,
		    strncmp(member->why, url, strlen(url)) == 0
			? member->why + strlen(url) + 2
			: member->why);
		return false;
	}
	printf("%s: %s, etcd %s, database %.1f of %.0f MiB", url,
	    state_of(status), status->version,
	    (double)status->db_size / MEBIBYTE,
	    (double)status->quota / MEBIBYTE);
	if (member->expires_s != 0)
		printf(", certificate for %lld days",
		    (long long)days_of(member->expires_s));
	printf("\n");
	if (status->no_space)
		printf("%s: its database is full: compact, defragment, and "
		       "disarm the alarm\n",
		    url);
	if (status->corrupt)
		printf("%s: it says that its data are corrupt\n", url);
	return status->has_leader && !status->no_space && !status->corrupt &&
	    (member->expires_s == 0 ||
		say_days("its certificate", member->expires_s));
}

static bool
check_members(struct engine *engine, struct upkeep *upkeep)
{
	bool good = true;
	int64_t off_ms;

	upkeep_poll(upkeep, clock_ms());
	while (upkeep_is_polling(upkeep))
		turn_once(engine);
	for (int i = 0; i < engine->endpoints.count; i++)
		good &= say_one(engine->config->endpoints.items[i].text,
		    &engine->members[i]);
	if (upkeep_clock(upkeep, &off_ms) &&
	    (off_ms > CLOCK_MS || off_ms < -CLOCK_MS)) {
		printf("clock: this machine's is off by %lld seconds\n",
		    (long long)(off_ms / 1000));
		good = false;
	}
	return good;
}

/* Reads a key by the way that a login takes: user, role and majority. */
static bool
check_reading(struct engine *engine)
{
	struct link_request request = {.op = LINK_GET, .key = FLEET_CHARTER};
	struct checked checked = {.answered = false};
	struct task *task = task_of(engine, &request, clock_ms() + CHECK_MS);

	if (task == NULL)
		return false;
	task->done = on_checked;
	task->ctx = &checked;
	engine_add(engine, task, clock_ms());
	while (!checked.answered)
		turn_once(engine);
	if (checked.end == LINK_OK)
		printf("keys under %s: can be read\n", engine->config->prefix);
	else
		printf(
		    "keys under %s: %s\n", engine->config->prefix, checked.why);
	return checked.end == LINK_OK;
}

_Noreturn static void
read_and_exit(const struct passwd *pw, const char *path)
{
	if (setgroups(0, NULL) < 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		_exit(1);
	_exit(open(path, O_RDONLY | O_CLOEXEC) < 0);
}

static bool
can_read_as(const struct passwd *pw, const char *path)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		read_and_exit(pw, path);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* systemd starts the link as its own user, and hands it the secrets alone. */
static bool
check_files(const struct fleet_config *config, const char *file)
{
	const char *const paths[] = {
	    file, config->tls.ca, config->tls.certificate};
	const struct passwd *pw = getpwnam(LINK_USER);
	bool good = true;

	if (geteuid() != 0 || !systemd_runs())
		return true;
	if (pw == NULL) {
		printf("user " LINK_USER ": there is none: systemd-sysusers\n");
		return false;
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (paths[i][0] == '\0' || can_read_as(pw, paths[i]))
			continue;
		printf("%s: " LINK_USER " cannot read it, so tfa-link does not "
		       "start: chmod 0644, and 0755 for its folder\n",
		    paths[i]);
		good = false;
	}
	return good;
}

bool
link_check(struct engine *engine, struct upkeep *upkeep, const char *config)
{
	bool good = check_files(engine->config, config);

	good &= check_members(engine, upkeep);
	if (upkeep->certificate_ends_s != 0)
		good &= say_days(engine->config->tls.certificate,
		    upkeep->certificate_ends_s);
	if (upkeep->is_root)
		printf("user %s: has etcd's role root, and needs a role for %s "
		       "alone\n",
		    engine->config->user, engine->config->prefix);
	return check_reading(engine) && good;
}
