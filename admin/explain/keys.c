#include "admin/explain/explain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/read.h"
#include "gate/sshd/key.h"
#include "gate/sshd/keyline.h"
#include "store/base/cleanup.h"
#include "store/base/utf8.h"
#include "store/wire/claims.h"

#define FINGERPRINT "SHA256:"

void
explain_note(struct explaining_gate *g, const char *format, ...)
{
	struct explained_note *note;
	char text[REPORT_TEXT];
	va_list args;

	if (g->explanation->notes.count == EXPLAINED_NOTES)
		return;
	note = list_add(&g->explanation->notes, sizeof(*note));
	g->failed |= note == NULL;
	if (note == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	utf8_clean(text, strlen(text), note->text, sizeof(note->text));
}

/* The reader of files for that user: as the user, who may have put anything
 * there. */
static keys_reader *
reader_for(const struct keypath_user *user)
{
	return geteuid() == 0 && user->uid != 0 ? read_keyfile_as
						: keyfile_read;
}

static enum reason
decide_key(struct explaining_gate *g, struct key *key, char **ret_command,
    char ret_why[static WHY_TEXT])
{
	const struct keys_question question = {
	    .files = KEYPATH_LIST(g->policy->keys.files),
	    .user = g->user,
	    .unlisted = g->policy->keys.unlisted == UNLISTED_ALLOW,
	    .read = reader_for(g->user)};

	if (key != NULL)
		return keys_decide(&question, key, ret_command, ret_why);
	return question.unlisted ? REASON_NONE : REASON_KEY_UNLISTED;
}

/* In words for an administrator: the message is for the user. */
static void
say_refused(enum reason reason, const char *why, char *ret, size_t size)
{
	if (reason == REASON_KEY_UNLISTED)
		snprintf(ret, size,
		    "it is in no file of \"keys.files\" in the policy, where "
		    "the gate looks up what it may run");
	else if (reason == REASON_KEY_FILE)
		utf8_clean(why, strlen(why), ret, size);
	else if (reason == REASON_KEY_IN_OPEN_FILE)
		snprintf(ret, size,
		    "others can change the file, or a folder above it: chmod "
		    "go-w them");
	else
		reason_say(
		    reason, &(struct reason_facts){.name = why}, ret, size);
}

/* Returns the proof of a hardware key; HARDWARE_UNSAID for another one, and
 * where the policy names no files for such keys. */
static enum hardware
find_proof(const struct explaining_gate *g, const struct key *key,
    char ret_why[static WHY_TEXT])
{
	const struct keys *keys = &g->policy->keys;
	const struct hardware_question question = {.user = g->user,
	    .files = KEYPATH_LIST(keys->files),
	    .hardware = KEYPATH_LIST(keys->hardware_files),
	    .authorities = KEYPATH_LIST(keys->hardware_authorities)};

	ret_why[0] = '\0';
	if (!key->hardware ||
	    question.hardware.count + question.authorities.count == 0)
		return HARDWARE_UNSAID;
	return geteuid() == 0 && g->user->uid != 0
	    ? read_hardware_as(&question, key, ret_why)
	    : hardware_search(&question, key, ret_why);
}

/* The text of a key has no padding, which claims_key() wants. */
static void
fingerprint(const struct key *key, char ret[static KEY_TEXT])
{
	scoped_free char *auth = NULL;
	size_t len = key != NULL ? strlen(key->text) : 0;

	ret[0] = '\0';
	if (key != NULL &&
	    asprintf(&auth, "publickey - %s%.*s", key->text,
		(int)((4 - len % 4) % 4), "===") >= 0)
		claims_key(auth, ret);
}

/* Adds the proof of a key that passes. */
static void
add_proof(const struct explaining_gate *g, const struct key *key,
    struct explained_key *row)
{
	char why[WHY_TEXT];

	if (key == NULL)
		return;
	row->hardware = (int)find_proof(g, key, why);
	utf8_clean(
	    why, strlen(why), row->hardware_why, sizeof(row->hardware_why));
}

void
explain_add_key(struct explaining_gate *g, struct key *key, const char *where)
{
	struct explained_key *row = list_add(
	    &g->explanation->keys, sizeof(*row));
	scoped_free char *command = NULL;
	char why[WHY_TEXT] = "";
	enum reason reason;

	if (row == NULL) {
		g->failed = true;
		return;
	}
	fingerprint(key, row->key);
	utf8_clean(where, strlen(where), row->where, sizeof(row->where));
	reason = decide_key(g, key, &command, why);
	snprintf(row->verdict, sizeof(row->verdict), "%s",
	    verdict_name(reason == REASON_NONE ? VERDICT_PASS : VERDICT_DENY));
	if (command != NULL)
		utf8_clean(command, strlen(command), row->command,
		    sizeof(row->command));
	if (reason == REASON_NONE) {
		add_proof(g, key, row);
		return;
	}
	snprintf(row->reason, sizeof(row->reason), "%s", reason_name(reason));
	say_refused(reason, why, row->detail, sizeof(row->detail));
}

/* True if this key is meant: each is, without --key. */
static bool
is_key_meant(const struct admin *admin, const struct key *key)
{
	char text[KEY_TEXT];

	if (admin->key == NULL)
		return true;
	fingerprint(key, text);
	return strcmp(text, admin->key) == 0;
}

static void
explain_line(
    struct explaining_gate *g, const char *path, int number, const char *line)
{
	enum key_line kind = key_line_read(line);
	bool authority = kind == KEY_LINE_AUTHORITY;
	char where[REPORT_TEXT];
	struct key key;

	if (kind == KEY_LINE_NONE ||
	    g->explanation->keys.count == EXPLAINED_KEYS)
		return;
	snprintf(where, sizeof(where), "%s%.500s:%d",
	    authority ? "certificates of " : "", path, number);
	if (key_of_line(line, authority, &key) != FAULT_NONE) {
		if (g->admin->key == NULL)
			explain_note(g, "%s: no key can be read there", where);
		return;
	}
	if (is_key_meant(g->admin, &key))
		explain_add_key(g, &key, where);
	key_done(&key);
}

static void
explain_file(struct explaining_gate *g, const char *name)
{
	scoped_keyfile struct keyfile file = {.text = NULL};
	char why[WHY_TEXT] = "";
	char *rest, *line;

	if (reader_for(g->user)(g->user, name, &file, why) != FAULT_NONE) {
		explain_note(g, "every key is refused (key_file): %s", why);
		return;
	}
	rest = file.text;
	for (int n = 1; (line = strsep(&rest, "\n")) != NULL; n++)
		explain_line(g, file.path, n, line);
}

/* *ret: the key in a file such as id_ed25519.pub, as sshd would name it. */
static bool
read_key(const char *path, struct key *ret)
{
	scoped_free char *text = read_whole(path), *auth = NULL;

	if (text == NULL) {
		admin_say("%s: %s", path, strerror(errno));
		return false;
	}
	text[strcspn(text, "\r\n")] = '\0';
	if (asprintf(&auth, "publickey %s", text) < 0)
		return false;
	if (key_parse(auth, ret) == FAULT_NONE)
		return true;
	admin_say("%s: this is no public key, nor a certificate that the gate "
		  "takes",
	    path);
	return false;
}

static bool
explain_one_key(struct explaining_gate *g)
{
	struct key key;

	if (!read_key(g->admin->key, &key))
		return false;
	explain_add_key(g, &key, g->admin->key);
	key_done(&key);
	return true;
}

bool
explain_keys(struct explaining_gate *g)
{
	const char *asked = g->admin->key;
	size_t n = sizeof(FINGERPRINT) - 1;

	if (asked != NULL && strncmp(asked, FINGERPRINT, n) != 0)
		return explain_one_key(g);
	for (size_t i = 0; i < g->policy->keys.files.count; i++)
		explain_file(g, g->policy->keys.files.items[i].text);
	if (g->explanation->keys.count == EXPLAINED_KEYS)
		explain_note(
		    g, "only the first %d keys are shown", EXPLAINED_KEYS);
	if (asked != NULL && g->explanation->keys.count == 0)
		explain_add_key(g, NULL, asked);
	return true;
}
