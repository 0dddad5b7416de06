#include "store/fleet/config.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/file.h"
#include "tests/unit/fixture.h"

#define STRANGER 4242

static const char whole[] =
    "{'version': 1, 'name': 'bastion.example.com', 'engine': 'etcd',\n"
    "'endpoints': ['https://etcd1.example.com:2379', 'https://[::1]:2379'],\n"
    "'prefix': '/tfa/v1/',\n"
    "'tls': {'ca': '/etc/tfa/link/ca.pem', 'certificate': '/c.pem'},\n"
    "'user': 'tfa', 'compact': false, 'local': ['breakglass'],\n"
    "'away': {'exempt': 'deny'}, 'uids': 'same'}\n";

static enum fault
parse(
    const char *text, struct fleet_config *ret, char why[static FLEET_WHY_TEXT])
{
	char quoted[QUOTED_MAX];

	fixture_quote(text, quoted);
	return fleet_config_parse(
	    "store.json", quoted, strlen(quoted), ret, why);
}

Test(fleet_config, reads_every_key)
{
	struct fleet_config config;
	char why[FLEET_WHY_TEXT];

	cr_assert_eq(parse(whole, &config, why), FAULT_NONE, "%s", why);
	cr_expect_str_eq(config.name, "bastion.example.com");
	cr_assert_eq(config.endpoints.count, 2);
	cr_expect_str_eq(
	    config.endpoints.items[0].text, "https://etcd1.example.com:2379");
	cr_expect_str_eq(config.endpoints.items[1].text, "https://[::1]:2379");
	cr_expect_str_eq(config.prefix, "/tfa/v1/");
	cr_expect_str_eq(config.tls.ca, "/etc/tfa/link/ca.pem");
	cr_expect_str_eq(config.tls.certificate, "/c.pem");
	cr_expect_str_eq(config.user, "tfa");
	cr_expect_not(config.compact);
	cr_expect(fleet_config_is_local(&config, "breakglass"));
	cr_expect_not(fleet_config_is_local(&config, "breakglas"));
	cr_expect_not(fleet_config_is_local(&config, "alice"));
	fleet_config_done(&config);
}

Test(fleet_config, does_without_what_has_a_default)
{
	struct fleet_config config;
	char why[FLEET_WHY_TEXT];

	cr_assert_eq(
	    parse("{'version': 1, 'name': 'b', 'engine': 'etcd', 'endpoints': "
		  "['https://e:1'], 'prefix': '/t/', 'tls': {'ca': '/ca'}, "
		  "'user': 'tfa'}",
		&config, why),
	    FAULT_NONE, "%s", why);
	cr_expect(config.compact);
	cr_expect_eq(config.local.count, 0);
	cr_expect_str_empty(config.tls.certificate);
	cr_expect_not(fleet_config_is_local(&config, ""));
	fleet_config_done(&config);
}

/* Each one change of the whole file. */
Test(fleet_config, refuses_what_is_wrong)
{
	static const struct {
		const char *from, *to, *why;
	} changes[] = {
	    {"'version': 1", "'version': 2", ": version: "},
	    {"'etcd'", "'redis'", ": engine: "},
	    {"https://etcd1", "http://etcd1", ": endpoints[0]: "},
	    {"https://etcd1", "HTTPS://etcd1", ": endpoints[0]: "},
	    {"etcd1.example.com:2379", "etcd1.example.com", "endpoints[0]"},
	    {"etcd1.example.com:2379", "etcd1.example.com:0", "endpoints[0]"},
	    {"com:2379'", "com:2379/'", "endpoints[0]"},
	    {"etcd1.example.com:2379", "u:p@etcd1:2379", "endpoints[0]"},
	    {"etcd1.example.com:2379", "a b:2379", "endpoints[0]"},
	    {"['https://etcd1.example.com:2379', 'https://[::1]:2379']", "[]",
		"endpoints"},
	    {"'/tfa/v1/'", "'/tfa/v1'", ": prefix: "},
	    {"'/tfa/v1/'", "'/'", ": prefix: "},
	    {"'/tfa/v1/'", "'tfa/'", ": prefix: "},
	    {"'/tfa/v1/'", "'/tfa//v1/'", ": prefix: "},
	    {"'/tfa/v1/'", "'/tfa/../v1/'", ": prefix: "},
	    {"'/tfa/v1/'", "'/t\\u00e4/'", ": prefix: "},
	    {"'/etc/tfa/link/ca.pem'", "'ca.pem'", ": tls.ca: "},
	    {"'/etc/tfa/link/ca.pem'", "''", ": tls.ca: "},
	    {"'ca': '/etc/tfa/link/ca.pem', ", "", ": tls"},
	    {"'user': 'tfa'", "'user': 'tfa:x'", ": user: "},
	    {"'user': 'tfa'", "'password': 'tfa'", "password: unknown key"},
	    {"'user': 'tfa'", "'user': 'tfa', 'user': 'tfa'", ": user: "},
	    {"'compact': false", "'compact': 'no'", ": compact: "},
	    {"'bastion.example.com'", "'my bastion'", ": name: "},
	    {"'exempt': 'deny'", "'exempt': 'ask'", ": away.exempt: "},
	    {"'uids': 'same'", "'uids': 'other'", ": uids: "},
	    {"'same'}\n", "'same'} x", "store.json:6:"},
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct fleet_config config = {.version = 77};
		char text[QUOTED_MAX], why[FLEET_WHY_TEXT] = "";

		fixture_change(whole, changes[i].from, changes[i].to, text);
		cr_expect_eq(fleet_config_parse("store.json", text,
				 strlen(text), &config, why),
		    FAULT_FORMAT, "%s", changes[i].to);
		cr_expect_not_null(
		    strstr(why, changes[i].why), "%s: %s", changes[i].to, why);
		cr_expect_eq(config.version, 77, "%s", changes[i].to);
	}
}

/* Nobody could change a record. */
Test(fleet_config, wants_a_certificate_or_a_user)
{
	struct fleet_config config;
	char why[FLEET_WHY_TEXT] = "";

	cr_expect_eq(parse("{'version': 1, 'name': 'b', 'engine': 'etcd', "
			   "'endpoints': ['https://e:1'], 'prefix': '/t/', "
			   "'tls': {'ca': '/ca'}}",
			 &config, why),
	    FAULT_FORMAT);
	cr_expect_not_null(strstr(why, "certificate"), "%s", why);
}

Test(fleet_config, is_roots_alone)
{
	struct fleet_config config;
	char folder[FOLDER_MAX], path[FOLDER_MAX + 16], why[FLEET_WHY_TEXT];
	char quoted[QUOTED_MAX];
	int fd;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	fixture_folder(folder);
	cr_assert_eq(chmod(folder, 0755), 0);
	snprintf(path, sizeof(path), "%s/store.json", folder);
	cr_expect_eq(fleet_config_read(path, &config, why), FAULT_ABSENT);
	fixture_quote(whole, quoted);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	cr_assert_geq(fd, 0);
	cr_assert_eq(file_write(fd, quoted, strlen(quoted)), FAULT_NONE);
	close(fd);
	cr_assert_eq(
	    fleet_config_read(path, &config, why), FAULT_NONE, "%s", why);
	fleet_config_done(&config);
	cr_assert_eq(chmod(path, 0664), 0);
	cr_expect_eq(fleet_config_read(path, &config, why), FAULT_ACCESS);
	cr_expect_not_null(strstr(why, path), "%s", why);
	cr_assert_eq(chmod(path, 0644), 0);
	cr_assert_eq(chown(path, STRANGER, 0), 0);
	cr_expect_eq(fleet_config_read(path, &config, why), FAULT_ACCESS);
	fixture_remove(folder);
}
