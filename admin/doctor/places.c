#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/sshd/keyline.h"
#include "admin/doctor/authorities.h"
#include "store/base/cleanup.h"
#include "admin/doctor/places.h"

/* Adds a name to one of the lists of all, which all look alike, or counts it.
 * NULL without memory. */
static struct key_place *
name_file(struct key_places *all, void *list, const char *word,
    const char *path, const struct view *view, const char *user)
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
	/* The part after the user who was asked about. */
	snprintf(place->who, sizeof(place->who), "%.80s%s", user,
	    view->who + strcspn(view->who, " "));
	return place;
}

/* Notes the files that sshd reads and the gate does not; true if there are
 * any. */
static bool
add_unlisted(struct key_places *places, const struct policy *policy,
    const struct passwd *pw, const struct view *view)
{
	struct keypath_list listed = KEYPATH_LIST(policy->keys.files);
	struct keypath_user user = keypath_user(pw);
	char value[CONFIG_WORD] = "";
	const char *rest = value;
	struct keypath file;
	bool any = false;

	dump_value(view, "authorizedkeysfile", value);
	while (keypath_next(&rest, &user, &file)) {
		if (keypath_listed(&listed, &user, file.path) != NULL)
			continue;
		any = true;
		(void)name_file(places, &places->unlisted, file.name, file.path,
		    view, pw->pw_name);
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
	struct keypath_user user = keypath_user(pw);
	char path[PATH_MAX], value[CONFIG_WORD], read[CONFIG_WORD] = "";
	bool unseen = add_unlisted(places, policy, pw, view);
	struct key_place *place;

	unseen |= dump_value(view, "authorizedkeyscommand", value) &&
	    strcasecmp(value, "none") != 0;
	dump_value(view, "authorizedkeysfile", read);
	for (size_t i = 0; i < policy->keys.files.count; i++) {
		const char *word = policy->keys.files.items[i].text;

		if (!keypath_expand(word, &user, path, sizeof(path)))
			continue;
		if (keypath_names(read, &user, path)) {
			places->home |= is_below(path, pw->pw_dir);
			(void)name_file(places, &places->read, word, path, view,
			    pw->pw_name);
			continue;
		}
		place = name_file(
		    places, &places->unread, word, path, view, pw->pw_name);
		if (place != NULL)
			place->unseen |= unseen;
	}
}

static void
say_who(const struct key_place *place, char *ret, size_t size)
{
	if (place->others > 0)
		snprintf(ret, size, "for %s and %zu more connection%s",
		    place->who, place->others, findings_s(place->others));
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

/* The first line that may be a key and is not an authority's; 0 for none. */
static int
find_plain_line(char *text)
{
	char *rest = text, *line;

	for (int n = 1; (line = strsep(&rest, "\n")) != NULL; n++) {
		enum key_line kind = key_line_read(line);

		if (kind != KEY_LINE_NONE && kind != KEY_LINE_AUTHORITY)
			return n;
	}
	return 0;
}

/* A file that is the same for all, and root's, is meant for authorities. */
static void
judge_common(const struct key_place *place, struct doctor *doctor)
{
	scoped_free char *text = read_whole(place->path);
	int line = text != NULL ? find_plain_line(text) : 0;

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
 * If sshd reads files of the user's own, the user can free a key there anyway.
 * Elsewhere a line that the gate alone reads is a hole, and so it is if keys
 * come from where the gate does not look.
 */
static void
judge_gates_alone(const struct key_places *places,
    const struct key_place *place, struct doctor *doctor)
{
	bool read = is_noted(
	    places->read.items, places->read.count, place->word);
	char fix[CONFIG_WORD + 80], who[256];

	if (keypath_is_common(place->word)) {
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
		judge_gates_alone(places, &places->unread.items[i], doctor);
}

void
places_done(struct key_places *places)
{
	free(places->unlisted.items);
	free(places->unread.items);
	free(places->read.items);
	*places = (struct key_places){.read = {NULL, 0}};
}
