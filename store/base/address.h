/*
 * Internet addresses and the prefixes that a rule's "from" names (RFC 4291,
 * RFC 4632).  IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2), so
 * that ::ffff:10.2.0.1, as a dual-stack sshd reports it, and 10.2.0.1 are one
 * address.
 */
#ifndef TFA_ADDRESS_H
#define TFA_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_TEXT 46 /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT  50

struct address {
	uint8_t bytes[16];
};

struct prefix {
	struct address address; /* host bits are zero */
	uint8_t bits;           /* 0 to 128; an IPv4 /n is 96 + n */
};

/*
 * A literal address; the zone of an IPv6 address ("fe80::1%eth0") is cut off.
 * False for anything else (names, "UNKNOWN", octal or short IPv4), *ret
 * untouched.
 */
bool address_parse(const char *text, struct address *ret);

/* Writes the address: IPv4 where it is mapped, else IPv6 as inet_ntop(3). */
void address_format(const struct address *a, char ret[static ADDRESS_TEXT]);

/*
 * "10.2.0.0/16", "2001:db8::/32", or a bare address for one host.  An IPv4
 * prefix has 0 to 32 bits; one spelt as IPv6, "::ffff:10.2.0.0/112", has 96
 * more.  False, *ret untouched, for a length out of range, spelt with sign,
 * space or leading zero, for a zone, and for host bits that are set:
 * "10.2.3.4/16" is a typo in a rule that opens doors.
 */
bool prefix_parse(const char *text, struct prefix *ret);

/* Writes it as prefix_parse() reads it; a single host without its length. */
void prefix_format(const struct prefix *p, char ret[static PREFIX_TEXT]);

/*
 * Whether the address lies in the prefix.  0.0.0.0/0 holds all of IPv4 and no
 * IPv6; ::/0 holds everything.
 */
bool prefix_holds(const struct prefix *p, const struct address *a);

#endif
