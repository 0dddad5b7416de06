#include <string.h>

#include "store/keeper/undo.h"

static bool
undo_text(char **text, const struct record *record)
{
	json_text_free(text);
	return record_format(record, text) == FAULT_NONE;
}

bool
undo_before(struct undo *undo, const struct record *record)
{
	return undo_text(&undo->before, record);
}

bool
undo_after(struct undo *undo, const struct record *record)
{
	return undo_text(&undo->after, record);
}

bool
undo_restore(const struct undo *undo, struct record *record)
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

void
undo_done(struct undo *undo)
{
	json_text_free(&undo->before);
	json_text_free(&undo->after);
}
