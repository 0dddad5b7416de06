#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/policy/difference.h"
#include "store/base/utf8.h"

#define KEY_SHOWN   70
#define VALUE_SHOWN 50
#define NONE        "none"

struct entry_of {
	char *key, *text;
	bool same; /* the other policy has it too */
};

struct entries {
	LIST_OF(struct entry_of) list;
};

static void
entries_done(struct entries *entries)
{
	for (size_t i = 0; i < entries->list.count; i++) {
		free(entries->list.items[i].key);
		free(entries->list.items[i].text);
	}
	free(entries->list.items);
}

/* The name of a rule stands in each of its keys. */
static bool
is_rules_name(const char *key)
{
	size_t len = strlen(key);

	return strncmp(key, "rules.", 6) == 0 && len > 5 &&
	    strcmp(key + len - 5, ".name") == 0;
}

static bool
collect(void *ctx, const struct leaf *leaf)
{
	struct entries *entries = ctx;
	struct entry_of *entry;

	if (is_rules_name(leaf->key))
		return true;
	entry = list_add(&entries->list, sizeof(*entry));
	if (entry == NULL)
		return false;
	entry->key = strdup(leaf->key);
	entry->text = strdup(leaf->text);
	return entry->key != NULL && entry->text != NULL;
}

static int
by_key(const void *a, const void *b)
{
	const struct entry_of *one = *(struct entry_of *const *)a;
	const struct entry_of *other = *(struct entry_of *const *)b;
	int order = strcmp(one->key, other->key);

	return order != 0 ? order : strcmp(one->text, other->text);
}

static struct entry_of **
entries_sort(const struct entries *entries)
{
	struct entry_of **sorted = calloc(
	    entries->list.count + 1, sizeof(struct entry_of *));

	if (sorted == NULL)
		return NULL;
	for (size_t i = 0; i < entries->list.count; i++)
		sorted[i] = &entries->list.items[i];
	qsort(sorted, entries->list.count, sizeof(struct entry_of *), by_key);
	return sorted;
}

/* Finds what stands in both.  False without memory. */
static bool
match(const struct entries *old, const struct entries *new)
{
	struct entry_of **olds = entries_sort(old), **news = entries_sort(new);
	bool ok = olds != NULL && news != NULL;

	for (size_t i = 0, k = 0;
	     ok && i < old->list.count && k < new->list.count;) {
		int order = by_key(&olds[i], &news[k]);

		if (order == 0)
			olds[i]->same = news[k]->same = true;
		i += order <= 0;
		k += order >= 0;
	}
	free(olds);
	free(news);
	return ok;
}

static void
cut(const char *text, size_t shown, char *ret, size_t size)
{
	size_t len = strlen(text), n;

	utf8_clean(text, len, ret, len > shown ? shown : size);
	n = strlen(ret);
	if (len > shown)
		snprintf(ret + n, size - n, "...");
}

static bool
add_change(
    struct changes *changes, const char *key, const char *old, const char *new)
{
	char keys[KEY_SHOWN + 4], olds[VALUE_SHOWN + 4], news[VALUE_SHOWN + 4];

	cut(key, KEY_SHOWN, keys, sizeof(keys));
	cut(old, VALUE_SHOWN, olds, sizeof(olds));
	cut(new, VALUE_SHOWN, news, sizeof(news));
	return changes_add(changes, "%s: %s -> %s", keys, olds, news);
}

/* The only value of that key that the other policy has not, or NULL. */
static struct entry_of *
counterpart(const struct entries *entries, const char *key)
{
	struct entry_of *found = NULL;

	for (size_t i = 0; i < entries->list.count; i++) {
		struct entry_of *entry = &entries->list.items[i];

		if (entry->same || strcmp(entry->key, key) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = entry;
	}
	return found;
}

static bool
add_entries(
    const struct entries *old, const struct entries *new, struct changes *ret)
{
	bool ok = true;

	for (size_t i = 0; ok && i < old->list.count; i++) {
		struct entry_of *was = &old->list.items[i], *is = NULL;

		if (was->same)
			continue;
		if (counterpart(old, was->key) == was)
			is = counterpart(new, was->key);
		ok = add_change(
		    ret, was->key, was->text, is != NULL ? is->text : NONE);
		if (is != NULL)
			is->same = true;
	}
	for (size_t i = 0; ok && i < new->list.count; i++)
		if (!new->list.items[i].same)
			ok = add_change(ret, new->list.items[i].key, NONE,
			    new->list.items[i].text);
	return ok;
}

static bool
has_rule(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->rules.count; i++)
		if (strcmp(policy->rules.items[i].name, name) == 0)
			return true;
	return false;
}

/* A line for each rule of one that the other has not. */
static bool
add_rules(const struct policy *one, const struct policy *other, bool gone,
    struct changes *changes)
{
	for (size_t i = 0; i < one->rules.count; i++) {
		const char *name = one->rules.items[i].name;
		char key[RULE_TEXT + 8], place[48];

		if (has_rule(other, name))
			continue;
		snprintf(key, sizeof(key), "rules.%s", name);
		snprintf(place, sizeof(place), "rule %zu of %zu", i + 1,
		    one->rules.count);
		if (!add_change(
			changes, key, gone ? place : NONE, gone ? NONE : place))
			return false;
	}
	return true;
}

/* The next rule from *at on that the other policy has too, or NULL. */
static const struct rule *
next_common(const struct policy *policy, const struct policy *other, size_t *at)
{
	while (*at < policy->rules.count) {
		const struct rule *rule = &policy->rules.items[(*at)++];

		if (has_rule(other, rule->name))
			return rule;
	}
	return NULL;
}

/* The first that matches decides, so that their order is a setting, too. */
static bool
add_order(
    const struct policy *old, const struct policy *new, struct changes *changes)
{
	size_t i = 0, k = 0;
	const struct rule *was, *is;

	do {
		was = next_common(old, new, &i);
		is = next_common(new, old, &k);
		if (was == NULL || is == NULL)
			return true;
	} while (strcmp(was->name, is->name) == 0);
	return add_change(
	    changes, "order of rules, first difference", was->name, is->name);
}

bool
difference_add(
    const struct policy *old, const struct policy *new, struct changes *changes)
{
	struct entries olds = {.list = {.count = 0}};
	struct entries news = {.list = {.count = 0}};
	bool ok = policy_leaves(old, collect, &olds) &&
	    policy_leaves(new, collect, &news) && match(&olds, &news) &&
	    add_rules(old, new, true, changes) &&
	    add_rules(new, old, false, changes) &&
	    add_order(old, new, changes) && add_entries(&olds, &news, changes);

	entries_done(&olds);
	entries_done(&news);
	return ok;
}
