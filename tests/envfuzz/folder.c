/*
 * The folder of somebody who had a session, and left in it whatever a shell
 * might read, source, load or run.  Each link to "." makes it its own
 * subfolder, so "D/fish/conf.d/x.fish" is "D/x.fish".
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/envfuzz/envfuzz.h"

#define TEXT_PATH (2 * PATH_MAX)

_Noreturn static void
give_up(const char *path)
{
	fprintf(stderr, "envfuzz: %s: %s\n", path, strerror(errno));
	exit(2);
}

static void
write_file(const struct folder *folder, const char *name, const char *text)
{
	char path[TEXT_PATH];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder->hostile, name);
	file = fopen(path, "we");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 ||
	    chmod(path, 0555) < 0)
		give_up(path);
}

static void
link_to(const struct folder *folder, const char *target, const char *name)
{
	char path[TEXT_PATH];

	snprintf(path, sizeof(path), "%s/%s", folder->hostile, name);
	if (symlink(target, path) < 0 && errno != EEXIST)
		give_up(path);
}

/* Writes the same script under each name that a shell may look for. */
static void
put_scripts(const struct folder *folder)
{
	static const char *const names[] = {".profile", ".bashrc",
	    ".bash_profile", ".bash_login", ".bash_logout", ".zshenv", ".zshrc",
	    ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".mkshrc", ".yashrc",
	    ".yash_profile", ".tcshrc", ".cshrc", ".login", ".logout",
	    ".cshdirs", ".rcrc", ".esrc", ".shrc", ".screenrc", ".tmux.conf",
	    "tmux.conf", ".inputrc", ".xonshrc", "rc.xsh", "rc.elv",
	    "config.fish", "x.fish", ".hushlogin", "profile", "zshenv",
	    "bashrc", ".aliasrc", ".dircolors",
	    /* commands that a startup file may call by their name */
	    "uname", "hostname", "id", "locale", "tty", "stty", "ls", "cat",
	    "sed", "grep", "awk", "mkdir", "rm", "tput", "infocmp", "dircolors",
	    "lesspipe", "manpath", "getconf", "resize", "sh", "bash", "env",
	    "python3", "perl", "git", "ps", "touch", "test", "true", "tfa-gate",
	    "sleep", "date", "readlink", "locale.conf", "command-not-found",
	    "more", "less", "cut", "sort", "uniq"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		link_to(folder, "script", names[i]);
}

static void
put_folders(const struct folder *folder)
{
	static const char *const names[] = {"bin", "fish", "conf.d",
	    "functions", "completions", "vendor_conf.d", "vendor_functions.d",
	    "site-functions", "zsh", "lib", "share", "etc", ".config", "xonsh",
	    "elvish", "tmux", "yash", "initialization", ".local", "python3.9",
	    "python3.11", "python3.13", "site-packages", "x86_64-linux-gnu",
	    "gconv", "locale", "LC_MESSAGES"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		link_to(folder, ".", names[i]);
}

/*
 * Makes a file for each name that the pattern finds on the system: fish and zsh
 * load a function at its first call, zsh a module.
 */
static void
put_alike(const struct folder *folder, const char *pattern, const char *target)
{
	glob_t found = {.gl_pathc = 0};

	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			link_to(folder, target,
			    strrchr(found.gl_pathv[i], '/') + 1);
	globfree(&found);
}

static void
put_languages(const struct folder *folder, const char *command)
{
	static const char *const python[] = {"sitecustomize.py",
	    "usercustomize.py", "os.py", "re.py", "site.py", "codecs.py",
	    "encodings.py", "warnings.py", "abc.py", "io.py"};
	char text[TEXT_PATH];

	snprintf(
	    text, sizeof(text), "import posix\nposix.system('%s')\n", command);
	for (size_t i = 0; i < sizeof(python) / sizeof(python[0]); i++)
		write_file(folder, python[i], text);
	snprintf(text, sizeof(text), "system('%s'); 1;\n", command);
	write_file(folder, "strict.pm", text);
	write_file(folder, "warnings.pm", text);
	snprintf(
	    text, sizeof(text), "BUILTIN_LIB=%s/hostile\n", folder->hostile);
	write_file(folder, ".paths", text);
	write_file(folder, "gconv-modules",
	    "module UTF-8// INTERNAL hostile 1\n"
	    "module INTERNAL UTF-8// hostile 1\n");
}

static void
copy(const char *from, const char *to)
{
	char text[65536];
	size_t n;
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");

	if (in == NULL || out == NULL)
		give_up(in == NULL ? from : to);
	while ((n = fread(text, 1, sizeof(text), in)) > 0)
		if (fwrite(text, 1, n, out) != n)
			give_up(to);
	if (ferror(in) || fclose(out) != 0 || chmod(to, 0555) < 0)
		give_up(to);
	fclose(in);
}

static void
fill(const struct folder *folder, const char *library)
{
	char path[TEXT_PATH], command[PATH_MAX + 20], text[TEXT_PATH];

	snprintf(path, sizeof(path), "%s/hostile.so", folder->hostile);
	copy(library, path);
	snprintf(command, sizeof(command), "/usr/bin/touch %s", folder->marker);
	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", command);
	write_file(folder, "script", text);
	put_languages(folder, command);
	put_folders(folder); /* an existing name is kept */
	put_scripts(folder);
	put_alike(folder, "/usr/share/fish/functions/*.fish", "script");
	put_alike(folder, "/usr/share/zsh/functions/*/*", "script");
	put_alike(folder, "/usr/lib/*/zsh/*/zsh/*.so", "hostile.so");
	put_alike(folder, "/usr/lib/*/libnss_*.so.2", "hostile.so");
}

/*
 * The folder is read-only for its owner too: a shell that keeps a history must
 * not overwrite the next attack.
 */
void
folder_make(const char *gate, const char *library, struct folder *ret)
{
	char marks[PATH_MAX];

	snprintf(ret->dir, sizeof(ret->dir), "/tmp/envfuzz.XXXXXX");
	if (mkdtemp(ret->dir) == NULL || chmod(ret->dir, 0755) < 0)
		give_up(ret->dir);
	ret->uid = getuid() != 0 ? getuid() : 65534;
	ret->gid = getuid() != 0 ? getgid() : 65534;
	snprintf(ret->hostile, PATH_MAX, "%.60s/hostile", ret->dir);
	snprintf(ret->gate, PATH_MAX, "%.60s/tfa-gate", ret->dir);
	snprintf(marks, sizeof(marks), "%.60s/marks", ret->dir);
	snprintf(ret->marker, PATH_MAX, "%.60s/ran", marks);
	if (mkdir(ret->hostile, 0755) < 0 || mkdir(marks, 0777) < 0 ||
	    chmod(marks, 0777) < 0)
		give_up(ret->dir);
	copy(gate, ret->gate);
	fill(ret, library);
	if (chmod(ret->hostile, 0555) < 0 ||
	    (getuid() == 0 && chown(ret->hostile, ret->uid, ret->gid) < 0))
		give_up(ret->hostile);
}

void
folder_remove(const struct folder *folder)
{
	char command[PATH_MAX + 60];

	(void)chmod(folder->hostile, 0755);
	snprintf(command, sizeof(command), "exec rm -rf '%s'", folder->dir);
	if (system(command) != 0)
		fprintf(stderr, "envfuzz: %s is left\n", folder->dir);
}
