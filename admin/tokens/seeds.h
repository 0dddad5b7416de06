/*
 * A maker's file of tokens, for tfa-admin import --csv: which tokens it has, or
 * all that is wrong with it, line by line.
 *
 *	maker_file.c  begin here: which form a file has; no token twice
 *	seeds.c       the list of tokens, and of what is wrong
 *	seeds_csv.c   CSV: a line for each token
 *	columns.c     the columns, by the line that names them
 *	csv_text.c    a line's cells
 *	key_text.c    secrets as people write them: hexadecimal, base32
 *	pskc.c        PSKC (RFC 6030): the XML
 *	pskc_key.c    what one key of it says
 *
 * Pure: text goes in; tokens, or what is wrong, come out.  A file is taken
 * whole or not at all.  What tfa could not follow is an error; what can be left
 * aside without letting anybody in is a note.  No error or note quotes a
 * secret.
 *
 *	scoped_seeds struct seeds seeds = {.form = SEEDS_CSV};
 *
 *	fault = seeds_parse(text, len, SECRETS_GUESS, &seeds);
 *	if (fault == FAULT_FORMAT)
 *		print seeds.wrong, and how many more there are: wrong_count
 */
#ifndef TFA_SEEDS_H
#define TFA_SEEDS_H

#include "store/core/tokens.h"

#define SEEDS_FILE_MAX  (32UL * 1024 * 1024) /* bytes; PSKC: 1.5 KB a token */
#define SEEDS_WRONG_MAX 20                   /* that are listed */
#define SEEDS_NOTES_MAX 8
#define SEEDS_TEXT      320

enum seeds_form { SEEDS_CSV = 0, SEEDS_PSKC };

/* How a CSV's secrets are written. */
enum secrets_form { SECRETS_GUESS = 0, SECRETS_HEX, SECRETS_BASE32 };

struct seed {
	struct token token;
	int line; /* of the file, from 1 */
};

struct seed_line {
	int line; /* 0: the whole file */
	char text[SEEDS_TEXT];
};

struct seeds {
	enum seeds_form form;
	LIST_OF(struct seed) list;
	LIST_OF(struct seed_line) wrong; /* the first ones */
	size_t wrong_count;              /* of all */
	LIST_OF(struct seed_line) notes;
	bool failed; /* out of memory */
};

/*
 * Parses a file of len bytes, text[len] being NUL.  *ret begins as zero, and
 * seeds_done() frees it in any case.  FAULT_FORMAT: ret->wrong says what is
 * wrong; FAULT_MEMORY.
 */
MUST_USE enum fault seeds_parse(
    const char *text, size_t len, enum secrets_form form, struct seeds *ret);

/* Wipes and frees what it holds. */
void seeds_done(struct seeds *seeds);
#define scoped_seeds __attribute__((cleanup(seeds_done)))

/* For the parsers: says that this line is wrong, or what is left aside. */
void seeds_refuse(struct seeds *seeds, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void seeds_note(struct seeds *seeds, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For the parsers: adds a token, if it can be one; or says why not. */
void seeds_add(struct seeds *seeds, int line, const struct token *token);

/* The text, for a message; or "..." if it may be a secret in a wrong place. */
const char *seeds_quote(const char *text);

/* True for 1 to 19 digits that are at most most.  *ret: the number. */
bool seeds_number(const char *text, uint64_t most, uint64_t *ret);

void seeds_parse_csv(
    struct seeds *seeds, const char *text, size_t len, enum secrets_form form);
void seeds_parse_pskc(struct seeds *seeds, const char *text, size_t len);

#endif
