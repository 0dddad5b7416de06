/* Text within HTML. */
#ifndef TFA_ESCAPE_H
#define TFA_ESCAPE_H

#include <stdio.h>

/* Writes text for an element or a quoted attribute; control characters, and
 * those that reorder text, become question marks. */
void escape_html(FILE *out, const char *text);

#endif
