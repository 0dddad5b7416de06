#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "store/wire/claims.h"
#include "store/wire/connection.h"
#include "store/base/cleanup.h"
#include "store/base/hash.h"

/* Padded base64 of len characters; its bytes in ret, at most len * 3 / 4. */
static bool
decode_base64(const char *text, size_t len, uint8_t *ret, size_t *ret_len)
{
	int n;

	if (len == 0 || len % 4 != 0 || len > 65536)
		return false;
	n = EVP_DecodeBlock(ret, (const uint8_t *)text, (int)len);
	if (n < 0)
		return false;
	*ret_len = (size_t)n - (text[len - 1] == '=') - (text[len - 2] == '=');
	return true;
}

/* The third word of "publickey TYPE BLOB". */
static const char *
find_blob(const char *auth, size_t *ret_len)
{
	static const char method[] = "publickey ";
	const char *blob;

	if (auth == NULL || strncmp(auth, method, sizeof(method) - 1) != 0)
		return NULL;
	blob = strchr(auth + sizeof(method) - 1, ' ');
	if (blob == NULL)
		return NULL;
	*ret_len = strcspn(++blob, " \t\r\n");
	return blob;
}

void
claims_key(const char *auth, char ret[static KEY_TEXT])
{
	static const char prefix[] = "SHA256:";
	uint8_t digest[HASH_BYTES];
	uint8_t text[64];
	scoped_free uint8_t *bytes = NULL;
	size_t len = 0, n = 0;
	const char *blob = find_blob(auth, &len);

	memset(ret, 0, KEY_TEXT);
	if (blob == NULL || (bytes = malloc(len + 1)) == NULL ||
	    !decode_base64(blob, len, bytes, &n) ||
	    !hash_bytes(bytes, n, digest))
		return;
	EVP_EncodeBlock(text, digest, sizeof(digest));
	memcpy(ret, prefix, sizeof(prefix) - 1);
	memcpy(ret + sizeof(prefix) - 1, text, 43);
}

void
claims_connection(
    const char *boot_id, const char *path, char ret[static CONNECTION_TEXT])
{
	char both[PATH_TEXT + 64];
	size_t id_len = strlen(boot_id), path_len = strlen(path);

	memset(ret, 0, CONNECTION_TEXT);
	if (id_len == 0 || path_len == 0 ||
	    id_len + 1 + path_len > sizeof(both))
		return;
	memcpy(both, boot_id, id_len + 1);
	memcpy(both + id_len + 1, path, path_len);
	(void)hash_hex(both, id_len + 1 + path_len, ret);
}

void
claims_address(const char *text, char ret[static ADDRESS_TEXT])
{
	struct address address;

	memset(ret, 0, ADDRESS_TEXT);
	if (address_parse(text, &address))
		address_format(&address, ret);
}

void
claims_login(const struct request *request, const char *boot_id, int64_t now_s,
    struct login *ret)
{
	/* At the door nobody can set a device up, and nobody may be there to
	 * read what is said only once, on a terminal. */
	*ret = (struct login){.terminal = request->terminal && !request->door,
	    .shell = request->shell && !request->door,
	    .door = request->door,
	    .by_door = connection_is_door(request->auth_path),
	    .now_s = now_s};
	claims_address(request->address, ret->address);
	claims_key(request->auth, ret->key);
	claims_connection(boot_id, request->auth_path, ret->connection);
	if (ret->key[0] != '\0')
		ret->hardware = (enum hardware)request->hardware;
}
