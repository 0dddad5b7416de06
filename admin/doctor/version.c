#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/version.h"

enum cve
version_cve_2025_32728(const char *version)
{
	const char *number = strchr(version, '_');
	const char *debian = strstr(version, "Debian-2+deb12u");
	char *end;
	long major, minor = 0;

	if (number == NULL || !isdigit((unsigned char)number[1]))
		return CVE_UNKNOWN;
	major = strtol(number + 1, &end, 10);
	if (*end == '.')
		minor = strtol(end + 1, &end, 10);
	if (major >= 10 || major < 7 || (major == 7 && minor < 4))
		return CVE_NO;
	if (debian != NULL && major == 9 && minor == 2)
		return strtol(debian + 15, NULL, 10) >= 6 ? CVE_NO : CVE_YES;
	return strchr(version, ' ') != NULL ? CVE_UNKNOWN : CVE_YES;
}

bool
version_find(const char *bytes, size_t len, char *ret, size_t size)
{
	static const char name[] = "OpenSSH_";
	const char *end = bytes + len, *at = bytes;
	size_t best = 0;

	while ((at = memmem(at, (size_t)(end - at), name, 8)) != NULL) {
		size_t n = 8;

		while (at + n < end && isprint((unsigned char)at[n]))
			n++;
		if (n > best && n < size && at + 8 < end &&
		    isdigit((unsigned char)at[8]) &&
		    memchr(at, '*', n) == NULL) {
			memcpy(ret, at, n);
			ret[n] = '\0';
			best = n;
		}
		at += 8;
	}
	return best > 0;
}
