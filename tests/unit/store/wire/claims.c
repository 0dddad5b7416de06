#include "store/wire/claims.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

/* Three keys, with the fingerprints that ssh-keygen -l prints. */
/* clang-format off */
#define BLOB_ED25519 \
	"AAAAC3NzaC1lZDI1NTE5AAAAILIBN0NvBuHd5tXEiachQtzJfR/FNHkbNhQQ" \
	"YYgcXM7O"
#define BLOB_ECDSA \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJeV/90L" \
	"zDZsD+c2e5Iu8EH6x0F7S6Yak2NiBzJZpTCNXLPLGkmA8I+TDEkTx1rtj5CL" \
	"B4NxH2g1s4Is0KrDlZI="
#define BLOB_RSA \
	"AAAAB3NzaC1yc2EAAAADAQABAAABAQC0tT9JzhA1mF4xIT53M7qKtqRtgUy+" \
	"aguFDZTfTxDiZVdB1WCj8kLRkb+qM2TklDo/noeT+ClbHPpxxbI6pD5s2kFG" \
	"Jte6fC2pQ4Q58mpiyOncmafSUdpF1Ja6RdbpiUZz4NshHNfRSZkFZ+jHewaX" \
	"yach//G/jyogvysYjuDxgi4SATvvFTZE7xg2PyhLFiQjWRbVChVxwpZTCKje" \
	"2l1esMLxRzRP2rNQ6RukwwbZiORUFjXWJXlCl944zp0DurZ7R6/QJMoh81AF" \
	"SfZLtBi9EixWgiHzz5Rv9NaiDzRUtS0RgJCBMVa5zJ1kK/91y7DzqSYx4WDq" \
	"eRzt4qvKWB73"
/* clang-format on */
#define LINE_ED25519  "publickey ssh-ed25519 " BLOB_ED25519
#define LINE_ECDSA    "publickey ecdsa-sha2-nistp256 " BLOB_ECDSA
#define LINE_RSA      "publickey ssh-rsa " BLOB_RSA
#define PRINT_ED25519 "SHA256:+X5CF5vwUDjF+A3DxKrf5Ky8mm5387d/QU7Ug8aQ0fw"
#define PRINT_ECDSA   "SHA256:J0z98apZmKV4VauIDpwGo4MU8fLF7XE9J2TLg4DYLnE"
#define PRINT_RSA     "SHA256:BYICwG1qNP+tTLPGVSuc89KvkQc7y5UHW1QvQ2URaD0"

Test(claims, prints_a_fingerprint_as_ssh_keygen_does)
{
	static const struct {
		const char *auth, *key;
	} cases[] = {
	    {LINE_ED25519, PRINT_ED25519},
	    {LINE_ECDSA, PRINT_ECDSA},
	    {LINE_RSA, PRINT_RSA},
	    {LINE_ED25519 "\n", PRINT_ED25519},
	    {LINE_ED25519 "\npassword\n", PRINT_ED25519},
	    {LINE_ED25519 " a comment", PRINT_ED25519},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char key[KEY_TEXT] = "unset";

		claims_key(cases[i].auth, key);
		cr_expect_str_eq(key, cases[i].key);
	}
}

Test(claims, has_no_key_for_anything_else)
{
	static const char *const auths[] = {
	    NULL,
	    "",
	    "password",
	    "password\n",
	    "keyboard-interactive/pam",
	    "hostbased ssh-ed25519 " BLOB_ED25519,
	    "Publickey ssh-ed25519 " BLOB_ED25519,
	    " publickey ssh-ed25519 " BLOB_ED25519,
	    "publickeyssh-ed25519 " BLOB_ED25519,
	    "publickey",
	    "publickey ",
	    "publickey ssh-ed25519",
	    "publickey ssh-ed25519 ",
	    "publickey ssh-ed25519 \n",
	    "publickey ssh-ed25519 AAA",
	    "publickey ssh-ed25519 AAA!",
	    "publickey ssh-ed25519 =",
	    "publickey ssh-ed25519 \xff\xff\xff\xff",
	};

	for (size_t i = 0; i < COUNT(auths); i++) {
		char key[KEY_TEXT] = "unset";

		claims_key(auths[i], key);
		cr_expect_str_empty(key, "%zu", i);
	}
}

/* A blob of 64 KiB is refused; a shorter one is read whole. */
Test(claims, reads_a_long_blob_to_its_end)
{
	static char auth[70000];
	static const char start[] = "publickey t ";
	char key[KEY_TEXT], other[KEY_TEXT];
	size_t n = sizeof(start) - 1;

	memcpy(auth, start, n);
	memset(auth + n, 'A', 60000);
	claims_key(auth, key);
	cr_expect_str_not_empty(key);
	auth[n + 60000 - 1] = 'B';
	claims_key(auth, other);
	cr_expect_str_neq(key, other);
	memset(auth + n, 'A', 65540);
	claims_key(auth, key);
	cr_expect_str_empty(key);
}

#define BOOT "b5e2f0a1-0000-4000-8000-000000000000"
#define PATH "/tmp/sshauth.abcdefghij"

Test(claims, names_a_connection_by_boot_and_path)
{
	char name[CONNECTION_TEXT], other[CONNECTION_TEXT];

	claims_connection(BOOT, PATH, name);
	cr_expect_eq(strlen(name), 64);
	cr_expect_eq(strspn(name, "0123456789abcdef"), 64);
	claims_connection(BOOT, PATH, other);
	cr_expect_str_eq(name, other);
	claims_connection(BOOT, PATH "k", other);
	cr_expect_str_neq(name, other);
	claims_connection("a" BOOT, PATH, other);
	cr_expect_str_neq(name, other);
	/* The separator belongs to neither part. */
	claims_connection("ab", "c", name);
	claims_connection("a", "bc", other);
	cr_expect_str_neq(name, other);
}

Test(claims, has_no_name_for_a_connection_without_one)
{
	static char longest[PATH_TEXT + 64];
	static const struct {
		const char *boot_id, *path;
	} cases[] = {{"", PATH}, {BOOT, ""}, {"", ""}, {BOOT, longest}};

	memset(longest, 'x', sizeof(longest) - 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char name[CONNECTION_TEXT] = "unset";

		claims_connection(cases[i].boot_id, cases[i].path, name);
		cr_expect_str_empty(name, "%zu", i);
	}
}

Test(claims, spells_an_address_in_one_way)
{
	static const struct {
		const char *text, *address;
	} cases[] = {
	    {"203.0.113.7", "203.0.113.7"},
	    {"::ffff:203.0.113.7", "203.0.113.7"},
	    {"2001:DB8::1", "2001:db8::1"},
	    {"fe80::1%eth0", "fe80::1"},
	    {"", ""},
	    {"UNKNOWN", ""},
	    {"203.0.113.7 22", ""},
	    {"203.0.113.7\n", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char address[ADDRESS_TEXT] = "unset";

		claims_address(cases[i].text, address);
		cr_expect_str_eq(address, cases[i].address);
	}
}

Test(claims, gathers_a_login)
{
	char auth[] = LINE_ED25519;
	struct request request = {.address = "::ffff:203.0.113.7",
	    .auth = auth,
	    .auth_path = PATH,
	    .terminal = true};
	char connection[CONNECTION_TEXT];
	struct login login;

	claims_login(&request, BOOT, NOW_S, &login);
	claims_connection(BOOT, PATH, connection);
	cr_expect_str_eq(login.address, "203.0.113.7");
	cr_expect_str_eq(login.key, PRINT_ED25519);
	cr_expect_str_eq(login.connection, connection);
	cr_expect(login.terminal);
	cr_expect_not(login.shell);
	cr_expect_eq(login.now_s, NOW_S);
}
