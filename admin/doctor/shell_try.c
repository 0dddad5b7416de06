#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/system/child.h"
#include "admin/doctor/dump.h"
#include "store/system/passwd.h"
#include "admin/doctor/shell_try.h"

#define SAID_MAX  4095 /* the rest is read and dropped */
#define VARIABLES 64

/* A shell that reads commands would run this.  It has two quotes, so that an
 * echo of the words is not taken for their effect. */
#define TYPED   "echo not''tfa\nexit 3\n"
#define ANSWER  "nottfa"
#define VERSION "tfa-gate " TFA_VERSION "\n"

struct trial_run {
	const struct passwd *pw;
	char command[PATH_MAX + 16]; /* "": the program itself is the gate */
	const char *program;
	bool terminal;
	struct child child;
};

/* The environment that sshd would give, with the drop-in's words last. */
static void
fill_environment(
    const struct trial_run *run, char *text, size_t size, char **ret)
{
	static char setenv_words[GUARD_LINE];
	char *rest = NULL, *word;
	size_t n = 0;

	snprintf(setenv_words, sizeof(setenv_words), "%s", guard_setenv());
	snprintf(text, size, "SHELL=%s", run->program);
	ret[n++] = text;
	ret[n++] = (char *)"PATH=/usr/local/bin:/usr/bin:/bin:/usr/games";
	ret[n++] = (char *)"SSH_CLIENT=192.0.2.1 1 22";
	ret[n++] = (char *)"SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22";
	if (run->terminal)
		ret[n++] = (char *)"TERM=dumb";
	strtok_r(setenv_words, " ", &rest); /* the keyword */
	while (n < VARIABLES - 3 && (word = strtok_r(NULL, " ", &rest)) != NULL)
		ret[n++] = word;
	ret[n] = NULL;
}

static void
add_person(const struct passwd *pw, char text[2][300], char **environment)
{
	size_t n = 0;

	while (environment[n] != NULL)
		n++;
	snprintf(text[0], 300, "USER=%.256s", pw->pw_name);
	snprintf(text[1], 300, "LOGNAME=%.256s", pw->pw_name);
	environment[n++] = text[0];
	environment[n++] = text[1];
	environment[n] = NULL;
}

/* False, with errno, if the shell could not be started. */
static bool
try_once(struct trial_run *run)
{
	const char *slash = strrchr(run->program, '/');
	const char *argv[] = {slash != NULL ? slash + 1 : run->program,
	    run->command[0] != '\0' ? "-c" : "--version", run->command, NULL};
	char *environment[VARIABLES], shell[PATH_MAX + 8], person[2][300];
	const struct child_options options = {.argv = argv,
	    .program = run->program,
	    .environment = (const char *const *)environment,
	    .as = run->pw,
	    .input = TYPED,
	    .limit_ms = TRIAL_MS,
	    .most = SAID_MAX,
	    .terminal = run->terminal,
	    .stranger = true};

	fill_environment(run, shell, sizeof(shell), environment);
	add_person(run->pw, person, environment);
	child_run_as(&options, &run->child);
	errno = run->child.error;
	return run->child.end != CHILD_NOT;
}

/* *ret: the first line that it said, for people to read. */
static void
take_said_line(const struct trial_run *run, char ret[static TRIAL_TEXT])
{
	const char *said = run->child.out.text;

	said += strspn(said, "\r\n");
	snprintf(ret, TRIAL_TEXT, "%.*s", (int)strcspn(said, "\r\n"), said);
}

/*
 * Judges one start; wanted: what the gate says.  Some shells (elvish) lose the
 * status of a gate that refuses; a gate that does not refuse ends with 0.
 */
static enum trial
judge_trial(const struct child *child, const char *wanted)
{
	const char *said = child->out.text;
	size_t len = child->out.len, most = strlen(wanted);

	if (child->end == CHILD_LATE || strstr(said, ANSWER) != NULL)
		return TRIAL_OTHER;
	if (most > 0 && child->status != 0)
		return len > 0 ? TRIAL_OTHER : TRIAL_NOTHING;
	if (len == most && memcmp(said, wanted, len) == 0)
		return TRIAL_RUNS;
	if (len > most && memcmp(said + len - most, wanted, most) == 0)
		return TRIAL_TALKS;
	return len > 0 ? TRIAL_OTHER : TRIAL_NOTHING;
}

/* The worse of two: a shell that runs something in place of the gate is the
 * worst. */
static enum trial
worse(enum trial a, enum trial b)
{
	static const int rank[] = {[TRIAL_UNKNOWN] = 4,
	    [TRIAL_RUNS] = 0,
	    [TRIAL_TALKS] = 1,
	    [TRIAL_NOTHING] = 2,
	    [TRIAL_OTHER] = 3};

	return rank[a] >= rank[b] ? a : b;
}

static enum trial
try_command(
    struct trial_run *run, const char *wanted, char ret_said[static TRIAL_TEXT])
{
	enum trial trial;

	if (!try_once(run)) {
		snprintf(ret_said, TRIAL_TEXT, "%s", strerror(errno));
		return TRIAL_UNKNOWN;
	}
	trial = judge_trial(&run->child, wanted);
	if (trial != TRIAL_RUNS)
		take_said_line(run, ret_said);
	return trial;
}

static enum trial
try_all(
    struct trial_run *run, const char *gate, char ret_said[static TRIAL_TEXT])
{
	static const struct {
		const char *option, *wanted;
	} asked[] = {{"--version", VERSION}, {"--refuse", ""}};
	enum trial trial = TRIAL_RUNS;

	for (size_t i = 0; i < 4 && trial < TRIAL_OTHER; i++) {
		snprintf(run->command, sizeof(run->command), "%s %s", gate,
		    asked[i / 2].option);
		run->terminal = i % 2 == 1;
		trial = worse(
		    trial, try_command(run, asked[i / 2].wanted, ret_said));
	}
	return trial;
}

/* True if sshd's allowed_user() takes the shell: a plain file with an x for
 * somebody. */
static bool
sshd_lets_in(const char *shell, char ret_said[static TRIAL_TEXT])
{
	struct stat st;

	if (stat(shell, &st) < 0) {
		snprintf(ret_said, TRIAL_TEXT, "%s", strerror(errno));
		return false;
	}
	snprintf(ret_said, TRIAL_TEXT, "it is no program");
	return S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

bool
shell_gate_runs(const char *gate, char ret_said[static TRIAL_TEXT])
{
	struct passwd nobody = {
	    .pw_name = (char *)"nobody", .pw_uid = 65534, .pw_gid = 65534};
	struct trial_run run = {.pw = &nobody, .program = gate};

	if (geteuid() != 0)
		nobody.pw_uid = geteuid();
	if (try_once(&run) && run.child.end == CHILD_EXITED &&
	    run.child.status == 0 && strcmp(run.child.out.text, VERSION) == 0)
		return true;
	snprintf(ret_said, TRIAL_TEXT, "%.100s is no gate of version %s", gate,
	    TFA_VERSION);
	return false;
}

enum trial
shell_try(
    const struct passwd *pw, const char *gate, char ret_said[static TRIAL_TEXT])
{
	struct trial_run run = {.pw = pw, .program = passwd_shell(pw)};

	ret_said[0] = '\0';
	if (!sshd_lets_in(run.program, ret_said))
		return TRIAL_ABSENT;
	ret_said[0] = '\0';
	if (shell_is_open_to(pw, run.program))
		return TRIAL_THEIRS;
	if (geteuid() != 0 && geteuid() != pw->pw_uid) {
		snprintf(ret_said, TRIAL_TEXT, "only root can try it");
		return TRIAL_UNKNOWN;
	}
	return try_all(&run, gate, ret_said);
}
