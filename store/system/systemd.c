#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/base/cleanup.h"
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

bool
systemd_notify(const char *socket_name, const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(socket_name), size = strlen(state);
	scoped_fd int fd = -1;

	if (len < 2 || len >= sizeof(address.sun_path) ||
	    (socket_name[0] != '/' && socket_name[0] != '@'))
		return false;
	memcpy(address.sun_path, socket_name, len);
	if (socket_name[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 &&
	    sendto(fd, state, size, MSG_NOSIGNAL,
		(const struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) ==
	    (ssize_t)size;
}
