#include "show.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "qr.h"
#include "utf8.h"

#define HOST_TEXT 256
#define KEY_LINE  160

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

/* The URI for this host name; *ret_columns: the width of its code. */
static enum fault
format_uri(const struct reply *reply, const char *host,
    char ret[static OTPAUTH_MAX], int *ret_columns)
{
	struct otpauth account = {.issuer = reply->issuer,
	    .user = reply->user,
	    .host = host,
	    .secret = reply->secret,
	    .algorithm = "SHA1",
	    .digits = 6,
	    .period_s = 30};
	scoped_json_text char *code = NULL;
	enum fault fault = otpauth_format(&account, ret, OTPAUTH_MAX);

	if (fault == FAULT_NONE)
		fault = qr_draw(ret, &code, ret_columns);
	if (fault != FAULT_NONE)
		explicit_bzero(ret, OTPAUTH_MAX);
	return fault;
}

enum fault
show_uri(const struct reply *reply, char ret[static OTPAUTH_MAX])
{
	char short_name[HOST_TEXT] = "", full[HOST_TEXT] = "";
	char with_full[OTPAUTH_MAX];
	int short_columns = 0, full_columns = 0;
	enum fault fault;

	read_host(short_name, full);
	fault = format_uri(reply, short_name, ret, &short_columns);
	if (fault == FAULT_NONE &&
	    format_uri(reply, full, with_full, &full_columns) == FAULT_NONE &&
	    full_columns <= short_columns)
		memcpy(ret, with_full, OTPAUTH_MAX);
	explicit_bzero(with_full, sizeof(with_full));
	return fault;
}

/* For whoever cannot scan: the key in groups of four. */
static void
write_key(FILE *out, const char *secret)
{
	fputs("Key:", out);
	for (size_t i = 0; secret[i] != '\0'; i++)
		fprintf(out, "%s%c", i % 4 == 0 ? " " : "", secret[i]);
	fputs("\n", out);
}

static void
write_message(FILE *out, const char *message)
{
	char clean[MESSAGE_TEXT];

	utf8_clean(message, strlen(message), clean, sizeof(clean));
	fprintf(out, "%s\n", clean);
}

/* The last lines stay in sight on a terminal of 24 rows: 21 of code, the key,
 * one sentence, the prompt. */
static void
write_device(
    FILE *out, const struct reply *reply, const char *code, const char *message)
{
	fputs("\n"
	      "Set up two-step verification: scan this with Google "
	      "Authenticator, Duo Mobile,\n"
	      "Authy, Microsoft Authenticator or another authenticator "
	      "app, or enter the key\n"
	      "below; then type the six digits that the app shows.\n"
	      "\n",
	    out);
	fputs(code, out);
	write_key(out, reply->secret);
	if (message[0] != '\0')
		write_message(out, message);
}

enum fault
show_device(const struct reply *reply, const char *message, char **ret)
{
	scoped_json_text char *code = NULL, *text = NULL;
	char uri[OTPAUTH_MAX];
	int columns = 0;
	size_t len = 0;
	FILE *out;
	enum fault fault = show_uri(reply, uri);

	if (fault == FAULT_NONE)
		fault = qr_draw(uri, &code, &columns);
	explicit_bzero(uri, sizeof(uri));
	if (fault != FAULT_NONE)
		return fault;
	out = open_memstream(&text, &len);
	if (out == NULL)
		return FAULT_MEMORY;
	write_device(out, reply, code, message);
	if (ferror(out))
		fault = FAULT_MEMORY;
	if (fclose(out) != 0)
		fault = FAULT_MEMORY;
	if (fault == FAULT_NONE)
		*ret = take(text);
	return fault;
}

void
show_recovery(const struct reply *reply, char ret[static SHOW_RECOVERY_TEXT])
{
	size_t len = 0;

	len += (size_t)snprintf(ret, SHOW_RECOVERY_TEXT,
	    "Recovery codes, each good for one login without your phone. "
	    "Keep them safe:\n\n");
	for (size_t i = 0; i + 1 < reply->codes.count; i += 2)
		len += (size_t)snprintf(ret + len, SHOW_RECOVERY_TEXT - len,
		    "    %.24s    %.24s\n", reply->codes.items[i].text,
		    reply->codes.items[i + 1].text);
	snprintf(ret + len, SHOW_RECOVERY_TEXT - len, "\n");
}
