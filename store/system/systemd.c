#include <stddef.h>
#include <unistd.h>

#include "store/system/systemd.h"

const char *const systemd_folders[] = {"/etc/systemd/system",
    "/run/systemd/system", "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system", "/lib/systemd/system", NULL};

bool
systemd_runs(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}
