#include "store/base/address.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

Test(address, writes_the_common_spelling)
{
	static const struct {
		const char *in, *out;
	} addresses[] = {
	    {"10.2.0.1", "10.2.0.1"},
	    {"0.0.0.0", "0.0.0.0"},
	    {"255.255.255.255", "255.255.255.255"},
	    {"::ffff:10.2.0.1", "10.2.0.1"},
	    {"::FFFF:a02:1", "10.2.0.1"},
	    {"::", "::"},
	    {"::1", "::1"},
	    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
	    {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"},
	    {"fe80::1%eth0", "fe80::1"},
	    {"fe80::1%2", "fe80::1"},
	    {"1111:2222:3333:4444:5555:6666:7777:8888%eth0.1234",
		"1111:2222:3333:4444:5555:6666:7777:8888"},
	};

	for (size_t i = 0; i < COUNT(addresses); i++) {
		char text[ADDRESS_TEXT];
		struct address a;

		cr_expect(
		    address_parse(addresses[i].in, &a), "%s", addresses[i].in);
		address_format(&a, text);
		cr_expect_str_eq(text, addresses[i].out);
	}
}

Test(address, is_one_however_sshd_reports_it)
{
	struct address plain, mapped;

	cr_assert(address_parse("10.2.0.1", &plain));
	cr_assert(address_parse("::ffff:10.2.0.1", &mapped));
	cr_expect_arr_eq(plain.bytes, mapped.bytes, sizeof(plain.bytes));
}

Test(address, refuses_what_is_no_literal)
{
	static const char *const texts[] = {
	    "",
	    "UNKNOWN",
	    "localhost",
	    "bastion.example.com",
	    "10.2.0",
	    "10.2",
	    "10",
	    "010.2.0.1",
	    "10.2.0.01",
	    "0x0a.2.0.1",
	    "167903233",
	    "10.2.0.256",
	    "10.2.0.1.5",
	    "10.2.0.1 ",
	    " 10.2.0.1",
	    "10.2.0.1\n",
	    "10.2.0.1/32",
	    "10.2.0.1%eth0",
	    "10.2.0.1:22",
	    "[::1]",
	    "::1::2",
	    "1:2:3:4:5:6:7",
	    "1:2:3:4:5:6:7:8:9",
	    "12345::",
	    "::ffff:010.2.0.1",
	    "fe80::1%",
	    "%eth0",
	    "00000000000000000000000000000000000000000000000000::1%eth0",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct address a;

		memset(&a, 0xee, sizeof(a));
		cr_expect_not(
		    address_parse(texts[i], &a), "\"%s\" was read", texts[i]);
		for (size_t b = 0; b < sizeof(a.bytes); b++)
			cr_expect_eq(a.bytes[b], 0xee, "\"%s\"", texts[i]);
	}
}

Test(address, writes_a_prefix_as_it_reads_it)
{
	static const struct {
		const char *in, *out;
		int bits;
	} prefixes[] = {
	    {"10.2.0.0/16", "10.2.0.0/16", 112},
	    {"0.0.0.0/0", "0.0.0.0/0", 96},
	    {"128.0.0.0/1", "128.0.0.0/1", 97},
	    {"10.2.0.2/31", "10.2.0.2/31", 127},
	    {"10.2.0.1", "10.2.0.1", 128},
	    {"10.2.0.1/32", "10.2.0.1", 128},
	    {"::ffff:10.2.0.0/112", "10.2.0.0/16", 112},
	    {"::ffff:0:0/96", "0.0.0.0/0", 96},
	    {"2001:db8::/32", "2001:db8::/32", 32},
	    {"2001:DB8::1/128", "2001:db8::1", 128},
	    {"2001:db8::1", "2001:db8::1", 128},
	    {"fe80::/10", "fe80::/10", 10},
	    {"::/0", "::/0", 0},
	    {"8000::/1", "8000::/1", 1},
	    {"1111:2222:3333:4444:5555:6666:7777:8888/127",
		"1111:2222:3333:4444:5555:6666:7777:8888/127", 127},
	};

	for (size_t i = 0; i < COUNT(prefixes); i++) {
		char text[PREFIX_TEXT];
		struct prefix p = {0};

		cr_expect(
		    prefix_parse(prefixes[i].in, &p), "%s", prefixes[i].in);
		cr_expect_eq(p.bits, prefixes[i].bits, "%s", prefixes[i].in);
		prefix_format(&p, text);
		cr_expect_str_eq(text, prefixes[i].out);
	}
}

static void
expect_no_prefix(const char *text)
{
	struct prefix p;

	memset(&p, 0xee, sizeof(p));
	cr_expect_not(prefix_parse(text, &p), "\"%s\" was read", text);
	cr_expect_eq(p.bits, 0xee, "\"%s\"", text);
	for (size_t i = 0; i < sizeof(p.address.bytes); i++)
		cr_expect_eq(p.address.bytes[i], 0xee, "\"%s\"", text);
}

Test(address, refuses_a_prefix_with_host_bits)
{
	expect_no_prefix("10.2.3.4/16");
	expect_no_prefix("10.2.0.1/31");
	expect_no_prefix("10.0.0.0/0");
	expect_no_prefix("2001:db8::1/32");
	expect_no_prefix("2001:db8:8000::/32");
	expect_no_prefix("::1/0");
	expect_no_prefix("::ffff:10.2.0.0/16");
}

Test(address, refuses_a_prefix_length_out_of_range)
{
	expect_no_prefix("10.2.0.0/33");
	expect_no_prefix("10.2.0.0/128");
	expect_no_prefix("::/129");
	expect_no_prefix("::/4294967296");
	expect_no_prefix("0.0.0.0/4294967296");
	expect_no_prefix("::/99999999999999999999999999");
}

Test(address, refuses_other_spellings_of_a_prefix_length)
{
	static const char *const texts[] = {
	    "10.2.0.0/",
	    "10.2.0.0/ 16",
	    "10.2.0.0/16 ",
	    "10.2.0.0/+16",
	    "10.2.0.0/-16",
	    "10.2.0.0/016",
	    "0.0.0.0/00",
	    "10.2.0.0/0x10",
	    "10.2.0.0/16/16",
	    "10.2.0.0/255.255.0.0",
	    "10.2.0.0//16",
	    "10.2.0.0 /16",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		expect_no_prefix(texts[i]);
}

Test(address, refuses_a_prefix_of_what_is_no_address)
{
	static const char *const texts[] = {
	    "",
	    "/",
	    "/16",
	    "10.2/16",
	    "10/8",
	    "*",
	    "all",
	    "bastion.example.com/32",
	    "fe80::1%eth0",
	    "fe80::%eth0/10",
	    "fe80::/10%eth0",
	    "00000000000000000000000000000000000000000000000000::/16",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		expect_no_prefix(texts[i]);
}

Test(address, lies_in_the_prefixes_that_hold_it)
{
	static const struct {
		const char *prefix, *address;
		bool holds;
	} cases[] = {
	    {"10.2.0.0/16", "10.2.0.0", true},
	    {"10.2.0.0/16", "10.2.255.255", true},
	    {"10.2.0.0/16", "::ffff:10.2.3.4", true},
	    {"10.2.0.0/16", "10.1.255.255", false},
	    {"10.2.0.0/16", "10.3.0.0", false},
	    {"10.2.0.0/16", "::10.2.3.4", false},
	    {"::ffff:10.2.0.0/112", "10.2.3.4", true},
	    {"10.2.0.1", "10.2.0.1", true},
	    {"10.2.0.1", "10.2.0.0", false},
	    {"10.2.0.0/31", "10.2.0.1", true},
	    {"10.2.0.0/31", "10.2.0.2", false},
	    {"128.0.0.0/1", "127.255.255.255", false},
	    {"128.0.0.0/1", "255.0.0.1", true},
	    {"0.0.0.0/0", "203.0.113.7", true},
	    {"0.0.0.0/0", "2001:db8::1", false},
	    {"0.0.0.0/0", "::1", false},
	    {"::/0", "2001:db8::1", true},
	    {"::/0", "203.0.113.7", true},
	    {"::/1", "8000::", false},
	    {"2001:db8::/32", "2001:db8:ffff::1", true},
	    {"2001:db8::/32", "2001:db9::1", false},
	    {"fe80::/10", "febf::1", true},
	    {"fe80::/10", "fec0::1", false},
	    {"fe80::/10", "fe80::1%eth0", true},
	    {"2001:db8::1", "2001:db8::1", true},
	    {"2001:db8::1", "2001:db8::2", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix p = {0};
		struct address a;

		cr_assert(prefix_parse(cases[i].prefix, &p));
		cr_assert(address_parse(cases[i].address, &a));
		cr_expect_eq(prefix_holds(&p, &a), cases[i].holds, "%s, %s",
		    cases[i].prefix, cases[i].address);
	}
}
