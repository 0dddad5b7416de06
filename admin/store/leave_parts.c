#include "admin/store/leave.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/core/version.h"
#include "store/fleet/bastion.h"

int
leave_read_policy(struct site *site, char **ret, size_t *ret_len)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	scoped_version struct version version = {.text = NULL};
	struct remote_name name = remote_name_of(SEAL_POLICY);
	enum fault fault = remote_get(&site->remote, &name, &text);

	*ret = NULL;
	if (fault == FAULT_ABSENT)
		return ADMIN_DONE;
	if (fault != FAULT_NONE)
		return site_say(site, fault, "the fleet's policy");
	if (version_parse(text.text, text.len, &version) != FAULT_NONE) {
		admin_say("the fleet's policy cannot be read");
		return ADMIN_NOT;
	}
	*ret = take(version.text);
	*ret_len = version.len;
	return ADMIN_DONE;
}

static int
fail(const char *path)
{
	admin_say("%s: %s", path, strerror(errno));
	return ADMIN_NOT;
}

int
leave_keep_policy(struct site *site)
{
	const char *path = site->admin->policy;
	const char *slash = strrchr(path, '/');
	scoped_free char *text = NULL;
	scoped_fd int folder = -1;
	char before[PATH_MAX], dir[PATH_MAX];
	size_t len = 0;
	int status = leave_read_policy(site, &text, &len);

	if (status != ADMIN_DONE || text == NULL)
		return status;
	snprintf(before, sizeof(before), "%s.before-fleet", path);
	snprintf(dir, sizeof(dir), "%.*s",
	    slash != NULL ? (int)(slash - path + 1) : 1,
	    slash != NULL ? path : ".");
	/* A killed command did this before, and must not lose the older one. */
	if (link(path, before) < 0 && errno != ENOENT && errno != EEXIST)
		return fail(before);
	folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 ||
	    file_replace(folder, slash != NULL ? slash + 1 : path,
		".policy.json.new", 0644, (uid_t)-1, (gid_t)-1, text,
		len) != FAULT_NONE)
		return fail(path);
	return ADMIN_DONE;
}

/* A killed command may have removed it before. */
static int
remove_object(
    struct site *site, const struct remote_name *name, const char *what)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	enum fault fault = remote_get(&site->remote, name, &text);

	if (fault == FAULT_ABSENT)
		return ADMIN_DONE;
	if (fault == FAULT_NONE)
		fault = remote_remove(&site->remote, name, text.mark);
	return fault == FAULT_NONE ? ADMIN_DONE : site_say(site, fault, what);
}

int
leave_drop_policy(struct site *site)
{
	const struct remote_name name = remote_name_of(SEAL_POLICY);

	return remove_object(site, &name, "the fleet's policy");
}

int
leave_remove_host(struct site *site, const char *host)
{
	const struct remote_name name = remote_host(host);

	return remove_object(site, &name, host);
}

int
leave_drop_host(struct site *site)
{
	char host[BASTION_HOST];

	if (bastion_host(host))
		return leave_remove_host(site, host);
	admin_say("this machine has no name");
	return ADMIN_NOT;
}

int
leave_drop_config(const struct site *site)
{
	char left[PATH_MAX];

	snprintf(left, sizeof(left), "%s.left", site->config_path);
	return rename(site->config_path, left) == 0 || errno == ENOENT
	    ? ADMIN_DONE
	    : fail(site->config_path);
}
