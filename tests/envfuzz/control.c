/*
 * A search that finds nothing proves nothing unless it can find.  So, before
 * it, without SetEnv: what is known of each shell has to be found, among as
 * many neighbours as in the search and by the same code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/envfuzz/envfuzz.h"

#define NEIGHBOURS 255

struct known {
	const char *program; /* NULL: any dynamic program */
	const char *name;
	const char *also; /* a second variable that must be 1, or NULL */
};

/* Under sshd bash reads ~/.bashrc where SHLVL is below 2, else BASH_ENV. */
static const struct known known[] = {
    {NULL, "LD_PRELOAD", NULL},
    {NULL, "LD_AUDIT", NULL},
    {"bash", "BASH_ENV", "SHLVL"},
    {"bash", "HOME", NULL},
    {"bash-static", "BASH_ENV", "SHLVL"},
    {"bash-static", "HOME", NULL},
    {"zsh", "ZDOTDIR", NULL},
    {"zsh", "HOME", NULL},
    {"zsh-static", "ZDOTDIR", NULL},
    {"zsh-static", "HOME", NULL},
    {"fish", "fish_function_path", NULL},
    {"fish", "XDG_CONFIG_HOME", NULL},
    {"fish", "XDG_DATA_HOME", NULL},
    {"fish", "XDG_DATA_DIRS", NULL},
    {"fish", "HOME", NULL},
    {"tcsh", "HOME", NULL},
    {"csh", "HOME", NULL},
    {"xonsh", "PYTHONPATH", NULL},
};

/*
 * Checks the observation itself: a command in the gate's place leaves the
 * marker.
 */
static bool
sees_a_command(struct search *search, bool terminal)
{
	char command[PATH_MAX + 20];
	char **environment = environment_make(search->runner.folder,
	    search->runner.shell, NULL, 0, search->setenv, terminal);
	struct sight sight;

	snprintf(command, sizeof(command), "/usr/bin/touch %s",
	    search->runner.folder->marker);
	search->runner.command = command;
	sight = runner_run(&search->runner, environment, terminal);
	search->runner.command = NULL;
	environment_free(environment);
	return sight.ran;
}

static bool
is_in_setenv(const struct setenv_line *setenv, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < setenv->count; i++)
		if (strncmp(setenv->words[i], name, len) == 0 &&
		    setenv->words[i][len] == '=')
			return true;
	return false;
}

static bool
is_known(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			return true;
	return false;
}

/* Adds neighbours to a batch: random names that are not known ones. */
static size_t
gather(struct search *search, const struct shell *shell,
    const struct setenv_line *setenv, size_t count, struct variable *ret)
{
	for (size_t i = 0; i < 4 * NEIGHBOURS && count <= NEIGHBOURS; i++) {
		const char *other = shell->names.items[search_random(search) %
		    shell->names.count];

		if (is_in_setenv(setenv, other) || is_known(other))
			continue;
		ret[count].name = other;
		ret[count].payload = (size_t)(search_random(search) %
		    payload_count);
		count++;
	}
	return count;
}

/* True if the marker appears with the variable and not without it. */
static bool
tells(
    struct search *search, struct variable *batch, size_t count, bool terminal)
{
	return search_try(search, batch, count, terminal).ran &&
	    !search_try(search, batch + 1, count - 1, terminal).ran;
}

static bool
finds(struct search *search, const struct shell *shell,
    const struct known *wanted, const struct setenv_line *setenv)
{
	struct variable batch[NEIGHBOURS + 2];

	if (!names_have(&shell->names, wanted->name))
		return false;
	for (size_t i = 0; i < 2 * payload_count; i++) {
		size_t count = 0;

		batch[count].name = wanted->name;
		batch[count++].payload = i % payload_count;
		if (wanted->also != NULL) {
			batch[count].name = wanted->also;
			batch[count++].payload = payload_of("1");
		}
		count = gather(search, shell, setenv, count, batch);
		if (tells(search, batch, count, i >= payload_count))
			return true;
	}
	return false;
}

static bool
is_of(const struct shell *shell, const char *program)
{
	if (program == NULL)
		return shell->loads;
	return strcmp(strrchr(shell->path, '/') + 1, program) == 0;
}

bool
control_finds(struct search *search, const struct shell *shell)
{
	const struct setenv_line *setenv = search->setenv;
	bool ok = sees_a_command(search, false) && sees_a_command(search, true);

	if (!ok)
		printf(
		    "BLIND  %s: no trace of a command that ran\n", shell->path);
	search->setenv = NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_of(shell, known[i].program) &&
		    !finds(search, shell, &known[i], setenv)) {
			printf("BLIND  %s: without SetEnv %s should be found\n",
			    shell->path, known[i].name);
			ok = false;
		}
	search->setenv = setenv;
	return ok;
}
