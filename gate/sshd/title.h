/*
 * The titles of sshd's processes, and the command lines that they show.  Pure:
 * texts go in.
 */
#ifndef TFA_TITLE_H
#define TFA_TITLE_H

#include <limits.h>
#include <stdbool.h>

#define LISTENER_OPTIONS 512
#define LISTENER_WORD    64

/* An sshd that waits for connections. */
struct listener {
	char config[PATH_MAX]; /* of the last -f, or CONFIG_DEFAULT */
	/* the -o that set what the drop-in sets, which keys sshd takes, or
	 * bring in other lines; "" for none */
	char options[LISTENER_OPTIONS];
	char program[PATH_MAX]; /* argv[0], by which it was started */
	/* The values of -o NAME=VALUE, of which sshd takes the first; or "".
	 * NAME VALUE, which a title does not tell from two words, is none. */
	char pam_service[LISTENER_WORD], use_pam[LISTENER_WORD];
	char pid_file[PATH_MAX];
	/* MaxStartups, as it holds: so many may be at their login before it
	 * turns some away; 0: not known */
	int startups;
};

/*
 * *ret: from a title, the words parted by blanks, as sshd sets it:
 * "sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups", with
 * whatever name its program has in place of sshd.  False for the process of a
 * connection, and where a path is missing or longer than CONFIG_WORD.
 *
 * Anybody can give a process such a title: the caller looks whose it is.
 */
bool title_listener(const char *title, struct listener *ret);

/* *ret: what an sshd that is started by this command line would say; false where
 * a path is missing or longer than CONFIG_WORD. */
bool title_command(const char *words, struct listener *ret);

/* The name by which it was started, without its folders: before OpenSSH 9.8 also
 * that of its PAM service. */
const char *title_name(const struct listener *listener);

/*
 * True if the process of a connection says that it serves this user:
 * "sshd: alice [priv]", since 10.5 "sshd-session: alice [postauth]", and root's
 * own "sshd: root@pts/0".  False for any other title.  sshd may know the user by
 * another name of the same uid, with other keys.
 */
bool title_names(const char *title, const char *user);

#endif
