#include "store/base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IPV4_BITS 96 /* bits of an IPv4-mapped address before its IPv4 part */

static const uint8_t ipv4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool
is_ipv4(const struct address *a)
{
	return memcmp(a->bytes, ipv4_mapped, sizeof(ipv4_mapped)) == 0;
}

/* inet_pton(3) refuses octal and short IPv4, which inet_aton(3) accepts. */
static bool
literal_parse(const char *text, struct address *ret)
{
	struct address a;

	if (inet_pton(AF_INET, text, a.bytes + sizeof(ipv4_mapped)) == 1)
		memcpy(a.bytes, ipv4_mapped, sizeof(ipv4_mapped));
	else if (inet_pton(AF_INET6, text, a.bytes) != 1)
		return false;
	*ret = a;
	return true;
}

/* Copies the first len bytes of text, and adds a NUL. */
static bool
head_copy(const char *text, size_t len, char ret[static ADDRESS_TEXT])
{
	if (len >= ADDRESS_TEXT)
		return false;
	memcpy(ret, text, len);
	ret[len] = '\0';
	return true;
}

bool
address_parse(const char *text, struct address *ret)
{
	char head[ADDRESS_TEXT];
	const char *zone = strchr(text, '%');

	if (zone == NULL)
		return literal_parse(text, ret);
	if (zone[1] == '\0' || !head_copy(text, (size_t)(zone - text), head))
		return false;
	return strchr(head, ':') != NULL && literal_parse(head, ret);
}

void
address_format(const struct address *a, char ret[static ADDRESS_TEXT])
{
	ret[0] = '\0';
	if (is_ipv4(a))
		inet_ntop(
		    AF_INET, a->bytes + sizeof(ipv4_mapped), ret, ADDRESS_TEXT);
	else
		inet_ntop(AF_INET6, a->bytes, ret, ADDRESS_TEXT);
}

static struct address
network_of(const struct address *a, int bits)
{
	struct address network = {0};

	for (int i = 0; i < 16 && bits > 0; i++, bits -= 8) {
		int mask = bits >= 8 ? 0xff : 0xff << (8 - bits);

		network.bytes[i] = (uint8_t)(a->bytes[i] & mask);
	}
	return network;
}

static bool
length_parse(const char *text, int max, int *ret)
{
	size_t digits = strspn(text, "0123456789");
	long n;

	if (digits == 0 || digits > 3 || text[digits] != '\0' ||
	    (text[0] == '0' && digits > 1))
		return false;
	n = strtol(text, NULL, 10);
	if (n > max)
		return false;
	*ret = (int)n;
	return true;
}

bool
prefix_parse(const char *text, struct prefix *ret)
{
	char head[ADDRESS_TEXT];
	struct address a, network;
	const char *slash = strchrnul(text, '/');
	int max, bits;

	if (!head_copy(text, (size_t)(slash - text), head) ||
	    !literal_parse(head, &a))
		return false;
	/* An address written as IPv6 counts its length in IPv6 bits. */
	max = strchr(head, ':') == NULL ? 128 - IPV4_BITS : 128;
	bits = max;
	if (*slash == '/' && !length_parse(slash + 1, max, &bits))
		return false;
	bits += 128 - max;
	network = network_of(&a, bits);
	if (memcmp(&network, &a, sizeof(a)) != 0)
		return false;
	*ret = (struct prefix){.address = a, .bits = (uint8_t)bits};
	return true;
}

void
prefix_format(const struct prefix *p, char ret[static PREFIX_TEXT])
{
	char text[ADDRESS_TEXT];
	int bits = is_ipv4(&p->address) ? p->bits - IPV4_BITS : p->bits;

	address_format(&p->address, text);
	if (p->bits == 128)
		snprintf(ret, PREFIX_TEXT, "%s", text);
	else
		snprintf(ret, PREFIX_TEXT, "%s/%d", text, bits);
}

bool
prefix_holds(const struct prefix *p, const struct address *a)
{
	struct address network = network_of(a, p->bits);

	return memcmp(&network, &p->address, sizeof(network)) == 0;
}
