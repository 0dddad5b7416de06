/*
 * Names this boot of the machine, and says how long ago it was.  Time counts
 * from there, since the wall clock is set while a machine starts, and by
 * others.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/read.h"
#include "admin/setup/setup.h"
#include "store/base/cleanup.h"

int64_t
boot_now_s(void)
{
	struct timespec now = {0, 0};

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

void
boot_name(char ret[static BOOT_NAME])
{
	scoped_free char *text = read_whole("/proc/sys/kernel/random/boot_id");

	snprintf(ret, BOOT_NAME, "%s", text != NULL ? text : "");
	ret[strcspn(ret, "\n")] = '\0';
}

bool
boot_is(const char *name)
{
	char now[BOOT_NAME];

	boot_name(now);
	return now[0] != '\0' && strcmp(now, name) == 0;
}
