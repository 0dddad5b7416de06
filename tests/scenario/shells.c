/*
 * Login shells that few have: each is started twice for a session, once before
 * the gate, by sshd, and once after it.  Where a system has none of them, the
 * tests say so.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(shells);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* These variables must differ: they belong to the connection. */
#define ENVIRONMENT                                              \
	"env | grep -v -e '^SSH_CLIENT=' -e '^SSH_CONNECTION=' " \
	"-e '^SSH_USER_AUTH=' -e '^SSH_TTY=' -e '^ASAN_OPTIONS=' | sort"

/* A bastion for the user whose login shell this is; the user has its name. */
static struct bastion *
gated(const char *shell, const char **ret_code)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	*ret_code = code_at(fixture_enrol(b, shell), step_now());
	return b;
}

static void
expect_same_command(const char *shell)
{
	static const char *const commands[] = {ENVIRONMENT,
	    "sh -c 'umask; cat /proc/self/limits; pwd'",
	    "sh -c 'ls /proc/self/fd | wc -l; "
	    "grep -e ^Sig[PBIC] /proc/self/status'",
	    "cat", "exit 5", "no-such-command", "echo 'a  b' \"c'd\" $HOME"};
	struct bastion *with = bastion_open(.rules = RULE("exempt"));
	struct bastion *without = bastion_open(.no_gate = true);

	for (size_t i = 0; i < COUNT(commands); i++) {
		struct run *a = ssh_run(
		    with, shell, NULL, commands[i], "first\nlast");
		struct run *b = ssh_run(
		    without, shell, NULL, commands[i], "first\nlast");

		cr_expect_eq(a->status, b->status, "%s: %d, not %d",
		    commands[i], a->status, b->status);
		cr_expect_str_eq(a->out, b->out, "%s: %s, not %s", commands[i],
		    a->out, b->out);
		cr_expect_str_eq(a->err, b->err, "%s: %s, not %s", commands[i],
		    a->err, b->err);
	}
}

/* A folder where everybody may write. */
static char *
open_folder(const struct bastion *b)
{
	char *folder = text("%s/open", b->dir);

	cr_assert_eq(mkdir(folder, 0777), 0);
	cr_assert_eq(chmod(folder, 0777), 0);
	return folder;
}

/*
 * Compares only the first 28 signals: fish ignores the two that libc reserves
 * in every program that it starts, and so in the gate.  A shell blocks SIGCHLD,
 * the seventeenth, until it waits for what it has started: on a busy machine
 * that may be later than the program's first steps.
 */
#define INSPECTION                                                          \
	"tr '\\0' ' ' </proc/$PPID/cmdline; echo; stty -a; umask; pwd\n"    \
	"ls /proc/self/fd | wc -l\n"                                        \
	"for i in 1 2 3 4 5 6 7 8 9; do\n"                                  \
	"grep -q '^SigBlk:.*[13579bdf]....$' /proc/$PPID/status || break\n" \
	"sleep .2; done\n"                                                  \
	"sed -n 's/^\\(Sig[BIC]..\\):.*\\(.......\\)$/\\1 \\2/p' "          \
	"/proc/$PPID/status\n" ENVIRONMENT "\n"

/*
 * Starts a program from a login shell on a terminal, and returns what it sees.
 */
static char *
inspect(const struct bastion *b, const char *shell, const char *code)
{
	char *seen = text("%s/seen", open_folder(b));
	struct session *s;

	s = session_open(b, shell, NULL, NULL);
	if (code != NULL) {
		session_expect(s, PROMPT);
		session_type(s, text("%s\r", code));
	}
	session_type(s, text("sh %s/inspect >%s; echo do''ne\r", b->dir, seen));
	session_expect(s, "done");
	session_type(s, "exit 3\r");
	cr_assert_eq(session_status(s), 3, "%s", s->seen);
	return read_text(seen);
}

static void
expect_same_login_shell(const char *shell)
{
	const char *code;
	struct bastion *with = gated(shell, &code);
	struct bastion *without = bastion_open(.no_gate = true);
	char *seen;

	write_text(text("%s/inspect", with->dir), INSPECTION);
	write_text(text("%s/inspect", without->dir), INSPECTION);
	seen = inspect(with, shell, code);
	assert_says(seen, text("-%s", shell));
	assert_says(seen, text("HOME=/home/%s\n", shell));
	cr_expect_str_eq(seen, inspect(without, shell, NULL));
}

/* The terminal drops what is typed right after ^C. */
static void
interrupt(struct session *s)
{
	session_type(s, "\003");
	run_sleep_ms(500);
}

/*
 * Types the line again until the words appear: a shell that redraws its prompt
 * may lose what is typed meanwhile.
 */
static void
expect_line(struct session *s, const char *line, const char *words)
{
	for (int i = 0; i < 5; i++) {
		session_type(s, line);
		if (session_sees(s, words, 5000))
			return;
		interrupt(s);
	}
	session_expect(s, words);
}

/* ^C at a command, at the shell's prompt, and at the gate's. */
static void
expect_interrupts(const char *shell)
{
	const char *code;
	struct bastion *b = gated(shell, &code);
	struct session *s = session_open(b, shell, NULL, NULL);

	session_expect(s, PROMPT);
	session_type(s, "\003");
	/* tcsh waits for the gate and is interrupted itself. */
	cr_expect_eq(session_status(s), strcmp(shell, "tcsh") == 0 ? 1 : 77,
	    "%d", s->status);
	assert_never_says(s->seen, "inside");
	s = session_open(b, shell, NULL, NULL);
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code));
	session_type(s, "sh -c 'echo rea\"\"dy; exec sleep 60'\r");
	session_expect(s, "ready");
	interrupt(s);
	expect_line(s, "echo on''ce\r", "once");
	session_type(s, "no-such-command");
	interrupt(s);
	expect_line(s, "echo tw''ice\r", "twice");
	session_type(s, "exit 4\r");
	cr_expect_eq(session_status(s), 4, "%s", s->seen);
}

/*
 * An earlier session left all these files. The next login without a code must
 * run none of them.
 */
static void
expect_gate_first(const char *user)
{
	static const char *const files[] = {".config/fish/config.fish",
	    ".config/fish/conf.d/a.fish", ".zshenv", ".zprofile", ".zshrc",
	    ".zlogin", ".tcshrc", ".cshrc", ".login"};
	const char *code;
	struct bastion *b = gated(user, &code);
	char *ran = text("%s/ran", open_folder(b));
	struct session *s;
	struct run *r;

	run(ARGV("mkdir", "-p", text("/home/%s/.config/fish/conf.d", user)),
	    NULL, 0);
	for (size_t i = 0; i < COUNT(files); i++)
		write_text(text("/home/%s/%s", user, files[i]),
		    text("touch %s\n", ran));
	r = ssh_run(b, user, NULL, "echo inside", NULL);
	assert_status(r, 76);
	cr_expect_str_empty(r->out);
	cr_expect_eq(
	    strchr(r->err, '\n'), r->err + strlen(r->err) - 1, "%s", r->err);
	s = session_open(b, user, NULL, NULL);
	session_expect(s, PROMPT);
	session_type(s, "\004");
	cr_expect_eq(session_status(s), 77);
	cr_expect_neq(access(ran, F_OK), 0);
	assert_status(ssh_with_code(b, user, code, "echo inside"), 0);
	cr_expect_eq(access(ran, F_OK), 0);
	run(ARGV("rm", "-rf", text("/home/%s/.config", user)), NULL, 0);
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(text("/home/%s/%s", user, files[i]));
}

/* A copy of the home that only this test sees. */
static void
own_home(const char *user)
{
	cr_assert_eq(unshare(CLONE_NEWNS), 0, "%s", strerror(errno));
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_status(run(ARGV("sh", "-ec",
			      text("mount -t tmpfs -o mode=755 tmpfs /mnt\n"
				   "cp -a /home/%s/.ssh /mnt/\n"
				   "chown %s: /mnt\n"
				   "mount --bind /mnt /home/%s\n"
				   "umount /mnt",
				  user, user, user)),
			  NULL, 0),
	    0);
}

/*
 * fish finds its functions by a variable, and calls one before the gate. In the
 * session after a code all of fish's own functions work.
 */
Test(shells, fish_loads_no_function_of_a_users_before_the_gate)
{
	static const char user[] = "own-fish";
	static const char file[] = "/home/own-fish/.ssh/environment";
	const char *folder, *ran;
	struct bastion *b, *bare;
	struct run *r;

	needs_people();
	needs_program("fish");
	own_home(user);
	b = bastion_open(.rules = REQUIRED,
	    .before = "PermitUserEnvironment yes\n");
	bare = bastion_open(.no_gate = true,
	    .before = "PermitUserEnvironment yes\n");
	fixture_enrol(b, user);
	folder = open_folder(b);
	ran = text("%s/ran", folder);
	write_text(
	    text("%s/__fish_set_locale.fish", folder), text("echo >%s\n", ran));
	write_text(file, text("fish_function_path=%s\n", folder));
	ssh_run(bare, user, NULL, "true", NULL);
	cr_assert_eq(unlink(ran), 0, "the attack does not work");
	assert_status(ssh_run(b, user, NULL, "echo inside", NULL), 76);
	cr_expect_neq(access(ran, F_OK), 0, "it ran before the gate");
	fixture_write_policy(b, fixture_policy(RULE("exempt"), NULL));
	r = ssh_run(b, user, NULL,
	    "functions -q fish_add_path; and set -q fish_function_path[5]; "
	    "and echo inside",
	    NULL);
	unlink(file);
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "inside\n");
	cr_expect_str_empty(r->err);
}

#define Shell(name)                                        \
	Test(shells, name##_is_as_without_a_gate)          \
	{                                                  \
		needs_people();                            \
		needs_program(#name);                      \
		expect_same_command(#name);                \
		expect_same_login_shell(#name);            \
	}                                                  \
	Test(shells, name##_takes_interrupts)              \
	{                                                  \
		needs_people();                            \
		needs_program(#name);                      \
		expect_interrupts(#name);                  \
	}                                                  \
	Test(shells, name##_reads_nothing_before_the_gate) \
	{                                                  \
		needs_people();                            \
		needs_program(#name);                      \
		expect_gate_first("own-" #name);           \
	}

Shell(fish) Shell(zsh) Shell(tcsh)
