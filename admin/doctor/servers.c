/*
 * SSH servers beside the sshd that was examined, whatever their names.  A
 * process chooses its title and its name; it does not choose what its socket
 * answers, who holds the socket and which program runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/version.h"
#include "gate/sshd/title.h"
#include "store/base/file.h"
#include "admin/doctor/sockets.h"

#define LISTEN_MS     1500
#define PROGRAM_BYTES (16UL << 20)
#define PROGRAMS_MAX  64

/* A program that was looked into, since many processes may run it. */
struct program {
	dev_t dev;
	ino_t ino;
	bool sshd;
};

struct process {
	int pid;
	uid_t uid;
	char title[4096]; /* "" where it cannot be read */
	bool known;       /* its program could be looked into */
	bool sshd;        /* it runs an sshd of OpenSSH */
	const struct socket
	    *socket; /* that it holds; one that greets is preferred */
};

struct survey {
	struct doctor *doctor;
	struct sockets sockets;
	LIST_OF(struct program) programs;
	LIST_OF(struct process) processes;
	char greeting[SOCKET_BANNER]; /* of the sshd that was examined */
};

/* An sshd has these words in its program, whatever its file is called; ssh(1)
 * has not. */
static bool
has_marks(int fd)
{
	static const char mark[] = " [listener] ", title[] = "[listener] %d of";
	scoped_free char *bytes = NULL;
	char version[128];
	size_t len = 0;

	if (file_read(fd, PROGRAM_BYTES, &bytes, &len) != FAULT_NONE)
		return false;
	return (memmem(bytes, len, mark, sizeof(mark) - 1) != NULL ||
		   memmem(bytes, len, title, sizeof(title) - 1) != NULL) &&
	    version_find(bytes, len, version, sizeof(version));
}

/* /proc/PID/exe is the program itself, also where its file was deleted. */
static void
look_into_program(struct survey *survey, struct process *process)
{
	struct program program, *slot;
	struct stat st;
	char path[64];
	scoped_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/exe", process->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	process->known = fd >= 0 && fstat(fd, &st) == 0;
	if (!process->known)
		return;
	list_each(const struct program, seen, survey->programs)
		if (seen->dev == st.st_dev && seen->ino == st.st_ino) {
			process->sshd = seen->sshd;
			return;
		}
	/* A later sshd may have other words. */
	process->sshd = doctor_is_same_file(path, DOCTOR_SSHD) || has_marks(fd);
	program = (struct program){st.st_dev, st.st_ino, process->sshd};
	slot = survey->programs.count < PROGRAMS_MAX
	    ? list_add(&survey->programs, sizeof(program))
	    : NULL;
	if (slot != NULL)
		*slot = program;
}

static struct process *
find_process(struct survey *survey, int pid)
{
	list_each(struct process, process, survey->processes)
		if (process->pid == pid)
			return process;
	return NULL;
}

static struct process *
add_process(struct survey *survey, int pid)
{
	struct process *process = find_process(survey, pid);
	struct stat st;
	char path[64];

	if (process != NULL)
		return process;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &st) < 0)
		return NULL;
	process = list_add(&survey->processes, sizeof(*process));
	if (process == NULL)
		return NULL;
	process->pid = pid;
	process->uid = st.st_uid;
	look_into_program(survey, process);
	return process;
}

static void
add_title(void *ctx, int pid, const char *title)
{
	struct survey *survey = ctx;
	struct listener listener;
	struct process *process = find_process(survey, pid);

	if (process == NULL && title_listener(title, &listener))
		process = add_process(survey, pid);
	if (process != NULL)
		snprintf(process->title, sizeof(process->title), "%s", title);
}

/* Finds the processes that hold a listening socket, and those with an sshd's
 * title. */
static void
find_processes(struct survey *survey)
{
	sockets_find_holders(&survey->sockets);
	list_each(const struct socket_holder, holder, survey->sockets.holders) {
		const struct socket *socket =
		    &survey->sockets.list.items[holder->socket];
		struct process *process = add_process(survey, holder->pid);

		if (process != NULL &&
		    (process->socket == NULL ||
			process->socket->answer != SOCKET_SSH))
			process->socket = socket;
	}
	doctor_processes(add_title, survey);
}

/* The sshd whose configuration doctor examines. */
static bool
is_examined(const struct survey *survey, const struct process *process)
{
	struct listener listener;

	return process->uid == 0 && (process->sshd || !process->known) &&
	    title_listener(process->title, &listener) &&
	    doctor_reads_config(
		process->pid, &listener, survey->doctor->config);
}

static void
note_ours(struct survey *survey)
{
	list_each(struct process, process, survey->processes)
		if (is_examined(survey, process) && process->socket != NULL &&
		    process->socket->answer == SOCKET_SSH)
			snprintf(survey->greeting, sizeof(survey->greeting),
			    "%s", process->socket->banner);
}

/* Another sshd, which says with which configuration it runs. */
static void
judge_listener(struct doctor *doctor, const struct process *process,
    const struct listener *listener)
{
	const char *config = listener->config;
	bool gate = false;
	bool known = doctor_has_gate(doctor, process->pid, config, &gate);
	char fix[PATH_MAX + 64];

	snprintf(fix, sizeof(fix), "tfa-admin doctor --config %s", config);
	findings_add(&doctor->findings,
	    gate || !known || process->uid != 0 ? FINDING_WARN : FINDING_FAIL,
	    fix, "a second sshd (pid %d) runs with %.300s%s", process->pid,
	    config,
	    gate         ? ""
		: !known ? ", which cannot be read: whether it asks for a "
			   "code is not known"
			 : ", which names no gate itself, nor does what it "
			   "includes: that asks nobody for a code");
}

static void
name_of(const char *title, char ret[static 64])
{
	char word[CONFIG_WORD];
	const char *slash;

	if (!config_word(&title, word))
		snprintf(word, sizeof(word), "a process");
	slash = strrchr(word, '/');
	snprintf(ret, 64, "%.60s", slash != NULL ? slash + 1 : word);
}

/* It answers as an SSH server, and does not say which. */
static void
judge_answer(const struct survey *survey, const struct process *process)
{
	const struct socket *socket = process->socket;
	char name[64];

	name_of(process->title, name);
	if (process->pid == 1)
		doctor_warn(survey->doctor,
		    "systemctl list-sockets, and systemctl cat of the unit",
		    "%s: systemd starts an SSH server for whoever connects; "
		    "with which options is not seen here",
		    socket->address);
	else if (process->uid != 0)
		doctor_warn(survey->doctor, NULL,
		    "%s: %s (pid %d) of uid %lu answers as \"%.80s\", an SSH "
		    "server of that user's own",
		    socket->address, name, process->pid,
		    (unsigned long)process->uid, socket->banner);
	else if (!process->sshd && survey->greeting[0] != '\0' &&
	    strcmp(survey->greeting, socket->banner) == 0)
		doctor_warn(survey->doctor, NULL,
		    "%s: %s (pid %d) answers as sshd does: whether it leads "
		    "to the one that was examined is not seen",
		    socket->address, name, process->pid);
	else
		doctor_fail(survey->doctor, "end it, or have sshd listen there",
		    "%s: %s (pid %d) answers as \"%.80s\": an SSH server that "
		    "is not the one that was examined, and no gate is known "
		    "to stand before it",
		    socket->address, name, process->pid, socket->banner);
}

/* The child that sshd starts for a connection holds sshd's sockets until it
 * runs a program of its own, whose title is another one. */
static bool
has_let_go(const struct process *process)
{
	return process->sshd && process->socket != NULL &&
	    !socket_is_held(process->socket, process->pid);
}

static void
judge_process(const struct survey *survey, const struct process *process)
{
	struct listener listener;
	bool titled = title_listener(process->title, &listener);
	char name[64];

	if (is_examined(survey, process) || has_let_go(process))
		return;
	name_of(process->title, name);
	if (titled && (process->sshd || !process->known))
		judge_listener(survey->doctor, process, &listener);
	else if (process->socket != NULL &&
	    process->socket->answer == SOCKET_SSH)
		judge_answer(survey, process);
	else if (process->sshd && process->uid == 0 && process->socket != NULL)
		doctor_warn(survey->doctor, NULL,
		    "%s: %s (pid %d) is an sshd and listens there; with which "
		    "configuration is not seen",
		    process->socket->address, name, process->pid);
}

/* Sockets that speak SSH and that no process holds which can be seen. */
static void
judge_unheld(const struct survey *survey)
{
	const struct sockets *sockets = &survey->sockets;

	list_each(const struct socket, socket, sockets->list) {
		size_t number = (size_t)(socket - sockets->list.items);
		bool held = false;

		list_each(const struct socket_holder, holder, sockets->holders)
			held |= holder->socket == number;
		if (socket->answer == SOCKET_SSH && !held)
			doctor_warn(survey->doctor, NULL,
			    "%s answers as \"%.80s\"; the process behind it "
			    "is not seen%s",
			    socket->address, socket->banner,
			    geteuid() == 0 ? ", it may be in a container"
					   : " (needs root)");
		if (socket->answer == SOCKET_UNREACHED)
			doctor_warn(survey->doctor, NULL,
			    "%s listens and could not be asked: whether it is "
			    "an SSH server is not known",
			    socket->address);
	}
}

/* Found by name, since a server that does not listen yet answers nobody. */
static void
judge_name(void *ctx, int pid, const char *title)
{
	static const struct {
		const char *name, *fix;
	} servers[] = {
	    {"dropbear", "systemctl disable --now dropbear"},
	    {"tinysshd", "end it, or have sshd listen there"},
	    {"lshd", "end it, or have sshd listen there"},
	    {"teleport", "end it, or have sshd listen there"},
	};
	struct doctor *doctor = ctx;
	char name[64];

	name_of(title, name);
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		if (strcmp(name, servers[i].name) == 0)
			doctor_fail(doctor, servers[i].fix,
			    "%s (pid %d) lets in without the gate",
			    servers[i].name, pid);
}

/* systemd 256 and later starts an sshd for the host of a virtual machine, and
 * for root of this one, at sockets that are not TCP's. */
static void
judge_generated(struct doctor *doctor)
{
	glob_t found = {.gl_pathc = 0};

	if (glob("/run/systemd/generator*/sshd-*.socket", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			doctor_warn(doctor,
			    "systemd.ssh_auto=no on the kernel's command line",
			    "%.200s: systemd starts sshd at a socket that is "
			    "not TCP's, with options of its own",
			    found.gl_pathv[i]);
	globfree(&found);
}

static void
say_counts(struct survey *survey)
{
	size_t ssh = 0, silent = 0;

	list_each(const struct socket, socket, survey->sockets.list) {
		ssh += socket->answer == SOCKET_SSH;
		silent += socket->answer == SOCKET_SILENT;
	}
	if (survey->sockets.why[0] != '\0')
		doctor_warn(survey->doctor, NULL,
		    "not every socket that listens was asked: %.200s",
		    survey->sockets.why);
	doctor_ok(survey->doctor,
	    "%zu TCP socket%s of this network namespace: the sshd that was "
	    "examined answers at %zu of them, no other SSH server at any; %zu "
	    "said nothing in %d ms",
	    survey->sockets.list.count, findings_s(survey->sockets.list.count),
	    ssh, silent, LISTEN_MS);
}

void
doctor_servers(struct doctor *doctor)
{
	scoped_free struct survey *survey = calloc(1, sizeof(*survey));

	if (survey == NULL) {
		doctor_warn(doctor, NULL,
		    "which SSH servers run is not known: %s", strerror(errno));
		return;
	}
	survey->doctor = doctor;
	sockets_list(&survey->sockets);
	/* Some are started by the connection, and some end with it. */
	find_processes(survey);
	sockets_listen(&survey->sockets, LISTEN_MS);
	find_processes(survey);
	note_ours(survey);
	for (size_t i = 0; i < survey->processes.count; i++)
		judge_process(survey, &survey->processes.items[i]);
	judge_unheld(survey);
	doctor_processes(judge_name, doctor);
	judge_generated(doctor);
	say_counts(survey);
	sockets_done(&survey->sockets);
	free(survey->programs.items);
	free(survey->processes.items);
}
