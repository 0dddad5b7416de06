#include "admin/store/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"

static int
no_memory(void)
{
	admin_say("out of memory");
	return ADMIN_NOT;
}

static bool
draw(void *bytes, size_t len)
{
	if (getrandom(bytes, len, 0) == (ssize_t)len)
		return true;
	admin_say("no random bytes: %s", strerror(errno));
	return false;
}

/* A key of its own id, behind the others. */
static bool
draw_key(struct keyring *ring)
{
	struct keyring_key *key = &ring->keys[ring->count];

	do {
		if (!draw(key->id, sizeof(key->id)) ||
		    !draw(key->bytes, sizeof(key->bytes)))
			return false;
	} while (keyring_find(ring, key->id) != NULL);
	key->since_s = time(NULL);
	ring->count++;
	return true;
}

int
keyfile_new_fleet(struct site *site)
{
	struct keyring *ring = NULL;

	if (keyring_new(&ring) != FAULT_NONE)
		return no_memory();
	if (!draw(ring->fleet, sizeof(ring->fleet)) || !draw_key(ring)) {
		keyring_free(ring);
		return ADMIN_NOT;
	}
	memcpy(ring->use, ring->keys[0].id, sizeof(ring->use));
	keyring_free(site->ring);
	site->ring = ring;
	site->remote.ring = ring;
	return ADMIN_DONE;
}

int
keyfile_add(struct site *site, char ret_id[static KEYRING_ID_TEXT])
{
	struct keyring *ring = site->ring;

	if (ring->count == KEYRING_MOST) {
		admin_say("%s has %d keys already: tfa-admin store reseal, and "
			  "then store key drop an old one",
		    site->key_path, KEYRING_MOST);
		return ADMIN_NOT;
	}
	if (!draw_key(ring))
		return ADMIN_NOT;
	keyring_id_say(ring->keys[ring->count - 1].id, ret_id);
	return ADMIN_DONE;
}

/* *ret_name: the file's name, within path.  -1, after a message. */
static int
open_folder(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	int fd;

	*ret_name = slash != NULL ? slash + 1 : path;
	snprintf(folder, sizeof(folder), "%.*s",
	    slash != NULL ? (int)(slash - path + 1) : 1,
	    slash != NULL ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		admin_say("%s: %s", folder, strerror(errno));
	return fd;
}

int
keyfile_write(const struct site *site)
{
	scoped_json_text char *text = NULL;
	const char *name;
	scoped_fd int folder = open_folder(site->key_path, &name);
	char new[NAME_MAX];

	if (folder < 0)
		return ADMIN_NOT;
	if (keyring_format(site->ring, &text) != FAULT_NONE)
		return no_memory();
	snprintf(new, sizeof(new), ".%.200s.new", name);
	if (file_replace(folder, name, new, 0600, (uid_t)-1, (gid_t)-1, text,
		strlen(text)) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s: %s", site->key_path, strerror(errno));
	return ADMIN_NOT;
}

static bool
overwrite(int folder, const char *name)
{
	scoped_fd int fd = openat(
	    folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_free char *zeros = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size > (off_t)KEYRING_MAX)
		return false;
	zeros = calloc(1, (size_t)st.st_size + 1);
	return zeros != NULL &&
	    file_write(fd, zeros, (size_t)st.st_size) == FAULT_NONE &&
	    fsync(fd) == 0;
}

int
keyfile_remove(const struct site *site)
{
	const char *name;
	scoped_fd int folder = open_folder(site->key_path, &name);

	if (folder < 0)
		return ADMIN_NOT;
	(void)overwrite(folder, name);
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return ADMIN_DONE;
	admin_say("%s: %s", site->key_path, strerror(errno));
	return ADMIN_NOT;
}

int
keyfile_find(const struct site *site, const char *id)
{
	char said[KEYRING_ID_TEXT];

	for (size_t i = 0; i < site->ring->count; i++) {
		keyring_id_say(site->ring->keys[i].id, said);
		if (strcmp(said, id) == 0)
			return (int)i;
	}
	admin_say("there is no key \"%.40s\" in %s: tfa-admin store status "
		  "names them",
	    id, site->key_path);
	return -1;
}
