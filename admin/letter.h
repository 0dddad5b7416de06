/*
 * A letter to a user whose device an administrator set up: one page of HTML to
 * be printed, with the QR code, the key, recovery codes and what to do.  It has
 * no script and loads nothing.
 *
 * The device counts as soon as the keeper has it, so the file is made first,
 * without a name and with room for the whole page.  It gets its name once the
 * page is in it; until then nobody sees it, and if tfa-admin is killed nothing
 * is left.
 *
 *	struct letter_file file;
 *
 *	if (letter_open(path, &file))
 *		...             have the keeper add the device
 *		text = letter_text(&letter)
 *		letter_put(&file, text)
 *	letter_close(&file);
 */
#ifndef TFA_LETTER_H
#define TFA_LETTER_H

#include "gate/screen/scan.h"

struct letter {
	const struct reply *reply; /* secret, user, issuer, recovery codes */
	const struct scan *scan;   /* with a code */
	const char *host;
};

struct letter_file {
	const char *path; /* "-": standard output */
	int fd;
	char temporary[PATH_TEXT]; /* its name, where it cannot do without */
};

/* Returns the page; json_text_free() wipes and frees it.  NULL without memory,
 * or if the letter has no QR code.  Every word is escaped. */
char *letter_text(const struct letter *letter);

/* Makes the file, readable only by its owner.  False after a message, also if
 * there is a file of that name already, or no room.  Call letter_close(). */
bool letter_open(const char *path, struct letter_file *ret);

/* Writes the page and gives the file its name.  False after a message; there is
 * no such file then. */
bool letter_put(struct letter_file *file, const char *text);

void letter_close(struct letter_file *file);
#define scoped_letter __attribute__((cleanup(letter_close)))

#endif
