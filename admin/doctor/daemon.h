/*
 * What a running sshd says of itself: its command line, its version.  Texts
 * in, answers out.
 */
#ifndef TFA_DOCTOR_DAEMON_H
#define TFA_DOCTOR_DAEMON_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define LISTENER_OPTIONS 512

/* An sshd that waits for connections. */
struct listener {
	char config[PATH_MAX];          /* of -f; "" for the default */
	char options[LISTENER_OPTIONS]; /* of -o, those that we set; or "" */
};

/*
 * *ret: from its command line, the words parted by blanks, as sshd titles it:
 * "sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups", with
 * whatever name its file has in place of sshd.  False for the process of a
 * connection.
 */
bool listener_parse(const char *title, struct listener *ret);

enum cve { CVE_NO, CVE_YES, CVE_UNKNOWN };

/*
 * Whether an OpenSSH leaves agent and X11 forwarding open in spite of
 * DisableForwarding (CVE-2025-32728: 7.4 to 9.9, mended in 10.0, by Debian 12
 * in 9.2p1-2+deb12u6).  version: "OpenSSH_9.2p1 Debian-2+deb12u10".  Unknown
 * where another vendor may have mended it.
 */
enum cve version_cve_2025_32728(const char *version);

/* The version in a binary of len bytes, or false. */
bool version_find(const char *bytes, size_t len, char *ret, size_t size);

#endif
