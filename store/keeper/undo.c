#include <string.h>

#include "store/core/enroll.h"
#include "store/keeper/undo.h"

static bool
keep(const struct record *record, char **text, struct record *copy)
{
	struct json_error error;

	json_text_free(text);
	record_done(copy);
	*copy = (struct record){.version = 0};
	return record_format(record, text) == FAULT_NONE &&
	    record_parse(*text, strlen(*text), copy, &error) == FAULT_NONE;
}

bool
undo_before(struct undo *undo, const struct record *record)
{
	return keep(record, &undo->before, &undo->had);
}

bool
undo_after(struct undo *undo, const struct record *record)
{
	return keep(record, &undo->after, &undo->has);
}

static bool
restore(const struct undo *undo, struct record *record)
{
	scoped_json_text char *text = NULL;
	struct record before = {.version = 0};
	struct json_error error;

	if (undo->before == NULL || undo->after == NULL ||
	    record_format(record, &text) != FAULT_NONE ||
	    strcmp(text, undo->after) != 0 ||
	    record_parse(undo->before, strlen(undo->before), &before, &error) !=
		FAULT_NONE)
		return false;
	record_done(record);
	*record = before;
	explicit_bzero(&before, sizeof(before));
	return true;
}

/* Another device may have the id of one that was removed meanwhile. */
static bool
has_device(const struct record *record, const struct device *device)
{
	list_each(const struct device, other, record->devices)
		if (strcmp(other->id, device->id) == 0)
			return record_same_secret(
			    &other->secret, &device->secret);
	return false;
}

enum change
undo_devices(const struct undo *undo, struct record *record, int64_t now_s)
{
	size_t count = record->devices.count;

	if (restore(undo, record))
		return CHANGE_WRITE;
	for (size_t i = count; i-- > 0;) {
		const struct device *device = &record->devices.items[i];

		if (has_device(&undo->has, device) &&
		    !has_device(&undo->had, device))
			enroll_remove(record, i, now_s);
	}
	if (record->devices.count == count)
		return CHANGE_NONE;
	record->enrolled_once |= undo->had.enrolled_once;
	return CHANGE_WRITE;
}

void
undo_done(struct undo *undo)
{
	json_text_free(&undo->before);
	json_text_free(&undo->after);
	record_done(&undo->had);
	record_done(&undo->has);
}
