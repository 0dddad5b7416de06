/*
 * A person's editor at work on a copy, and the questions after it.
 *
 * ^C and ^\ are the editor's while it runs.  A hang-up or a kill is passed on
 * to it, and ends us only after what it worked on has been cleared away:
 *
 *	editor_open()		from now on such a signal waits
 *	editor_run(), editor_again(), as often as it takes
 *	...			what must not be left behind is removed
 *	editor_close()		a signal that came ends the program here
 */
#ifndef TFA_EDITOR_H
#define TFA_EDITOR_H

#include <signal.h>
#include <stdbool.h>

#define EDITOR_PATIENCE_MS 3000 /* with one that is told to end */

struct editor {
	sigset_t before; /* blocked */
	int signals;     /* a descriptor from which they are read */
	int ending;      /* the signal that is to end us; 0: none */
};

/* Returns an admin_exit; editor_close() in any case. */
int editor_open(struct editor *ret);

/*
 * Runs VISUAL, EDITOR or vi on the file at path.  Returns an admin_exit, after
 * a message unless it is ADMIN_DONE: the editor ended, with status 0.
 */
int editor_run(struct editor *editor, const char *path);

/* Shows how another file differs from the one at path, on the terminal. */
void editor_show(struct editor *editor, const char *path, const char *other);

/*
 * Asks on the terminal: the answer's first character, '\n' for none, or NUL
 * where nobody is there to ask, and after a signal.
 */
char editor_ask(struct editor *editor, const char *question);

/* Whether to edit what is not valid again; not where nobody answers. */
bool editor_again(struct editor *editor);

void editor_close(struct editor *editor);

#endif
