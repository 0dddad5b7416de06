#include <stddef.h>
#include <unistd.h>

#include "store/system/systemd.h"

const char *const systemd_folders[] = {"/etc/systemd/system.control",
    "/run/systemd/system.control", "/run/systemd/transient",
    "/run/systemd/generator.early", "/etc/systemd/system",
    "/etc/systemd/system.attached", "/run/systemd/system",
    "/run/systemd/system.attached", "/run/systemd/generator",
    "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system", "/run/systemd/generator.late", NULL};

bool
systemd_runs(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}
