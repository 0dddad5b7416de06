#include <stddef.h>
#include <string.h>

#include "admin/doctor/person.h"

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
