#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/sessions.h"
#include "gate/sshd/started.h"
#include "gate/sshd/title.h"
#include "store/base/cleanup.h"
#include "store/system/child.h"
#include "store/system/loginuid.h"
#include "store/system/systemd.h"

#define TITLE_TEXT  256
#define LOGINCTL_MS 10000
#define ROUNDS      30
#define ROUND_MS    100
#define GENTLE      10 /* rounds before SIGKILL */

static size_t
read_file(pid_t pid, const char *name, char *ret, size_t size)
{
	char path[64];
	scoped_fd int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, ret, size - 1) : -1;
	ret[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static bool
runs_sshd(pid_t pid)
{
	char path[64], program[256];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	n = readlink(path, program, sizeof(program) - 1);
	if (n <= 0)
		return false;
	program[n] = '\0';
	name = strrchr(program, '/');
	return strncmp(name != NULL ? name + 1 : program, "sshd", 4) == 0;
}

/*
 * True for an sshd that serves a connection of this user.  It has become the
 * user; only root's stays root's, beside sshds that serve others: these are told
 * by their titles, which only root can give them.
 */
static bool
serves(const struct sessions_process *process, const struct passwd *pw)
{
	char title[TITLE_TEXT];
	size_t len;

	if (process->uid != pw->pw_uid || !runs_sshd(process->pid))
		return false;
	if (pw->pw_uid != 0)
		return true;
	len = read_file(process->pid, "cmdline", title, sizeof(title));
	for (size_t i = 0; i < len; i++)
		if (title[i] == '\0')
			title[i] = ' ';
	return title_names(title, pw->pw_name);
}

/* The real uid: a program with the setuid bit is still the user's. */
static bool
read_process(pid_t pid, struct sessions_process *ret)
{
	char text[2048];
	struct started started;
	const char *at;

	read_file(pid, "status", text, sizeof(text));
	at = strstr(text, "\nUid:");
	if (at == NULL || strstr(text, "\nState:\tZ") != NULL ||
	    !started_read(pid, &started))
		return false;
	*ret = (struct sessions_process){.pid = pid,
	    .parent = started.parent,
	    .ticks = started.ticks,
	    .uid = (uid_t)strtoul(at + 5, NULL, 10)};
	return true;
}

static int
by_pid(const void *a, const void *b)
{
	const struct sessions_process *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

static struct sessions_process *
find_seen(struct sessions *sessions, pid_t pid)
{
	const struct sessions_process key = {.pid = pid};

	return sessions->seen.count == 0
	    ? NULL
	    : bsearch(&key, sessions->seen.items, sessions->seen.count,
		  sizeof(key), by_pid);
}

/* An orphan has another parent than it had: once chosen, always chosen. */
static bool
see_process(struct sessions *sessions, const struct sessions *before, pid_t pid)
{
	struct sessions_process process = {.pid = 0}, *added;

	if (!read_process(pid, &process))
		return true;
	list_each(const struct sessions_process, old, before->seen)
		if (old->pid == pid && old->ticks == process.ticks)
			process.chosen = old->chosen;
	process.serves = serves(&process, sessions->pw);
	process.chosen |= process.serves;
	added = list_add(&sessions->seen, sizeof(*added));
	if (added != NULL)
		*added = process;
	return added != NULL;
}

/* Chooses the processes that a chosen one started. */
static void
choose_children(struct sessions *sessions)
{
	bool more = true;

	while (more) {
		more = false;
		list_each(struct sessions_process, process, sessions->seen) {
			const struct sessions_process *parent = process->chosen
			    ? NULL
			    : find_seen(sessions, process->parent);

			if (parent != NULL && parent->chosen)
				process->chosen = more = true;
		}
	}
}

/* Reads what runs now; *sessions has what ran before. */
static bool
read_processes(struct sessions *sessions)
{
	struct sessions now = {.pw = sessions->pw};
	const struct dirent *entry;
	DIR *dir = opendir("/proc");
	bool ok = dir != NULL;

	while (ok && (entry = readdir(dir)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			ok = see_process(&now, sessions, pid);
	}
	if (dir != NULL)
		closedir(dir);
	if (ok && now.seen.count > 0)
		qsort(now.seen.items, now.seen.count,
		    sizeof(struct sessions_process), by_pid);
	if (ok)
		choose_children(&now);
	else
		admin_say("the processes of this host cannot be listed");
	free(sessions->seen.items);
	sessions->seen.items = now.seen.items;
	sessions->seen.count = now.seen.count;
	return ok;
}

static size_t
count_chosen(const struct sessions *sessions)
{
	size_t count = 0;

	list_each(const struct sessions_process, process, sessions->seen)
		count += process->chosen && process->pid != getpid();
	return count;
}

bool
sessions_find(const struct passwd *pw, struct sessions *ret)
{
	*ret = (struct sessions){.pw = pw};
	if (!read_processes(ret))
		return false;
	list_each(const struct sessions_process, process, ret->seen)
		ret->connections += process->serves;
	return true;
}

bool
sessions_are_ours(const struct sessions *sessions)
{
	struct sessions all = *sessions;
	const struct sessions_process *process = find_seen(&all, getpid());
	uid_t uid = sessions->pw->pw_uid, login;

	/* The bound is for parents that changed while they were read. */
	for (size_t i = 0; process != NULL && i < all.seen.count; i++) {
		if (process->chosen || (uid != 0 && process->uid == uid))
			return true;
		process = find_seen(&all, process->parent);
	}
	return loginuid_of(getpid(), &login) && login == uid;
}

/* Between the look and the signal another process may get the number. */
static void
send_signal(const struct sessions_process *process, int sig)
{
	struct started started;
#ifdef SYS_pidfd_open
	scoped_fd int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);

	if (fd >= 0 && started_read(process->pid, &started) &&
	    started.ticks == process->ticks)
		syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
	if (fd >= 0)
		return;
#endif
	if (started_read(process->pid, &started) &&
	    started.ticks == process->ticks)
		kill(process->pid, sig);
}

/* A shell ends by SIGHUP, other programs by SIGTERM, and any by SIGKILL. */
static void
signal_all(const struct sessions *sessions, bool gently)
{
	list_each(const struct sessions_process, process, sessions->seen) {
		if (!process->chosen || process->pid == getpid())
			continue;
		if (!gently)
			send_signal(process, SIGKILL);
		else {
			send_signal(process, SIGTERM);
			send_signal(process, SIGHUP);
			send_signal(process, SIGCONT);
		}
	}
}

static void
ask_loginctl(const char *user)
{
	const char *const argv[] = {"loginctl", "terminate-user", user, NULL};
	struct child child;

	if (systemd_runs())
		child_run(argv, LOGINCTL_MS, &child);
}

/* Not found by their connection: what was left to run without a terminal. */
static size_t
count_others(const struct sessions *sessions)
{
	size_t count = 0;

	list_each(const struct sessions_process, process, sessions->seen)
		count += sessions->pw->pw_uid != 0 && !process->chosen &&
		    process->uid == sessions->pw->pw_uid;
	return count;
}

bool
sessions_end(struct sessions *sessions)
{
	const struct timespec pause = {.tv_nsec = ROUND_MS * 1000000L};
	size_t most = count_chosen(sessions);

	/* It may be our own session that ends. */
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	ask_loginctl(sessions->pw->pw_name);
	for (int i = 0; i < ROUNDS; i++) {
		size_t now;

		if (!read_processes(sessions))
			return false;
		now = count_chosen(sessions);
		most = now > most ? now : most;
		sessions->left = now;
		if (now == 0)
			break;
		signal_all(sessions, i < GENTLE);
		nanosleep(&pause, NULL);
	}
	sessions->ended = most - sessions->left;
	sessions->others = count_others(sessions);
	return true;
}

void
sessions_done(struct sessions *sessions)
{
	free(sessions->seen.items);
	*sessions = (struct sessions){.pw = NULL};
}
