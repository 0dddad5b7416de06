#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/doctor/shell_run.h"
#include "admin/doctor/shell_try.h"
#include "store/system/passwd.h"

#define VERSION "tfa-gate " TFA_VERSION "\n"

/* *ret: the first line that it said, for people to read. */
static void
take_said_line(const struct shell_run *run, char ret[static TRIAL_TEXT])
{
	snprintf(ret, TRIAL_TEXT, "%.*s",
	    (int)strcspn(run->said + strspn(run->said, "\r\n"), "\r\n"),
	    run->said + strspn(run->said, "\r\n"));
}

/*
 * Judges one start; wanted: what the gate says.  Some shells (elvish) lose the
 * status of a gate that refuses; a gate that does not refuse ends with 0.
 */
static enum trial
judge_trial(const struct shell_run *run, const char *wanted)
{
	size_t len = strlen(wanted);

	if (run->status == TIMED_OUT || strstr(run->said, SHELL_ANSWER) != NULL)
		return TRIAL_OTHER;
	if (len > 0 && run->status != 0)
		return run->len > 0 ? TRIAL_OTHER : TRIAL_NOTHING;
	if (run->len == len && memcmp(run->said, wanted, len) == 0)
		return TRIAL_RUNS;
	if (run->len > len &&
	    memcmp(run->said + run->len - len, wanted, len) == 0)
		return TRIAL_TALKS;
	return run->len > 0 ? TRIAL_OTHER : TRIAL_NOTHING;
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
    struct shell_run *run, const char *wanted, char ret_said[static TRIAL_TEXT])
{
	enum trial trial;

	if (!shell_run(run)) {
		snprintf(ret_said, TRIAL_TEXT, "%s", strerror(errno));
		return TRIAL_UNKNOWN;
	}
	trial = judge_trial(run, wanted);
	if (trial != TRIAL_RUNS)
		take_said_line(run, ret_said);
	return trial;
}

static enum trial
try_all(
    struct shell_run *run, const char *gate, char ret_said[static TRIAL_TEXT])
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
	struct shell_run run = {.pw = &nobody, .program = gate};

	if (geteuid() != 0)
		nobody.pw_uid = geteuid();
	if (shell_run(&run) && run.status == 0 &&
	    strcmp(run.said, VERSION) == 0)
		return true;
	snprintf(ret_said, TRIAL_TEXT, "%.100s is no gate of version %s", gate,
	    TFA_VERSION);
	return false;
}

enum trial
shell_try(
    const struct passwd *pw, const char *gate, char ret_said[static TRIAL_TEXT])
{
	struct shell_run run = {.pw = pw, .program = passwd_shell(pw)};

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
