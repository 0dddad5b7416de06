#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authorities.h"
#include "cleanup.h"
#include "doctor_config.h"
#include "doctor_person.h"
#include "read.h"

bool
authorities_each(const char *path,
    void (*each)(void *ctx, const struct authority *authority), void *ctx)
{
	scoped_free char *text = read_whole(path);
	char *rest = text, *line;

	for (int n = 1; (line = strsep(&rest, "\n")) != NULL; n++) {
		scoped_free char *blob = NULL;
		struct authority authority = {.path = path, .number = n};
		const char *at;

		line[strcspn(line, "\r")] = '\0';
		line += strspn(line, " \t");
		at = line + strcspn(line, " \t");
		at += strspn(at, " \t");
		if (*line == '#' || *at == '\0')
			continue;
		blob = strndup(at, strcspn(at, " \t"));
		if (blob == NULL)
			return false;
		authority.line = line;
		authority.blob = blob;
		each(ctx, &authority);
	}
	return text != NULL;
}

/* Whether a line of text has this authority's key, as an authority. */
static bool
has_authority(const char *text, const char *blob)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		scoped_free char *line = strndup(text, n);

		if (line != NULL && key_options(line).authority &&
		    strstr(line, blob) != NULL)
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

void
key_file_path(const char *word, const struct passwd *pw, char *ret, size_t size)
{
	size_t n = 0;

	if (word[0] != '/' && strncmp(word, "%h", 2) != 0)
		n = (size_t)snprintf(ret, size, "%s/", pw->pw_dir);
	for (; *word != '\0' && n + 1 < size; word++) {
		if (*word != '%' || word[1] == '\0') {
			ret[n++] = *word;
			ret[n] = '\0';
			continue;
		}
		word++;
		if (*word == 'U')
			n += (size_t)snprintf(ret + n, size - n, "%lu",
			    (unsigned long)pw->pw_uid);
		else
			n += (size_t)snprintf(ret + n, size - n, "%s",
			    *word == 'h'       ? pw->pw_dir
				: *word == 'u' ? pw->pw_name
					       : "%");
	}
}

/* A file of keys.files; for everyone only one that is the same for all. */
static char *
read_listed(const char *file, const struct passwd *pw)
{
	char path[2 * CONFIG_WORD];
	size_t len = 0;

	if (pw == NULL)
		return file[0] == '/' ? read_whole(file) : NULL;
	key_file_path(file, pw, path, sizeof(path));
	return read_whole_as(pw, path, KEYS_MS, &len);
}

bool
authority_passes(const struct policy *policy, const struct passwd *pw,
    const struct authority *authority)
{
	if (policy->keys.unlisted == UNLISTED_ALLOW)
		return true;
	for (size_t i = 0; i < policy->keys.files.count; i++) {
		scoped_free char *text = read_listed(
		    policy->keys.files.items[i].text, pw);

		if (text != NULL && has_authority(text, authority->blob))
			return true;
	}
	return false;
}
