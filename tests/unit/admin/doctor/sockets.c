#include "admin/doctor/sockets.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

Test(sockets, reads_those_that_listen)
{
	static const char *const lines[] = {
	    "  sl  local_address rem_address   st tx_queue rx_queue tr\n",
	    "   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 "
	    "00:00000000 00000000     0        0 503653 1 0000 100 0\n",
	    "   1: 0100007F:0016 0100007F:9999 01 00000000:00000000 "
	    "00:00000000 00000000     0        0 503654 1 0000 100 0\n",
	    "  12: 00000000000000000000000000000000:1F90 "
	    "00000000000000000000000000000000:0000 0A 00000000:00000000 "
	    "00:00000000 00000000  1000        0 77 1 0000 100 0\n",
	    "   0: XX\n",
	    "\n",
	};
	struct sockets sockets = {.why = ""};

	for (size_t i = 0; i < COUNT(lines); i++)
		sockets_parse(&sockets, lines[i]);
	cr_assert_eq(sockets.list.count, 2);
	cr_expect_str_eq(sockets.list.items[0].address, "127.0.0.1:22");
	cr_expect_eq(sockets.list.items[0].inode, 503653);
	cr_expect_str_eq(sockets.list.items[1].address, "[::]:8080");
	cr_expect_eq(sockets.list.items[1].inode, 77);
	cr_expect_str_empty(sockets.why);
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		sockets_parse(&sockets, lines[1]);
	cr_expect_eq(sockets.list.count, SOCKETS_MAX);
	cr_expect_neq(sockets.why[0], '\0');
	sockets_done(&sockets);
}

/* sshd's child lets go of it. */
Test(sockets, knows_who_holds_one_now)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct socket socket = {.address = ""};
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	socket.inode = (unsigned long)st.st_ino;
	cr_expect(socket_is_held(&socket, getpid()));
	close(fd);
	cr_expect_not(socket_is_held(&socket, getpid()));
}

Test(sockets, knows_how_ssh_servers_greet)
{
	static const struct {
		const char *said, *banner; /* NULL: not accepted */
	} cases[] = {
	    {"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n",
		"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10"},
	    {"SSH-1.99-x\n", "SSH-1.99-x"},
	    {"hello\r\nall\r\nSSH-2.0-dropbear_2022.83\r\n",
		"SSH-2.0-dropbear_2022.83"},
	    {"Exceeded MaxStartups\r\n", "Exceeded MaxStartups"},
	    {"220 mail.example ESMTP not SSH-2.0\r\n", NULL},
	    {"SS", NULL},
	    {"", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char banner[SOCKET_BANNER] = "";

		cr_expect_eq(socket_is_ssh(cases[i].said, banner),
		    cases[i].banner != NULL, "%zu", i);
		cr_expect_str_eq(banner,
		    cases[i].banner != NULL ? cases[i].banner : "", "%zu", i);
	}
}
