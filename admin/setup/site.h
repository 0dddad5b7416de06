/*
 * The site's sshd configuration, with our drop-in at its place in it.
 */
#ifndef TFA_SETUP_SITE_H
#define TFA_SETUP_SITE_H

#include <stdio.h>

#include "gate/sshd/config.h"
#include "admin/setup/setup.h"

/* What the site puts before our drop-in; it sorts before it. */
#define SITE_FILE SETUP_DROPINS "/" CONFIG_SITE

/* *ret: the index of our ForceCommand, where it is for everyone. */
bool site_find_ours(const struct config *config, size_t *ret);

/* Sets site_first and site_blocks_us, and writes what must be said of it. */
void site_judge(struct setup *setup, const struct config *config, FILE *report);

/* What "unlisted": "allow" costs. */
#define LOST                                                                  \
	"    with it every key that is in no file passes, and a command= "    \
	"that only the\n    AuthorizedKeysCommand gives is lost: such a key " \
	"opens a shell\n"

/* Writes which keys and certificates sshd takes and the gate will refuse, so
 * that people hear of it before their next login (setup_site_keys.c). */
void site_keys(const struct config *config, FILE *report);

/* Sets site_blocks_us and writes whose login shell does not run the gate, and
 * what to do (setup_shells.c). */
void
site_shells(struct setup *setup, const struct config *config, FILE *report);

#endif
