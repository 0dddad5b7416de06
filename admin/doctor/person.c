#include <stddef.h>
#include <string.h>

#include "admin/doctor/person.h"

#define SHELLS 20 /* of one kind, at most */

enum shell_kind
shell_kind(const char *path)
{
	/* rc is that of Plan 9: to it, fn#NAME is code. */
	static const struct {
		enum shell_kind kind;
		const char *names[SHELLS];
	} shells[] = {
	    {SHELL_RUNS,
		{"sh", "bash", "dash", "ash", "busybox", "ksh", "ksh93", "mksh",
		    "mksh-static", "yash", "bash-static", "zsh-static",
		    "rc.byron", "sash", "posh", "zsh", ""}},
	    {SHELL_READS_HOME, {"tcsh", "csh", "fish"}},
	    {SHELL_CANNOT, {"git-shell", "rbash", "rksh", "rksh93"}},
	    {SHELL_OPEN, {"tmux", "screen", "rc"}},
	    {SHELL_NO_LOGIN, {"nologin", "false", "sync", "shutdown", "halt"}},
	};
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		for (size_t k = 0; k < SHELLS && shells[i].names[k] != NULL;
		     k++)
			if (strcmp(shells[i].names[k], name) == 0)
				return shells[i].kind;
	return SHELL_UNKNOWN;
}
