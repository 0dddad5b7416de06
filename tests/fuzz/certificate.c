#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/sshd/keys.h"
#include "store/wire/claims.h"
#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#define TYPE      "ssh-ed25519-cert-v01@openssh.com"
#define SK_TYPE   "sk-ssh-ed25519-cert-v01@openssh.com"
#define BYTES_MAX 8192

/* A growing buffer in SSH's wire format. */
struct wire {
	uint8_t bytes[BYTES_MAX];
	size_t len;
};

static void
put(struct wire *w, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	must(w->len + len <= sizeof(w->bytes));
	memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

static void
put_string(struct wire *w, const void *bytes, size_t len)
{
	uint8_t size[4] = {0, 0, (uint8_t)(len >> 8), (uint8_t)len};

	put(w, size, sizeof(size));
	put(w, bytes, len);
}

/* Builds a certificate that is well-formed, except that its critical options
 * come from the input. */
static void
put_certificate(struct wire *w, const uint8_t *critical, size_t len)
{
	static const uint8_t zero[32];

	put_string(w, TYPE, strlen(TYPE));
	put_string(w, "nonce", 5);
	put_string(w, zero, 32);
	put(w, zero, 8 + 4);
	put_string(w, "id", 2);
	put_string(w, zero, 0);
	put(w, zero, 8 + 8);
	put_string(w, critical, len);
	put_string(w, zero, 0);
	put_string(w, zero, 0);
	put_string(w, "authority", 9);
	put_string(w, "signature", 9);
}

/* The like, of a hardware key, except that its extensions and principals do. */
static void
put_hardware(struct wire *w, const uint8_t *bytes, size_t len)
{
	static const uint8_t zero[32], user[] = {0, 0, 0, 1};

	put_string(w, SK_TYPE, strlen(SK_TYPE));
	put_string(w, "nonce", 5);
	put_string(w, zero, 32);
	put_string(w, "ssh:", 4);
	put(w, zero, 8);
	put(w, user, sizeof(user));
	put_string(w, "id", 2);
	put_string(w, bytes, len);
	put(w, zero, 8 + 8);
	put_string(w, zero, 0);
	put_string(w, bytes, len);
	put_string(w, zero, 0);
	put_string(w, "authority", 9);
	put_string(w, "signature", 9);
}

static char *
line_of(const char *type, const uint8_t *bytes, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = strlen(type) + len / 3 * 4 + 32;
	char *text = malloc(size);
	size_t n;

	must(text != NULL);
	n = (size_t)snprintf(text, size, "publickey %s ", type);
	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;

		three |= i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0;
		three |= i + 2 < len ? bytes[i + 2] : 0;
		text[n++] = alphabet[three >> 18];
		text[n++] = alphabet[three >> 12 & 63];
		text[n++] = i + 1 < len ? alphabet[three >> 6 & 63] : '=';
		text[n++] = i + 2 < len ? alphabet[three & 63] : '=';
	}
	text[n] = '\0';
	return text;
}

/* Returns the string at *at, or NULL if there is none. */
static const uint8_t *
string(const uint8_t **at, size_t *left, size_t *ret_len)
{
	const uint8_t *p = *at;

	if (*left < 4)
		return NULL;
	*ret_len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 |
	    p[3];
	if (*left - 4 < *ret_len)
		return NULL;
	*at += 4 + *ret_len;
	*left -= 4 + *ret_len;
	return p + 4;
}

/* Checks PROTOCOL.certkeys' rule by a second reader: if we accept a
 * certificate with an option in it, its command is exactly that option's. */
static void
compare(const struct key *key, const uint8_t *critical, size_t left)
{
	static const char force[] = "force-command";
	bool forced = false;

	while (left > 0) {
		size_t name_len = 0, data_len = 0, command_len = 0;
		const uint8_t *name = string(&critical, &left, &name_len);
		const uint8_t *data = string(&critical, &left, &data_len);
		const uint8_t *command;

		must(name != NULL && data != NULL);
		if (name_len != strlen(force) ||
		    memcmp(name, force, name_len) != 0)
			continue;
		command = string(&data, &data_len, &command_len);
		must(command != NULL && !forced && key->force_command != NULL);
		must(strlen(key->force_command) == command_len &&
		    memcmp(key->force_command, command, command_len) == 0);
		forced = true;
	}
	must(forced == (key->force_command != NULL));
}

static void
look(const char *auth, const uint8_t *critical, size_t len)
{
	struct key key;
	char print[KEY_TEXT];

	claims_key(auth, print);
	must(strlen(print) == 0 || strlen(print) == strlen("SHA256:") + 43);
	if (key_parse(auth, &key) != FAULT_NONE)
		return;
	if (key.is_certificate)
		must(key.authority > key.blob &&
		    key.authority + key.authority_len < key.blob + key.len);
	else
		must(key.force_command == NULL);
	if (critical != NULL) {
		must(key.is_certificate);
		compare(&key, critical, len);
	}
	key_done(&key);
}

/* Pairs of a name and data; sshd refuses a certificate where they are not. */
static bool
may_lack_touch(const uint8_t *bytes, size_t left)
{
	static const char word[] = "no-touch-required";

	while (left > 0) {
		size_t name_len = 0, data_len = 0;
		const uint8_t *name = string(&bytes, &left, &name_len);

		if (name == NULL || string(&bytes, &left, &data_len) == NULL)
			return true;
		if (name_len == strlen(word) &&
		    memcmp(name, word, name_len) == 0)
			return true;
	}
	return false;
}

static bool
names(const uint8_t *bytes, size_t left, const char *word)
{
	while (left > 0) {
		size_t len = 0;
		const uint8_t *name = string(&bytes, &left, &len);

		if (name == NULL)
			return false;
		if (len == strlen(word) && memcmp(name, word, len) == 0)
			return true;
	}
	return false;
}

static void
look_hardware(const uint8_t *data, size_t size)
{
	static const char *const words[] = {"alice", "", "no-touch-required"};
	scoped_free char *auth = NULL;
	struct wire w = {.len = 0};
	struct key key;

	put_hardware(&w, data, size);
	auth = line_of(SK_TYPE, w.bytes, w.len);
	must(key_parse(auth, &key) == FAULT_NONE);
	must(key.hardware && key.of_user && !key.verify);
	must(key.no_touch == may_lack_touch(data, size));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		must(key_has_principal(&key, words[i], strlen(words[i])) ==
		    names(data, size, words[i]));
	key_done(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *text = fuzz_text(data, size);
	scoped_free char *blob = line_of("ssh-rsa", data, size);
	scoped_free char *certificate = NULL;
	struct wire w = {.len = 0};

	if (size > BYTES_MAX / 3)
		return 0;
	look_hardware(data, size);
	put_certificate(&w, data, size);
	certificate = line_of(TYPE, w.bytes, w.len);
	look(text, NULL, 0);
	look(blob, NULL, 0);
	look(certificate, data, size);
	return 0;
}
