#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "otpauth.h"
#include "qr.h"
#include "show.h"
#include "term.h"

#define HOST_TEXT 256

/* The short host name, and the full one where the resolver knows it. */
static void
read_host(char short_name[static HOST_TEXT], char full[static HOST_TEXT])
{
	struct addrinfo hints = {.ai_flags = AI_CANONNAME};
	struct addrinfo *found = NULL;

	if (gethostname(short_name, HOST_TEXT) < 0)
		snprintf(short_name, HOST_TEXT, "localhost");
	short_name[HOST_TEXT - 1] = '\0';
	snprintf(full, HOST_TEXT, "%s", short_name);
	if (getaddrinfo(short_name, NULL, &hints, &found) == 0) {
		if (found->ai_canonname != NULL)
			snprintf(full, HOST_TEXT, "%s", found->ai_canonname);
		freeaddrinfo(found);
	}
	short_name[strcspn(short_name, ".")] = '\0';
}

/* The code for this host name; *ret_columns its width. */
static enum fault
draw(const struct reply *reply, const char *host, char **ret, int *ret_columns)
{
	struct otpauth account = {.issuer = reply->issuer,
	    .user = reply->user,
	    .host = host,
	    .secret = reply->secret,
	    .algorithm = "SHA1",
	    .digits = 6,
	    .period_s = 30};
	char uri[OTPAUTH_MAX];
	enum fault fault = otpauth_format(&account, uri, sizeof(uri));

	if (fault == FAULT_NONE)
		fault = qr_draw(uri, ret, ret_columns);
	explicit_bzero(uri, sizeof(uri));
	return fault;
}

/* The full host name, unless the code would be larger for it. */
static enum fault
draw_smallest(const struct reply *reply, char **ret)
{
	char short_name[HOST_TEXT] = "", full[HOST_TEXT] = "";
	scoped_json_text char *small = NULL, *large = NULL;
	int small_columns = 0, large_columns = 0;
	enum fault fault;

	read_host(short_name, full);
	fault = draw(reply, short_name, &small, &small_columns);
	if (fault == FAULT_NONE &&
	    draw(reply, full, &large, &large_columns) == FAULT_NONE &&
	    large_columns <= small_columns)
		*ret = take(large);
	else if (fault == FAULT_NONE)
		*ret = take(small);
	return fault;
}

/* For whoever cannot scan: the key in groups of four. */
static void
say_key(const char *secret)
{
	char line[160] = "Key: ";
	size_t len = strlen(line);

	for (size_t i = 0; secret[i] != '\0' && len < sizeof(line) - 2; i++) {
		if (i > 0 && i % 4 == 0)
			line[len++] = ' ';
		line[len++] = secret[i];
	}
	line[len] = '\0';
	term_say(line);
	explicit_bzero(line, sizeof(line));
}

/* The last lines stay in sight on a terminal of 24 rows: 21 of code, the key,
 * one sentence, the prompt. */
bool
show_device(const struct reply *reply, const char *message)
{
	scoped_json_text char *code = NULL;

	term_say("");
	term_say("Set up two-step verification: scan this with Google "
		 "Authenticator, Duo Mobile,");
	term_say("Authy, Microsoft Authenticator or another authenticator "
		 "app, or enter the key");
	term_say("below; then type the six digits that the app shows.");
	term_say("");
	if (draw_smallest(reply, &code) != FAULT_NONE)
		return false;
	term_write(code);
	say_key(reply->secret);
	if (message[0] != '\0')
		term_say(message);
	return true;
}

void
show_recovery(const struct reply *reply)
{
	char line[80];

	term_say("Recovery codes, each good for one login without your phone. "
		 "Keep them safe:");
	term_say("");
	for (size_t i = 0; i + 1 < reply->codes.count; i += 2) {
		snprintf(line, sizeof(line), "    %.24s    %.24s",
		    reply->codes.items[i].text, reply->codes.items[i + 1].text);
		term_say(line);
	}
	explicit_bzero(line, sizeof(line));
	term_say("");
}
