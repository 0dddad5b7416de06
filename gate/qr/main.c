/*
 * tfa-qr: makes the URI and the QR code for a new secret.  tfa-gate, tfa and
 * tfa-admin start it with a socket as its standard input (scan.h).  It draws
 * nothing and keeps nothing, and nobody runs it by hand.
 */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "gate/screen/scan.h"

#define WAIT_MS  2000
#define ALARM_S  30 /* the caller waits no longer */
#define EX_USAGE 2

/* Reads the short host name, and the full one if the resolver knows it. */
static void
read_host(const char *user, char short_name[static SCAN_HOST],
    char full[static SCAN_HOST])
{
	struct addrinfo hints = {.ai_flags = AI_CANONNAME};
	struct addrinfo *found = NULL;
	bool is_full = scan_host(user, short_name);

	snprintf(full, SCAN_HOST, "%s", short_name);
	if (!is_full && getaddrinfo(short_name, NULL, &hints, &found) == 0) {
		if (found->ai_canonname != NULL)
			snprintf(full, SCAN_HOST, "%s", found->ai_canonname);
		freeaddrinfo(found);
	}
	short_name[strcspn(short_name, ".")] = '\0';
}

static enum fault
answer_request(int fd)
{
	scoped_json_text char *text = NULL;
	char short_name[SCAN_HOST] = "", full[SCAN_HOST] = "";
	scoped_scan struct scan scan = {.modules = NULL};
	struct scan_request request = {.issuer = ""};
	struct json_error error;
	size_t len = 0;
	enum fault fault = packet_receive(fd, WAIT_MS, &text, &len);

	if (fault == FAULT_NONE)
		fault = json_read(&scan_request_shape, text, len, PACKET_MAX,
		    &request, &error);
	if (fault == FAULT_NONE) {
		read_host(request.user, short_name, full);
		fault = scan_encode(&request, short_name, full, &scan);
	}
	json_done(&scan_request_shape, &request);
	return fault == FAULT_NONE ? packet_send_value(fd, &scan_shape, &scan)
				   : fault;
}

static const char usage_text[] =
    "usage: tfa-qr\n"
    "\n"
    "tfa-gate, tfa and tfa-admin start this program to make a QR code, and\n"
    "talk to it over a socket. It does nothing when run by hand.\n"
    "\n"
    "  --help, --version\n";

static bool
is_socket(int fd)
{
	int kind;
	socklen_t len = sizeof(kind);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &len) == 0;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("tfa-qr " TFA_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (argc > 1 || !is_socket(STDIN_FILENO)) {
		fputs(usage_text, stderr);
		return EX_USAGE;
	}
	alarm(ALARM_S);
	return answer_request(STDIN_FILENO) == FAULT_NONE ? 0 : 1;
}
