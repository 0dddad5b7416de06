#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"
#include "store/keeper/keeper.h"
#include "store/wire/protocol.h"

/* Returns a listening socket, with a connection to it that has sent
 * something. */
static int
listen_with_one(const char *folder, int *ret_peer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	*ret_peer = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 5), 0);
	cr_assert_eq(
	    connect(*ret_peer, (struct sockaddr *)&address, sizeof(address)),
	    0);
	cr_assert_eq(packet_send(*ret_peer, "{}"), FAULT_NONE);
	return fd;
}

/* New connections come as fast as they are accepted. */
Test(keeper_listen, serves_while_ever_more_connect, .timeout = 20)
{
	char folder[FOLDER_MAX];
	struct keeper keeper = {.store = folder, .policy = ""};
	char *answer = NULL;
	size_t len = 0;
	int peer, fd;
	pid_t pid;

	fixture_folder(folder);
	fd = listen_with_one(folder, &peer);
	pid = fork();
	if (pid == 0) {
		inject_accept_for_ever();
		_exit(keeper_listen(&keeper, fd));
	}
	cr_expect_eq(packet_receive(peer, 5000, &answer, &len), FAULT_NONE);
	free(answer);
	kill(pid, SIGKILL);
	fixture_wait(pid);
	fixture_remove(folder);
}
