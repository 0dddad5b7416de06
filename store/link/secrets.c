#include "store/link/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"

#define PEM_MAX      262144UL
#define PASSWORD_MAX 512

#define FORBIDDEN (S_IRWXG | S_IRWXO)

static bool
fail_read(
    const char *path, const char *words, char ret_why[static FLEET_WHY_TEXT])
{
	snprintf(ret_why, FLEET_WHY_TEXT, "%s: %s", path, words);
	return false;
}

/*
 * Reads the file at path.  A missing one is "" if it may be missing.  Other users
 * must not be able to read a secret: systemd's files are those of the user who
 * runs, root's are root's.
 */
static bool
read_file(const char *path, size_t max, bool secret, bool may_miss, char **ret,
    char ret_why[static FLEET_WHY_TEXT])
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	size_t len = 0;

	if (fd < 0 && errno == ENOENT && may_miss)
		return (*ret = strdup("")) != NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_read(path, strerror(errno), ret_why);
	if (!S_ISREG(st.st_mode))
		return fail_read(path, "is no file", ret_why);
	if (secret && (st.st_mode & FORBIDDEN & ~(mode_t)S_IRGRP) != 0)
		return fail_read(path,
		    "others can read it: chmod 0600, and make it anew",
		    ret_why);
	if (file_read(fd, max + 1, ret, &len) != FAULT_NONE)
		return fail_read(path, "cannot be read", ret_why);
	if (len > max || strlen(*ret) != len)
		return fail_read(path, "is too long, or no text", ret_why);
	return true;
}

static bool
read_secret(const char *folder, const char *name, size_t max, char **ret,
    char ret_why[static FLEET_WHY_TEXT])
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!read_file(path, max, true, true, ret, ret_why))
		return false;
	/* An empty line stands for none: systemd has no empty credential. */
	if ((*ret)[strspn(*ret, "\r\n")] == '\0')
		(*ret)[0] = '\0';
	return true;
}

/* An editor ends a file by a newline, which no password has. */
static void
cut_line(char *text)
{
	text[strcspn(text, "\r\n")] = '\0';
}

static bool
read_certificate(const struct fleet_config *config, const char *folder,
    struct secrets *ret, char ret_why[static FLEET_WHY_TEXT])
{
	const char *path = config->tls.certificate;

	if (path[0] == '\0')
		return (ret->certificate = strdup("")) != NULL;
	if (!read_file(path, PEM_MAX, false, false, &ret->certificate, ret_why))
		return false;
	if (!certificate_ends(ret->certificate, &ret->ends_s))
		return fail_read(path, "has no certificate in PEM", ret_why);
	if (ret->key[0] == '\0') {
		snprintf(ret_why, FLEET_WHY_TEXT,
		    "%.200s/" SECRETS_KEY ": there is no key for the "
		    "certificate %.190s",
		    folder, path);
		return false;
	}
	if (!certificate_has_key(ret->certificate, ret->key))
		return fail_read(
		    path, "is not of the key in " SECRETS_KEY, ret_why);
	return true;
}

bool
secrets_read(const struct fleet_config *config, const char *folder,
    struct secrets *ret, char ret_why[static FLEET_WHY_TEXT])
{
	int64_t ends_s;

	memset(ret, 0, sizeof(*ret));
	snprintf(ret_why, FLEET_WHY_TEXT, "out of memory");
	if (!read_file(
		config->tls.ca, PEM_MAX, false, false, &ret->ca, ret_why) ||
	    !read_secret(folder, SECRETS_KEY, PEM_MAX, &ret->key, ret_why) ||
	    !read_secret(folder, SECRETS_PASSWORD, PASSWORD_MAX, &ret->password,
		ret_why) ||
	    !read_certificate(config, folder, ret, ret_why))
		return false;
	if (!certificate_ends(ret->ca, &ends_s))
		return fail_read(
		    config->tls.ca, "has no certificate in PEM", ret_why);
	cut_line(ret->password);
	if (config->user[0] != '\0' && ret->password[0] == '\0') {
		snprintf(ret_why, FLEET_WHY_TEXT,
		    "%.200s/" SECRETS_PASSWORD
		    ": there is no password for etcd's user %s",
		    folder, config->user);
		return false;
	}
	return true;
}

void
secrets_done(struct secrets *secrets)
{
	json_text_free(&secrets->ca);
	json_text_free(&secrets->certificate);
	json_text_free(&secrets->key);
	json_text_free(&secrets->password);
}
