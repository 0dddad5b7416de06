#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fleet/bastion.h"
#include "store/fleet/fleet.h"
#include "store/fleet/names.h"
#include "store/json/json.h"
#include "store/keeper/join.h"

#define PATH_TEXT 4096

/* Kept for as long as the process lives. */
static struct fleet_config config;
static struct keyring *ring;
static struct fleet fleet;

/* True if DIR/fleet is there: this bastion was in a fleet.  An error that hides
 * it says the same. */
static bool
was_joined(const char *store)
{
	char path[PATH_TEXT];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" FLEET_FOLDER, store);
	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* systemd makes that folder for this process, and names it. */
static bool
read_credential(enum fault *ret, char why[static FLEET_WHY_TEXT])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_TEXT];

	if (folder == NULL || folder[0] != '/')
		return false;
	snprintf(path, sizeof(path), "%s/" FLEET_KEYS, folder);
	*ret = keyring_read(path, geteuid(), false, &ring, why);
	return *ret != FAULT_ABSENT;
}

static enum fault
read_keys(const char *file, char why[static FLEET_WHY_TEXT])
{
	const char *slash = strrchr(file, '/');
	int len = slash != NULL ? (int)(slash - file) + 1 : 0;
	char path[PATH_TEXT];
	enum fault fault;

	if (read_credential(&fault, why))
		return fault;
	snprintf(path, sizeof(path), "%.*s" FLEET_KEYS, len, file);
	return keyring_read(path, 0, true, &ring, why);
}

/* For all workers; NULL: each of them waits by itself. */
static _Atomic int64_t *
share_down(void)
{
	void *page = mmap(NULL, sizeof(_Atomic int64_t), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED ? page : NULL;
}

void
keeper_join(const char *file, const char *link, struct keeper *keeper)
{
	char *why = keeper->unjoined;
	enum fault fault = fleet_config_read(file, &config, why);

	if (fault == FAULT_ABSENT) {
		why[0] = '\0';
		return;
	}
	if (fault == FAULT_NONE)
		fault = read_keys(file, why);
	if (fault != FAULT_NONE) {
		if (why[0] == '\0')
			snprintf(why, FLEET_WHY_TEXT, "%.200s: %s", file,
			    fault_name(fault));
		fleet_config_done(&config);
		return;
	}
	if (!bastion_host(keeper->host)) {
		snprintf(why, FLEET_WHY_TEXT, "this host has no name");
		fleet_config_done(&config);
		return;
	}
	fleet_init(&fleet, &config, ring, link);
	fleet.line.down_ms = share_down();
	keeper->fleet = &fleet;
}

void
keeper_join_missed(const char *file, struct keeper *keeper)
{
	if (keeper->fleet == NULL && keeper->unjoined[0] == '\0' &&
	    was_joined(keeper->store))
		snprintf(keeper->unjoined, FLEET_WHY_TEXT,
		    "%.200s is gone, but this bastion was in a fleet "
		    "(%.150s/" FLEET_FOLDER "): put it back",
		    file, keeper->store);
}

bool
keeper_seals(const struct keeper *keeper)
{
	struct seal_name name = {.kind = SEAL_FLEET, .name = "", .serial = 1};
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	scoped_json_text char *text = NULL;
	size_t len = 0;

	return keeper->fleet == NULL ||
	    (seal_close(keeper->fleet->ring, &name, "x", 1, &sealed) ==
		    FAULT_NONE &&
		seal_open(keeper->fleet->ring, &name, sealed.bytes, sealed.len,
		    &text, &len) == FAULT_NONE);
}
