/*
 * The environment in which sshd starts the shell (session.c, do_setup_env()):
 * who logs in, then what the user or PAM set, then SetEnv, then what sshd
 * knows of the connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/envfuzz/envfuzz.h"

struct environment {
	char **items;
	size_t count, size;
};

static size_t
name_len(const char *word)
{
	return strcspn(word, "=");
}

/* Does not check for a duplicate: the names of a batch differ. */
static void
append(struct environment *env, char *word)
{
	if (env->count + 1 >= env->size) {
		env->size = env->size > 0 ? env->size * 2 : 512;
		env->items = realloc(
		    env->items, env->size * sizeof(*env->items));
	}
	if (env->items == NULL || word == NULL)
		abort();
	env->items[env->count++] = word;
	env->items[env->count] = NULL;
}

static void
set(struct environment *env, const char *word)
{
	size_t len = name_len(word);

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], word, len) == 0 &&
		    env->items[i][len] == '=') {
			free(env->items[i]);
			env->items[i] = strdup(word);
			return;
		}
	append(env, strdup(word));
}

static bool
is_first(const struct environment *env, size_t count, const char *word)
{
	size_t len = name_len(word);

	for (size_t i = 0; i < count; i++)
		if (strncmp(env->items[i], word, len) == 0 &&
		    env->items[i][len] == '=')
			return false;
	return true;
}

static void
set_person(struct environment *env, const char *shell, bool terminal)
{
	static const char *const words[] = {"USER=nobody", "LOGNAME=nobody",
	    "HOME=/nonexistent", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/games",
	    "MAIL=/var/mail/nobody"};
	char text[PATH_MAX + 10];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		set(env, words[i]);
	snprintf(text, sizeof(text), "SHELL=%s", shell);
	set(env, text);
	if (terminal)
		set(env, "TERM=xterm");
}

static void
set_variables(struct environment *env, const struct folder *folder,
    const struct variable *variables, size_t count)
{
	size_t people = env->count;

	for (size_t i = 0; i < count; i++) {
		char *name, *value, *word = NULL;

		payload_make(folder, variables[i].payload, variables[i].name,
		    &name, &value);
		if (asprintf(&word, "%s=%s", name, value) < 0)
			abort();
		free(name);
		free(value);
		if (is_first(env, people, word)) {
			append(env, word);
		} else {
			set(env, word);
			free(word);
		}
	}
}

char **
environment_make(const struct folder *folder, const char *shell,
    const struct variable *variables, size_t count,
    const struct setenv_line *setenv, bool terminal)
{
	struct environment env = {.items = NULL};

	set_person(&env, shell, terminal);
	set_variables(&env, folder, variables, count);
	for (size_t i = 0; setenv != NULL && i < setenv->count; i++)
		set(&env, setenv->words[i]);
	set(&env, "SSH_CLIENT=192.0.2.1 40000 22");
	set(&env, "SSH_CONNECTION=192.0.2.1 40000 192.0.2.2 22");
	if (terminal)
		set(&env, "SSH_TTY=/dev/pts/0");
	return env.items;
}

void
environment_free(char **environment)
{
	for (size_t i = 0; environment[i] != NULL; i++)
		free(environment[i]);
	free(environment);
}

static void
take_words(char *line, struct setenv_line *ret)
{
	char *rest = NULL;
	char *word = strtok_r(line, " \t\n", &rest);

	if (word == NULL || strcasecmp(word, "SetEnv") != 0)
		return;
	while ((word = strtok_r(NULL, " \t\n", &rest)) != NULL)
		if (ret->count < SETENV_MAX)
			ret->words[ret->count++] = strdup(word);
}

/* Our SetEnv line has no quoted words, so none are read. */
bool
setenv_read(const char *drop_in, struct setenv_line *ret)
{
	FILE *file = fopen(drop_in, "re");
	char line[8192];

	*ret = (struct setenv_line){.count = 0};
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (ret->count == 0)
			take_words(line, ret);
	if (file != NULL)
		fclose(file);
	return ret->count > 0;
}
