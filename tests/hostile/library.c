/*
 * The library of an attacker.  Whatever loads it, by whichever variable, leaves
 * a file "ran" in the folder where the library lies.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef TRACE
#define TRACE "ran" /* in the library's folder */
#endif

static const char here;

__attribute__((constructor)) static void
leave_trace(void)
{
	Dl_info self;
	char path[4096];
	const char *slash;
	int fd;

	if (dladdr(&here, &self) == 0)
		return;
	slash = strrchr(self.dli_fname, '/');
	if (slash == NULL)
		return;
	snprintf(path, sizeof(path), "%.*s/" TRACE,
	    (int)(slash - self.dli_fname), self.dli_fname);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0)
		close(fd);
}
