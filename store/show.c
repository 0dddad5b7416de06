#include "show.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "qr.h"
#include "utf8.h"

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

/* The URI for this host name; *ret_side: how large its code is. */
static enum fault
format_uri(const struct reply *reply, const char *host,
    char ret[static OTPAUTH_MAX], int *ret_side)
{
	struct otpauth account = {.issuer = reply->issuer,
	    .user = reply->user,
	    .host = host,
	    .secret = reply->secret,
	    .algorithm = "SHA1",
	    .digits = 6,
	    .period_s = 30};
	enum fault fault = otpauth_format(&account, ret, OTPAUTH_MAX);

	*ret_side = 0;
	if (fault == FAULT_NONE)
		fault = qr_side(ret, ret_side);
	if (fault == FAULT_ABSENT)
		fault = FAULT_NONE; /* no code to be small */
	if (fault != FAULT_NONE)
		explicit_bzero(ret, OTPAUTH_MAX);
	return fault;
}

enum fault
show_uri(const struct reply *reply, char ret[static OTPAUTH_MAX])
{
	char short_name[HOST_TEXT] = "", full[HOST_TEXT] = "";
	char with_full[OTPAUTH_MAX];
	int short_side = 0, full_side = 0;
	enum fault fault;

	read_host(short_name, full);
	fault = format_uri(reply, short_name, ret, &short_side);
	if (fault == FAULT_NONE &&
	    format_uri(reply, full, with_full, &full_side) == FAULT_NONE &&
	    full_side <= short_side)
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

/* How many rows a line of that many characters takes. */
static int
rows_of(size_t len, const struct display *display)
{
	int columns = display->columns > 0 ? display->columns : 1;

	return ((int)len + columns - 1) / columns;
}

/* "Key:" and a space before each four. */
static int
key_rows(const char *secret, const struct display *display)
{
	size_t len = strlen(secret);

	return rows_of(strlen("Key:") + len + (len + 3) / 4, display);
}

/* Why there is no code, and which window would have one. */
static void
write_text(FILE *out, const char *uri, int side, const struct display *display)
{
	enum qr_blocks blocks = display->utf8 ? QR_HALF : QR_FULL;

	fputs("\n"
	      "Set up two-step verification: enter the key below in Google "
	      "Authenticator,\n"
	      "Duo Mobile, Authy, Microsoft Authenticator or another "
	      "authenticator app; then\n"
	      "type the six digits that the app shows.\n",
	    out);
	if (display->columns > 0 && side > 0)
		fprintf(out,
		    "For a QR code make the window %d columns by %d lines, and "
		    "begin again.\n",
		    qr_columns(blocks, side), qr_rows(blocks, side) + 2);
	fprintf(out, "\n%s\n", uri);
}

/* lead: a sentence above the code, or "". */
static void
write_code(FILE *out, const char *code, const char *lead)
{
	fputs("\n"
	      "Set up two-step verification: scan this with Google "
	      "Authenticator, Duo Mobile,\n"
	      "Authy, Microsoft Authenticator or another authenticator "
	      "app, or enter the key\n"
	      "below; then type the six digits that the app shows.\n",
	    out);
	write_message(out, lead);
	fputs(code, out);
}

/*
 * The last lines stay in sight: the code, the key, one sentence, the prompt.
 * Where that is one line too many, the sentence goes above the code.
 */
static enum fault
write_device(FILE *out, const struct reply *reply, const char *uri,
    const struct display *display, const char *message)
{
	scoped_json_text char *code = NULL;
	int lines = key_rows(reply->secret, display) + 1, side = 0;
	int more = lines + rows_of(strlen(message), display);
	enum fault fault = qr_side(uri, &side);
	enum qr_blocks blocks = qr_choose(display, side, more);
	bool above = blocks == QR_NONE;

	if (above)
		blocks = qr_choose(display, side, lines);
	if (fault == FAULT_NONE)
		fault = qr_draw(uri, blocks, &code);
	if (fault == FAULT_ABSENT)
		blocks = QR_NONE; /* the key does as well */
	else if (fault != FAULT_NONE)
		return fault;
	above &= blocks != QR_NONE && message[0] != '\0';
	if (blocks == QR_NONE)
		write_text(out, uri, side, display);
	else
		write_code(out, code, above ? message : "");
	write_key(out, reply->secret);
	if (!above && message[0] != '\0')
		write_message(out, message);
	return FAULT_NONE;
}

enum fault
show_device(const struct reply *reply, const struct display *display,
    const char *message, char **ret)
{
	scoped_json_text char *text = NULL;
	char uri[OTPAUTH_MAX];
	size_t len = 0;
	FILE *out;
	enum fault fault = show_uri(reply, uri);

	if (fault != FAULT_NONE)
		return fault;
	out = open_memstream(&text, &len);
	if (out == NULL)
		return FAULT_MEMORY;
	fault = write_device(out, reply, uri, display, message);
	explicit_bzero(uri, sizeof(uri));
	if (fault == FAULT_NONE && ferror(out))
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
		    "  %.24s    %.24s\n", reply->codes.items[i].text,
		    reply->codes.items[i + 1].text);
	snprintf(ret + len, SHOW_RECOVERY_TEXT - len, "\n");
}
