/*
 * import --csv: a maker's file of tokens comes into the keeper's list, whole or
 * not at all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/given.h"
#include "admin/read.h"
#include "admin/tokens/seeds.h"

/* The name of the file in messages. */
static const char *
shown_name(const char *path)
{
	return given_is_stdin(path) ? "standard input" : path;
}

/* Returns an admin_exit. */
static int
read_seeds(const char *path, char **ret_text, size_t *ret_len)
{
	if (given_is_stdin(path))
		return given_read_stdin(SEEDS_FILE_MAX, ret_text, ret_len);
	*ret_text = read_large_own(path, SEEDS_FILE_MAX, ret_len);
	if (*ret_text != NULL)
		return ADMIN_DONE;
	return given_refuse(path,
	    "is somebody else's file, which can change while it is read: make "
	    "it your own, or give it on standard input, with - in its place");
}

static void
say_lines(const char *path, const struct seed_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lines[i].line > 0)
			admin_say("%s:%d: %s", shown_name(path), lines[i].line,
			    lines[i].text);
		else
			admin_say("%s: %s", shown_name(path), lines[i].text);
}

static void
say_wrong(const char *path, const struct seeds *seeds)
{
	say_lines(path, seeds->wrong.items, seeds->wrong.count);
	if (seeds->wrong_count > seeds->wrong.count)
		admin_say("%s: and %zu more mistakes", shown_name(path),
		    seeds->wrong_count - seeds->wrong.count);
	admin_say("%s: no token was taken", shown_name(path));
}

/* Returns an admin_exit. */
static int
load_seeds(const char *path, enum secrets_form form, struct seeds *ret)
{
	scoped_json_text char *text = NULL;
	size_t len = 0;
	int status = read_seeds(path, &text, &len);
	enum fault fault;

	if (status != ADMIN_DONE)
		return status;
	fault = seeds_parse(text, len, form, ret);
	explicit_bzero(text, len);
	if (fault == FAULT_FORMAT)
		say_wrong(path, ret);
	else if (fault != FAULT_NONE)
		admin_say("%s: out of memory", shown_name(path));
	return fault == FAULT_NONE ? ADMIN_DONE : ADMIN_NOT;
}

static int
line_of_serial(const struct seeds *seeds, const char *serial)
{
	list_each(const struct seed, seed, seeds->list)
		if (token_compare(seed->token.serial, serial) == 0)
			return seed->line;
	return 0;
}

/* A note of the keeper is SERIAL: WHY. */
static void
say_clash(const char *path, const struct seeds *seeds, const char *note)
{
	char serial[TOKEN_SERIAL] = "";
	size_t len = strcspn(note, ":");
	int line;

	if (len < sizeof(serial))
		memcpy(serial, note, len);
	line = line_of_serial(seeds, serial);
	if (line > 0)
		admin_say("%s:%d: token %s %s", shown_name(path), line, serial,
		    note + len + strspn(note + len, ": "));
	else
		admin_say("%s: %s", shown_name(path), note);
}

/* A list on its way to the keeper. */
struct sending {
	const struct admin *admin;
	const char *path;
	const struct seeds *seeds;
	struct client client;
	size_t sent;
	int64_t added;
};

/* Sends the next tokens.  Returns an admin_exit. */
static int
send_next(struct sending *s, struct token *packet)
{
	size_t left = s->seeds->list.count - s->sent;
	size_t count = left < TOKENS_SENT ? left : TOKENS_SENT;
	struct request request = {.version = PROTOCOL_VERSION,
	    .request = "tokens_put",
	    .offset = (int64_t)s->sent,
	    .tokens = {packet, count},
	    .last = count == left};
	scoped_reply struct reply reply = {.version = 0};

	for (size_t i = 0; i < count; i++)
		packet[i] = s->seeds->list.items[s->sent + i].token;
	if (client_follow(&s->client, &s->admin->keeper, &request, &reply) !=
	    FAULT_NONE)
		return admin_no_keeper(s->admin, s->client.why);
	list_each(const struct note, note, reply.notes)
		say_clash(s->path, s->seeds, note->text);
	s->sent += count;
	s->added = reply.added;
	return admin_judge(&reply, shown_name(s->path));
}

/* Returns an admin_exit. */
static int
send_all(struct sending *s)
{
	struct token *packet = calloc(TOKENS_SENT, sizeof(*packet));
	int status = ADMIN_DONE;

	if (packet == NULL) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	while (status == ADMIN_DONE && s->sent < s->seeds->list.count)
		status = send_next(s, packet);
	client_close(&s->client);
	explicit_bzero(packet, TOKENS_SENT * sizeof(*packet));
	free(packet);
	return status;
}

static void
say_added(const struct sending *s)
{
	const struct seeds *seeds = s->seeds;
	long long known = (long long)seeds->list.count - s->added;

	if (s->admin->json)
		printf("{\"added\":%lld,\"known\":%lld}\n", (long long)s->added,
		    known);
	else
		printf("%lld token%s added, %lld %s in the list already\n",
		    (long long)s->added, s->added == 1 ? "" : "s", known,
		    known == 1 ? "was" : "were");
	say_lines(s->path, seeds->notes.items, seeds->notes.count);
	admin_say("%s has the tokens' secrets: keep it where no network is, or "
		  "delete it",
	    strcmp(s->path, "-") == 0 ? "the file" : s->path);
}

/* False, after a message, for words that are none of ours. */
static bool
choose_secrets(const struct admin *admin, enum secrets_form *ret)
{
	*ret = SECRETS_GUESS;
	if (admin->secrets == NULL)
		return true;
	if (strcmp(admin->secrets, "hex") == 0)
		*ret = SECRETS_HEX;
	else if (strcmp(admin->secrets, "base32") == 0)
		*ret = SECRETS_BASE32;
	else
		admin_say(
		    "--secrets %s: must be hex or base32", admin->secrets);
	return *ret != SECRETS_GUESS;
}

int
admin_import_tokens(struct admin *admin, int argc, char **argv)
{
	scoped_seeds struct seeds seeds = {.form = SEEDS_CSV};
	struct sending s = {
	    .admin = admin, .seeds = &seeds, .client = {.fd = -1}};
	enum secrets_form form;
	int status;

	if (argc != 1 || admin->account != NULL) {
		admin_say("import --csv takes one FILE, for no user: tfa-admin "
			  "assign gives a token to one");
		return ADMIN_MISUSED;
	}
	if (argv[0][0] == '\0' || !choose_secrets(admin, &form))
		return ADMIN_MISUSED;
	if (!admin_root_only(admin, "import"))
		return ADMIN_NOT_ALLOWED;
	s.path = argv[0];
	status = load_seeds(s.path, form, &seeds);
	if (status == ADMIN_DONE)
		status = send_all(&s);
	if (status == ADMIN_DONE)
		say_added(&s);
	return status;
}
