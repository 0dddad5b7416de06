/*
 * How many operands a command takes, by the text of its usage, so that help and
 * command cannot differ:
 *
 *	USER FILE                two
 *	TARGET... closed | open  one or more, and one of these words
 *	[NAME...] [--state S]    any number
 *
 * What begins with '-' is an option, and the word behind it its value.
 */
#ifndef TFA_OPERANDS_H
#define TFA_OPERANDS_H

#include <stdbool.h>
#include <stddef.h>

#define OPERANDS_WHY 240

/*
 * True if so many operands fit.  Else ret_why says what is missing, or which one
 * is one too many.  Where words are alternatives the command itself says which
 * of them take more.
 */
bool operands_fit(const char *usage, int argc, char *const *argv,
    char ret_why[static OPERANDS_WHY]);

#endif
