/*
 * envfuzz: the search for variables that make a login shell run something
 * before the gate, or beside it.
 *
 * sshd runs "SHELL -c tfa-gate" with an environment that a user can fill
 * (~/.pam_environment, ~/.ssh/environment, AcceptEnv).  The SetEnv line of the
 * drop-in beats what they set, so the list of names there must be complete.
 * A list is complete only if somebody has looked for more: this looks.
 *
 *	names.c        every word of the shell, of its libraries and of its own
 *	               files that could be a variable's name
 *	payload.c      the values each of them is given
 *	folder.c       the hostile folder that the values name
 *	environment.c  what sshd makes of them: SetEnv comes last
 *	runner.c       one start of the shell: did the gate run, did anything else
 *	search.c       many variables in one start; a hit is taken apart
 *	control.c      the known ones, without SetEnv: is the search blind?
 *	main.c         options, the shells, what is printed
 *
 * One start carries hundreds of variables, so a search takes seconds.
 */
#ifndef TFA_TESTS_ENVFUZZ_H
#define TFA_TESTS_ENVFUZZ_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NAME_MAX_LEN 40 /* bytes of a variable's name that is looked for */
#define SETENV_MAX   64 /* words of the drop-in's SetEnv */

/* Texts, each once, in the order in which they came. */
struct names {
	char **items;
	size_t count, size;
	size_t *table; /* open addressing; index + 1, 0 is free */
	size_t slots;
};

/* False where it was there already. */
bool names_add(struct names *names, const char *name);
bool names_have(const struct names *names, const char *name);
void names_done(struct names *names);

/* A shell and the words of its files, whether text or binary. */
struct shell {
	const char *path;   /* as it stands in passwd */
	char version[200];  /* the package and its version */
	struct names names; /* known, the program's, others */
	size_t known;       /* how many of the names are known ones */
	size_t own;         /* known ones and those of the program */
	size_t files;       /* how many files were read */
	bool loads;         /* it is dynamic: the loader obeys variables */
};

/* Reads the shell's files; short_form: the binary only.  False where it
 * cannot be read. */
bool shell_read(const char *path, bool short_form, struct shell *ret);
void shell_done(struct shell *shell);

/* The folder of a search, gone afterwards. */
struct folder {
	char dir[PATH_MAX];     /* everybody can reach it */
	char hostile[PATH_MAX]; /* read-only, the user's */
	char marker[PATH_MAX];  /* exists if something has run */
	char gate[PATH_MAX];
	uid_t uid; /* the user who logs in */
	gid_t gid;
};

/* gate: the real one; library: hostile.so. */
void folder_make(const char *gate, const char *library, struct folder *ret);
void folder_remove(const struct folder *folder);

/*
 * Makes value number i (below payload_count) for a name. *ret_name may differ
 * from name: an exported function has a name of its own.
 */
extern const size_t payload_count;
void payload_make(const struct folder *folder, size_t i, const char *name,
    char **ret_name, char **ret_value);

/* The number of the payload that gives this value. */
size_t payload_of(const char *value);

/* A variable of one start: a name and the number of a payload. */
struct variable {
	const char *name;
	size_t payload;
};

/* The words of the drop-in's SetEnv, each "NAME=VALUE". */
struct setenv_line {
	char *words[SETENV_MAX];
	size_t count;
};
bool setenv_read(const char *drop_in, struct setenv_line *ret);

/*
 * Makes the environment as sshd does, NULL-terminated. environment_free() frees
 * it.
 */
char **environment_make(const struct folder *folder, const char *shell,
    const struct variable *variables, size_t count,
    const struct setenv_line *setenv, bool terminal);
void environment_free(char **environment);

/* The result of one start of the shell. */
struct sight {
	bool gate; /* the gate ran */
	bool ran;  /* something else ran */
};

struct runner {
	const struct folder *folder;
	const char *shell;
	const char *command; /* NULL: the gate */
	size_t runs;
	int limit_ms;
};

struct sight
runner_run(struct runner *runner, char **environment, bool terminal);

/* Milliseconds of a clock that only goes forward. */
long long now_ms(void);

struct search {
	struct runner runner;
	const struct setenv_line *setenv;
	uint64_t random;
	size_t names, together; /* how many names were tried */
	size_t found;
	long long end_ms;
	bool cut;            /* the time was over before all were tried */
	struct names known;  /* names that were found; left out */
	struct names poison; /* pairs that only stop the gate; left out */
	/* The last find: the variables that are needed for it. */
	struct variable hit[16];
	size_t hit_count;
};

uint64_t search_random(struct search *search);

/*
 * Tries each name with each payload, with and without a terminal, batch names
 * in one start. Shuffles names. Prints what it finds.
 */
void search_each(
    struct search *search, const char **names, size_t count, size_t batch);

/*
 * Looks for names that are dangerous only together: so many rounds, each start
 * with all names and with values drawn by lot.
 */
void search_together(struct search *search, const char *const *names,
    size_t count, size_t rounds);

/* Starts the shell once with these variables. */
struct sight search_try(struct search *search, const struct variable *variables,
    size_t count, bool terminal);

/*
 * True if these variables make something run. search->hit then has those that
 * are needed for it.
 */
bool search_batch(struct search *search, struct variable *variables,
    size_t count, bool terminal);

/*
 * True if the search, without SetEnv, finds what is known of this shell. Prints
 * what it does not find.
 */
bool control_finds(struct search *search, const struct shell *shell);

#endif
