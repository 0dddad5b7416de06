#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/sshd/keyline.h"
#include "gate/sshd/keys.h"
#include "store/base/cleanup.h"

static void
take_options(struct restriction *r, struct keyline_options *options)
{
	r->listed = true;
	if (options->command == NULL)
		r->free = true;
	else if (r->command == NULL)
		r->command = take(options->command);
	else if (strcmp(r->command, options->command) != 0)
		r->conflicting = true;
	if (r->free && r->command != NULL)
		r->conflicting = true;
}

/* Takes into account a line that holds the key; false if it cannot be read. */
static bool
judge_known_line(
    const struct keyline *line, const struct key *key, struct restriction *r)
{
	struct keyline_options options;
	bool ok = keyline_options(line->options, &options) && line->typed &&
	    (options.authority || !options.principals);

	/* A plain line of the authority's own key does not concern
	 * certificates.  An authority's line for a login with its own key is
	 * odd. */
	if (ok && options.authority == key->is_certificate)
		take_options(r, &options);
	else if (options.authority || !key->is_certificate)
		ok = false;
	keyline_options_done(&options);
	return ok;
}

static void
search_line(const char *text, const struct key *key, struct restriction *r)
{
	const uint8_t *bytes = key->is_certificate ? key->authority : key->blob;
	size_t len = key->is_certificate ? key->authority_len : key->len;
	struct keyline line;
	bool known = keyline_read(text, &line) && line.len == len &&
	    memcmp(line.blob, bytes, len) == 0;

	if (known ? !judge_known_line(&line, key, r)
		  : key_is_mentioned(text, key))
		r->listed = r->conflicting = true;
	keyline_done(&line);
}

enum fault
restriction_read(
    const char *text, size_t len, const struct key *key, struct restriction *r)
{
	if (strlen(text) != len)
		return FAULT_FORMAT;
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		scoped_free char *line = strndup(text, n);

		if (line == NULL)
			return FAULT_MEMORY;
		search_line(line, key, r);
		text += n + (text[n] == '\n');
	}
	return FAULT_NONE;
}

enum key_line
key_line_read(const char *line)
{
	struct keyline_options options = {.command = NULL};
	enum key_line kind = KEY_LINE_DOUBTFUL;
	struct keyline found;

	line = keyline_skip(line);
	if (*line == '\0' || *line == '#' || *line == '\r')
		return KEY_LINE_NONE;
	if (!keyline_read(line, &found))
		return KEY_LINE_DOUBTFUL;
	if (found.typed && keyline_options(found.options, &options))
		kind = options.authority      ? KEY_LINE_AUTHORITY
		    : options.command != NULL ? KEY_LINE_COMMAND
					      : KEY_LINE_FREE;
	keyline_options_done(&options);
	keyline_done(&found);
	return kind;
}

enum key_verdict
keys_judge(const struct restriction *found, const struct restriction *doubted,
    bool unlisted)
{
	bool differs = doubted->command != NULL &&
	    (found->command == NULL ||
		strcmp(found->command, doubted->command) != 0);

	if (!found->listed && doubted->listed && !unlisted)
		return KEY_IN_OPEN_FILE;
	if (found->conflicting || doubted->conflicting || differs)
		return KEY_DOUBTFUL;
	return found->listed || unlisted ? KEY_PASSES : KEY_UNLISTED;
}

void
restriction_done(struct restriction *restriction)
{
	free(restriction->command);
	*restriction = (struct restriction){.listed = false};
}

static enum fault
search_file(const struct keys_question *question, const char *name,
    const struct key *key, struct restriction found[2], char *ret_why)
{
	scoped_keyfile struct keyfile file = {.text = NULL};
	enum fault fault = question->read(question->user, name, &file, ret_why);

	/* A file that is not there says nothing of the key. */
	if (fault != FAULT_NONE || file.text == NULL)
		return fault;
	fault = restriction_read(
	    file.text, strlen(file.text), key, &found[file.sound ? 0 : 1]);
	if (fault != FAULT_NONE)
		snprintf(ret_why, WHY_TEXT, "%.350s: out of memory", file.path);
	return fault;
}

enum fault
keys_search(const struct keys_question *question, const struct key *key,
    struct keys_answer *ret, char ret_why[static WHY_TEXT])
{
	struct restriction found[2] = {{.listed = false}, {.listed = false}};
	enum fault fault = FAULT_NONE;

	for (size_t i = 0; fault == FAULT_NONE && i < question->files.count;
	     i++) {
		const char *name = keypath_name(&question->files, i);

		if (!question->common || keypath_is_common(name))
			fault = search_file(
			    question, name, key, found, ret_why);
	}
	if (fault == FAULT_NONE) {
		ret->verdict = keys_judge(
		    &found[0], &found[1], question->unlisted);
		ret->command = take(found[0].command);
	}
	restriction_done(&found[0]);
	restriction_done(&found[1]);
	return fault;
}

static enum reason
reason_of_verdict(enum key_verdict verdict)
{
	switch (verdict) {
	case KEY_PASSES:
		return REASON_NONE;
	case KEY_UNLISTED:
		return REASON_KEY_UNLISTED;
	case KEY_IN_OPEN_FILE:
		return REASON_KEY_IN_OPEN_FILE;
	case KEY_DOUBTFUL:
		break;
	}
	return REASON_KEY_DOUBTFUL;
}

/* Both the certificate and the lines of its authority may name a command.  sshd
 * wants them to agree. */
static enum reason
combine(struct key *key, struct keys_answer *answer)
{
	if (key->force_command == NULL)
		return REASON_NONE;
	if (answer->command != NULL &&
	    strcmp(answer->command, key->force_command) != 0)
		return REASON_KEY_COMMANDS;
	free(answer->command);
	answer->command = take(key->force_command);
	return REASON_NONE;
}

enum reason
keys_decide(const struct keys_question *question, struct key *key,
    char **ret_command, char ret_why[static WHY_TEXT])
{
	struct keys_answer answer;
	enum reason reason;

	if (keys_search(question, key, &answer, ret_why) != FAULT_NONE)
		return REASON_KEY_FILE;
	reason = reason_of_verdict(answer.verdict);
	if (reason == REASON_NONE)
		reason = combine(key, &answer);
	if (reason == REASON_NONE)
		*ret_command = take(answer.command);
	keys_answer_done(&answer);
	return reason;
}

void
keys_answer_done(struct keys_answer *answer)
{
	free(answer->command);
	*answer = (struct keys_answer){.command = NULL};
}
