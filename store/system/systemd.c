#include <unistd.h>

#include "store/system/systemd.h"

bool
systemd_runs(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}
