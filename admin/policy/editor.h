/*
 * Runs a person's editor on a copy, and asks the questions after it.
 *
 * ^C and ^\ belong to the editor while it runs.  A hang-up or a kill is passed
 * on to the editor, and ends us only after the copy has been removed:
 *
 *	editor_open()		from now on such a signal waits
 *	editor_run(), editor_again(), as often as needed
 *	...			remove what must not be left behind
 *	editor_close()		a signal that came ends the program here
 */
#ifndef TFA_EDITOR_H
#define TFA_EDITOR_H

#include <signal.h>
#include <stdbool.h>

#define EDITOR_PATIENCE_MS 3000 /* for an editor that was told to end */

struct editor {
	sigset_t before; /* blocked */
	int signals;     /* a descriptor that signals are read from */
	int ending;      /* the signal that is to end us; 0: none */
};

/* Returns an admin_exit. Call editor_close() in any case. */
int editor_open(struct editor *ret);

/*
 * Runs VISUAL, EDITOR or vi on the file at path.  Returns an admin_exit, after
 * a message unless it is ADMIN_DONE: the editor ended, with status 0.
 */
int editor_run(struct editor *editor, const char *path);

/* Shows on the terminal how the file other differs from the one at path. */
void editor_show(struct editor *editor, const char *path, const char *other);

/*
 * Asks on the terminal. Returns the answer's first character, '\n' for an empty
 * answer, or NUL without a terminal and after a signal.
 */
char editor_ask(struct editor *editor, const char *question);

/* Asks whether to edit an invalid text again. False without an answer. */
bool editor_again(struct editor *editor);

void editor_close(struct editor *editor);

#endif
