#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "tests/support/run.h"
#include "tests/support/talk.h"

#define PACKET 65536

int
talk_open_as(const struct bastion *b, uid_t uid)
{
	struct sockaddr_un there = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r;

	memcpy(there.sun_path, b->socket, strlen(b->socket));
	/* The keeper sees the effective uid at the time of connect(). */
	if (fd < 0 || seteuid(uid) != 0)
		fail("socket of uid %u: %s", uid, strerror(errno));
	r = connect(fd, (struct sockaddr *)&there, sizeof(there));
	if (seteuid(0) != 0)
		fail("no way back to root");
	if (r == 0)
		return fd;
	close(fd);
	return -1;
}

int
talk_open(const struct bastion *b, const char *user)
{
	return talk_open_as(b, fixture_person(user)->pw_uid);
}

bool
talk_send(int fd, const void *bytes, size_t len)
{
	return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

char *
talk_receive(int fd, int limit_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	static char packet[PACKET + 1];
	ssize_t n;

	if (poll(&p, 1, limit_ms) != 1)
		return NULL;
	n = recv(fd, packet, PACKET, 0);
	if (n <= 0)
		return NULL;
	packet[n] = '\0';
	return text("%s", packet);
}

char *
talk_ask(const struct bastion *b, const char *user, const char *fields)
{
	char *request = text("{'v':1,%s}", fields);
	scoped_fd int fd = talk_open(b, user);

	for (char *c = request; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	/* The keeper may answer "busy" and close before this is sent. */
	if (fd >= 0)
		(void)talk_send(fd, request, strlen(request));
	free(request);
	return fd < 0 ? NULL : talk_receive(fd, TALK_LIMIT_MS);
}

const char *
talk_word(const char *answer, const char *key)
{
	char *start = text("\"%s\":\"", key);
	const char *found = answer != NULL ? strstr(answer, start) : NULL;

	if (found == NULL)
		return "";
	found += strlen(start);
	return text("%.*s", (int)strcspn(found, "\""), found);
}

bool
talk_is(const char *answer, const char *verdict)
{
	return answer != NULL &&
	    strcmp(talk_word(answer, "verdict"), verdict) == 0;
}
