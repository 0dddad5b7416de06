/*
 * Text for a terminal of a given width, line by line.  A line breaks between
 * words, so that no window tears what a person reads off by eye.
 *
 *	struct sheet sheet = {.columns = 40};
 *
 *	sheet_say(&sheet, "A sentence, which may need several lines.");
 *	sheet_groups(&sheet, "Key:", secret);
 *	term_write(sheet.text);
 *	sheet_done(&sheet);
 */
#ifndef TFA_SHEET_H
#define TFA_SHEET_H

#include <stddef.h>

#define SHEET_COLUMNS 79 /* where no window says how wide it is */
#define SHEET_TEXT    4096

struct sheet {
	int columns; /* of the window; 0: not known */
	size_t len;
	char text[SHEET_TEXT]; /* lines, each with its newline */
};

/* Adds text, broken between words; "" adds an empty line.  Control characters
 * become question marks.  What does not fit into SHEET_TEXT is left out. */
void sheet_say(struct sheet *sheet, const char *text);

/* Adds text as one line, however long, so that it can be copied in one go. */
void sheet_line(struct sheet *sheet, const char *text);

/*
 * Adds a key in groups of four: behind the title if all of it fits into one
 * line, else below the title, four groups to a line or as many as fit.
 */
void sheet_groups(struct sheet *sheet, const char *title, const char *key);

/* Returns how many rows of that window a line of len characters takes. */
int sheet_rows_of(size_t len, int columns);

/* Returns how many rows the text takes in a window of sheet->columns. */
int sheet_rows(const struct sheet *sheet);

/* Wipes the text. */
void sheet_done(struct sheet *sheet);
#define scoped_sheet __attribute__((cleanup(sheet_done)))

#endif
