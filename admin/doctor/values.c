/*
 * The values of a keyword: those that sshd -T prints for some connection, and
 * those of lines that no view shows.
 */
#include <stdio.h>
#include <string.h>

#include "admin/doctor/dump.h"

/* True for equal words: sshd prints a value without quotes and with one
 * blank. */
static bool
same_words(const char *a, const char *b)
{
	char word[CONFIG_WORD], other[CONFIG_WORD];

	for (;;) {
		bool more = config_word(&a, word);

		if (more != config_word(&b, other))
			return false;
		if (!more)
			return true;
		if (strcmp(word, other) != 0)
			return false;
	}
}

static bool
says_none(const char *value)
{
	char word[CONFIG_WORD];

	return !config_word(&value, word) || strcasecmp(word, "none") == 0;
}

/* The first view that has the value, or NULL; *ret_more: how many more have
 * it. */
static const struct view *
find_view(const struct views *views, const char *keyword, const char *value,
    bool gated, size_t *ret_more)
{
	const struct view *first = NULL;
	char other[CONFIG_WORD];

	*ret_more = 0;
	list_each(const struct view, view, views->list) {
		if ((gated && !dump_is_gated(view)) ||
		    !dump_value(view, keyword, other) ||
		    !same_words(value, other))
			continue;
		*ret_more += first != NULL ? 1 + view->others : view->others;
		if (first == NULL)
			first = view;
	}
	return first;
}

static void
each_seen(
    const struct views *views, const char *keyword, dump_held *each, void *ctx)
{
	char value[CONFIG_WORD];
	size_t more;

	list_each(const struct view, view, views->list) {
		struct held held = {.keyword = keyword, .value = value};

		if (!dump_is_gated(view) || !dump_value(view, keyword, value) ||
		    says_none(value) ||
		    find_view(views, keyword, value, true, &more) != view)
			continue;
		held.seen = true;
		dump_who(view->who, more, held.where, sizeof(held.where));
		each(ctx, &held);
	}
}

void
dump_each_value(const struct views *views, const struct config *config,
    const char *keyword, dump_held *each, void *ctx)
{
	size_t more;

	each_seen(views, keyword, each, ctx);
	list_each(const struct config_line, line, config->lines) {
		struct held held = {.keyword = line->keyword,
		    .value = line->value,
		    .line = line};

		if (!config_has_keyword(line, keyword) ||
		    says_none(line->value) ||
		    find_view(views, keyword, line->value, false, &more) !=
			NULL)
			continue;
		snprintf(held.where, sizeof(held.where), "%.200s:%d",
		    line->file, line->number);
		each(ctx, &held);
	}
}
