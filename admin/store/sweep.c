#include "admin/store/sweep.h"

#include <stdlib.h>
#include <string.h>

struct sweeping {
	const uint8_t *id;
	bool others;
	struct sweep *sweep;
	bool failed;
};

static bool
add_key(struct sweep *sweep, const char *key)
{
	struct store_name *kept = list_add(&sweep->keys, sizeof(*kept));

	if (kept != NULL)
		kept->text = texts_keep(&sweep->texts, key);
	if (kept != NULL && kept->text != NULL)
		return true;
	admin_say("out of memory");
	return false;
}

static bool
sweep_row(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	struct sweeping *sweeping = ctx;
	struct remote_name name;
	uint8_t id[KEYRING_ID];
	bool is_it;

	(void)mark;
	sweeping->failed = true;
	if (!remote_parse(key, &name) || !seal_key_id(sealed, len, id)) {
		admin_say("%s does not belong to a fleet: look at it with "
			  "etcdctl, and remove it",
		    key);
		return false;
	}
	is_it = memcmp(id, sweeping->id, KEYRING_ID) == 0;
	sweeping->failed = is_it != sweeping->others &&
	    !add_key(sweeping->sweep, key);
	return !sweeping->failed;
}

int
sweep_find(struct site *site, const uint8_t id[static KEYRING_ID], bool others,
    struct sweep *ret)
{
	struct sweep sweep = {.keys = {NULL, 0}};
	struct sweeping sweeping = {id, others, &sweep, false};
	enum fault fault = remote_scan(
	    &site->remote, "", false, sweep_row, &sweeping);

	if (fault == FAULT_NONE) {
		*ret = sweep;
		return ADMIN_DONE;
	}
	sweep_done(&sweep);
	return sweeping.failed ? ADMIN_NOT
			       : site_say(site, fault, "the fleet's store");
}

void
sweep_done(struct sweep *sweep)
{
	free(sweep->keys.items);
	texts_done(&sweep->texts);
	*sweep = (struct sweep){.keys = {NULL, 0}};
}
