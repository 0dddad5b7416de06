/* A maker's tokens: they come in a file, and users log in with them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(tokens);

/* Two secrets, as hexadecimal and as base32. */
#define HEX0  "3132333435363738393031323334353637383930"
#define HEX1  "3132333435363738393031323334353637383931"
#define KEY0  "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define KILLS 20

#define PSKC                                                               \
	"<?xml version=\"1.0\"?>\n<KeyContainer Version=\"1.0\" xmlns="    \
	"\"urn:ietf:params:xml:ns:keyprov:pskc\">\n<KeyPackage>"           \
	"<DeviceInfo><SerialNo>P1</SerialNo></DeviceInfo>\n<Key Id=\"k\" " \
	"Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:hotp\">\n"        \
	"<AlgorithmParameters><ResponseFormat Length=\"8\" Encoding="      \
	"\"DECIMAL\"/></AlgorithmParameters>\n<Data><Secret>"              \
	"<PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>\n" \
	"<Counter><%s>7</%s></Counter></Data></Key></KeyPackage>"          \
	"</KeyContainer>\n"

/* Writes the maker's file, and returns its path. */
static char *
maker_file(const struct bastion *b, const char *content)
{
	char *path = text("%s/maker", b->dir);
	FILE *file = fopen(path, "we");

	cr_assert_not_null(file);
	fputs(content, file);
	cr_assert_eq(fclose(file), 0);
	return path;
}

static struct run *
import(const struct bastion *b, const char *content)
{
	return bastion_admin(
	    b, ARGV("import", "--csv", maker_file(b, content)));
}

static struct run *
assign(const struct bastion *b, const char *user, const char *serial)
{
	return bastion_admin(b, ARGV("assign", user, serial));
}

static const char *
listed(const struct bastion *b)
{
	struct run *r = bastion_admin(b, ARGV("--json", "tokens"));

	assert_status(r, 0);
	return r->out;
}

/* The code of a token that counts, by oathtool. */
static const char *
counted(const char *digits, const char *counter)
{
	struct run *r = run(
	    ARGV("oathtool", "-b", "-d", digits, "-c", counter, KEY0), NULL, 0);

	assert_status(r, 0);
	return text("%.*s", (int)strcspn(r->out, "\n"), r->out);
}

Test(tokens, codes_of_an_assigned_one_log_in_beside_a_phone)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *phone = fixture_enrol(b, b->me);
	uint64_t step;
	struct run *r;

	assert_status(import(b,
			  "upn,serial number,secret key,time interval\n"
			  ",GALT1," HEX0 ",30\n,GALT2," HEX1 ",60\n"),
	    0);
	assert_never_says(listed(b), KEY0);
	r = assign(b, b->me, "galt1");
	assert_status(r, 0);
	assert_says(r->out, "is device d2");
	step = step_now();
	assert_status(ssh_with_code(b, b->me, code_at(KEY0, step), "true"), 0);
	assert_status(ssh_with_code(b, b->me, code_at(KEY0, step), "true"), 77);
	assert_status(ssh_with_code(b, b->me, code_at(phone, step), "true"), 0);
	assert_says(listed(b), "\"state\":\"assigned\"");
	assert_says(fixture_record(b, b->me), "\"token GALT1\"");
	assert_says(fixture_audit(b), "\"event\":\"assign\"");
	assert_never_says(fixture_audit(b), KEY0);
	assert_never_says(read_text(text("%s/tokens.json", b->store)), KEY0);
}

Test(tokens, counted_codes_of_a_pskc_log_in)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	assert_status(import(b, text(PSKC, "PlainValue", "PlainValue")), 0);
	assert_status(assign(b, b->me, "P1"), 0);
	assert_status(ssh_with_code(b, b->me, counted("8", "6"), "true"), 77);
	assert_status(ssh_with_code(b, b->me, counted("8", "7"), "true"), 0);
	assert_status(ssh_with_code(b, b->me, counted("8", "7"), "true"), 77);
}

/* Each file has a good token, too, which does not come in alone. */
Test(tokens, nothing_is_taken_of_a_malformed_file)
{
	static const struct {
		const char *content, *says;
	} bad[] = {
	    {"serial,secret,type\nT1," HEX0 ",totp\nT2,xyz,totp\n",
		"maker:3: the secret is not hexadecimal"},
	    {"serial,secret,type\nT1," HEX0 ",totp\nT1," HEX1 ",hotp\n",
		"maker:3: the serial number T1 is in line 2"},
	    {"serial,secret,type\nT1," HEX0 ",totp\nT2,\"" HEX1 ",hotp\n",
		"maker:3: a quote"},
	    {"<!DOCTYPE x []>\n<KeyContainer/>", "maker:1: it has a document"},
	};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r = import(b, bad[i].content);
		assert_status(r, 1);
		assert_says(r->err, bad[i].says);
		assert_says(r->err, "no token was taken");
	}
	r = import(b, text(PSKC, "EncryptedValue", "EncryptedValue"));
	assert_status(r, 1);
	assert_says(r->err, "maker:7: the secrets are encrypted");
	cr_assert_str_empty(listed(b));
	assert_status(import(b, "serial,secret,type\nT1," HEX0 ",totp\n"), 0);
	assert_status(assign(b, b->me, "T1"), 0);
	r = import(
	    b, "serial,secret,type\nN1," HEX1 ",totp\nT1," HEX0 ",totp\n");
	assert_status(r, 1);
	assert_says(r->err, "maker:3: token T1 was assigned to");
	assert_never_says(listed(b), "N1");
}

/* A list of as many as a maker sells at once. */
Test(tokens, ten_thousand_come_in_at_once)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = maker_file(b, "serial,secret,type\n");
	FILE *file = fopen(path, "ae");
	struct run *r;

	for (int i = 0; i < 10000; i++)
		fprintf(file, "T%05d,%032x%08x,hotp\n", i, i, 0x9000 + i);
	cr_assert_eq(fclose(file), 0);
	r = bastion_admin(b, ARGV("import", "--csv", path));
	assert_status(r, 0);
	assert_says(r->out, "10000 tokens added");
	r = bastion_admin(b, ARGV("import", "--csv", path));
	assert_says(r->out, "0 tokens added, 10000 were");
	assert_status(assign(b, b->me, "T09999"), 0);
	assert_says(listed(b), "\"serial\":\"T09999\"");
}

/* Kills the keeper and its workers, which are a group of their own. */
static void
kill_keeper(struct bastion *b)
{
	kill(-b->keeper, SIGKILL);
	cr_assert_geq(run_wait(b->keeper, 10000), 0);
	b->keeper = 0;
	bastion_keeper_start(b);
}

/*
 * Whenever the keeper is killed, a token is in the list for one user alone, and
 * the same command again ends it.
 */
Test(tokens, are_assigned_once_though_the_keeper_is_killed)
{
	struct bastion *b;
	struct run *r;
	char *content = text("serial,secret,type\n");

	needs_people();
	b = bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'max_devices':8}");
	for (int i = 0; i < KILLS; i++)
		content = text(
		    "%sT%02d,%s%02x,hotp\n", content, i, HEX0, 0x30 + i);
	assert_status(import(b, content), 0);
	for (int i = 0; i < KILLS; i++) {
		char *user = text("user%02d", i + 1),
		     *serial = text("T%02d", i);

		r = bastion_admin_start(b, ARGV("assign", user, serial));
		usleep((useconds_t)(i * 700));
		kill_keeper(b);
		(void)run_finish(r);
		assert_status(assign(b, user, serial), 0);
		assert_status(assign(b, user, serial), 0);
		r = assign(b, "alice", serial);
		assert_status(r, 1);
		assert_says(r->err, text("was assigned to %s", user));
		cr_expect_null(
		    strstr(strstr(fixture_record(b, user), "\"hotp\"") + 1,
			"\"hotp\""));
	}
	assert_never_says(listed(b), "begun");
	assert_never_says(listed(b), "free");
}

Test(tokens, are_for_root_alone)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	assert_status(import(b, "serial,secret,type\nT1," HEX0 ",totp\n"), 0);
	fixture_enrol(b, "alice");
	r = ssh_with_code(b, "alice",
	    code_at(fixture_enrol(b, "alice"), step_now()),
	    text("cat %s/tokens.json", b->store));
	cr_assert_neq(r->status, 0);
	assert_never_says(r->out, KEY0);
}

Test(tokens, leave_the_list_once_nobody_has_them)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	assert_status(import(b, "serial,secret,type\nT1," HEX0 ",totp\n"), 0);
	assert_status(assign(b, b->me, "T1"), 0);
	r = bastion_admin(b, ARGV("tokens", "--remove", "T1"));
	assert_status(r, 1);
	assert_says(r->err, "device d1");
	assert_status(
	    bastion_admin(b, ARGV("revoke", "--yes", b->me, "--device", "d1")),
	    0);
	assert_status(bastion_admin(b, ARGV("tokens", "--remove", "T1")), 0);
	cr_assert_str_empty(listed(b));
	assert_status(import(b, "serial,secret,type\nT1," HEX0 ",totp\n"), 0);
	assert_says(listed(b), "\"state\":\"free\"");
}
