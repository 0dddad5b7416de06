/*
 * sshd's configuration as its files say it: all lines in the order in which
 * sshd meets them, through Include and Match, each with its place.  "sshd -T"
 * says what holds; this says which line is to blame, and what stands where it
 * should not.  It reads texts; the files are fetched by whoever calls.
 */
#ifndef TFA_DOCTOR_CONFIG_H
#define TFA_DOCTOR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "store/json/json.h"

#define CONFIG_LINES   20000
#define CONFIG_DEPTH   16   /* of Include, as in sshd */
#define CONFIG_WORD    1024 /* bytes of one word, with its NUL */
#define CONFIG_FOLDER  "/etc/ssh"
#define CONFIG_DEFAULT CONFIG_FOLDER "/sshd_config"
#define CONFIG_SITE    "00-site.conf" /* beside it, for the site's own */
#define CONFIG_DROP_IN CONFIG_FOLDER "/sshd_config.d/00-tfa.conf"

struct config_line {
	const char *file;
	int number; /* from 1 */
	const char *keyword;
	const char *value; /* the rest, without a comment */
	const char *match; /* criteria of its Match block; NULL: global */
	const char *outer; /* of the block that included its file, or NULL */
	int block;         /* 0: global; two blocks differ in it */
};

struct config {
	JSON_LIST_OF(struct config_line) lines;
	JSON_LIST_OF(char *) texts;       /* what the lines point into */
	JSON_LIST_OF(const char *) files; /* each that was read, once */
	int blocks;
	bool failed; /* out of memory, or over a limit: not all is here */
};

/* Calls each, with reader, for the files that an Include's word names. */
typedef void config_files(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader);

/* *ret: the lines of text, which is the file at path, and of what it
 * includes; config_done() frees them. */
void config_read(const char *path, const char *text, config_files *files,
    void *ctx, struct config *ret);

void config_done(struct config *config);

/* The next word of *rest, without quotes; false where there is none. */
bool config_word(const char **rest, char ret[static CONFIG_WORD]);

/* sshd's own patterns: * and ?, nothing else. */
bool config_pattern(const char *pattern, const char *text);

/* Whether a ForceCommand runs the gate, by an absolute path. */
bool config_is_gate(const char *command);

/* The ForceCommand with the gate in a "Match all" that nothing makes
 * conditional; NULL where there is none. */
const struct config_line *config_gate(const struct config *config);

/*
 * The line that gives keyword its value: as a whole, or as one of its words.
 * Match blocks come first, as in sshd.  NULL where no line does.
 */
const struct config_line *config_find(
    const struct config *config, const char *keyword, const char *value);

/* Whether the Match block of this user alone, in the file of our Match all and
 * before it, exempts her: the place for emergency access. */
bool config_exempts(const struct config *config, const char *user);

/* Whether what stands before our Match all may stand there: in our own file, or
 * in CONFIG_SITE beside it. */
bool
config_is_meant(const struct config_line *line, const struct config_line *gate);

/* Calls each for the words of a criterion ("user", "address") that Match
 * blocks name, without "!". */
void config_criteria(const struct config *config, const char *name,
    void (*each)(void *ctx, const char *word), void *ctx);

/* The first Match with a criterion that is not known here, so that who fits it
 * cannot be told; or NULL. */
const struct config_line *config_strange_match(const struct config *config);

#endif
