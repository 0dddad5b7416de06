#include "tests/scenario/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/base/list.h"
#include "store/fleet/bastion.h"
#include "store/fleet/charter.h"
#include "store/fleet/names.h"
#include "store/fleet/talk.h"
#include "store/folder/store.h"
#include "tests/support/fail.h"

#define ARGS 40

struct place *
place_open(const struct cluster *c)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		fail("out of memory");
	p->link = link_open(.cluster = c, .more = ",'local':['breakglass']");
	snprintf(p->dir, sizeof(p->dir), "%s/place.XXXXXX", getenv("TFA_WORK"));
	if (mkdtemp(p->dir) == NULL || chmod(p->dir, 0755) != 0)
		fail("%s: %s", p->dir, strerror(errno));
	p->folder = text("%s/store", p->dir);
	p->key = text("%s/fleet.key", p->link->dir);
	unlink(p->key);
	p->policy = text("%s/policy.json", p->dir);
	if (mkdir(p->folder, 0700) != 0)
		fail("%s: %s", p->folder, strerror(errno));
	write_text(p->policy,
	    "{\"version\":1,\"issuer\":\"Example\",\"rules\":[],"
	    "\"otherwise\":\"optional\"}");
	return p;
}

struct run *
place_start(const struct place *p, const char *const args[])
{
	const char *argv[ARGS] = {text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
	    "--yes", "--policy", p->policy, "store", "--fleet", p->link->config,
	    "--link", p->link->socket, "--folder", p->folder};
	size_t n = 11;

	while (*args != NULL && n < ARGS - 1)
		argv[n++] = *args++;
	return run_start(argv, NULL, 0);
}

struct run *
place_store(const struct place *p, const char *const args[])
{
	struct run *r = place_start(p, args);

	run_finish(r);
	return r;
}

static enum change
add_device(struct record *record, void *arg)
{
	struct device *device = list_add(&record->devices, sizeof(*device));

	if (device == NULL)
		fail("out of memory");
	snprintf(device->id, sizeof(device->id), "d1");
	snprintf(device->name, sizeof(device->name), "phone");
	device->digits = 6;
	device->period_s = 30;
	device->secret.len = 20;
	for (size_t i = 0; i < 20; i++)
		device->secret.bytes[i] = (uint8_t)(i * 7 +
		    (uint8_t)record->user[i % strlen(record->user)]);
	device->added_s = 1793000000;
	record->enrolled_once = true;
	record->first_seen_s = 1793000000;
	record->last_login.present = true;
	record->last_login.at_s = *(int64_t *)arg;
	return CHANGE_WRITE;
}

static enum change
add_counted(struct record *record, void *arg)
{
	add_device(record, arg);
	record->devices.items[0].type = DEVICE_HOTP;
	record->devices.items[0].period_s = 0;
	return CHANGE_WRITE;
}

static enum change
add_visit(struct record *record, void *arg)
{
	record->first_seen_s = 1793000000;
	record->last_login.present = true;
	record->last_login.at_s = *(int64_t *)arg;
	return CHANGE_WRITE;
}

static void
change_record(const struct place *p, const char *user,
    enum change (*change)(struct record *record, void *arg), int64_t at_s)
{
	struct store store;

	if (store_open(p->folder, true, &store) != FAULT_NONE)
		fail("%s", store.why);
	store.moves = true;
	if (store_update(&store, user, 1001, change, &at_s) != FAULT_NONE)
		fail("%s", store.why);
	store_close(&store);
}

void
place_user_at(const struct place *p, const char *user, int64_t used_s)
{
	change_record(p, user, add_device, used_s);
}

void
place_counted(const struct place *p, const char *user)
{
	change_record(p, user, add_counted, 1793000000);
}

void
place_visitor_at(const struct place *p, const char *user, int64_t came_s)
{
	change_record(p, user, add_visit, came_s);
}

char *
place_record(const char *folder, const char *user)
{
	return read_text(text("%s/users/%s.json", folder, user));
}

void
place_bring_key(const struct place *from, const struct place *to)
{
	struct run *r = run(ARGV("cp", "-p", from->key, to->key), NULL, 0);

	if (r->status != 0)
		fail("%s", r->err);
}

static struct keyring *
ring_of(const struct place *p)
{
	char why[GUARDED_WHY_TEXT];
	struct keyring *ring;

	if (keyring_read(p->key, 0, true, &ring, why) != FAULT_NONE)
		fail("%s", why);
	return ring;
}

char *
place_key_id(const struct place *p)
{
	struct keyring *ring = ring_of(p);
	char id[KEYRING_ID_TEXT];

	keyring_id_say(ring->use, id);
	keyring_free(ring);
	return text("%s", id);
}

void
place_says(const struct place *p, const char *host, const char *key, int ago_s)
{
	struct keyring *ring = ring_of(p);
	struct line line = LINE_TO(p->link->socket);
	struct seal_name name = {SEAL_BASTION, host, SEAL_SERIAL(1, 9)};
	struct bastion bastion = {.version = "0.2.0",
	    .level = CHARTER_LEVEL,
	    .time_s = time(NULL) - ago_s};
	struct bastion_key *one = list_add(&bastion.keys, sizeof(*one));
	struct sealed sealed;
	struct talk_answer was, answer;
	char *json;

	snprintf(one->text, sizeof(one->text), "%s", key);
	if (bastion_format(&bastion, &json) != FAULT_NONE ||
	    seal_close(ring, &name, json, strlen(json), &sealed) !=
		FAULT_NONE ||
	    talk_get(&line, text(FLEET_BASTIONS "%s", host), NULL,
		clock_ms() + 5000, &was) != FAULT_NONE ||
	    talk_put(&line, text(FLEET_BASTIONS "%s", host), was.mark, &sealed,
		NULL, clock_ms() + 5000, &answer) != FAULT_NONE)
		fail("%s: %s", host, line.why);
	talk_done(&answer);
	talk_done(&was);
	sealed_free(&sealed);
	free(json);
	bastion_done(&bastion);
	line_close(&line);
	keyring_free(ring);
}
