/*
 * The sshd that runs.  "sshd -T" reads the disk, but an sshd that started
 * before the last change, or with other arguments, does something else.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gate/sshd/started.h"
#include "store/base/cleanup.h"
#include "admin/doctor/door.h"
#include "admin/doctor/doctor.h"
#include "admin/read.h"
#include "gate/sshd/title.h"
#include "store/system/systemd.h"
#include "store/base/when.h"

#define SLACK_S 2 /* start times are not exact */

void
doctor_processes(void (*each)(void *ctx, int pid, const char *title), void *ctx)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		char path[300], title[4096];
		scoped_fd int fd = -1;
		ssize_t n;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd >= 0 ? read(fd, title, sizeof(title) - 1) : 0;
		if (n <= 0)
			continue;
		for (ssize_t i = 0; i < n; i++)
			if (title[i] == '\0')
				title[i] = ' ';
		title[n] = '\0';
		each(ctx, (int)strtol(entry->d_name, NULL, 10), title);
	}
	if (proc != NULL)
		closedir(proc);
}

int64_t
doctor_start_time(int pid)
{
	struct timespec started;
	pid_t parent;

	return started_process(pid, &parent, &started) ? started.tv_sec : 0;
}

static bool
reload_time(const struct doctor *doctor, const struct listener *listener,
    int pid, int64_t *ret)
{
	struct timespec reloaded;
	char path[CONFIG_WORD];

	if (listener->pid_file[0] != '\0')
		snprintf(path, sizeof(path), "%.1000s", listener->pid_file);
	else if (!doctor_setting(doctor, "pidfile", path))
		return false;
	if (!started_reload(path, pid, &reloaded))
		return false;
	*ret = reloaded.tv_sec;
	return true;
}

struct running {
	struct doctor *doctor;
	bool found;
};

static void
judge_age(struct doctor *doctor, const struct listener *listener, int pid)
{
	int64_t started = doctor_start_time(pid), reloaded = 0;
	bool known = reload_time(doctor, listener, pid, &reloaded);
	const char *last = "";
	char fix[80], since[WHEN_SAID];
	struct stat st;

	if (started == 0) {
		doctor_warn(doctor, NULL,
		    "when sshd (pid %d) started is not known, nor whether its "
		    "files were changed since",
		    pid);
		return;
	}
	if (systemd_runs())
		snprintf(fix, sizeof(fix), "%s",
		    door_is_named(listener) ? DOOR_RESTART
					    : "systemctl reload ssh");
	else
		snprintf(fix, sizeof(fix), "kill -HUP %d", pid);
	if (reloaded > started)
		started = reloaded;
	list_each(const struct config_line, line, doctor->lines.lines) {
		const char *file = line->file;

		if (strcmp(file, last) != 0 && stat(file, &st) == 0 &&
		    st.st_ctime > started + SLACK_S)
			findings_add(&doctor->findings,
			    known ? FINDING_FAIL : FINDING_WARN, fix,
			    "%.300s was changed after sshd (pid %d) read it, "
			    "which does not know of the change%s",
			    file, pid,
			    known ? "" : ", unless it was reloaded since");
		last = file;
	}
	if (door_is_named(listener))
		return;
	when_say(started, since);
	doctor_ok(doctor,
	    "sshd (pid %d) runs with %.200s and has read it on %s, after the "
	    "last change of any of %zu file%s",
	    pid, doctor->config, since, doctor->lines.files.count,
	    findings_s(doctor->lines.files.count));
}

bool
doctor_is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino;
}

/* A user who starts a setuid program, such as su, chooses its title, while /proc
 * shows root as its owner. */
bool
doctor_runs_as(int pid, uid_t uid)
{
	char path[64], wanted[80];
	scoped_free char *status = NULL;
	unsigned n = uid;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	snprintf(
	    wanted, sizeof(wanted), "\nUid:\t%u\t%u\t%u\t%u\n", n, n, n, n);
	status = read_whole(path);
	if (status == NULL || strstr(status, wanted) == NULL)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return stat(path, &st) < 0 || (st.st_mode & (S_ISUID | S_ISGID)) == 0;
}

bool
doctor_is_roots(int pid)
{
	return doctor_runs_as(pid, 0);
}

/* *ret: the path as that process sees it, which may have another root. */
static void
path_of(int pid, const char *path, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "/proc/%d/%s%s", pid,
	    path[0] == '/' ? "root" : "cwd/", path);
	if (access(ret, F_OK) < 0)
		snprintf(ret, PATH_MAX, "%s", path);
}

bool
doctor_reads_config(
    int pid, const struct listener *listener, const char *config)
{
	char path[PATH_MAX];

	path_of(pid, listener->config, path);
	return doctor_is_same_file(path, config);
}

bool
doctor_has_gate(
    const struct doctor *doctor, int pid, const char *path, bool *ret_gate)
{
	struct doctor other = {.config = path, .planned = doctor->planned};
	char seen[PATH_MAX];
	bool whole;

	path_of(pid, path, seen);
	if (!doctor_read_config(&other, seen))
		return false;
	whole = !other.lines.failed;
	*ret_gate = config_gate(&other.lines) != NULL;
	config_done(&other.lines);
	return whole || *ret_gate;
}

struct sought {
	const struct doctor *doctor;
	int pid;
};

static void
find_ours(void *ctx, int pid, const char *title)
{
	struct sought *sought = ctx;
	struct listener listener;

	if (sought->pid == 0 && title_listener(title, &listener) &&
	    !door_is_named(&listener) && doctor_is_roots(pid) &&
	    doctor_reads_config(pid, &listener, sought->doctor->config))
		sought->pid = pid;
}

int
doctor_sshd_pid(const struct doctor *doctor)
{
	struct sought sought = {.doctor = doctor};

	doctor_processes(find_ours, &sought);
	return sought.pid;
}

/* sshd -T runs the program on the disk. */
static void
judge_program(struct doctor *doctor, const struct listener *listener, int pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st) < 0)
		doctor_warn(doctor, NULL,
		    "which program sshd (pid %d) runs is not known: %s%s", pid,
		    strerror(errno), geteuid() == 0 ? "" : " (needs root)");
	else if (!doctor_is_same_file(path, DOCTOR_SSHD))
		doctor_warn(doctor,
		    !systemd_runs()               ? "start it anew"
			: door_is_named(listener) ? DOOR_RESTART
						  : "systemctl restart ssh",
		    "sshd (pid %d) does not run %s as it is now, which was "
		    "asked what it would do",
		    pid, DOCTOR_SSHD);
}

static void
look_at_ours(void *ctx, int pid, const char *title)
{
	struct running *running = ctx;
	struct doctor *doctor = running->doctor;
	struct listener listener;

	if (!title_listener(title, &listener) || !doctor_is_roots(pid) ||
	    !doctor_reads_config(pid, &listener, doctor->config))
		return;
	running->found |= !door_is_named(&listener);
	if (listener.options[0] != '\0')
		doctor_fail(doctor, "its command line (SSHD_OPTS) without them",
		    "sshd (pid %d) was started with %.300s, which counts "
		    "before what the files say",
		    pid, listener.options);
	judge_program(doctor, &listener, pid);
	if (doctor->planned == NULL) /* setup reloads it */
		judge_age(doctor, &listener, pid);
}

void
doctor_running(struct doctor *doctor)
{
	struct running running = {.doctor = doctor};

	doctor_processes(look_at_ours, &running);
	if (!running.found)
		doctor_warn(doctor, NULL,
		    "no sshd is seen that listens with %.200s (a socket "
		    "starts it, or nothing does): what runs is not known",
		    doctor->config);
}
