/* Reads the files in which a hardware key is looked for. */
#include <stdio.h>
#include <string.h>

#include "gate/sshd/hardware.h"
#include "gate/sshd/rootfile.h"
#include "gate/sshd/started.h"

struct search {
	const struct hardware_question *question;
	const struct key *key;
	struct hardware_lines lines;
	char *why; /* WHY_TEXT bytes: of a file that does not count; or "" */
};

static void
note_file(struct search *s, const struct rootfile *file)
{
	if (s->why[0] == '\0')
		snprintf(
		    s->why, WHY_TEXT, "%.340s %s", file->culprit, file->why);
}

static void
take_text(struct search *s, const char *text, enum hardware_place place)
{
	hardware_read(text, place, s->key, s->question->user->name, &s->lines);
}

/* A file that others can write too says nothing for the key.  False if it
 * cannot be read: it may say something against it. */
static bool
take_open_file(struct search *s, const char *name)
{
	scoped_keyfile struct keyfile file = {.text = NULL};
	char why[WHY_TEXT];

	if (keyfile_read(s->question->user, name, &file, why) != FAULT_NONE) {
		if (s->why[0] == '\0')
			memcpy(s->why, why, sizeof(why));
		return false;
	}
	if (file.text != NULL)
		take_text(s, file.text, HARDWARE_ANYWHERE);
	return true;
}

/* A file that should be root's.  Where it is not, its lines may still take the
 * touch away. */
static bool
take_roots_file(struct search *s, const char *name, enum hardware_place place)
{
	scoped_rootfile struct rootfile file = {.text = NULL};
	char path[PATH_MAX];
	enum fault fault;

	if (!keypath_expand(name, s->question->user, path, sizeof(path))) {
		snprintf(s->why, WHY_TEXT, "%.340s: is too long", name);
		return false;
	}
	fault = rootfile_read(path, &file);
	if (fault == FAULT_NONE)
		take_text(s, file.text, place);
	if (fault == FAULT_NONE || fault == FAULT_ABSENT)
		return true;
	note_file(s, &file);
	return fault == FAULT_ACCESS && place == HARDWARE_ROOTS &&
	    take_open_file(s, name);
}

/* Each file once: a limit counts only where there is no second line. */
static bool
is_hardware_file(const struct search *s, const char *name)
{
	const struct hardware_question *q = s->question;
	char path[PATH_MAX];

	return keypath_expand(name, q->user, path, sizeof(path)) &&
	    keypath_listed(&q->hardware, q->user, path) != NULL;
}

static bool
take_files(struct search *s)
{
	const struct hardware_question *q = s->question;

	for (size_t i = 0; i < q->hardware.count; i++)
		if (!take_roots_file(
			s, keypath_name(&q->hardware, i), HARDWARE_ROOTS))
			return false;
	for (size_t i = 0; s->key->is_certificate && i < q->authorities.count;
	     i++)
		if (!take_roots_file(s, keypath_name(&q->authorities, i),
			HARDWARE_AUTHORITIES))
			return false;
	for (size_t i = 0; i < q->files.count; i++) {
		const char *name = keypath_name(&q->files, i);

		if (!is_hardware_file(s, name) && !take_open_file(s, name))
			return false;
	}
	return true;
}

enum hardware
hardware_search(const struct hardware_question *question, const struct key *key,
    char ret_why[static WHY_TEXT])
{
	struct search s = {.question = question, .key = key, .why = ret_why};
	enum hardware proof;
	const char *why;

	ret_why[0] = '\0';
	if (key->hardware && !take_files(&s))
		return HARDWARE_NONE;
	proof = hardware_judge(key, &s.lines, &why);
	if (proof != HARDWARE_NONE)
		ret_why[0] = '\0';
	else if (ret_why[0] == '\0')
		snprintf(ret_why, WHY_TEXT, "the key %s", why);
	return proof;
}

/* True if root alone can have changed the file.  One that is absent counts so,
 * too, if only root could remove it from its folder. */
static bool
is_roots(const char *path)
{
	scoped_rootfile struct rootfile file = {.text = NULL};
	enum fault fault = rootfile_read(path, &file);

	return fault == FAULT_NONE || fault == FAULT_ABSENT;
}

static bool
is_file_settled(const struct keypath_user *user, const char *name,
    const struct timespec *since, char ret_why[static WHY_TEXT])
{
	scoped_keyfile struct keyfile file = {.text = NULL};
	struct timespec changed;

	if (keyfile_read(user, name, &file, ret_why) != FAULT_NONE)
		return false;
	if (is_roots(file.path))
		return true;
	if (keyfile_changed(&file, user, &changed, ret_why) != FAULT_NONE)
		return false;
	if (!started_is_later(&changed, since))
		return true;
	snprintf(ret_why, WHY_TEXT,
	    "%.300s: was changed after you connected, so connect anew",
	    file.path);
	return false;
}

bool
hardware_is_settled(const struct hardware_question *question,
    const struct timespec *since, char ret_why[static WHY_TEXT])
{
	const struct keypath_list *lists[] = {
	    &question->files, &question->hardware, &question->authorities};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t j = 0; j < lists[i]->count; j++)
			if (!is_file_settled(question->user,
				keypath_name(lists[i], j), since, ret_why))
				return false;
	return true;
}

/* In this order, so that no change in between is missed. */
enum hardware
hardware_prove(const struct hardware_question *question, const struct key *key,
    const struct timespec *since)
{
	char why[WHY_TEXT];
	enum hardware proof = hardware_search(question, key, why);

	if (proof != HARDWARE_NONE &&
	    !hardware_is_settled(question, since, why))
		return HARDWARE_NONE;
	return proof;
}
