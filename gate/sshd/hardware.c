#include <stdlib.h>
#include <string.h>

#include "gate/sshd/hardware.h"
#include "gate/sshd/keyline.h"
#include "store/base/cleanup.h"

/* One line is compared with this. */
struct reading {
	enum hardware_place place;
	const struct key *key;
	const char *user;
	struct hardware_lines *lines;
};

/* True if the certificate names one of the principals, as sshd compares them:
 * a comma between two, and each as it is written. */
static bool
names_listed(const struct key *key, const char *principals)
{
	while (*principals != '\0') {
		size_t n = strcspn(principals, ",");

		if (n > 0 && key_has_principal(key, principals, n))
			return true;
		principals += n + (principals[n] == ',');
	}
	return false;
}

static bool
names_user(const struct reading *r)
{
	return key_has_principal(r->key, r->user, strlen(r->user));
}

/* True if this line may have let the key in.  sshd takes a certificate without
 * principals for anybody's, where the line names none, either; here such a one
 * is nobody's. */
static bool
may_let_in(const struct reading *r, const struct keyline_options *options)
{
	if (!r->key->is_certificate)
		return true;
	if (options->principals != NULL)
		return names_listed(r->key, options->principals);
	return names_user(r);
}

static void
take_line(const struct reading *r, const struct keyline_options *options)
{
	struct hardware_lines *lines = r->lines;

	if (options->no_touch)
		lines->no_touch = true;
	if (!may_let_in(r, options))
		return;
	lines->count++;
	if (!options->verify || options->no_verify)
		lines->unverified = true;
	if (options->limited)
		lines->limited = true;
	if (r->place == HARDWARE_ROOTS)
		lines->roots = true;
}

/* A line of a file of authorities is a key and nothing else.  sshd lets a
 * certificate in by it with other principals too, where its
 * AuthorizedPrincipalsFile, which may be a user's, has them: only the user's
 * name counts. */
static void
take_authority(const struct reading *r, const struct keyline *line)
{
	if (line->options[0] != '\0' || !line->typed)
		return;
	r->lines->count++;
	r->lines->unverified = true;
	if (names_user(r))
		r->lines->roots = true;
}

/* A line that has the key.  One of an authority is about its certificates, and
 * any other line with that key is not. */
static void
take_known(const struct reading *r, const struct keyline *line)
{
	struct keyline_options options;
	bool ok = keyline_options(line->options, &options) && line->typed;

	if (!ok || (options.authority && !r->key->is_certificate))
		r->lines->no_touch = true;
	else if (options.authority == r->key->is_certificate)
		take_line(r, &options);
	keyline_options_done(&options);
}

static void
read_line(const struct reading *r, const char *text)
{
	const struct key *key = r->key;
	const uint8_t *bytes = key->is_certificate ? key->authority : key->blob;
	size_t len = key->is_certificate ? key->authority_len : key->len;
	struct keyline line;
	bool known = keyline_read(text, &line) && line.len == len &&
	    memcmp(line.blob, bytes, len) == 0;

	if (known && r->place == HARDWARE_AUTHORITIES)
		take_authority(r, &line);
	else if (known)
		take_known(r, &line);
	else if (key_is_mentioned(text, key) || key_is_rewritten(text, key))
		r->lines->no_touch = true;
	keyline_done(&line);
}

void
hardware_read(const char *text, enum hardware_place place,
    const struct key *key, const char *user, struct hardware_lines *lines)
{
	struct reading r = {
	    .place = place, .key = key, .user = user, .lines = lines};

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		scoped_free char *line = strndup(text, n);

		if (line == NULL) {
			lines->no_touch = true;
			return;
		}
		read_line(&r, line);
		text += n + (text[n] == '\n');
	}
}

enum hardware
hardware_judge(const struct key *key, const struct hardware_lines *lines,
    const char **ret_why)
{
	*ret_why = !key->hardware                  ? "is no hardware key"
	    : key->is_certificate && !key->of_user ? "is a host's certificate"
	    : key->no_touch ? "is a certificate that needs no touch"
	    : !lines->roots
	    ? "is in no file of hardware_files that counts for this user"
	    : lines->no_touch
	    ? "has a line with no-touch-required, or one that cannot be read"
	    : lines->limited && lines->count > 1
	    ? "has a line with a limit, and another line"
	    : NULL;
	if (*ret_why != NULL)
		return HARDWARE_NONE;
	return key->verify || !lines->unverified ? HARDWARE_PIN
						 : HARDWARE_TOUCH;
}
