/*
 * sshd's configuration as its files have it: all lines in the order in which
 * sshd reads them, through Include and Match, each with its file and number.
 * "sshd -T" says which settings hold; the lines say which of them is to blame.
 * This module reads texts; the caller reads the files.
 */
#ifndef TFA_CONFIG_H
#define TFA_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/sshd/config_words.h"
#include "store/json/json.h"

#define CONFIG_LINES   20000
#define CONFIG_DEPTH   16 /* of Include, as in sshd */
#define CONFIG_DEFAULT CONFIG_FOLDER "/sshd_config"
#define CONFIG_SITE    "00-site.conf" /* beside it, for the site's own */
#define CONFIG_OURS    "00-tfa.conf"
#define CONFIG_DROP_IN CONFIG_FOLDER "/sshd_config.d/" CONFIG_OURS

struct config_line {
	const char *file;
	int number; /* from 1 */
	const char *keyword;
	const char *value; /* the rest of the line, without a comment */
	const char *match; /* criteria of its Match block; NULL: global */
	const char *outer; /* of the block that included its file, or NULL */
	int block;         /* 0: global; two blocks differ in it */
};

struct config {
	LIST_OF(struct config_line) lines;
	LIST_OF(char *) texts;       /* what the lines point into */
	LIST_OF(const char *) files; /* each that was read, once */
	int blocks;
	bool failed; /* out of memory, or over a limit: not all is here */
	/* The first Include or Match with a word that config_word() would cut;
	 * NULL: none. */
	const char *long_file;
	int long_number;
};

/* Calls each, with reader, for every file that the pattern of an Include
 * names. */
typedef void config_files(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader);

/* *ret: the lines of text, which is the file at path, and of the files that it
 * includes; config_done() frees them. */
void config_read(const char *path, const char *text, config_files *files,
    void *ctx, struct config *ret);

void config_done(struct config *config);

/* True if the line has this keyword, in any case. */
bool config_has_keyword(const struct config_line *line, const char *keyword);

/* True if a ForceCommand runs the gate, by an absolute path. */
bool config_is_gate(const char *command);

/*
 * The ForceCommand with the gate in a "Match all" that nothing makes
 * conditional; one in CONFIG_SITE only where there is no other.  Where there is
 * none: the first in CONFIG_OURS that is for groups or users by name alone, as
 * "setup --only" writes them.  NULL where there is none.
 */
const struct config_line *config_gate(const struct config *config);

/* True if the gate stands before the people of its blocks alone. */
bool config_is_partial(const struct config_line *gate);

/* True if the line stands in the block of the gate, or in one of its blocks. */
bool config_is_of_gate(const struct config *config,
    const struct config_line *gate, const struct config_line *line);

/* The criteria of the gate's block number i; NULL after the last. */
const char *config_gate_match(
    const struct config *config, const struct config_line *gate, size_t i);

/*
 * The line that gives keyword its value: as a whole, or as one of its words.
 * Match blocks come first, as in sshd.  NULL where no line does.
 */
const struct config_line *config_find(
    const struct config *config, const char *keyword, const char *value);

/* True if a Match block for users by name exempts this one from the gate: it
 * stands before our Match all, in the same file or in CONFIG_SITE, as emergency
 * access does. */
bool config_exempts(const struct config *config, const char *user);

/* True if a line before our Match all may stand there: it is in our own file,
 * or in CONFIG_SITE beside it. */
bool
config_is_meant(const struct config_line *line, const struct config_line *gate);

/* True if the criteria of a Match are "User a,b" and nothing else; false for
 * patterns. */
bool config_names_users(const char *match);

/* Calls each for the words of a criterion ("user", "address") that Match
 * blocks name, without "!". */
void config_criteria(const struct config *config, const char *name,
    void (*each)(void *ctx, const char *word), void *ctx);

/* The first Match with a criterion that this module does not know, so that it
 * cannot tell whom the block is for; or NULL. */
const struct config_line *config_strange_match(const struct config *config);

#endif
