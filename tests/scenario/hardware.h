/*
 * The start of the tests of hardware keys: a bastion whose rule says what such
 * a key is worth, and whose sshd and gate read a file of root's beside the
 * user's own.
 */
#ifndef TFA_TESTS_HARDWARE_H
#define TFA_TESTS_HARDWARE_H

#include "tests/scenario/scenario.h"
#include "tests/support/sk.h"

/* Root's files, one a user, and sshd's line that names them. */
#define ROOTS "/srv/tfa/hardware"
#define BEFORE \
	"AuthorizedKeysFile .ssh/authorized_keys " ROOTS "/%u\nStrictModes no\n"

/* A rule for all: what hardware keys are worth, and where they may stand. */
#define WORTH(word)                                      \
	"{'name':'all','users':['*'],'mode':'required'," \
	"'hardware_keys':'" word "'}"
#define HARDWARE_KEYS                                              \
	"'keys':{'files':['.ssh/authorized_keys','" ROOTS "/%u']," \
	"'hardware_files':['" ROOTS "/%u']}"

#define bastion_for_keys(word)                                    \
	bastion_open(.rules = WORTH(word), .more = HARDWARE_KEYS, \
	    .before = BEFORE)

/* The path of root's file for the user, and of the user's own. */
const char *roots_file(const char *user);
const char *users_file(const char *user);

/* ssh with this key alone, and without a code. */
struct run *by_key(const struct bastion *b, const char *user, const char *key);

/* As that, with a certificate for it. */
struct run *by_certificate(const struct bastion *b, const char *user,
    const char *key, const char *certificate);

/* ssh with the user's own key, which is software. */
struct run *by_software(const struct bastion *b, const char *user);

/* The key's login is let in, or asked as any other one is. */
void assert_enough(struct run *r);
void assert_asked(struct run *r);

#endif
