/*
 * A story on a terminal, as a transcript: what was typed, what came, and how it
 * ended. Read by the two demos; whatever goes wrong ends the demo with status 1.
 */
#ifndef TFA_EXAMPLES_STORY_H
#define TFA_EXAMPLES_STORY_H

#include <stdint.h>

#include "tests/support/bastion.h"
#include "tests/support/run.h"
#include "tests/support/session.h"

/* Begins a chapter; they are counted. */
void story_heading(const char *title);

/* Prints what a terminal showed, indented. */
void story_show(const char *seen);

/* Prints a command, what it said and how it ended. */
void story_run(const char *command, const struct run *r);

void story_expect_status(int status, int wanted);

/* Starts ssh to the bastion, which the transcript calls name. */
struct session *story_log_in(const struct bastion *b, const char *name);

/* Types, and Enter. */
void story_enter(struct session *s, const char *keys);

/* Enrols with the code of step, and returns the secret that the phone now has. */
const char *
story_enrol(const struct bastion *b, const char *name, uint64_t step);

/* Logs in with the code, looks round and leaves. */
void
story_log_in_with(const struct bastion *b, const char *name, const char *code);

#endif
