#include "store/link/secrets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/guarded.h"

#define TEXT_MAX 262144UL

/* systemd lets the link's user read by an ACL, whose mask looks as if the group
 * could read. */
#define FORBIDDEN (S_IWGRP | S_IXGRP | S_IRWXO)

static bool
fail_read(
    const char *path, const char *words, char ret_why[static FLEET_WHY_TEXT])
{
	snprintf(ret_why, FLEET_WHY_TEXT, "%.300s: %.200s", path, words);
	return false;
}

/* Reads a text that root, or the user who runs, alone can have written. */
static bool
read_pem(const char *path, uid_t owner, char **ret,
    char ret_why[static FLEET_WHY_TEXT])
{
	size_t len = 0;

	if (guarded_read(path, owner, TEXT_MAX + 1, ret, &len, ret_why) !=
	    FAULT_NONE)
		return false;
	if (len > TEXT_MAX || strlen(*ret) != len)
		return fail_read(path, "is too long, or no text", ret_why);
	return true;
}

/* A missing file, or an empty line, stands for no secret: systemd has no empty
 * credential. */
static bool
read_secret(const char *folder, const char *name, char **ret,
    char ret_why[static FLEET_WHY_TEXT])
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (lstat(path, &st) < 0 && errno == ENOENT)
		return (*ret = strdup("")) != NULL;
	if (!read_pem(path, geteuid(), ret, ret_why))
		return false;
	if (stat(path, &st) < 0 || (st.st_mode & FORBIDDEN) != 0)
		return fail_read(path,
		    "others can read it: make it anew, with mode 0600",
		    ret_why);
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
	if (!read_pem(path, 0, &ret->certificate, ret_why))
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
	if (!read_pem(config->tls.ca, 0, &ret->ca, ret_why) ||
	    !read_secret(folder, SECRETS_KEY, &ret->key, ret_why) ||
	    !read_secret(folder, SECRETS_PASSWORD, &ret->password, ret_why) ||
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
