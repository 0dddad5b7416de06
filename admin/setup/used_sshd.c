/*
 * sshd's files, and the sshds that run: one that was not reloaded since a change
 * still does what its files said before.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/setup/setup.h"
#include "gate/sshd/folders.h"
#include "gate/sshd/started.h"
#include "store/base/cleanup.h"

#define LOOKS     30  /* at an sshd that may be reloading, */
#define LOOK_MS   100 /* with so much time in between */
#define START_S   1   /* in which sshd writes its number as it starts */
#define GATE_NAME "tfa-gate"

static bool
goes_on_in_name(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("._-", c));
}

const char *
uses_find_name(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, name)) != NULL; at += n)
		if ((at == text || !goes_on_in_name(at[-1])) &&
		    !goes_on_in_name(at[n]))
			return at;
	return NULL;
}

static bool
goes_on_in_program(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* One of sshd's helpers, or a file of an sshd that is no program. */
static bool
is_no_sshd(const char *name, const char *end)
{
	static const char *const helpers[] = {
	    "sshd-keygen", "sshd-session", "sshd-auth"};
	static const char *const endings[] = {
	    ".service", ".socket", ".target", ".conf", ".pid", ".log", ".d/"};

	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		if ((size_t)(end - name) == strlen(helpers[i]) &&
		    strncmp(name, helpers[i], (size_t)(end - name)) == 0)
			return true;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strncmp(end, endings[i], strlen(endings[i])) == 0 &&
		    !goes_on_in_program(end[strlen(endings[i])]))
			return true;
	return false;
}

const char *
uses_find_sshd(const char *text)
{
	for (const char *at = text; (at = strstr(at, "sshd")) != NULL; at++) {
		const char *end = at;

		while (goes_on_in_program(*end))
			end++;
		if (!is_no_sshd(at, end))
			return at;
	}
	return NULL;
}

/* A gate elsewhere is another installation's, but not every name of ours is seen:
 * a shell may find it by PATH, or through a link. */
static bool
names_our_gate(const char *value)
{
	char word[CONFIG_WORD];

	if (strstr(value, SETUP_GATE) != NULL)
		return true;
	return config_is_gate(value)
	    ? config_word(&value, word) && doctor_is_same_file(word, SETUP_GATE)
	    : uses_find_name(value, GATE_NAME) != NULL;
}

static void
add_lines(struct uses *uses, const struct doctor *doctor)
{
	char text[2 * CONFIG_WORD];

	list_each(const struct config_line, line, doctor->lines.lines) {
		if (!names_our_gate(line->value))
			continue;
		snprintf(text, sizeof(text), "%.900s %.1000s", line->keyword,
		    line->value);
		uses_add(uses, USE_GATE, line->file, line->number, text);
	}
}

/* A file that is not there starts nothing: no sshd would begin to run with it. */
static bool
read_config(struct uses *uses, const char *path, struct doctor *ret)
{
	*ret = (struct doctor){.config = path};
	if (!doctor_read_config(ret, path)) {
		if (errno != ENOENT && errno != ENOTDIR)
			uses_unknown(uses, "%s: %s", path, strerror(errno));
		return false;
	}
	if (ret->lines.failed)
		uses_unknown(uses, "%s: not all of it can be read%s%s", path,
		    ret->unread[0] != '\0' ? ": " : "", ret->unread);
	return true;
}

/* Or at the same time: files get that of the clock's last tick. */
static bool
is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec
				      : a->tv_nsec >= b->tv_nsec;
}

/* *ret: the file of its number. */
static void
find_pid_file(const struct doctor *doctor, const struct listener *listener,
    char ret[static CONFIG_WORD])
{
	const char *value = listener->pid_file;

	if (value[0] == '\0')
		started_pid_file(&doctor->lines, ret);
	else if (!config_word(&value, ret))
		ret[0] = '\0';
}

/* When this sshd read its files; false where that is not known.  It reads them
 * before it writes its number: a number that it wrote as it started would hide a
 * change in between. */
static bool
read_time(const char *pid_file, int pid, struct timespec *ret)
{
	struct timespec reloaded, up;
	pid_t parent;

	if (!started_process(pid, &parent, ret))
		return false;
	up = *ret;
	up.tv_sec += START_S;
	if (started_reload(pid_file, pid, &reloaded) &&
	    is_later(&reloaded, &up))
		*ret = reloaded;
	return true;
}

struct trace {
	const struct timespec *since;
	char *ret;
	bool found;
};

static void
look_for_trace(void *ctx, const char *path, const struct stat *st)
{
	struct trace *trace = ctx;

	if (trace->found || !is_later(&st->st_ctim, trace->since))
		return;
	snprintf(trace->ret, CONFIG_PATTERN, "%s", path);
	trace->found = true;
}

/* *ret: the file or folder that was changed after this sshd read it. */
static bool
changed_since(const struct doctor *doctor, const struct timespec *since,
    char ret[static CONFIG_PATTERN])
{
	struct trace trace = {.since = since, .ret = ret};
	char pattern[CONFIG_PATTERN];
	struct stat st;

	for (size_t i = 0; i < doctor->lines.files.count; i++)
		if (stat(doctor->lines.files.items[i], &st) == 0)
			look_for_trace(
			    &trace, doctor->lines.files.items[i], &st);
	list_each(const struct config_line, line, doctor->lines.lines) {
		const char *rest = line->value;

		if (!config_has_keyword(line, "Include"))
			continue;
		while (config_pattern_of(&rest, pattern))
			folders_of(pattern, look_for_trace, &trace);
	}
	return trace.found;
}

/* A reload takes sshd a moment. */
static void
judge_read_time(struct uses *uses, const struct doctor *doctor,
    const struct listener *listener, int pid)
{
	char pid_file[CONFIG_WORD], changed[CONFIG_PATTERN];
	struct timespec since;

	find_pid_file(doctor, listener, pid_file);
	for (int i = 0; i < LOOKS; i++) {
		if (!read_time(pid_file, pid, &since)) {
			if (kill(pid, 0) == 0)
				uses_unknown(uses,
				    "when sshd (pid %d) read its files is not "
				    "known",
				    pid);
			return;
		}
		if (!changed_since(doctor, &since, changed))
			return;
		usleep(LOOK_MS * 1000);
	}
	uses_unknown(uses,
	    "%s was changed after sshd (pid %d) read it: until it is reloaded "
	    "(systemctl reload ssh, or kill -HUP %d), what it starts is not "
	    "known",
	    changed, pid, pid);
}

/* A container's sshd starts the container's own programs.  Where that cannot be
 * seen, this one may start ours. */
static bool
has_another_root(int pid)
{
	char path[64];
	struct stat ours, theirs;

	snprintf(path, sizeof(path), "/proc/%d/root/", pid);
	return stat("/", &ours) == 0 && stat(path, &theirs) == 0 &&
	    (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino);
}

/* A title does not tell an argument with blanks from several, so that only the
 * whole of it has a gate behind the first word of a ForceCommand. */
static void
judge_options(struct uses *uses, const struct used_command *command)
{
	const char *options = command->listener->options;

	if (uses_find_name(options, GATE_NAME) != NULL)
		uses_add(uses, USE_GATE, command->file, 0, options);
	else if (strstr(command->text, SETUP_GATE) != NULL)
		uses_add(uses, USE_GATE, command->file, 0, command->text);
	else if (strcasestr(options, "-o include") != NULL ||
	    strlen(options) >= LISTENER_OPTIONS - 1)
		uses_unknown(uses,
		    "%s was started with %.300s, and what that adds is not "
		    "known",
		    command->who, options);
	if (door_is_named(command->listener))
		uses_add(uses, USE_DOOR, command->file, 0, command->door);
}

bool
used_by_command(
    struct uses *uses, const struct used_command *command, struct doctor *ret)
{
	const char *config = command->listener->config;

	*ret = (struct doctor){.config = config};
	judge_options(uses, command);
	if (config[0] != '/') {
		uses_unknown(uses,
		    "%s: the folder of sshd's -f %.300s is not known",
		    command->who, config);
		return false;
	}
	if (!read_config(uses, config, ret))
		return false;
	if (strcmp(config, CONFIG_DEFAULT) != 0)
		add_lines(uses, ret);
	return true;
}

/* True if an sshd starts, which has no title yet.  -R: it starts for a connection
 * of another, as that one says. */
static bool
is_starting(const char *words, struct listener *ret)
{
	return title_command(words, ret) && strstr(words, " -R ") == NULL &&
	    strchr(title_name(ret), ':') == NULL &&
	    uses_find_sshd(title_name(ret)) != NULL;
}

static void
judge_sshd(void *ctx, int pid, const char *title)
{
	struct uses *uses = ctx;
	struct listener listener;
	struct doctor doctor;
	char path[64], who[64];
	const struct used_command command = {.file = path,
	    .who = who,
	    .text = title,
	    .door = "the door runs",
	    .listener = &listener};

	if ((!title_listener(title, &listener) &&
		!is_starting(title, &listener)) ||
	    !doctor_is_roots(pid) || has_another_root(pid))
		return;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	snprintf(who, sizeof(who), "sshd (pid %d)", pid);
	if (used_by_command(uses, &command, &doctor))
		judge_read_time(uses, &doctor, &listener, pid);
	else if (listener.config[0] == '/' && kill(pid, 0) == 0)
		uses_unknown(uses,
		    "%s, which sshd (pid %d) has read, cannot be read: what it "
		    "starts is not known",
		    listener.config, pid);
	doctor_done(&doctor);
}

void
used_by_sshd(struct uses *uses)
{
	struct doctor doctor;

	if (read_config(uses, CONFIG_DEFAULT, &doctor))
		add_lines(uses, &doctor);
	doctor_done(&doctor);
	if (access("/proc/self/stat", R_OK) < 0)
		uses_unknown(
		    uses, "/proc is not mounted: which sshds run is not known");
	doctor_processes(judge_sshd, uses);
}
