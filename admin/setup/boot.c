/*
 * Names this boot of the machine, and says how long ago it was.  Time counts
 * from there, since the wall clock is set while a machine starts, and by
 * others.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store/base/cleanup.h"
#include "admin/setup/setup.h"

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
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	ret[0] = '\0';
	if (file == NULL)
		return;
	if (fgets(ret, BOOT_NAME, file) == NULL)
		ret[0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	fclose(file);
}

bool
boot_is(const char *name)
{
	char now[BOOT_NAME];

	boot_name(now);
	return now[0] != '\0' && strcmp(now, name) == 0;
}
