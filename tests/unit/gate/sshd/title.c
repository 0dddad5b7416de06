#include "gate/sshd/title.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "gate/sshd/config.h"
#include "gate/sshd/guard.h"
#include "tests/unit/fixture.h"

TestSuite(title, .timeout = 30);

#define TAIL " [listener] 0 of 10-100 startups"

/* The file that an sshd reads, by what it says of itself. */
Test(sshd, names_the_file_that_it_was_started_with)
{
	static const struct {
		const char *title, *file; /* NULL: it is no listener's */
	} cases[] = {
	    {"sshd: /usr/sbin/sshd" TAIL, CONFIG_DEFAULT},
	    {"sshd: /usr/sbin/sshd -D" TAIL, CONFIG_DEFAULT},
	    {"sshd: /usr/sbin/sshd -D [listener] 0 of 10", CONFIG_DEFAULT},
	    {"sshd: /usr/sbin/sshd -D -e -f /srv/x" TAIL, "/srv/x"},
	    {"sshd: /usr/sbin/sshd -f/srv/x -p 22" TAIL, "/srv/x"},
	    {"sshd: /usr/sbin/sshd -Df /srv/x" TAIL, "/srv/x"},
	    {"sshd: /usr/sbin/sshd -E /tmp/f -f /srv/x" TAIL, "/srv/x"},
	    {"sshd: /usr/sbin/sshd -E -f -f /srv/x" TAIL, "/srv/x"},
	    {"sshd: /opt/sshd-extra -f /a -f /b" TAIL, "/b"},
	    {"sshd: /usr/sbin/sshd -o Port=2222" TAIL, CONFIG_DEFAULT},
	    {"sshd: /usr/sbin/sshd -o Port 2222 -f /b" TAIL, "/b"},
	    {"sshd: /usr/sbin/sshd -f x" TAIL, "x"},
	    {"sshd: /usr/sbin/sshd -f" TAIL, NULL},
	    {"sshd: /usr/sbin/sshd -D", NULL},
	    {"sshd: /usr/sbin/ssh", NULL},
	    {"sshd: alice [priv]", NULL},
	    {"sshd: alice@pts/0", NULL},
	    {"bash -c sshd: /usr/sbin/sshd" TAIL, NULL},
	    {"/bin/sh -c sshd [listener]", NULL},
	    {"", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct listener l = {.config = ""};
		bool is = title_listener(cases[i].title, &l);

		cr_expect_eq(is, cases[i].file != NULL, "%s", cases[i].title);
		if (is && cases[i].file != NULL)
			cr_expect_str_eq(l.config, cases[i].file);
	}
}

/* Those that decide which keys sshd takes, or what the drop-in closes. */
Test(title, names_the_options_that_files_do_not_say)
{
	static const struct {
		const char *args, *options;
	} cases[] = {
	    {"", ""},
	    {"-D -e -p 24 -o Port=22 -oForceCommand=none",
		"-o ForceCommand=none"},
	    {"-oAuthorizedKeysCommand=/x", "-o AuthorizedKeysCommand=/x"},
	    {"-o authorizedkeysfile /x", "-o authorizedkeysfile"},
	    {"-o TrustedUserCAKeys=/x", "-o TrustedUserCAKeys=/x"},
	    {"-o Include=/x -o Match=all", "-o Include=/x -o Match=all"},
	    {"-oExposeAuthInfo=yes", "-o ExposeAuthInfo=yes"},
	    {"-o =SetEnv=A=b", "-o SetEnv=A=b"},
	    {"-o \"AcceptEnv\"=*", "-o AcceptEnv=*"},
	    {"-o \\011AuthorizedKeysFile=/x", "-o \\011AuthorizedKeysFile=/x"},
	    {"-E /var/log/authorized -o LogLevel=info", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct listener l = {.config = ""};
		char title[200];

		snprintf(title, sizeof(title), "sshd: /usr/sbin/sshd %s" TAIL,
		    cases[i].args);
		cr_assert(title_listener(title, &l), "%s", title);
		cr_expect_str_eq(l.options, cases[i].options);
	}
	for (const struct guard_setting *s = guard_settings;
	     s->group != GUARD_END; s++) {
		struct listener l = {.config = ""};
		char title[200];

		snprintf(title, sizeof(title),
		    "sshd: /usr/sbin/sshd -o%s=x" TAIL, s->keyword);
		cr_assert(title_listener(title, &l), "%s", title);
		cr_expect_str_not_empty(l.options);
	}
}

/* By these doctor knows the door.  sshd takes the first of two, and its own
 * reader skips blanks and one "=". */
Test(title, keeps_what_an_option_says)
{
	static const struct {
		const char *args, *service, *pam, *pid;
	} cases[] = {
	    {"-D", "", "", ""},
	    {"-D -o PAMServiceName=tfa-sshd -oUsePAM=yes", "tfa-sshd", "yes",
		""},
	    {"-o pamservicename=a -o PAMServiceName=b", "a", "", ""},
	    {"-o UsePAM=no -o UsePAM=yes", "", "no", ""},
	    {"-o UsePAM yes", "", "", ""},
	    {"-o XUsePAM=yes -o UsePAMX=yes", "", "", ""},
	    {"-f -oUsePAM=yes", "", "", ""},
	    {"-o Port=2222 -o PidFile=/run/x.pid", "", "", "/run/x.pid"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct listener l;
		char title[400];

		snprintf(title, sizeof(title), "tfa-sshd: /x/tfa-sshd %s" TAIL,
		    cases[i].args);
		cr_assert(title_listener(title, &l), "%s", title);
		cr_expect_str_eq(l.program, "/x/tfa-sshd");
		cr_expect_str_eq(l.pam_service, cases[i].service, "%s", title);
		cr_expect_str_eq(l.use_pam, cases[i].pam, "%s", title);
		cr_expect_str_eq(l.pid_file, cases[i].pid, "%s", title);
	}
}

/* An option says only what somebody asked for. */
Test(title, says_how_many_may_be_at_their_login)
{
	static const struct {
		const char *title;
		int startups;
	} cases[] = {
	    {"sshd: /usr/sbin/sshd [listener] 0 of 10-100 startups", 10},
	    {"sshd: /usr/sbin/sshd [listener] 7 of 5-5 startups", 5},
	    {"sshd: x -o MaxStartups=300:30:600 [listener] 0 of 5-5 startups",
		5},
	    {"tfa-sshd: x [listener] 12 of 300-600 startups", 300},
	    {"sshd: x [listener] 0 of -3", 0},
	    {"sshd: x [listener] 0 of 4294967396-4294967396 startups", 0},
	    {"sshd: x [listener] 0 of 99999999999999999999", 0},
	    {"sshd: x [listener] 0 of ", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct listener l;

		cr_assert(title_listener(cases[i].title, &l), "%zu", i);
		cr_expect_eq(l.startups, cases[i].startups, "%s: %d",
		    cases[i].title, l.startups);
	}
}

/* A path that was cut is that of another file. */
Test(title, takes_no_name_that_does_not_fit)
{
	char title[2 * CONFIG_WORD], name[CONFIG_WORD];
	struct listener l = {.config = ""};

	for (size_t len = CONFIG_WORD - 2; len < CONFIG_WORD; len++) {
		memset(name, 'a', sizeof(name));
		name[0] = '/';
		name[len] = '\0';
		snprintf(title, sizeof(title),
		    "sshd: /usr/sbin/sshd -f %s%s" TAIL, name,
		    len + 1 == CONFIG_WORD ? "more" : "");
		cr_expect_eq(title_listener(title, &l), len + 1 < CONFIG_WORD,
		    "%zu", len);
	}
}

/* sshd's file may have any name, and its process too. */
Test(title, of_a_listener_has_any_name)
{
	static const struct {
		const char *title, *config; /* NULL: it is no listener */
	} cases[] = {
	    {"sshd-extra: /opt/sshd-extra -f x.conf [listener] 0 of 10-100 "
	     "startups",
		"x.conf"},
	    {"x: backup -D -f /y [listener] 12 of 10-100 startups", "/y"},
	    {"sshd: /usr/sbin/sshd [listener] x of 10", NULL},
	    {"grep sshd: [listener] 0 of 10-100 startups", NULL},
	    {"[listener] 0 of 10-100 startups", NULL},
	    {"sshd: alice@pts/0", NULL},
	};
	struct listener l;

	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_expect_eq(title_listener(cases[i].title, &l),
		    cases[i].config != NULL, "%zu", i);
		if (cases[i].config != NULL)
			cr_expect_str_eq(l.config, cases[i].config);
	}
}

/* As real ones stand in /proc. */
Test(title, knows_the_name_of_a_user_in_its_title)
{
	static const struct {
		const char *title, *user;
		bool names;
	} cases[] = {
	    {"sshd: alice [priv]", "alice", true},
	    {"sshd-session: alice [priv]", "alice", true},
	    {"sshd-session: alice [postauth]", "alice", true},
	    {"sshd-session: CORP\\\\alice [postauth]", "CORP\\alice", true},
	    {"sshd-session: root [postauth]", "root", true},
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
	    {"sshd: alice [postauth] [postauth]", "alice", false},
	    {"sshd: alice [priv] [postauth]", "alice", false},
	    {"sshd: alice [priv] [postauth]", "alice [priv]", true},
	    {"sshd-session: alice [postauth]", "alic", false},
	    {"sshd-session: alice [postauth]", "alice2", false},
	    {"sshd-session: alice [postauth", "alice", false},
	    {"sshd-session: alice [postauth]x", "alice", false},
	    {"sshd-session: alice[postauth]", "alice", false},
	    {"sshd-session: alice [Postauth]", "alice", false},
	    {"sshd-session: alice [net]", "alice", false},
	    {"sshd: alice [pam]", "alice", false},
	    {"sshd-session: alice [other]", "alice", false},
	    {"sshd-session: alice []", "alice", false},
	    {"sshd-session: alice", "alice", false},
	    {"sshd-session: unknown [priv]", "alice", false},
	    {"sshd-session: [accepted]", "alice", false},
	    {"sshd: alice@pts/0", "alice", false},
	    {"sshd: ", "alice", false},
	    {"", "alice", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(title_names(cases[i].title, cases[i].user),
		    cases[i].names, "%s", cases[i].title);
}
