#include "gate/sshd.h"

#include <criterion/criterion.h>

#include "tests/unit/fixture.h"

TestSuite(sshd, .timeout = 30);

#define TAIL " [listener] 0 of 10-100 startups"

/* The file that an sshd reads, by its command line. */
Test(sshd, names_the_file_that_it_was_started_with)
{
	static const struct {
		const char *title, *file;
	} cases[] = {
	    {"sshd: /usr/sbin/sshd" TAIL, "/etc/ssh/sshd_config"},
	    {"sshd: /usr/sbin/sshd -D" TAIL, "/etc/ssh/sshd_config"},
	    {"sshd: /usr/sbin/sshd -D -e -f /srv/x" TAIL, "/srv/x"},
	    {"sshd: /usr/sbin/sshd -f/srv/x -p 22" TAIL, "/srv/x"},
	    {"sshd: /opt/sshd-extra -f /a -f /b" TAIL, "/b"},
	    {"sshd: /usr/sbin/sshd -o Port=2222" TAIL, "/etc/ssh/sshd_config"},
	    /* Its command line has a setting of its own, or cannot be
	     * understood. */
	    {"sshd: /usr/sbin/sshd -oAuthorizedKeysCommand=/x" TAIL, NULL},
	    {"sshd: /usr/sbin/sshd -o authorizedkeysfile /x" TAIL, NULL},
	    {"sshd: /usr/sbin/sshd -o TrustedUserCAKeys=/x" TAIL, NULL},
	    {"sshd: /usr/sbin/sshd -o Include=/x" TAIL, NULL},
	    {"sshd: /usr/sbin/sshd -oExposeAuthInfo=yes" TAIL, NULL},
	    {"sshd: /usr/sbin/sshd -Df /srv/x" TAIL, NULL},
	    {"sshd: /usr/sbin/sshd -f x" TAIL, NULL},
	    {"sshd: /usr/sbin/sshd -f" TAIL, NULL},
	    {"sshd: /usr/sbin/sshd -D", NULL},
	    {"sshd: /usr/sbin/ssh", NULL},
	    {"sshd: alice [priv]", NULL},
	    {"sshd: alice@pts/0", NULL},
	    {"bash -c sshd: /usr/sbin/sshd" TAIL, NULL},
	    {"", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char file[64] = "";
		bool is = sshd_title_file(cases[i].title, file, sizeof(file));

		cr_expect_eq(is, cases[i].file != NULL, "%s", cases[i].title);
		if (is && cases[i].file != NULL)
			cr_expect_str_eq(file, cases[i].file);
	}
}

Test(sshd, takes_no_name_that_does_not_fit)
{
	char file[8];

	cr_expect(!sshd_title_file(
	    "sshd: /usr/sbin/sshd -f /a/long/name" TAIL, file, sizeof(file)));
}

/* Titles as they are in /proc. */
Test(sshd, knows_the_name_of_a_user_in_its_title)
{
	static const struct {
		const char *title, *user;
		bool names;
	} cases[] = {
	    {"sshd: alice [priv]", "alice", true},
	    {"sshd-session: alice [priv]", "alice", true},
	    {"sshd: CORP\\\\alice [priv]", "CORP\\alice", true},
	    {"sshd: j\\303\\266rg [priv]", "j\303\266rg", true},
	    {"sshd: a*?[#$~b [priv]", "a*?[#$~b", true},
	    {"sshd: Jo Doe [priv]", "Jo Doe", true},
	    {"sshd: root@pts/0", "root", true},
	    {"sshd: CORP\\alice [priv]", "CORP\\alice", false},
	    {"sshd: CORP\\\\alice [priv]", "CORP\\\\alice", false},
	    {"sshd: j\303\266rg [priv]", "j\303\266rg", false},
	    {"sshd: alice [priv]", "alic", false},
	    {"sshd: alice [priv]", "alice2", false},
	    {"sshd: alice [priv] [priv]", "alice", false},
	    {"sshd: alice@pts/0", "alice", false},
	    {"sshd: ", "alice", false},
	    {"", "alice", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(sshd_title_names(cases[i].title, cases[i].user),
		    cases[i].names, "%s", cases[i].title);
}

Test(sshd, calls_newer_what_was_changed_after_the_first_tick)
{
	struct sshd_view view = {.since = {100, 500}};

	cr_expect(!sshd_is_newer(&(struct timespec){99, 999999999}, &view));
	cr_expect(!sshd_is_newer(&(struct timespec){100, 500}, &view));
	cr_expect(!sshd_is_newer(&(struct timespec){100, 10000500}, &view));
	cr_expect(sshd_is_newer(&(struct timespec){100, 10000501}, &view));
	cr_expect(sshd_is_newer(&(struct timespec){101, 0}, &view));
}
