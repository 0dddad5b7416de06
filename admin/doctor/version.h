/*
 * The version of OpenSSH, and which holes it has.  Bytes in, answers out.
 */
#ifndef TFA_DOCTOR_VERSION_H
#define TFA_DOCTOR_VERSION_H

#include <stdbool.h>
#include <stddef.h>

enum cve { CVE_NO, CVE_YES, CVE_UNKNOWN };

/*
 * CVE_YES if an OpenSSH leaves agent and X11 forwarding open in spite of
 * DisableForwarding (CVE-2025-32728: 7.4 to 9.9, mended in 10.0, by Debian 12
 * in 9.2p1-2+deb12u6).  version: "OpenSSH_9.2p1 Debian-2+deb12u10".
 * CVE_UNKNOWN where another vendor may have mended it.
 */
enum cve version_cve_2025_32728(const char *version);

/* *ret: the version in a binary of len bytes; false where it has none. */
bool version_find(const char *bytes, size_t len, char *ret, size_t size);

#endif
