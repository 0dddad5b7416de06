/*
 * Words that could be names of variables, from programs, libraries and
 * scripts.
 */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/envfuzz/envfuzz.h"

#define FILE_MAX (64UL * 1024 * 1024)

static size_t
slot_of(const struct names *names, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */
	size_t at;

	for (const char *p = name; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3ULL;
	at = (size_t)hash % names->slots;
	while (names->table[at] != 0 &&
	    strcmp(names->items[names->table[at] - 1], name) != 0)
		at = (at + 1) % names->slots;
	return at;
}

static void
grow(struct names *names)
{
	names->size = names->size > 0 ? names->size * 2 : 4096;
	names->slots = names->size * 2;
	names->items = realloc(
	    names->items, names->size * sizeof(*names->items));
	free(names->table);
	names->table = calloc(names->slots, sizeof(*names->table));
	if (names->items == NULL || names->table == NULL)
		abort();
	for (size_t i = 0; i < names->count; i++)
		names->table[slot_of(names, names->items[i])] = i + 1;
}

bool
names_have(const struct names *names, const char *name)
{
	return names->count > 0 && names->table[slot_of(names, name)] != 0;
}

bool
names_add(struct names *names, const char *name)
{
	if (names_have(names, name))
		return false;
	if (names->count == names->size)
		grow(names);
	names->items[names->count++] = strdup(name);
	names->table[slot_of(names, name)] = names->count;
	return true;
}

void
names_done(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	free(names->table);
	*names = (struct names){.items = NULL};
}

static bool
is_loud(const char *word)
{
	for (; *word != '\0'; word++)
		if (islower((unsigned char)*word))
			return false;
	return true;
}

/*
 * A linker stores "ENV" as the end of "BASH_ENV", so the ends of a word are
 * words too: every end of a word in capitals, and the ends behind a '_' of any
 * other.
 */
static void
add_ends(struct names *names, const char *word)
{
	bool loud = is_loud(word);

	for (const char *p = word + 1; p[0] != '\0' && p[1] != '\0'; p++)
		if (!isdigit((unsigned char)*p) && (loud || p[-1] == '_'))
			names_add(names, p);
}

static bool
is_word(int c)
{
	return isalnum(c) || c == '_';
}

/*
 * Machine code often looks like words of two letters. Such words count only
 * where they stand alone.
 */
static void
add_word(struct names *names, const char *text, size_t len, bool alone)
{
	char word[NAME_MAX_LEN + 1];

	while (len > 0 && isdigit((unsigned char)*text)) {
		text++;
		len--;
	}
	if (len < 2 || (len == 2 && !alone) || len > NAME_MAX_LEN)
		return;
	memcpy(word, text, len);
	word[len] = '\0';
	names_add(names, word);
	add_ends(names, word);
}

static void
add_text(struct names *names, const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n + 1) {
		for (n = 0; i + n < len && is_word((unsigned char)text[i + n]);
		     n++)
			;
		add_word(names, text + i, n,
		    (i == 0 || !isgraph((unsigned char)text[i - 1])) &&
			(i + n == len || !isgraph((unsigned char)text[i + n])));
	}
}

static bool
add_file(struct shell *shell, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(FILE_MAX);
	size_t len = 0;

	if (file != NULL && text != NULL) {
		len = fread(text, 1, FILE_MAX, file);
		shell->files++;
	}
	add_text(&shell->names, text, len);
	free(text);
	if (file != NULL)
		fclose(file);
	return len > 0;
}

static void
add_files(struct shell *shell, const char *pattern)
{
	glob_t found = {.gl_pathc = 0};

	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			add_file(shell, found.gl_pathv[i]);
	globfree(&found);
}

/* Reads the path from a line of ldd. */
static bool
library_of(const char *line, char ret[static PATH_MAX])
{
	const char *path = strchr(line, '/');

	return path != NULL && sscanf(path, "%4095s", ret) == 1;
}

static void
add_libraries(struct shell *shell, const char *path)
{
	char command[PATH_MAX + 40], line[PATH_MAX], library[PATH_MAX];
	FILE *ldd;

	snprintf(command, sizeof(command), "exec ldd '%s' 2>/dev/null", path);
	ldd = popen(command, "re");
	while (ldd != NULL && fgets(line, sizeof(line), ldd) != NULL)
		if (library_of(line, library)) {
			shell->loads = true;
			add_file(shell, library);
		}
	if (ldd != NULL)
		pclose(ldd);
}

/* Adds the files that a shell reads or loads besides, by its program's name. */
static void
add_own_files(struct shell *shell, const char *program)
{
	static const struct {
		const char *program, *pattern;
	} own[] = {
	    {"fish", "/usr/share/fish/*.fish"},
	    {"fish", "/usr/share/fish/functions/*.fish"},
	    {"fish", "/usr/share/fish/vendor_*.d/*"},
	    {"fish", "/etc/fish/*.fish"},
	    {"zsh", "/usr/lib/*/zsh/*/zsh/*.so"},
	    {"zsh", "/etc/zsh/*"},
	    {"bash", "/etc/bash.bashrc"},
	    {"tcsh", "/etc/csh.*"},
	    {"bsd-csh", "/etc/csh.*"},
	    {"xonsh", "/usr/lib/python3/dist-packages/xonsh/*.py"},
	    {"xonsh", "/usr/lib/python3*/site.py"},
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strncmp(program, own[i].program, strlen(program)) == 0)
			add_files(shell, own[i].pattern);
}

/* A script is run by an interpreter, which obeys variables of its own. */
static void
add_interpreter(struct shell *shell, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[PATH_MAX], program[PATH_MAX];

	if (file != NULL && fgets(line, sizeof(line), file) != NULL &&
	    sscanf(line, "#! %4095s", program) == 1) {
		add_file(shell, program);
		add_libraries(shell, program);
	}
	if (file != NULL)
		fclose(file);
}

/* Adds names that no file holds as one word. */
static void
add_known(struct shell *shell)
{
	static const char *const known[] = {"HOME", "PATH", "SHELL", "USER",
	    "LOGNAME", "MAIL", "TERM", "TERMCAP", "TERMINFO", "TERMINFO_DIRS",
	    "TZ", "TZDIR", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE",
	    "LC_COLLATE", "LC_MESSAGES", "LC_NUMERIC", "LC_TIME", "LC_MONETARY",
	    "LC_PAPER", "LC_NAME", "LC_ADDRESS", "LC_TELEPHONE",
	    "LC_MEASUREMENT", "LC_IDENTIFICATION", "LD_PRELOAD", "LD_AUDIT",
	    "LD_LIBRARY_PATH", "LD_ORIGIN_PATH", "LD_PROFILE",
	    "LD_PROFILE_OUTPUT", "LD_DYNAMIC_WEAK", "LD_BIND_NOW",
	    "GLIBC_TUNABLES", "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES",
	    "RES_OPTIONS", "LOCALDOMAIN", "MALLOC_TRACE", "MALLOC_CHECK_",
	    "TMPDIR", "GETCONF_DIR", "IFS", "PWD", "OLDPWD", "CDPATH", "FPATH",
	    "fpath", "ENV", "BASH_ENV", "BASHOPTS", "SHELLOPTS", "PS1", "PS2",
	    "PS3", "PS4", "PROMPT_COMMAND", "INPUTRC", "ZDOTDIR", "module_path",
	    "MODULE_PATH", "YASH_LOADPATH", "KSH_VERSION", "HISTFILE",
	    "HISTCMD", "FCEDIT", "EDITOR", "VISUAL", "PAGER", "LESSOPEN",
	    "MANPATH", "TMOUT", "MAILPATH", "MAILCHECK", "COLUMNS", "LINES",
	    "SHLVL", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME",
	    "XDG_DATA_DIRS", "XDG_CACHE_HOME", "XDG_STATE_HOME",
	    "XDG_RUNTIME_DIR", "PERL5LIB", "PERL5OPT", "PERL5DB", "PYTHONPATH",
	    "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONPLATLIBDIR",
	    "PYTHONWARNINGS", "PYTHONBREAKPOINT", "PYTHONINSPECT", "RUBYOPT",
	    "RUBYLIB", "A__z", "_", "SSH_CLIENT", "SSH_CONNECTION",
	    "SSH_USER_AUTH", "SSH_TTY", "prompt", "precmd", "PERIOD", "home",
	    "path", "shell", "cwd"};
	char letter[2] = "";

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		names_add(&shell->names, known[i]);
	for (const char *p = "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	     *p != '\0'; p++) {
		letter[0] = *p;
		names_add(&shell->names, letter);
	}
}

static void
read_version(const char *path, struct shell *ret)
{
	char command[2 * PATH_MAX];
	FILE *out;

	snprintf(command, sizeof(command),
	    "f='%s'; p=$(dpkg-query -S $f ${f#/usr} 2>/dev/null | head -n 1)"
	    " && [ -n \"$p\" ] && dpkg-query -W "
	    "-f '${Package} ${Version}' ${p%%%%:*} 2>/dev/null",
	    path);
	out = popen(command, "re");
	if (out == NULL ||
	    fgets(ret->version, sizeof(ret->version), out) == NULL)
		snprintf(ret->version, sizeof(ret->version), "%.150s", path);
	if (out != NULL)
		pclose(out);
}

bool
shell_read(const char *path, bool short_form, struct shell *ret)
{
	char real[PATH_MAX];
	const char *program;

	*ret = (struct shell){.path = path};
	if (realpath(path, real) == NULL)
		return false;
	program = strrchr(real, '/') + 1;
	read_version(real, ret);
	add_known(ret);
	ret->known = ret->names.count;
	if (!add_file(ret, real))
		return false;
	if (strcmp(program, "fish") == 0)
		add_files(ret, "/usr/share/fish/config.fish");
	ret->own = ret->names.count;
	add_interpreter(ret, real);
	if (short_form) {
		ret->loads = true;
		return true;
	}
	add_libraries(ret, real);
	add_own_files(ret, program);
	return true;
}

void
shell_done(struct shell *shell)
{
	names_done(&shell->names);
}
