#include "gate/screen/show.h"

#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "gate/screen/qr.h"
#include "store/base/utf8.h"

/* Writes the key in groups of four, for somebody who cannot scan the code. */
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

/* Returns how many rows a line of that many characters takes. */
static int
rows_of(size_t len, const struct display *display)
{
	int columns = display->columns > 0 ? display->columns : 1;

	return ((int)len + columns - 1) / columns;
}

/* Returns the rows of write_key(): "Key:", and a space before each group of
 * four. */
static int
key_rows(const char *secret, const struct display *display)
{
	size_t len = strlen(secret);

	return rows_of(strlen("Key:") + len + (len + 3) / 4, display);
}

/* Writes the URI in place of the code, and the size of a window that would
 * show one. */
static void
write_text(FILE *out, const char *uri, int side, const struct display *display,
    bool prompt)
{
	enum qr_blocks blocks = display->utf8 ? QR_HALF : QR_FULL;

	fputs("\n"
	      "Set up two-step verification: enter the key below in Google "
	      "Authenticator,\n"
	      "Duo Mobile, Authy, Microsoft Authenticator or another "
	      "authenticator app",
	    out);
	fputs(prompt ? "; then\ntype the six digits that the app shows.\n"
		     : ".\nLogins ask for the six digits that the app shows.\n",
	    out);
	if (prompt && display->columns > 0 && side > 0)
		fprintf(out,
		    "For a QR code begin again (^C) in a window of %d columns by "
		    "%d lines.\n",
		    qr_columns(blocks, side), qr_rows(blocks, side) + 2);
	fprintf(out, "\n%s\n", uri);
}

/* Writes the code; lead: a sentence to stand above it, or "". */
static void
write_code(FILE *out, const char *code, const char *lead, bool prompt)
{
	fputs("\n"
	      "Set up two-step verification: scan this with Google "
	      "Authenticator, Duo Mobile,\n"
	      "Authy, Microsoft Authenticator or another authenticator "
	      "app, or enter the key\n",
	    out);
	fputs(prompt ? "below; then type the six digits that the app shows.\n"
		     : "below. Logins ask for the six digits that the app "
		       "shows.\n",
	    out);
	write_message(out, lead);
	fputs(code, out);
}

/* Keeps the last lines in sight: the code, the key, the message, the
 * prompt.  If that is one line too many, the message goes above the code. */
static enum fault
write_device(FILE *out, const struct reply *reply, const struct scan *scan,
    const struct display *display, const char *message)
{
	scoped_json_text char *drawn = NULL;
	struct qr code = {.width = 0};
	bool prompt = message != NULL;
	bool has_code = scan->modules != NULL && qr_read(scan->modules, &code);
	int side = has_code ? qr_side(&code) : 0;
	int lines = key_rows(reply->secret, display) + 1;
	int more = lines + rows_of(prompt ? strlen(message) : 0, display);
	enum qr_blocks blocks = qr_choose(display, side, more);
	bool above = blocks == QR_NONE;
	enum fault fault;

	if (above)
		blocks = qr_choose(display, side, lines);
	if (!has_code)
		blocks = QR_NONE; /* the key is enough */
	fault = blocks != QR_NONE ? qr_draw(&code, blocks, &drawn) : FAULT_NONE;
	if (fault != FAULT_NONE)
		return fault;
	message = prompt ? message : "";
	above &= blocks != QR_NONE && message[0] != '\0';
	if (blocks == QR_NONE)
		write_text(out, scan->uri, side, display, prompt);
	else
		write_code(out, drawn, above ? message : "", prompt);
	write_key(out, reply->secret);
	if (!above && message[0] != '\0')
		write_message(out, message);
	return FAULT_NONE;
}

enum fault
show_device(const struct reply *reply, const struct scan *scan,
    const struct display *display, const char *message, char **ret)
{
	scoped_json_text char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	enum fault fault;

	if (out == NULL)
		return FAULT_MEMORY;
	fault = write_device(out, reply, scan, display, message);
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
