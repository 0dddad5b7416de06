/*
 * A record that was damaged in the shared store and the way out, a store that was
 * put back as it was, and what each process of a fleet can see at all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/base/base32.h"
#include "tests/scenario/fleet.h"
#include "tests/support/code.h"
#include "tests/support/processes.h"

Fleets(fleet_back);

#define OLDER "older state than before"

static struct cluster *c;
static struct bastion *b;
static struct link *l;

static void
one_bastion(void)
{
	c = cluster_open(.nodes = 1);
	l = link_open(.cluster = c);
	b = bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'self':'always'}", .fleet = l);
}

static void
is_told(const char *user, const char *code, int status, const char *words)
{
	struct run *r = ssh_with_code(b, user, code, "echo inside");

	assert_status(r, status);
	assert_says(r->err, words);
	cr_assert_str_eq(r->out, status == 0 ? "inside\n" : "");
}

static struct cluster_answer
ask(const char *path, const char *body)
{
	struct cluster_answer answer = cluster_ask(
	    c, 0, "client", NULL, path, body);

	cr_assert_eq(answer.status, 200, "%s: %s", path, answer.body);
	return answer;
}

static char *
key_of(const char *user)
{
	return cluster_base64(text(CLUSTER_PREFIX "users/%s", user));
}

/* The sealed record as etcd has it, in base64. */
static char *
value_of(const char *user)
{
	struct cluster_answer answer = ask(
	    "kv/range", text("{\"key\":\"%s\"}", key_of(user)));
	char *value = strstr(answer.body, "\"value\":\"");

	cr_assert_not_null(value, "%s", answer.body);
	value += strlen("\"value\":\"");
	return text("%.*s", (int)strcspn(value, "\""), value);
}

static void
put_value(const char *user, const char *value)
{
	ask("kv/put",
	    text("{\"key\":\"%s\",\"value\":\"%s\"}", key_of(user), value));
}

Test(fleet_back, record_that_is_damaged_can_be_revoked)
{
	const char *secret;
	char *damaged, *middle;

	needs_link();
	one_bastion();
	secret = fleet_device(b, "alice");
	damaged = value_of("alice");
	middle = damaged + strlen(damaged) / 2;
	*middle = *middle == 'A' ? 'B' : 'A';
	put_value("alice", damaged);
	is_told("alice", code_at(secret, step_fresh(15)), 77, "damaged");
	assert_status(bastion_admin(b, ARGV("revoke", "alice", "--yes")), 0);
	secret = fleet_device(b, "alice");
	is_told("alice", code_at(secret, step_fresh(15)), 0, "");
}

/* The revision says so of everybody, also of whom this bastion never saw; with
 * the revision moved up, only the records tell. */
Test(fleet_back, revision_that_went_back_denies_everybody)
{
	const char *secret, *saved;

	needs_link();
	one_bastion();
	fleet_device(b, "bob");
	saved = text("%s/saved", c->dir);
	cluster_save(c, saved);
	cluster_put(c, CLUSTER_PREFIX "users/sys", "later");
	secret = fleet_device(b, "alice");
	/* The revision is noted once a minute: now. */
	cr_assert_eq(unlink(text("%s/fleet/revision", b->store)), 0);
	is_told("alice", code_at(secret, step_fresh(15)), 0, "");

	cluster_restore(c, saved, false);
	is_told("alice", code_at(secret, step_now() + 1), 77, OLDER);
	is_told("carol", "000000", 77, OLDER);
	/* Time goes by, and what the others write moves the revision on. */
	for (int i = 0; i < 60; i++)
		cluster_put(c, CLUSTER_PREFIX "bastions/other", "later");
	cluster_remove(c, CLUSTER_PREFIX "bastions/other");
	is_told("alice", code_at(secret, step_now() + 1), 77, OLDER);
	is_told("carol", "000000", 77, OLDER);

	cr_assert_eq(unlink(text("%s/fleet/back", b->store)), 0);
	cluster_restore(c, saved, true);
	is_told("alice", code_at(secret, step_now() + 1), 77, OLDER);
	is_told("carol", "000000", 76, "log in once with a terminal");
}

/* How often bytes are in the memory that a process may write to. */
static int
found_in(pid_t pid, const void *what, size_t len)
{
	char *maps = read_text(text("/proc/%d/maps", pid));
	int mem = open(text("/proc/%d/mem", pid), O_RDONLY | O_CLOEXEC);
	char *line, *rest = maps;
	int found = 0;

	cr_assert_not_null(maps);
	cr_assert_geq(mem, 0);
	while ((line = strtok_r(rest, "\n", &rest)) != NULL) {
		unsigned long from, to;
		char mode[5], *memory;
		ssize_t got;

		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 ||
		    mode[1] != 'w' || to - from > (256UL << 20))
			continue;
		memory = malloc(to - from);
		got = pread(mem, memory, to - from, (off_t)from);
		found += got > 0 &&
		    memmem(memory, (size_t)got, what, len) != NULL;
		free(memory);
	}
	close(mem);
	return found;
}

/* The second half: free() overwrites the first bytes. */
Test(fleet_back, link_has_neither_secret_nor_key)
{
	const char *secret;
	uint8_t raw[20], key[32];
	size_t len = 0;
	char *ring;

	needs_link();
	one_bastion();
	secret = fleet_device(b, "alice");
	is_told("alice", code_at(secret, step_fresh(15)), 0, "");
	cr_assert_eq(
	    base32_decode(secret, strlen(secret), raw, sizeof(raw), &len),
	    FAULT_NONE);
	ring = strstr(read_text(text("%s/fleet.key", l->dir)), "\"key\"");
	cr_assert_not_null(ring);
	ring = strpbrk(ring + 5, "0123456789abcdef");
	for (size_t i = 0; i < sizeof(key); i++)
		cr_assert_eq(
		    sscanf(ring + 2 * i, "%2hhx", &key[i]), 1, "%s", ring);
	cr_assert_gt(found_in(b->keeper, key + 16, 16), 0, "no such key");
	cr_assert_eq(found_in(l->pid, key + 16, 16), 0);
	cr_assert_eq(found_in(l->pid, raw + 10, 10), 0);
	cr_assert_eq(found_in(l->pid, secret + 16, 16), 0);
	cr_assert_null(strstr(value_of("alice"), cluster_base64("alice")));
}

Test(fleet_back, keeper_has_no_network_library)
{
	char *maps;

	needs_link();
	one_bastion();
	fleet_device(b, "alice");
	maps = read_text(text("/proc/%d/maps", b->keeper));
	cr_assert_not_null(maps);
	cr_assert_not_null(strstr(maps, "libcrypto"));
	cr_assert_null(strstr(maps, "libcurl"), "%s", maps);
	cr_assert_null(strstr(maps, "libssl"), "%s", maps);
	cr_assert_null(strstr(maps, "libcjson"), "%s", maps);
}
