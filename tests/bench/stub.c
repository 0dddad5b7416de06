/*
 * stub COMMAND [ARGUMENT...]: the least that can stand between sshd and a
 * command: a dynamic C program that execs it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	execv(argv[1], argv + 1);
	fprintf(stderr, "stub: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
