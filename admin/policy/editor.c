#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "admin/admin.h"
#include "store/base/cleanup.h"
#include "admin/policy/editor.h"

#define EDITOR_OF_DEBIAN "/usr/bin/editor"

/* The exit statuses of sh(1) for a program that is absent or cannot run. */
#define SH_CANNOT 126
#define SH_ABSENT 127

/* Leaves out a signal that was ignored when we were started. */
static void
add_signal(sigset_t *set, int signal)
{
	struct sigaction now;

	if (sigaction(signal, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		sigaddset(set, signal);
}

int
editor_open(struct editor *ret)
{
	sigset_t ours;

	*ret = (struct editor){.signals = -1};
	signal(SIGCHLD, SIG_DFL); /* if ignored, waitpid() has no status */
	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGTTOU); /* the terminal is restored from anywhere */
	add_signal(&ours, SIGINT);
	add_signal(&ours, SIGQUIT);
	add_signal(&ours, SIGHUP);
	add_signal(&ours, SIGTERM);
	sigprocmask(SIG_BLOCK, &ours, &ret->before);
	ret->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ret->signals >= 0)
		return ADMIN_DONE;
	admin_say("cannot take signals: %s", strerror(errno));
	return ADMIN_NOT;
}

void
editor_close(struct editor *editor)
{
	if (editor->signals >= 0)
		close(editor->signals);
	if (editor->ending != 0)
		raise(editor->ending);
	sigprocmask(SIG_SETMASK, &editor->before, NULL);
}

/* Takes the waiting signals; remembers the one that is to end us. */
static void
take_signals(struct editor *editor, bool keys_too)
{
	struct signalfd_siginfo info;

	while (read(editor->signals, &info, sizeof(info)) == sizeof(info)) {
		int signal = (int)info.ssi_signo;

		if (signal == SIGHUP || signal == SIGTERM ||
		    (keys_too && (signal == SIGINT || signal == SIGQUIT)))
			editor->ending = signal;
	}
}

/* Runs the command by a shell: an editor may be more than one word. */
_Noreturn static void
editor_become(const struct editor *editor, const char *command,
    const char *path, const char *other)
{
	sigprocmask(SIG_SETMASK, &editor->before, NULL);
	execl("/bin/sh", "sh", "-c", command, "sh", path, other, (char *)NULL);
	_exit(SH_ABSENT);
}

/*
 * Waits for the editor. False if it was told to end and has not: it may live
 * on, on a file that nobody reads.
 */
static bool
wait_for(struct editor *editor, pid_t pid, int *ret_status)
{
	struct pollfd ready = {.fd = editor->signals, .events = POLLIN};
	bool told = false;

	while (waitpid(pid, ret_status, WNOHANG) == 0) {
		if (poll(&ready, 1, told ? EDITOR_PATIENCE_MS : -1) == 0)
			return false;
		take_signals(editor, false);
		if (editor->ending != 0 && !told)
			told = kill(pid, editor->ending) == 0;
	}
	take_signals(editor, false);
	return true;
}

static int
editor_judge(const struct editor *editor, const char *name, int status)
{
	int exited = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (editor->ending != 0)
		admin_say("ended by a signal, nothing is changed");
	else if (exited == 0)
		return ADMIN_DONE;
	else if (exited == SH_ABSENT || exited == SH_CANNOT)
		admin_say("the editor \"%.200s\" cannot be run, nothing is "
			  "changed: set VISUAL or EDITOR to another one",
		    name);
	else if (exited > 0)
		admin_say("the editor \"%.200s\" failed (status %d), nothing "
			  "is changed",
		    name, exited);
	else
		admin_say("the editor \"%.200s\" was killed (signal %d), "
			  "nothing is changed",
		    name, WTERMSIG(status));
	return ADMIN_NOT;
}

static const char *
editor_name(void)
{
	static const char *const variables[] = {"VISUAL", "EDITOR"};

	for (size_t i = 0; i < 2; i++) {
		const char *name = getenv(variables[i]);

		if (name != NULL && name[0] != '\0')
			return name;
	}
	return access(EDITOR_OF_DEBIAN, X_OK) == 0 ? EDITOR_OF_DEBIAN : "vi";
}

/*
 * Puts "exec" before the command, so that a signal ends the editor and not only
 * the shell. Not if the command is more than a program with arguments.
 */
static char *
command_for(const char *name)
{
	bool plain = strpbrk(name, "=;&|") == NULL;
	char *command;

	if (asprintf(&command, "%s%s \"$1\"", plain ? "exec " : "", name) < 0)
		return NULL;
	return command;
}

/*
 * Runs a shell command with files as $1 and $2; other may be NULL. Returns its
 * status as waitpid() does, or -1 after a message.
 */
static int
editor_run_command(struct editor *editor, const char *command, const char *path,
    const char *other)
{
	struct termios terminal;
	bool known = tcgetattr(STDIN_FILENO, &terminal) == 0;
	int status = SH_ABSENT << 8;
	pid_t pid = fork();

	if (pid == 0)
		editor_become(editor, command, path, other);
	if (pid < 0) {
		admin_say("cannot start the editor: %s", strerror(errno));
		return -1;
	}
	if (!wait_for(editor, pid, &status))
		admin_say("the editor does not end: no longer waiting for it");
	/*
	 * A killed editor leaves the terminal raw, and what follows unreadable.
	 */
	if (known && status != 0)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
	return status;
}

int
editor_run(struct editor *editor, const char *path)
{
	const char *name = editor_name();
	scoped_free char *command = command_for(name);
	int status;

	if (command == NULL) {
		admin_say("cannot start the editor: out of memory");
		return ADMIN_NOT;
	}
	status = editor_run_command(editor, command, path, NULL);
	return status < 0 ? ADMIN_NOT : editor_judge(editor, name, status);
}

/* diff(1) prints its own errors. */
void
editor_show(struct editor *editor, const char *path, const char *other)
{
	(void)editor_run_command(
	    editor, "exec diff -u -- \"$1\" \"$2\" >&2", path, other);
}

char
editor_ask(struct editor *editor, const char *question)
{
	struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
	    {.fd = editor->signals, .events = POLLIN}};
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return '\0';
	fputs(question, stderr);
	/*
	 * poll() first: in fgets() a signal that is to end us would have to
	 * wait for an answer.
	 */
	do {
		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			return '\0';
		take_signals(editor, true);
		if (editor->ending != 0)
			return '\0';
	} while (ready[0].revents == 0);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		putc('\n', stderr);
	return answer[0];
}

bool
editor_again(struct editor *editor)
{
	char answer = editor_ask(
	    editor, "Edit it again? n throws your changes away. [Y/n] ");

	return answer != '\0' && answer != 'n' && answer != 'N';
}
