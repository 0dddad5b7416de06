#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/own/hostkey.h"
#include "gate/own/tool.h"
#include "store/system/child.h"

#define KEYGEN_MS 20000

static bool
say_no_key(const char *path, const char *why)
{
	fprintf(stderr, "tfa: no tunnel: the host key %s cannot be made: %s\n",
	    path, why);
	return false;
}

/* True if ssh-keygen made the key at path, and path.pub. */
static bool
run_keygen(const char *path, char *ret_why, size_t size)
{
	static struct child child;
	char program[TOOL_PATH];
	const char *const argv[] = {program, "-q", "-t", "ed25519", "-N", "",
	    "-C", "tfa tunnel", "-f", path, NULL};

	if (!tool_find("ssh-keygen", program)) {
		snprintf(
		    ret_why, size, "there is no ssh-keygen in " TOOL_PLACES);
		return false;
	}
	child_run(argv, KEYGEN_MS, &child);
	snprintf(ret_why, size, "ssh-keygen: %.*s",
	    (int)strcspn(child.err.text, "\n"), child.err.text);
	return child.end == CHILD_EXITED && child.status == 0;
}

/* Two tunnels that make a key at once both get that of the first: link(2)
 * replaces nothing. */
static bool
make_in(const char *folder, const char *path)
{
	char new[PATH_MAX + 32], new_public[PATH_MAX + 32];
	char public[PATH_MAX + 32], why[200];
	bool ok, mine;

	snprintf(new, sizeof(new), "%s/key", folder);
	snprintf(new_public, sizeof(new_public), "%s/key.pub", folder);
	snprintf(public, sizeof(public), "%s.pub", path);
	ok = run_keygen(new, why, sizeof(why));
	if (!ok)
		say_no_key(path, why);
	mine = ok && link(new, path) == 0;
	if (mine)
		(void)rename(new_public, public);
	else if (ok && errno != EEXIST)
		ok = say_no_key(path, strerror(errno));
	unlink(new);
	unlink(new_public);
	return ok;
}

static bool
make_key(const char *ssh, const char *path)
{
	char folder[PATH_MAX + 16];
	bool ok;

	if (mkdir(ssh, 0700) < 0 && errno != EEXIST)
		return say_no_key(path, strerror(errno));
	snprintf(folder, sizeof(folder), "%s/.tfa-XXXXXX", ssh);
	if (mkdtemp(folder) == NULL)
		return say_no_key(path, strerror(errno));
	ok = make_in(folder, path);
	rmdir(folder);
	return ok;
}

/* sshd itself refuses a key that others can read. */
bool
hostkey_find(const char *home, char ret[static PATH_MAX])
{
	char ssh[PATH_MAX];

	/* Room for the names behind it. */
	if (strlen(home) + 64 > PATH_MAX)
		return say_no_key(home, "its path is too long");
	snprintf(ssh, sizeof(ssh), "%s/.ssh", home);
	snprintf(ret, PATH_MAX, "%s/.ssh/" HOSTKEY_NAME, home);
	if (access(ret, F_OK) == 0)
		return true;
	if (errno != ENOENT)
		return say_no_key(ret, strerror(errno));
	return make_key(ssh, ret);
}
