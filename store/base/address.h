/*
 * Internet addresses, and the prefixes that a rule's "from" lists (RFC 4291,
 * RFC 4632).  An IPv4 address is stored as IPv4-mapped IPv6 (RFC 4291 section
 * 2.5.5.2): a dual-stack sshd reports ::ffff:10.2.0.1 for 10.2.0.1, and both
 * must be one address.
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
 * Reads an address in digits, IPv4 or IPv6.  The zone of an IPv6 address
 * ("fe80::1%eth0") is dropped.  Returns false for anything else, such as a host
 * name, "UNKNOWN", or IPv4 in octal or with fewer than four parts; *ret is then
 * untouched.
 */
bool address_parse(const char *text, struct address *ret);

/* Writes the address: as IPv4 if it is mapped, else as inet_ntop(3) writes
 * IPv6. */
void address_format(const struct address *a, char ret[static ADDRESS_TEXT]);

/*
 * Reads "10.2.0.0/16", "2001:db8::/32", or a bare address, which stands for one
 * host.  An IPv4 prefix has 0 to 32 bits; written as IPv6,
 * "::ffff:10.2.0.0/112", it has 96 more.
 *
 * Returns false, *ret untouched, for a zone, for a length that is out of range
 * or has a sign, a blank or a leading zero, and for host bits that are set:
 * "10.2.3.4/16" is a typo, in a rule that lets people in.
 */
bool prefix_parse(const char *text, struct prefix *ret);

/* Writes the prefix as prefix_parse() reads it; a single host without a
 * length. */
void prefix_format(const struct prefix *p, char ret[static PREFIX_TEXT]);

/* Returns true if the prefix contains the address. 0.0.0.0/0 contains all of
 * IPv4 and no IPv6; ::/0 contains both.
 * proved: tests/proofs/parts.c 8a, all prefixes, addresses. */
bool prefix_holds(const struct prefix *p, const struct address *a);

#endif
