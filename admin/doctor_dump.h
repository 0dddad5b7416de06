/*
 * What "sshd -T -C ..." says, for each connection that it was asked about: the
 * settings that the drop-in makes must hold for all of them.  Keywords are
 * read without regard to case: 9.x prints them in lower case, 10.x as
 * DisableForwarding.  Texts in, findings out.
 */
#ifndef TFA_DOCTOR_DUMP_H
#define TFA_DOCTOR_DUMP_H

#include "doctor_config.h"

/* Where fish finds its own functions, and no user can write. */
#define DUMP_FISH                                                 \
	"fish_function_path=/etc/fish/functions:/usr/share/fish/" \
	"vendor_functions.d:/usr/share/fish/functions"

/* The one line that covers what runs before the gate, and what the gate would
 * believe where sshd says nothing. */
#define DUMP_SETENV                                                           \
	"SetEnv LD_PRELOAD= LD_AUDIT= LD_LIBRARY_PATH= GCONV_PATH= LOCPATH= " \
	"BASH_ENV= ENV= SHELLOPTS= PS4= SHLVL=2 XDG_CONFIG_HOME= "            \
	"XDG_DATA_HOME= XDG_DATA_DIRS= _FISH_WARNED_config=1 "                \
	"_FISH_WARNED_data=1 " DUMP_FISH " SSH_USER_AUTH= "                   \
	"SSH_ORIGINAL_COMMAND= SSH_TTY= SSH_TUNNEL= ZDOTDIR=/nonexistent "    \
	"HOME=/nonexistent"

/* The answer for one connection. */
struct view {
	char who[200]; /* "alice from 192.0.2.1" */
	char *dump;    /* what sshd -T printed */
	size_t others; /* further connections with the same answer */
	bool exempt;   /* by sshd, and on purpose: config_exempts() */
};

struct views {
	JSON_LIST_OF(struct view) list;
};

/* The value of the next line with keyword; *at begins at the dump.  False
 * where there is none. */
bool
dump_next(const char **at, const char *keyword, char ret[static CONFIG_WORD]);

/* The settings that the drop-in makes, "" at the end. */
struct setting {
	const char *keyword, *value;
	const char *follows; /* from any other value */
};
extern const struct setting dump_channels[];    /* what would stay open */
extern const struct setting dump_environment[]; /* what runs before */

/* Judges.  Each finding is said once, with who it concerns. */
void dump_judge_gate(const struct views *views, const struct config *config,
    struct findings *findings);
void dump_judge_settings(const struct views *views, const struct config *config,
    const struct setting *settings, struct findings *findings);
void dump_judge_variables(const struct views *views,
    const struct config *config, struct findings *findings);

/* Whether an AcceptEnv pattern lets a variable in that runs code. */
bool dump_pattern_is_open(const char *pattern);

/* Whether a keyword is one that the drop-in sets, and to which value; NULL
 * where any value of another would be wrong. */
bool dump_guards(const char *keyword, const char **ret_value);

void views_done(struct views *views);

#endif
