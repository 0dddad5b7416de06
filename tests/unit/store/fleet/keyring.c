#include "store/fleet/keyring.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/file.h"
#include "store/json/json.h"
#include "tests/unit/fixture.h"

#define KEY_A "00000000000000000000000000000000000000000000000000000000000000aa"
#define KEY_B "00000000000000000000000000000000000000000000000000000000000000bb"

static const char two[] =
    "{'version': 1, 'fleet': '000102030405060708090a0b0c0d0e0f',\n"
    "'use': '0000000b', 'keys': [\n"
    "{'id': '0000000a', 'key': '" KEY_A "', 'since': '2026-11-29T12:00:00Z'},\n"
    "{'id': '0000000b', 'key': '" KEY_B "', 'since': '2026-11-30T12:00:00Z'}"
    "]}\n";

Test(keyring, reads_its_keys)
{
	char quoted[QUOTED_MAX], why[GUARDED_WHY_TEXT];
	struct keyring *ring = NULL;
	scoped_json_text char *written = NULL;
	struct keyring *again = NULL;
	char id[KEYRING_ID_TEXT];

	fixture_quote(two, quoted);
	cr_assert_eq(
	    keyring_parse("fleet.key", quoted, strlen(quoted), &ring, why),
	    FAULT_NONE, "%s", why);
	cr_expect_eq(ring->count, 2);
	cr_expect_eq(ring->fleet[15], 15);
	cr_expect_eq(keyring_find(ring, ring->use), &ring->keys[1]);
	cr_expect_eq(ring->keys[1].bytes[31], 0xbb);
	cr_expect_null(keyring_find(ring, (const uint8_t[4]){1, 2, 3, 4}));
	keyring_id_say(ring->use, id);
	cr_expect_str_eq(id, "0000000b");
	cr_assert_eq(keyring_format(ring, &written), FAULT_NONE);
	cr_assert_eq(
	    keyring_parse("fleet.key", written, strlen(written), &again, why),
	    FAULT_NONE, "%s", why);
	cr_expect_eq(memcmp(ring, again, sizeof(*ring)), 0);
	keyring_free(ring);
	keyring_free(again);
}

Test(keyring, refuses_what_is_wrong)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
	    {"'version': 1", "'version': 2"},
	    {"'use': '0000000b'", "'use': '0000000c'"},
	    {"'use': '0000000b'", "'use': '0000000B'"},
	    {"'id': '0000000a'", "'id': '0000000b'"},
	    {"'id': '0000000a'", "'id': '000000a'"},
	    {"'key': '" KEY_A "'", "'key': '00'"},
	    {"'key': '" KEY_A "'", "'key': '" KEY_A "00'"},
	    {"0e0f',", "0e',"},
	    {"]}\n", "], 'more': 1}\n"},
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		char text[QUOTED_MAX], why[GUARDED_WHY_TEXT] = "";
		struct keyring *ring = NULL;

		fixture_change(two, changes[i].from, changes[i].to, text);
		cr_expect_eq(
		    keyring_parse("fleet.key", text, strlen(text), &ring, why),
		    FAULT_FORMAT, "%s", changes[i].to);
		cr_expect_null(ring);
		cr_expect_null(strstr(why, "00000000"), "a secret: %s", why);
		cr_expect_not_null(strstr(why, "fleet.key:"), "%s", why);
	}
}

/* As systemd's default for a credential that is missing. */
Test(keyring, takes_an_empty_file_for_none)
{
	static const char *const texts[] = {"", "\n", " \n\t"};
	char why[GUARDED_WHY_TEXT];
	struct keyring *ring = NULL;

	for (size_t i = 0; i < COUNT(texts); i++)
		cr_expect_eq(keyring_parse("fleet.key", texts[i],
				 strlen(texts[i]), &ring, why),
		    FAULT_ABSENT);
	cr_expect_null(ring);
}

Test(keyring, is_read_by_its_owner_alone)
{
	char folder[FOLDER_MAX], path[FOLDER_MAX + 16], quoted[QUOTED_MAX];
	char why[GUARDED_WHY_TEXT];
	struct keyring *ring = NULL;
	int fd;

	fixture_folder(folder);
	snprintf(path, sizeof(path), "%s/fleet.key", folder);
	cr_expect_eq(
	    keyring_read(path, geteuid(), true, &ring, why), FAULT_ABSENT);
	fixture_quote(two, quoted);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(file_write(fd, quoted, strlen(quoted)), FAULT_NONE);
	close(fd);
	cr_assert_eq(chmod(path, 0640), 0);
	cr_expect_eq(
	    keyring_read(path, geteuid(), true, &ring, why), FAULT_ACCESS);
	cr_expect_not_null(strstr(why, "chmod 0600"), "%s", why);
	cr_assert_eq(keyring_read(path, geteuid(), false, &ring, why),
	    FAULT_NONE, "a credential of systemd's has an ACL");
	keyring_free(ring);
	cr_assert_eq(chmod(path, 0600), 0);
	cr_assert_eq(keyring_read(path, geteuid(), true, &ring, why),
	    FAULT_NONE, "%s", why);
	keyring_free(ring);
	fixture_remove(folder);
}

/* The kernel says "dd" of a page that no core dump has. */
Test(keyring, is_in_no_core_dump)
{
	struct keyring *ring = NULL;
	char line[512], flags[512] = "";
	unsigned long from = 0, to = 0;
	bool here = false;
	FILE *maps;

	cr_assert_eq(keyring_new(&ring), FAULT_NONE);
	maps = fopen("/proc/self/smaps", "re");
	cr_assert_not_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (unsigned long)ring >= from &&
			    (unsigned long)ring < to;
		if (here && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, sizeof(flags), "%s", line);
	}
	fclose(maps);
	cr_expect_not_null(strstr(flags, " dd"), "%s", flags);
	keyring_free(ring);
}
