#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/sshd/keyline.h"
#include "admin/doctor/authorities.h"
#include "store/base/cleanup.h"
#include "admin/doctor/places.h"

/* list: one of places, which all look alike.  NULL without memory. */
static struct key_place *
note(struct key_places *all, void *list, const char *word, const char *path,
    const struct view *view, const char *user)
{
	JSON_LIST_OF(struct key_place) *places = list;
	struct key_place *place;

	for (size_t i = 0; i < places->count; i++)
		if (strcmp(places->items[i].word, word) == 0) {
			places->items[i].others++;
			return &places->items[i];
		}
	place = json_list_add(list, sizeof(*place));
	if (place == NULL) {
		all->failed = true;
		return NULL;
	}
	snprintf(place->word, sizeof(place->word), "%s", word);
	snprintf(place->path, sizeof(place->path), "%s", path);
	/* What came after the name of the user who was asked about. */
	snprintf(place->who, sizeof(place->who), "%.80s%s", user,
	    view->who + strcspn(view->who, " "));
	return place;
}

/* Whether sshd looks for a user's keys at that path. */
static bool
reads(const struct view *view, const struct passwd *pw, const char *path)
{
	char words[CONFIG_WORD], word[CONFIG_WORD], read[2 * CONFIG_WORD];
	const char *rest = words;

	if (!dump_value(view, "authorizedkeysfile", words))
		return false;
	while (config_word(&rest, word))
		if (strcasecmp(word, "none") != 0 &&
		    key_file_path(word, pw, read, sizeof(read)) &&
		    strcmp(read, path) == 0)
			return true;
	return false;
}

/* What sshd reads and the gate does not; whether there is any. */
static bool
add_unlisted(struct key_places *places, const struct policy *policy,
    const struct passwd *pw, const struct view *view)
{
	char words[CONFIG_WORD] = "", word[CONFIG_WORD];
	char path[2 * CONFIG_WORD];
	const char *rest = words;
	bool any = false;

	dump_value(view, "authorizedkeysfile", words);
	while (config_word(&rest, word)) {
		if (strcasecmp(word, "none") == 0 ||
		    (key_file_path(word, pw, path, sizeof(path)) &&
			key_file_listed(policy, pw, path) != NULL))
			continue;
		any = true;
		(void)note(
		    places, &places->unlisted, word, path, view, pw->pw_name);
	}
	return any;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return n > 1 && strncmp(path, folder, n) == 0 && path[n] == '/';
}

void
places_add(struct key_places *places, const struct policy *policy,
    const struct passwd *pw, const struct view *view)
{
	char path[2 * CONFIG_WORD], value[CONFIG_WORD];
	bool unseen = add_unlisted(places, policy, pw, view);
	struct key_place *place;

	unseen |= dump_value(view, "authorizedkeyscommand", value) &&
	    strcasecmp(value, "none") != 0;
	for (size_t i = 0; i < policy->keys.files.count; i++) {
		const char *word = policy->keys.files.items[i].text;

		if (!key_file_path(word, pw, path, sizeof(path)))
			continue;
		if (reads(view, pw, path)) {
			places->home |= is_below(path, pw->pw_dir);
			(void)note(places, &places->read, word, path, view,
			    pw->pw_name);
			continue;
		}
		place = note(
		    places, &places->unread, word, path, view, pw->pw_name);
		if (place != NULL)
			place->unseen |= unseen;
	}
}

static void
say_who(const struct key_place *place, char *ret, size_t size)
{
	if (place->others > 0)
		snprintf(ret, size, "for %s and %zu more", place->who,
		    place->others);
	else
		snprintf(ret, size, "for %s", place->who);
}

static void
judge_unlisted(const struct key_place *place, const struct policy *policy,
    struct doctor *doctor)
{
	char fix[CONFIG_WORD + 80], who[256];

	say_who(place, who, sizeof(who));
	snprintf(fix, sizeof(fix), "\"%.400s\" in keys.files of %.150s",
	    place->word, doctor->policy);
	findings_add(&doctor->findings, FINDING_FAIL, fix,
	    "AuthorizedKeysFile %.120s, %s, is not in keys.files of %.120s: %s",
	    place->word, who, doctor->policy,
	    policy->keys.unlisted == UNLISTED_ALLOW
		? "a command= in it is lost, and \"unlisted\" lets the key pass"
		: "its keys are refused, but one that also stands in a file "
		  "that the gate reads loses its command=");
}

/* The first line that holds a key and is no authority's; 0 for none. */
static int
plain_line(char *text)
{
	char *rest = text, *at;

	for (int n = 1; (at = strsep(&rest, "\n")) != NULL; n++) {
		struct keyline_options options;
		struct keyline line;
		bool plain;

		if (!keyline_read(at, &line))
			continue;
		plain = !keyline_options(line.options, &options) ||
		    !options.authority;
		keyline_options_done(&options);
		keyline_done(&line);
		if (plain)
			return n;
	}
	return 0;
}

/* One that is the same for all, and root's: the place for authorities. */
static void
judge_common(const struct key_place *place, struct doctor *doctor)
{
	scoped_free char *text = read_whole(place->path);
	int line = text != NULL ? plain_line(text) : 0;

	if (line > 0)
		findings_add(&doctor->findings, FINDING_FAIL,
		    "only cert-authority lines in it",
		    "%.200s:%d: the gate reads this key, since the file is in "
		    "keys.files, and sshd does not: it frees the key from the "
		    "command= that it has elsewhere",
		    place->path, line);
}

static bool
is_noted(const struct key_place *places, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(places[i].word, word) == 0)
			return true;
	return false;
}

/*
 * A user whose own file sshd reads can free a key there without us; elsewhere
 * it is a hole, and so where keys come from where the gate does not look.
 */
static void
judge_unread(const struct key_places *places, const struct key_place *place,
    struct doctor *doctor)
{
	bool read = is_noted(
	    places->read.items, places->read.count, place->word);
	char fix[CONFIG_WORD + 80], who[256];

	if (place->word[0] == '/' && strchr(place->word, '%') == NULL) {
		judge_common(place, doctor);
		return;
	}
	say_who(place, who, sizeof(who));
	snprintf(fix, sizeof(fix), "keys.files of %.150s without \"%.400s\"",
	    doctor->policy, place->word);
	findings_add(&doctor->findings,
	    (read || places->home) && !place->unseen ? FINDING_WARN
						     : FINDING_FAIL,
	    fix,
	    "%.120s is in keys.files of %.120s, and sshd does not read it%s%s: "
	    "%s",
	    place->word, doctor->policy, read ? " " : "", read ? who : "",
	    place->unseen ? "a bare line in it frees a key from the command= "
			    "that it has where the gate does not look"
			  : "a line in it counts for the gate alone");
}

void
places_judge(const struct key_places *places, const struct policy *policy,
    struct doctor *doctor)
{
	doctor->findings.failed |= places->failed;
	for (size_t i = 0; i < places->unlisted.count; i++)
		judge_unlisted(&places->unlisted.items[i], policy, doctor);
	for (size_t i = 0; i < places->unread.count; i++)
		judge_unread(places, &places->unread.items[i], doctor);
}

void
places_done(struct key_places *places)
{
	free(places->unlisted.items);
	free(places->unread.items);
	free(places->read.items);
	*places = (struct key_places){.read = {NULL, 0}};
}
