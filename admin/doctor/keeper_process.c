/*
 * The process of the keeper, as /proc shows it, and the units that start it.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "gate/sshd/started.h"
#include "store/base/cleanup.h"
#include "store/system/systemd.h"

#define STORE "/var/lib/tfa"

struct search {
	const struct doctor *doctor;
	char folder[CONFIG_WORD];
	int pid;         /* 0: none is seen */
	bool unfiltered; /* one has no filter of system calls */
};

/* Any user may have a process of that name. */
static bool
is_keepers(const struct doctor *doctor, int pid)
{
	const struct passwd *pw = getpwnam(doctor->keeper.keeper_user);

	return doctor_is_roots(pid) ||
	    (pw != NULL && doctor_runs_as(pid, pw->pw_uid));
}

/* Its own filter, or one of systemd's. */
static bool
has_filter(int pid)
{
	scoped_free char *status = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = read_whole(path);
	return status == NULL || strstr(status, "\nSeccomp:\t2\n") != NULL;
}

/* Its workers look like the keeper, which is the parent of each. */
static bool
is_parent(int pid, int worker)
{
	struct timespec started;
	pid_t parent;

	return started_process(worker, &parent, &started) && parent == pid;
}

/* The folder of the keeper that serves our socket. */
static void
find_folder(void *ctx, int pid, const char *title)
{
	struct search *search = ctx;
	char word[CONFIG_WORD], folder[CONFIG_WORD] = STORE;
	char socket[CONFIG_WORD] = CLIENT_SOCKET;
	const char *slash;

	if (!config_word(&title, word))
		return;
	slash = strrchr(word, '/');
	if (strcmp(slash != NULL ? slash + 1 : word, "tfa-keeper") != 0)
		return;
	while (config_word(&title, word)) {
		if (strcmp(word, "--store") == 0)
			config_word(&title, folder);
		else if (strcmp(word, "--socket") == 0)
			config_word(&title, socket);
	}
	if (strcmp(socket, search->doctor->keeper.socket) != 0 ||
	    !is_keepers(search->doctor, pid))
		return;
	search->unfiltered |= !has_filter(pid);
	if (search->pid != 0 && !is_parent(pid, search->pid))
		return;
	memcpy(search->folder, folder, sizeof(folder));
	search->pid = pid;
}

/* The log of the keeper says why it has none. */
static void
judge_filters(struct doctor *doctor, const struct search *search)
{
	if (search->unfiltered)
		doctor_warn(doctor, NULL,
		    "the keeper runs without a filter of system calls "
		    "(seccomp), which this kernel or machine lacks: whoever "
		    "takes the keeper over can do more");
}

/*
 * A keeper that systemd started ends by itself once its program was replaced,
 * and has done so for the request that was just answered.
 */
static void
judge_program_of(struct doctor *doctor, const struct search *search)
{
	static const char gone[] = " (deleted)";
	char link[64], path[CONFIG_WORD] = "", fix[64];
	size_t len;

	snprintf(link, sizeof(link), "/proc/%d/exe", search->pid);
	if (search->pid == 0 || readlink(link, path, sizeof(path) - 1) < 0)
		return;
	len = strlen(path);
	if (len < sizeof(gone) || strcmp(path + len - strlen(gone), gone) != 0)
		return;
	path[len - strlen(gone)] = '\0';
	if (access(path, X_OK) < 0)
		return;
	snprintf(fix, sizeof(fix),
	    systemd_runs() ? "kill %d && systemctl start tfa-keeper.service"
			   : "kill %d, and start it anew",
	    search->pid);
	doctor_warn(doctor, fix,
	    "the keeper (pid %d) still runs the program that was %.200s before "
	    "an upgrade",
	    search->pid, path);
}

/* A copy in /etc of a unit, which an administrator has made, or setup where there
 * was none. */
static void
judge_unit(struct doctor *doctor, const char *name)
{
	char first[CONFIG_WORD] = "", path[CONFIG_WORD], fix[2 * CONFIG_WORD];

	for (size_t i = 0; systemd_folders[i] != NULL; i++) {
		snprintf(path, sizeof(path), "%s/%s", systemd_folders[i], name);
		if (access(path, F_OK) < 0 || doctor_is_same_file(path, first))
			continue;
		if (first[0] == '\0') {
			snprintf(first, sizeof(first), "%s", path);
			continue;
		}
		snprintf(fix, sizeof(fix),
		    "compare them, then: rm %s && systemctl daemon-reload && "
		    "systemctl reenable %s",
		    first, name);
		doctor_warn(doctor, fix,
		    "%s hides %s, so that an upgrade of tfa does not change "
		    "that unit",
		    first, path);
		return;
	}
}

void
doctor_keeper_process(struct doctor *doctor, bool answered)
{
	struct search search = {.doctor = doctor};

	if (doctor->keeper.store != NULL)
		return;
	doctor_processes(find_folder, &search);
	judge_filters(doctor, &search);
	if (answered)
		judge_program_of(doctor, &search);
	if (systemd_runs()) {
		judge_unit(doctor, "tfa-keeper.socket");
		judge_unit(doctor, "tfa-keeper.service");
	}
}

bool
doctor_store_folder(const struct doctor *doctor, char ret[static CONFIG_WORD])
{
	struct search search = {.doctor = doctor, .folder = STORE};

	if (doctor->keeper.store != NULL)
		snprintf(search.folder, sizeof(search.folder), "%s",
		    doctor->keeper.store);
	else
		doctor_processes(find_folder, &search);
	memcpy(ret, search.folder, sizeof(search.folder));
	return search.pid != 0 || doctor->keeper.store != NULL;
}
