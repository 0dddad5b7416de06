#include "admin/store/batch.h"

#include <stdio.h>
#include <string.h>

#include "admin/store/older.h"
#include "store/base/cleanup.h"
#include "store/fleet/fleet.h"
#include "store/fleet/seen.h"

static bool
read_row(struct move *move, const char *file, struct batch_row *row)
{
	enum fault fault;

	if (!store_decode(file, strlen(file), row->user))
		snprintf(row->user, sizeof(row->user), "%s", file);
	row->key.user = row->user;
	snprintf(row->key.file, sizeof(row->key.file), "%s", file);
	fault = folder_hold(&move->store, &row->key);
	if (fault == FAULT_NONE)
		fault = folder_backend.get(&move->store, &row->key, &row->here);
	else if (fault == FAULT_ABSENT)
		fault = FAULT_IO;
	if (fault == FAULT_NONE || fault == FAULT_ABSENT)
		return true;
	admin_say("%s: %s", row->user, move->store.why);
	return false;
}

bool
batch_read(struct move *move, struct remote *remote, size_t first, size_t count,
    struct batch *ret)
{
	const struct store_name *names = move->files->names.items;

	*ret = (struct batch){.move = move,
	    .remote = remote,
	    .before = first > 0 ? names[first - 1].text : ""};
	for (size_t i = 0; i < count; i++) {
		struct batch_row *row = &ret->rows[ret->count++];

		row->key.lock = -1;
		if (!read_row(move, names[first + i].text, row))
			return false;
	}
	return true;
}

void
batch_done(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		cleanup_fd(&batch->rows[i].key.lock);
		store_text_free(&batch->rows[i].here);
		remote_text_free(&batch->rows[i].there);
	}
	batch->count = 0;
}

static struct batch_row *
find_batch_row(struct batch *batch, const char *file)
{
	for (size_t i = 0; i < batch->count; i++)
		if (strcmp(batch->rows[i].key.file, file) == 0)
			return &batch->rows[i];
	return NULL;
}

/* Others' records may lie between those that are asked for. */
static bool
fetch_row(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	struct batch *batch = ctx;
	const char *file = key + strlen(FLEET_USERS);
	struct batch_row *row = find_batch_row(batch, file);
	struct remote_name name = remote_user(file);

	if (row == NULL)
		return true;
	remote_text_free(&row->there);
	if (remote_unseal(batch->remote, &name, mark, sealed, len,
		&row->there) != FAULT_NONE) {
		admin_say("%s", batch->remote->why);
		return false;
	}
	if (!older_is(batch->remote, row->there.serial))
		return true;
	older_say(file);
	return false;
}

bool
batch_fetch(struct batch *batch)
{
	enum fault fault = remote_scan_users(batch->remote, batch->before,
	    batch->rows[batch->count - 1].key.file, fetch_row, batch);

	if (fault == FAULT_LIMIT)
		return false;
	if (fault != FAULT_NONE) {
		admin_say("the fleet's records: %s",
		    fault == FAULT_MEMORY ? "out of memory"
					  : batch->remote->why);
		return false;
	}
	return true;
}

bool
batch_is_as_seen(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (!move_is_as_seen(batch->move, &batch->rows[i].key,
			batch->rows[i].there.serial))
			return false;
	return true;
}
