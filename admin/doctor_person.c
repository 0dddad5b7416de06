#include <stddef.h>
#include <string.h>

#include "doctor_person.h"

enum shell_kind
shell_kind(const char *path)
{
	static const struct {
		const char *name;
		enum shell_kind kind;
	} shells[] = {
	    {"sh", SHELL_RUNS},
	    {"bash", SHELL_RUNS},
	    {"dash", SHELL_RUNS},
	    {"ash", SHELL_RUNS},
	    {"busybox", SHELL_RUNS},
	    {"ksh", SHELL_RUNS},
	    {"ksh93", SHELL_RUNS},
	    {"mksh", SHELL_RUNS},
	    {"mksh-static", SHELL_RUNS},
	    {"yash", SHELL_RUNS},
	    {"bash-static", SHELL_RUNS},
	    {"zsh-static", SHELL_RUNS},
	    {"rc.byron", SHELL_RUNS},
	    {"sash", SHELL_RUNS},
	    {"posh", SHELL_RUNS},
	    {"zsh", SHELL_RUNS},
	    {"tcsh", SHELL_READS_HOME},
	    {"csh", SHELL_READS_HOME},
	    {"fish", SHELL_READS_HOME},
	    {"git-shell", SHELL_CANNOT},
	    {"rbash", SHELL_CANNOT},
	    {"rksh", SHELL_CANNOT},
	    {"rksh93", SHELL_CANNOT},
	    {"tmux", SHELL_OPEN},
	    {"screen", SHELL_OPEN},
	    {"rc", SHELL_OPEN}, /* of Plan 9: fn#NAME is code */
	    {"nologin", SHELL_NO_LOGIN},
	    {"false", SHELL_NO_LOGIN},
	    {"sync", SHELL_NO_LOGIN},
	    {"shutdown", SHELL_NO_LOGIN},
	    {"halt", SHELL_NO_LOGIN},
	    {"", SHELL_RUNS},
	};
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].name, name) == 0)
			return shells[i].kind;
	return SHELL_UNKNOWN;
}

/* Whether the word at p is a key's type, so that no options precede it. */
static bool
is_type(const char *p)
{
	return strncmp(p, "ssh-", 4) == 0 || strncmp(p, "ecdsa-", 6) == 0 ||
	    strncmp(p, "sk-", 3) == 0;
}

/* A type and something behind it. */
static bool
is_key(const char *p)
{
	size_t type = strcspn(p, " \t");

	return is_type(p) && p[type + strspn(p + type, " \t")] != '\0';
}

/* The option at p, up to '=', ',' or a blank, is name. */
static bool
is_option(const char *p, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(p, name, len) == 0 &&
	    strchr("=, \t", p[len]) != NULL;
}

/* Where the option at p ends: at a comma, a blank or the end. */
static const char *
option_end(const char *p)
{
	bool quoted = false;

	for (; *p != '\0'; p++) {
		if (quoted && p[0] == '\\' && p[1] == '"')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && strchr(", \t", *p) != NULL)
			break;
	}
	return p;
}

struct key_options
key_options(const char *line)
{
	struct key_options options = {.command = false};
	const char *p = line + strspn(line, " \t");

	options.key = is_key(p);
	if (*p == '#' || *p == '\0' || is_type(p))
		return options;
	while (*p != '\0') {
		options.command |= is_option(p, "command");
		options.environment |= is_option(p, "environment");
		options.authority |= is_option(p, "cert-authority");
		p = option_end(p);
		if (*p != ',')
			break;
		p++;
	}
	options.key = is_key(p + strspn(p, " \t"));
	return options;
}
