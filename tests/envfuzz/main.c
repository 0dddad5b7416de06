#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/doctor/person.h"
#include "tests/envfuzz/envfuzz.h"

#define LIMIT_MS  5000 /* for one start */
#define ROUNDS    1500 /* with all the shell's own names together */
#define PATIENCE  20   /* times the time asked for: a busy machine */
#define BATCH_MIN 64
#define BATCH_MAX 1000 /* some shells search all of it for each name */

static const char usage_text[] =
    "usage: envfuzz [--short] [--drop-in FILE] [--seconds N] [--seed N]\n"
    "               [SHELL...]\n"
    "\n"
    "Searches each SHELL, or those of /etc/shells, for variables that make it\n"
    "run something before tfa-gate where SetEnv is as in FILE\n"
    "(etc/sshd-tfa.conf). BUILD names the folder of the programs.\n"
    "\n"
    "  --short      names of the shell's own program; closes with a count\n"
    "  --seconds N  for each shell, about (60; 2 with --short)\n"
    "\n"
    "Exit: 0 nothing found, 1 something found, 2 could not search.\n";

struct options {
	const char *drop_in;
	uint64_t seed;
	long seconds;
	bool short_form;
};

enum result { NOTHING, FOUND, BLIND, SKIPPED };

struct story {
	const struct options *options;
	const struct setenv_line *setenv;
	struct folder folder; /* one for each shell */
	size_t results[SKIPPED + 1];
};

static const struct option longopts[] = {
    {"short", no_argument, NULL, 'q'},
    {"drop-in", required_argument, NULL, 'd'},
    {"seconds", required_argument, NULL, 's'},
    {"seed", required_argument, NULL, 'r'},
    {NULL, 0, NULL, 0},
};

_Noreturn static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(2);
}

static void
take_options(int argc, char **argv, struct options *ret)
{
	int c;

	*ret = (struct options){
	    .drop_in = "etc/sshd-tfa.conf", .seed = (uint64_t)now_ms()};
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1)
		switch (c) {
		case 'q':
			ret->short_form = true;
			break;
		case 'd':
			ret->drop_in = optarg;
			break;
		case 's':
			ret->seconds = strtol(optarg, NULL, 10);
			break;
		case 'r':
			ret->seed = strtoull(optarg, NULL, 10);
			break;
		default:
			usage();
		}
	if (ret->seconds <= 0)
		ret->seconds = ret->short_form ? 2 : 60;
	ret->seed |= 1;
}

/* Capitals, or words with '_' between them: what people call a variable. */
static bool
is_variable(const char *name, bool loud)
{
	bool plain = strchr(name, '_') != NULL && !loud;

	for (const char *p = name; *p != '\0'; p++)
		if (isupper((unsigned char)*p))
			plain = false;
		else if (islower((unsigned char)*p))
			loud = false;
	return plain || loud;
}

/*
 * Picks the known names, and those of the shell's program that are in capitals
 * (loud) or look like a variable. With all, picks every word. The caller frees
 * the list.
 */
static const char **
pick(const struct shell *shell, bool all, bool loud, size_t *ret_count)
{
	size_t last = all ? shell->names.count : shell->own;
	const char **picked = calloc(last + 1, sizeof(*picked));

	if (picked == NULL)
		abort();
	*ret_count = 0;
	for (size_t i = 0; i < last; i++)
		if (all || i < shell->known ||
		    is_variable(shell->names.items[i], loud))
			picked[(*ret_count)++] = shell->names.items[i];
	return picked;
}

/* How many names one start must carry to finish in time. */
static size_t
batch_for(struct search *search, size_t names, long seconds)
{
	long long begun = now_ms();
	size_t runs = search->runner.runs, starts;

	search_batch(search, &(struct variable){"x", 0}, 1, false);
	search_batch(search, &(struct variable){"x", 0}, 1, true);
	runs = search->runner.runs - runs;
	begun = now_ms() - begun;
	starts = (size_t)(seconds * 500 * (long long)runs / (begun + 1)) + 1;
	starts = names * 2 * payload_count / starts + 1;
	return starts < BATCH_MIN ? BATCH_MIN
	    : starts > BATCH_MAX  ? BATCH_MAX
				  : starts;
}

static enum result
report(const struct search *search, const struct shell *shell,
    enum shell_kind kind, long long ms)
{
	enum result result = NOTHING;

	printf("%s (%s): %zu names of %zu files, %zu values, %zu starts in "
	       "%lld.%lld s; %zu pairs only refuse; %s%s\n",
	    shell->path, shell->version, search->names, shell->files,
	    payload_count, search->runner.runs, ms / 1000, ms % 1000 / 100,
	    search->poison.count,
	    search->found > 0 ? "something ran" : "nothing ran",
	    search->cut ? "; NOT FINISHED in time" : "");
	fflush(stdout);
	if (search->found > 0 && kind == SHELL_OPEN)
		printf("%s: as doctor says of it\n", shell->path);
	else if (search->found > 0)
		result = FOUND;
	else if (search->cut)
		result = BLIND;
	return result;
}

static void
search_all(
    const struct story *story, struct search *search, const struct shell *shell)
{
	const struct options *options = story->options;
	const char **names = pick(
	    shell, !options->short_form, false, &search->names);

	search->end_ms = now_ms() + options->seconds * 1000 * PATIENCE;
	search_each(search, names, search->names,
	    batch_for(search, search->names, options->seconds));
	free(names);
	names = pick(shell, false, true, &search->together);
	search_together(
	    search, names, search->together, options->short_form ? 40 : ROUNDS);
	free(names);
}

/*
 * doctor tries each shell; a shell that does not run the gate is a FAIL there.
 */
static enum result
no_search(const struct shell *shell, enum shell_kind kind)
{
	bool known = kind == SHELL_RUNS || kind == SHELL_READS_HOME;

	printf("%s (%s): does not run the gate%s\n", shell->path,
	    shell->version, known ? ", as it should" : "; not searched");
	return known ? BLIND : SKIPPED;
}

static enum result
search_shell(const struct story *story, struct shell *shell)
{
	enum shell_kind kind = shell_kind(shell->path);
	long long begun = now_ms();
	struct search search = {.setenv = story->setenv,
	    .random = story->options->seed,
	    .runner = {.folder = &story->folder,
		.shell = shell->path,
		.limit_ms = LIMIT_MS}};
	enum result result;

	if (!search_try(&search, NULL, 0, false).gate)
		return no_search(shell, kind);
	if (!control_finds(&search, shell))
		return BLIND;
	search_all(story, &search, shell);
	result = report(&search, shell, kind, now_ms() - begun);
	names_done(&search.known);
	names_done(&search.poison);
	return result;
}

static enum result
look_at(struct story *story, const char *path)
{
	const char *build = getenv("BUILD") != NULL ? getenv("BUILD") : "build";
	char gate[PATH_MAX], library[PATH_MAX];
	enum result result = BLIND;
	struct shell shell;

	snprintf(gate, sizeof(gate), "%s/tfa-gate", build);
	snprintf(library, sizeof(library), "%s/envfuzz.so", build);
	folder_make(gate, library, &story->folder);
	if (shell_read(path, story->options->short_form, &shell)) {
		names_add(&shell.names, story->folder.gate);
		result = search_shell(story, &shell);
	} else {
		printf("%s: cannot be read\n", path);
	}
	shell_done(&shell);
	folder_remove(&story->folder);
	return result;
}

/* Waits for one search to end, and counts its status. */
static void
take_one(struct story *story)
{
	int status;

	if (wait(&status) < 0)
		return;
	story->results[WIFEXITED(status) && WEXITSTATUS(status) <= SKIPPED
		? WEXITSTATUS(status)
		: BLIND]++;
}

/* Runs as many searches at a time as there are processors. */
static void
look_at_all(struct story *story, const struct names *shells)
{
	long most = sysconf(_SC_NPROCESSORS_ONLN), running = 0;
	pid_t pid;

	for (size_t i = 0; i < shells->count; i++) {
		if (running >= most) {
			take_one(story);
			running--;
		}
		pid = fork();
		if (pid < 0) {
			perror("envfuzz: fork");
			exit(2);
		}
		if (pid == 0)
			exit((int)look_at(story, shells->items[i]));
		running++;
	}
	for (; running > 0; running--)
		take_one(story);
}

/*
 * Lists a program once: /bin/bash and /usr/bin/bash are the same, bash and
 * rbash are not.
 */
static void
add_shell(struct names *shells, struct names *seen, const char *path)
{
	char real[PATH_MAX], key[2 * PATH_MAX];

	if (path[0] != '/' || realpath(path, real) == NULL)
		return;
	snprintf(key, sizeof(key), "%s %s", real, strrchr(path, '/'));
	if (names_add(seen, key))
		names_add(shells, path);
}

static void
list_shells(struct names *ret)
{
	FILE *file = fopen("/etc/shells", "re");
	struct names seen = {.items = NULL};
	char line[PATH_MAX];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, " \t\n")] = '\0';
		add_shell(ret, &seen, line);
	}
	if (file != NULL)
		fclose(file);
	names_done(&seen);
}

static int
finish(const struct story *story)
{
	const size_t *results = story->results;

	if (story->options->short_form)
		printf("envfuzz: %zu passed, %zu failed\n", results[NOTHING],
		    results[FOUND] + results[BLIND]);
	else
		printf("envfuzz: %zu shells searched, something found in %zu, "
		       "%zu could not be searched\n",
		    results[NOTHING] + results[FOUND], results[FOUND],
		    results[BLIND]);
	if (results[FOUND] > 0)
		return 1;
	return results[BLIND] > 0 || results[NOTHING] == 0 ? 2 : 0;
}

static void
leave_no_core(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	unsetenv("LD_PRELOAD");
	umask(022);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

int
main(int argc, char **argv)
{
	struct setenv_line setenv;
	struct options options;
	struct story story = {.options = &options, .setenv = &setenv};
	struct names shells = {.items = NULL};

	take_options(argc, argv, &options);
	if (!setenv_read(options.drop_in, &setenv)) {
		fprintf(stderr, "envfuzz: no SetEnv in %s\n", options.drop_in);
		return 2;
	}
	for (int i = optind; i < argc; i++)
		names_add(&shells, argv[i]);
	if (shells.count == 0)
		list_shells(&shells);
	leave_no_core();
	look_at_all(&story, &shells);
	names_done(&shells);
	return finish(&story);
}
