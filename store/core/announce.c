#include <stdio.h>
#include <string.h>

#include "store/core/announce.h"
#include "store/core/enroll.h"
#include "store/base/utf8.h"
#include "store/base/when.h"

#define NEVER_S 1 /* before all that a record can tell of; 0 is "not there" */

/* The time until which that device's owner was told. */
static int64_t
told_until(
    const struct record *record, const struct device *device, int64_t now_s)
{
	const struct last_login *last = &record->last_login;

	if (device->told_s != 0)
		return device->told_s > now_s ? NEVER_S : device->told_s;
	return last->present && last->at_s < now_s ? last->at_s : now_s;
}

/*
 * True if device, or with NULL the recovery codes, are news to the owner of the
 * device with that id, or with "" to the owner of any.  A device that was added
 * in the second in which the owner was told counts as added later.  Recovery
 * codes that came with a device are no news to its owner.
 */
static bool
is_new(const struct record *record, const char *id, const struct device *device,
    int64_t now_s)
{
	const struct made *made = &record->made;

	for (size_t i = 0; i < record->devices.count; i++) {
		const struct device *reader = &record->devices.items[i];
		int64_t told_s = told_until(record, reader, now_s);

		if (id[0] != '\0' && strcmp(reader->id, id) != 0)
			continue;
		if (device != NULL
			? device != reader && device->added_s >= told_s
			: made->present && made->at_s != reader->added_s &&
			    made->at_s >= told_s)
			return true;
	}
	return false;
}

static void
announce_line(struct announcements *ret, const char *what, int64_t at_s,
    const char *from, const char *key)
{
	char when[WHEN_SAID], line[2 * ANNOUNCE_TEXT];
	bool admin = strcmp(from, ENROLL_ADMIN) == 0;

	when_say(at_s, when);
	snprintf(line, sizeof(line),
	    "%s on %s%s%s%s%s%s. If that was not you, tell your admin.", what,
	    when,
	    admin                 ? " by an administrator"
		: from[0] != '\0' ? " from "
				  : "",
	    admin ? "" : from, key[0] != '\0' ? " (key " : "", key,
	    key[0] != '\0' ? ")" : "");
	utf8_clean(line, strlen(line), ret->lines[ret->count++], ANNOUNCE_TEXT);
}

static void
announce_device(struct announcements *ret, const struct device *device)
{
	char what[ANNOUNCE_TEXT];

	snprintf(what, sizeof(what), "A device \"%s\" was added",
	    device->name[0] != '\0' ? device->name : device->id);
	announce_line(
	    ret, what, device->added_s, device->added_from, device->added_key);
}

void
announce_changes(const struct record *record, const char *device, int64_t now_s,
    struct announcements *ret)
{
	size_t rest = 0;

	*ret = (struct announcements){.count = 0};
	if (is_new(record, device, NULL, now_s))
		announce_line(ret, "New recovery codes were made",
		    record->made.at_s, record->made.from, record->made.key);
	for (size_t i = record->devices.count; i-- > 0;) {
		const struct device *d = &record->devices.items[i];

		if (!is_new(record, device, d, now_s))
			continue;
		if (ret->count < ANNOUNCE_MAX - 1)
			announce_device(ret, d);
		else
			rest++;
	}
	if (rest > 0)
		snprintf(ret->lines[ret->count++], ANNOUNCE_TEXT,
		    "%zu more device%s added: tfa status lists them.", rest,
		    rest == 1 ? " was" : "s were");
}

void
announce_told(struct record *record, const char *device, int64_t now_s)
{
	for (size_t i = 0; i < record->devices.count; i++)
		if (strcmp(record->devices.items[i].id, device) == 0)
			record->devices.items[i].told_s = now_s;
}

int64_t
announce_begin(struct record *record, int64_t now_s)
{
	int64_t earliest_s = now_s;

	for (size_t i = 0; i < record->devices.count; i++) {
		struct device *device = &record->devices.items[i];

		device->told_s = told_until(record, device, now_s);
		if (device->told_s < earliest_s)
			earliest_s = device->told_s;
	}
	return earliest_s;
}
