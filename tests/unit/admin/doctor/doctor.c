#include "admin/doctor/dump.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/doctor/version.h"
#include "admin/doctor/person.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define CLEAN_MATCH                           \
	"PermitUserEnvironment no\n"          \
	"Match all\n"                         \
	"  ForceCommand /usr/sbin/tfa-gate\n" \
	"  AcceptEnv TFA_CODE LANG LC_*\n"

#define REST_9                                                     \
	"forcecommand /usr/sbin/tfa-gate\nchrootdirectory none\n"  \
	"disableforwarding yes\nallowtcpforwarding no\n"           \
	"allowstreamlocalforwarding no\nallowagentforwarding no\n" \
	"x11forwarding no\npermittunnel no\npermitopen none\n"     \
	"permitlisten none\nstreamlocalbindunlink no\n"
#define REST_10                                                    \
	"ForceCommand /usr/sbin/tfa-gate\nChrootDirectory none\n"  \
	"DisableForwarding yes\nAllowTcpForwarding no\n"           \
	"AllowStreamLocalForwarding no\nAllowAgentForwarding no\n" \
	"X11Forwarding no\nPermitTunnel no\nPermitOpen none\n"     \
	"PermitListen none\nStreamLocalBindUnlink no\n"

/* Files by name, for Includes. */
struct files {
	const char *pattern, *path, *text;
};

static void
fetch(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	for (const struct files *f = ctx; f->pattern != NULL; f++)
		if (strcmp(f->pattern, pattern) == 0)
			each(reader, f->path, f->text);
}

static struct config
read_config(const char *text, struct files *files)
{
	struct config config;

	config_read("main", text, fetch, files, &config);
	cr_assert_not(config.failed);
	return config;
}

static struct files no_files[] = {{NULL, NULL, NULL}};

static void
add_view(struct views *views, const char *who, const char *dump)
{
	struct view *view = list_add(&views->list, sizeof(*view));

	cr_assert_not_null(view);
	snprintf(view->who, sizeof(view->who), "%s", who);
	view->dump = strdup(dump);
}

static bool
says(const struct findings *findings, enum finding_status status,
    const char *words)
{
	for (size_t i = 0; i < findings->list.count; i++)
		if (findings->list.items[i].status == status &&
		    (strstr(findings->list.items[i].detail, words) != NULL ||
			strstr(findings->list.items[i].fix, words) != NULL))
			return true;
	return false;
}

/* An "ok" that names what was checked, and none beside a finding. */
Test(doctor, says_ok_only_of_a_check_that_found_nothing)
{
	struct findings findings = {.check = NULL};

	findings_begin(&findings, "one");
	findings_end(&findings, "fixed");
	findings_begin(&findings, "two");
	findings_ok(&findings, "%d files", 3);
	findings_end(&findings, "fixed");
	findings_begin(&findings, "three");
	findings_ok(&findings, "all of it");
	findings_add(&findings, FINDING_WARN, NULL, "not this one");
	findings_end(&findings, "fixed");
	findings_begin(&findings, "four");
	findings_end(&findings, "again");
	cr_assert_eq(findings.list.count, 4);
	cr_expect_str_eq(findings.list.items[0].detail, "fixed");
	cr_expect_str_eq(findings.list.items[1].detail, "3 files");
	cr_expect_str_eq(findings.list.items[2].detail, "not this one");
	cr_expect_str_eq(findings.list.items[3].detail, "again");
	findings_done(&findings);
}

Test(doctor, reads_lines_through_include_and_match)
{
	static struct files files[] = {
	    {"/etc/ssh/x/*.conf", "x/a", "SetEnv A=b # not this\nMatch User u"},
	    {"/etc/ssh/x/*.conf", "x/b", "Port=22\n"}, {NULL, NULL, NULL}};
	struct config c = read_config("# none\n"
				      "include x/*.conf\n"
				      "Match Address 10.0.0.0/8\r\n"
				      "\tBanner \"/a # b\"\n"
				      "Include /etc/ssh/x/*.conf",
	    files);
	static const struct {
		const char *file;
		int number;
		const char *keyword, *value, *match, *outer;
	} lines[] = {
	    {"main", 2, "include", "x/*.conf", NULL, NULL},
	    {"x/a", 1, "SetEnv", "A=b", NULL, NULL},
	    {"x/a", 2, "Match", "User u", "User u", NULL},
	    {"x/b", 1, "Port", "22", NULL, NULL},
	    {"main", 3, "Match", "Address 10.0.0.0/8", "Address 10.0.0.0/8",
		NULL},
	    {"main", 4, "Banner", "\"/a # b\"", "Address 10.0.0.0/8", NULL},
	    {"main", 5, "Include", "/etc/ssh/x/*.conf", "Address 10.0.0.0/8",
		NULL},
	    {"x/a", 1, "SetEnv", "A=b", "Address 10.0.0.0/8",
		"Address 10.0.0.0/8"},
	};

	cr_assert_geq(c.lines.count, COUNT(lines));
	for (size_t i = 0; i < COUNT(lines); i++) {
		const struct config_line *line = &c.lines.items[i];

		cr_expect_str_eq(line->file, lines[i].file);
		cr_expect_eq(line->number, lines[i].number);
		cr_expect_str_eq(line->keyword, lines[i].keyword);
		cr_expect_str_eq(line->value, lines[i].value);
		cr_expect_str_eq(line->match != NULL ? line->match : "",
		    lines[i].match != NULL ? lines[i].match : "");
		cr_expect_str_eq(line->outer != NULL ? line->outer : "",
		    lines[i].outer != NULL ? lines[i].outer : "");
	}
	config_done(&c);
}

/* Keywords as sshd -T prints them for each of these lines. */
Test(doctor, reads_keywords_as_sshd_does)
{
	static const char *const lines[] = {"UsePAM yes", "UsePAM=yes",
	    "UsePAM = yes", "UsePAM\tyes # no", "\"UsePAM\" yes",
	    "Use\"PAM\" yes", "\"UsePAM\"yes", " \"UsePAM\" yes", "=UsePAM yes",
	    " =UsePAM yes", "usepam yes \r"};
	static const char *const none[] = {
	    "#UsePAM yes", "\"#UsePAM\" yes", "\"UsePAM yes", "="};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct config c = read_config(lines[i], no_files);

		cr_assert_eq(c.lines.count, 1, "%s", lines[i]);
		cr_expect_eq(strcasecmp(c.lines.items[0].keyword, "UsePAM"), 0,
		    "%s: %s", lines[i], c.lines.items[0].keyword);
		cr_expect_str_eq(c.lines.items[0].value, "yes", "%s", lines[i]);
		config_done(&c);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct config c = read_config(none[i], no_files);

		cr_expect_eq(c.lines.count, 0, "%s", none[i]);
		config_done(&c);
	}
}

/* With these lines sshd -T shows what stands in /a b, and in no other file. */
Test(doctor, reads_the_paths_of_an_include_as_sshd_does)
{
	static struct files files[] = {{"/a b", "/a b", "UsePAM yes\n"},
	    {"/etc/ssh/c", "/etc/ssh/c", "UsePAM no\n"}, {NULL, NULL, NULL}};
	static const char *const lines[] = {"Include \"/a b\"",
	    "Include '/a b'", "Include /a\\ b", "Include=/a' b' # '/c'",
	    "Include /x \"/a b\""};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct config c = read_config(lines[i], files);

		cr_assert_eq(c.lines.count, 2, "%s", lines[i]);
		cr_expect_str_eq(c.lines.items[1].file, "/a b");
		config_done(&c);
	}
}

Test(doctor, an_include_of_itself_ends)
{
	static struct files files[] = {
	    {"/etc/ssh/loop", "loop", "Include loop\n"}, {NULL, NULL, NULL}};
	struct config c;

	config_read("main", "Include loop\n", fetch, files, &c);
	cr_assert(c.failed);
	cr_assert_leq(c.lines.count, (size_t)CONFIG_DEPTH + 1);
	config_done(&c);
}

Test(doctor, matches_patterns_as_sshd_does)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {{"*", "", true}, {"a*c", "abcc", true},
	    {"a*c", "abcd", false}, {"?", "", false}, {"l?", "ls", true},
	    {"LC_*", "LC_ALL", true}, {"LC_*", "lc_all", false},
	    {"[a]", "a", false}, {"**x", "x", true}};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(config_pattern(cases[i].pattern, cases[i].text),
		    cases[i].matches, "%s %s", cases[i].pattern, cases[i].text);
}

Test(doctor, knows_the_gate_by_an_absolute_path)
{
	cr_expect(config_is_gate("/usr/sbin/tfa-gate"));
	cr_expect(config_is_gate("/opt/tfa-gate --socket /run/x"));
	cr_expect_not(config_is_gate("tfa-gate"));
	cr_expect_not(config_is_gate("./tfa-gate"));
	cr_expect_not(config_is_gate("/bin/sh /usr/sbin/tfa-gate"));
	cr_expect_not(config_is_gate("/usr/sbin/not-tfa-gate"));
	cr_expect_not(config_is_gate("none"));
	cr_expect_not(config_is_gate(""));
}

#define GATE " ForceCommand /usr/sbin/tfa-gate\n"

/* Before and inside our Match all: the holes, and what is none. */
Test(doctor, judges_the_order)
{
	static const struct {
		const char *text;
		enum finding_status status;
		const char *says; /* NULL: no finding */
	} cases[] = {
	    {CLEAN_MATCH, FINDING_OK, NULL},
	    {"Match User bob\n ForceCommand /bin/sh\n" CLEAN_MATCH,
		FINDING_FAIL, "main:2: ForceCommand /bin/sh"},
	    {"Match User bob\n ForceCommand none\n" CLEAN_MATCH, FINDING_OK,
		"note: main:2: Match User bob is exempt"},
	    {"Match User bob\n ForceCommand internal-sftp -R\n"
	     " ChrootDirectory /srv\n" CLEAN_MATCH,
		FINDING_OK, "note: main:2: Match User bob is exempt"},
	    {"Match User bob\n ForceCommand internal-sftpd\n" CLEAN_MATCH,
		FINDING_FAIL, "beats it"},
	    {"Match Group bob\n ForceCommand internal-sftp\n" CLEAN_MATCH,
		FINDING_FAIL, "beats it"},
	    {"Match User b*\n ForceCommand none\n" CLEAN_MATCH, FINDING_FAIL,
		"beats it"},
	    {"Match Group bob\n ForceCommand none\n" CLEAN_MATCH, FINDING_FAIL,
		"beats it"},
	    {"Match User bob\n PermitOpen any\n" CLEAN_MATCH, FINDING_FAIL,
		"main:2: PermitOpen any"},
	    {"Match User bob\n PermitOpen none\n" CLEAN_MATCH, FINDING_OK,
		NULL},
	    {"Match User bob\n ForceCommand /usr/sbin/tfa-gate --command "
	     "internal-sftp\n" CLEAN_MATCH,
		FINDING_OK, NULL},
	    {"SetEnv A=b\n" CLEAN_MATCH, FINDING_FAIL, "main:1: SetEnv A=b"},
	    {"AcceptEnv X LD_*\n" CLEAN_MATCH, FINDING_FAIL, "AcceptEnv LD_*"},
	    {CLEAN_MATCH "Match Group g\n ForceCommand internal-sftp\n",
		FINDING_FAIL, "main:6: ForceCommand internal-sftp"},
	    {CLEAN_MATCH "Match Group g\n ForceCommand none\n", FINDING_OK,
		NULL},
	    {CLEAN_MATCH "Match User m\n ForceCommand /usr/sbin/tfa-gate "
			 "--command menu\n",
		FINDING_FAIL, "--command menu is displaced"},
	    {CLEAN_MATCH "Match User m\n ForceCommand /usr/sbin/tfa-gate\n",
		FINDING_OK, NULL},
	    {CLEAN_MATCH "Match Group g\n ChrootDirectory /srv\n", FINDING_FAIL,
		"locked out"},
	    {"ForceCommand /usr/sbin/tfa-gate\n", FINDING_FAIL, "Match all"},
	    {"Port 22\n", FINDING_FAIL, "no file that sshd reads"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config c = read_config(cases[i].text, no_files);
		struct findings findings = {.check = "order"};

		config_judge(&c, 0, &findings);
		if (cases[i].says == NULL)
			cr_expect_eq(findings.list.count, 0, "case %zu", i);
		else
			cr_expect(
			    says(&findings, cases[i].status, cases[i].says),
			    "case %zu: %s", i,
			    findings.list.count > 0
				? findings.list.items[0].detail
				: "nothing");
		findings_done(&findings);
		config_done(&c);
	}
}

Test(doctor, names_the_include_that_makes_it_conditional)
{
	static struct files files[] = {
	    {"/etc/ssh/d/*", "d/00-tfa.conf", CLEAN_MATCH}, {NULL, NULL, NULL}};
	struct config c = read_config("Match User bob\nInclude d/*\n", files);
	struct findings findings = {.check = "order"};

	cr_assert_null(config_gate(&c));
	config_judge(&c, 0, &findings);
	cr_assert(says(&findings, FINDING_FAIL, "main:2: this Include"));
	findings_done(&findings);
	config_done(&c);
}

/* A condition that sshd -T cannot judge is reported; the rest is still read. */
Test(doctor, knows_which_match_it_does_not_know)
{
	static const struct {
		const char *text;
		int line; /* 0: none */
	} cases[] = {
	    {"Match all\n", 0},
	    {"Match User a Address 10.*\nMatch group=x rdomain=y\n", 0},
	    {"Match Invalid-User\nMatch version=OpenSSH_10*\n", 0},
	    {"Match User exec\n", 0},
	    {"Match User a\nMatch Exec \"true x\"\n", 2},
	    {"Match User a Weekday=mon\n", 1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config c = read_config(cases[i].text, no_files);
		const struct config_line *line = config_strange_match(&c);

		cr_expect_eq(line != NULL ? line->number : 0, cases[i].line,
		    "%s", cases[i].text);
		config_done(&c);
	}
}

/* The gate for some alone is the one of setup --only: lists of names, in our
 * own file, that nothing makes conditional. */
Test(doctor, knows_the_gate_that_is_for_some_alone)
{
	static const struct {
		const char *path, *text;
		int line; /* of its ForceCommand; 0: there is none */
		bool partial;
	} cases[] = {
	    {"/d/00-tfa.conf", "Match Group ops\n" GATE, 2, true},
	    {"/d/00-tfa.conf", "Match User a,b\n" GATE, 2, true},
	    {"/d/00-tfa.conf", "Match group \"a b,c\"\n" GATE, 2, true},
	    {"/d/00-tfa.conf", "Match Group ops\n" GATE "Match all\n" GATE, 4,
		false},
	    {"/d/00-site.conf", "Match Group ops\n" GATE, 0, false},
	    {"/d/01-tfa.conf", "Match Group ops\n" GATE, 0, false},
	    {"/d/00-tfa.conf", "Match Group ops*\n" GATE, 0, false},
	    {"/d/00-tfa.conf", "Match Group !ops\n" GATE, 0, false},
	    {"/d/00-tfa.conf", "Match Group o?s\n" GATE, 0, false},
	    {"/d/00-tfa.conf", "Match Group ops User a\n" GATE, 0, false},
	    {"/d/00-tfa.conf", "Match Address 10.*\n" GATE, 0, false},
	    {"/d/00-tfa.conf", "Match Group ops\n ForceCommand /bin/sh\n", 0,
		false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct files files[] = {
		    {"/etc/ssh/ours", cases[i].path, cases[i].text},
		    {NULL, NULL, NULL}};
		struct config c = read_config("Include ours\n", files);
		const struct config_line *gate = config_gate(&c);

		cr_expect_eq(
		    gate != NULL ? gate->number : 0, cases[i].line, "%zu", i);
		cr_expect_eq(
		    config_is_partial(gate), cases[i].partial, "%zu", i);
		config_done(&c);
	}
}

/* Our file, or the site's file that setup names; no other. */
Test(doctor, exempts_only_in_two_files)
{
	static const struct {
		const char *path;
		bool exempt;
	} cases[] = {{"/d/00-site.conf", true}, {"/d/00-tfa.conf", true},
	    {"/d/00-aaa.conf", false}, {"/e/00-site.conf", false},
	    {"/d/e/00-site.conf", false}, {"00-site.conf", false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct files files[] = {
		    {"/etc/ssh/site", cases[i].path,
			"Match User git\n ForceCommand none\n"},
		    {"/etc/ssh/ours", "/d/00-tfa.conf", CLEAN_MATCH},
		    {NULL, NULL, NULL}};
		struct config c = read_config(
		    "Include site\nInclude ours\n", files);

		cr_expect_eq(config_exempts(&c, "git"), cases[i].exempt, "%s",
		    cases[i].path);
		config_done(&c);
	}
}

Test(doctor, exempts_only_whom_the_drop_in_names)
{
	struct config c = read_config(
	    "Match User bob,carol\n ForceCommand none\n" CLEAN_MATCH, no_files);

	cr_expect(config_exempts(&c, "bob"));
	cr_expect(config_exempts(&c, "carol"));
	cr_expect_not(config_exempts(&c, "bo"));
	config_done(&c);
}

Test(doctor, reads_both_spellings_of_sshd)
{
	static const char *const dumps[] = {REST_9, REST_10};

	for (size_t i = 0; i < COUNT(dumps); i++) {
		struct config c = read_config(CLEAN_MATCH, no_files);
		struct findings findings = {.check = "channels"};
		struct views views = {{NULL, 0}};

		add_view(&views, "alice", dumps[i]);
		dump_judge_gate(&views, &c, &findings);
		dump_judge_settings(
		    &views, &c, GUARD_CHANNELS, false, &findings);
		cr_expect_eq(findings.list.count, 0, "%zu", i);
		findings_done(&findings);
		views_done(&views);
		config_done(&c);
	}
}

/* The settings of GUARD_ENVIRONMENT, as sshd -T prints them. */
#define BEFORE                                        \
	"permituserenvironment no\npermituserrc no\n" \
	"exposeauthinfo yes\n"

static void
expect_each_said(enum guard_group group)
{
	struct config c = read_config(CLEAN_MATCH, no_files);

	for (const struct guard_setting *s = guard_settings;
	     s->group != GUARD_END; s++) {
		char dump[2048], fix[80], follows[160];
		struct findings findings = {.check = "channels"};
		struct views views = {{NULL, 0}};

		if (s->group != group)
			continue;
		snprintf(
		    dump, sizeof(dump), "%s bad\n" BEFORE REST_10, s->keyword);
		add_view(&views, "alice", BEFORE REST_9);
		add_view(&views, "bob", dump);
		dump_judge_settings(&views, &c, group, false, &findings);
		snprintf(fix, sizeof(fix), "%s %s", s->keyword, s->value);
		snprintf(follows, sizeof(follows), ", for bob: %s", s->follows);
		cr_expect_eq(findings.list.count, 1, "%s", s->keyword);
		cr_expect(says(&findings, FINDING_FAIL, follows), "%s",
		    findings.list.items[0].detail);
		cr_expect_str_eq(findings.list.items[0].fix, fix);
		findings_done(&findings);
		views_done(&views);
	}
	config_done(&c);
}

/* Each changed line of a dump makes a finding, which says what follows from
 * it and which line to write. */
Test(doctor, names_each_setting_that_differs)
{
	expect_each_said(GUARD_CHANNELS);
	expect_each_said(GUARD_ENVIRONMENT);
}

/* The dump of the drop-in's SetEnv without one of its variables. */
static void
dump_without(const struct guard_variable *left_out, char *ret, size_t size)
{
	size_t n = (size_t)snprintf(ret, size, "acceptenv TFA_CODE\n");
	char word[GUARD_WORD];

	for (const struct guard_variable *v = guard_variables;
	     v->why != GUARD_LAST; v++)
		if (guard_is_set(v) && v != left_out) {
			guard_word(v, word);
			n += (size_t)snprintf(
			    ret + n, size - n, "setenv %s\n", word);
		}
}

/* Each variable of SetEnv that is left out is a hole, but for those that only
 * keep fish quiet. */
Test(doctor, names_each_variable_that_setenv_lacks)
{
	struct config c = read_config(CLEAN_MATCH, no_files);

	for (const struct guard_variable *v = guard_variables;; v++) {
		bool whole = v->why == GUARD_LAST || v->why == GUARD_QUIET;
		struct findings findings = {.check = "environment"};
		struct views views = {{NULL, 0}};
		char dump[2048], word[GUARD_WORD], lacks[GUARD_WORD + 16];

		if (v->why != GUARD_LAST && !guard_is_set(v))
			continue;
		dump_without(v, dump, sizeof(dump));
		add_view(&views, "alice", dump);
		dump_judge_variables(&views, &c, &findings);
		guard_word(v, word);
		snprintf(lacks, sizeof(lacks), "it lacks %s,", word);
		cr_expect_eq(findings.list.count, whole ? 0 : 1, "%s", word);
		cr_expect(
		    whole || says(&findings, FINDING_FAIL, lacks), "%s", word);
		findings_done(&findings);
		views_done(&views);
		if (v->why == GUARD_LAST)
			break;
	}
	config_done(&c);
}

Test(doctor, a_dump_without_answers_is_no_clean_one)
{
	struct config c = read_config(CLEAN_MATCH, no_files);
	struct findings findings = {.check = "channels"};
	struct views views = {{NULL, 0}};

	add_view(&views, "alice", "");
	dump_judge_gate(&views, &c, &findings);
	dump_judge_settings(&views, &c, GUARD_CHANNELS, false, &findings);
	dump_judge_settings(&views, &c, GUARD_ENVIRONMENT, false, &findings);
	dump_judge_variables(&views, &c, &findings);
	cr_expect_eq(findings_count(&findings, FINDING_FAIL), 1 + 9 + 3 + 1);
	findings_done(&findings);
	views_done(&views);
	config_done(&c);
}

Test(doctor, judges_variables)
{
	static const char *const open[] = {"*", "LD_*", "LD_PRELOAD", "BASH*",
	    "BASH_FUNC_x%%", "SHELLOPTS", "PS4", "SHLVL", "E?V", "ZDOTDIR",
	    "SSH_*", "SSH_USER_AUTH", "H*", "GCONV_PATH", "LOC*", "XDG_*",
	    "XDG_DATA_DIRS"};
	static const char *const closed[] = {"LANG", "LC_*", "TFA_CODE", "TERM",
	    "COLORTERM", "GIT_*", "XDG_SESSION_ID"};

	for (size_t i = 0; i < COUNT(open); i++)
		cr_expect(guard_pattern_is_open(open[i]), "%s", open[i]);
	for (size_t i = 0; i < COUNT(closed); i++)
		cr_expect_not(
		    guard_pattern_is_open(closed[i]), "%s", closed[i]);
}

Test(doctor, knows_shells)
{
	cr_expect_eq(shell_kind("/bin/bash"), SHELL_RUNS);
	cr_expect_eq(shell_kind(""), SHELL_RUNS);
	cr_expect_eq(shell_kind("/usr/bin/fish"), SHELL_READS_HOME);
	cr_expect_eq(shell_kind("/usr/bin/git-shell"), SHELL_CANNOT);
	cr_expect_eq(shell_kind("/bin/rbash"), SHELL_CANNOT);
	cr_expect_eq(shell_kind("/usr/bin/screen"), SHELL_OPEN);
	cr_expect_eq(shell_kind("/usr/bin/tmux"), SHELL_OPEN);
	cr_expect_eq(shell_kind("/usr/lib/plan9/bin/rc"), SHELL_OPEN);
	cr_expect_eq(shell_kind("/usr/sbin/nologin"), SHELL_NO_LOGIN);
	cr_expect_eq(shell_kind("/opt/menu"), SHELL_UNKNOWN);
}

Test(doctor, knows_the_versions_with_the_cve)
{
	static const struct {
		const char *version;
		enum cve cve;
	} cases[] = {
	    {"OpenSSH_9.2p1 Debian-2+deb12u10", CVE_NO},
	    {"OpenSSH_9.2p1 Debian-2+deb12u6", CVE_NO},
	    {"OpenSSH_9.2p1 Debian-2+deb12u5", CVE_YES},
	    {"OpenSSH_9.9p2", CVE_YES},
	    {"OpenSSH_10.0p2 Debian-7", CVE_NO},
	    {"OpenSSH_10.5p1", CVE_NO},
	    {"OpenSSH_7.3p1", CVE_NO},
	    {"OpenSSH_8.9p1 Ubuntu-3ubuntu0.13", CVE_UNKNOWN},
	    {"something", CVE_UNKNOWN},
	};
	static const char binary[] = "x\0OpenSSH_2.*,OpenSSH_3.0*\0"
				     "OpenSSH_9.2p1 Debian-2+deb12u10\0"
				     "OpenSSH_9.2p1\0y";
	char version[64];

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(version_cve_2025_32728(cases[i].version),
		    cases[i].cve, "%s", cases[i].version);
	cr_assert(version_find(binary, sizeof(binary), version, 64));
	cr_expect_str_eq(version, "OpenSSH_9.2p1 Debian-2+deb12u10");
	cr_expect_not(version_find("none", 4, version, 64));
}
