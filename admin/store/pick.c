#include "admin/store/pick.h"

/* How much a record says of its user, the more the higher. */
enum weight { SAYS_NOTHING = 0, SAYS_SOMETHING, SAYS_TAKEN, SAYS_DEVICE };

static bool
has_wrong_codes(const struct failures *failures)
{
	const struct counter *both[] = {&failures->known, &failures->other};

	for (int i = 0; i < 2; i++)
		if (both[i]->count > 0 || both[i]->spent > 0)
			return true;
	return false;
}

static enum weight
weigh_record(const struct record *record)
{
	if (record->devices.count > 0)
		return SAYS_DEVICE;
	if (record->enrolled_once || record->last_device > 0)
		return SAYS_TAKEN;
	return record->codes.count > 0 || record->spent.count > 0 ||
		record->invited_until_s > 0 ||
		has_wrong_codes(&record->failures)
	    ? SAYS_SOMETHING
	    : SAYS_NOTHING;
}

/* The grace that ends sooner. */
static enum pick
pick_grace(const struct record *here, const struct record *there)
{
	return here->grace_started_s > 0 &&
		(there->grace_started_s == 0 ||
		    here->grace_started_s < there->grace_started_s)
	    ? PICK_HERE
	    : PICK_THERE;
}

enum pick
pick_record(
    const struct record *here, const struct record *there, bool by_login)
{
	enum weight ours = weigh_record(here), theirs = weigh_record(there);
	enum weight less = ours < theirs ? ours : theirs;
	enum weight more = ours < theirs ? theirs : ours;

	if (more == SAYS_NOTHING)
		return pick_grace(here, there);
	if (less != SAYS_NOTHING && !by_login)
		return PICK_NONE;
	if (less == SAYS_TAKEN && more == SAYS_DEVICE)
		return PICK_TAKEN;
	if (ours != theirs)
		return ours > theirs ? PICK_HERE : PICK_THERE;
	return here->last_login.at_s > there->last_login.at_s ? PICK_HERE
							      : PICK_THERE;
}

bool
pick_loses(const struct record *stays, const struct record *other)
{
	list_each(const struct device, device, other->devices) {
		bool found = false;

		list_each(const struct device, kept, stays->devices)
			found |= record_same_secret(
			    &kept->secret, &device->secret);
		if (!found)
			return true;
	}
	return false;
}
