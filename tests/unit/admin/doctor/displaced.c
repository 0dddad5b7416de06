#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "admin/doctor/dump.h"
#include "store/base/cleanup.h"

TestSuite(displaced, .timeout = 30);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define GATE     "/usr/sbin/tfa-gate"
#define FOLDER   "/etc/ssh/sshd_config.d/"
#define INCLUDE  "Include " FOLDER "*.conf\n"

/* 00-site.conf, which ctx is the text of, then our drop-in. */
static void
files(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	scoped_free char *drop_in = guard_drop_in(GATE, 0);

	(void)pattern;
	if (ctx != NULL)
		each(reader, FOLDER CONFIG_SITE, ctx);
	each(reader, CONFIG_DROP_IN, drop_in);
}

/* Returns the findings on the order of such a configuration. */
static struct findings
judge(const char *site, const char *config)
{
	scoped_free char *before = site != NULL ? strdup(site) : NULL;
	struct findings findings = {.check = "order"};
	struct config read;

	config_read(CONFIG_DEFAULT, config, files, before, &read);
	cr_assert(!read.failed);
	config_judge(&read, 0, &findings);
	config_done(&read);
	return findings;
}

static const char *
first_detail(const struct findings *findings)
{
	return findings->list.count > 0 ? findings->list.items[0].detail : "";
}

Test(displaced, says_nothing_of_what_is_not_in_the_way)
{
	static const char *const fine[] = {
	    INCLUDE,
	    INCLUDE "AcceptEnv LANG LC_*\nAcceptEnv LC_ALL\n",
	    /* as Debian 13 ships it */
	    INCLUDE "AcceptEnv LANG LC_* COLORTERM NO_COLOR\n",
	    INCLUDE "ForceCommand none\nChrootDirectory none\n",
	    INCLUDE "Match User git\n    AcceptEnv GIT_PROTOCOL\n",
	    INCLUDE "Match User git\n    X11Forwarding yes\n",
	    INCLUDE "Match User git\n    ForceCommand " GATE "\n",
	};

	for (size_t i = 0; i < COUNT(fine); i++) {
		struct findings findings = judge(NULL, fine[i]);

		cr_expect_eq(findings.list.count, 0, "%zu: %s", i,
		    first_detail(&findings));
		findings_done(&findings);
	}
}

Test(displaced, gives_the_block_that_repeats_a_line)
{
	static const struct {
		const char *config, *block;
	} cases[] = {
	    {INCLUDE "ForceCommand /usr/bin/menu\n",
		"    Match all\n        ForceCommand " GATE
		" --command /usr/bin/menu"},
	    {INCLUDE "Match Group a,b\n  ForceCommand echo \"it's\"\n",
		"    Match Group a,b\n        ForceCommand " GATE
		" --command 'echo \"it'\\''s\"'"},
	    {INCLUDE "Match User m\n  ForceCommand " GATE " --command menu\n",
		"    Match User m\n        ForceCommand " GATE
		" --command menu"},
	    {INCLUDE "Match User x\n  ChrootDirectory /srv\n",
		"    Match User x\n        ChrootDirectory none"},
	    {INCLUDE "Match User x\n  SetEnv A=1\n",
		"    Match User x\n        SetEnv A=1 LD_PRELOAD= "},
	    {INCLUDE "SetEnv A=1\n",
		"    Match all\n        SetEnv A=1 LD_PRELOAD= "},
	    {INCLUDE "AcceptEnv LANG GIT_*\n",
		"    Match all\n        AcceptEnv GIT_*"},
	    {INCLUDE "AcceptEnv COLORTERM COLOR*\n",
		"    Match all\n        AcceptEnv COLOR*"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct findings findings = judge(NULL, cases[i].config);
		const struct finding *found = findings.list.items;
		char fix[FINDING_FIX];

		cr_assert_eq(findings.list.count, 1, "%s", cases[i].config);
		cr_expect_eq(found->status, FINDING_FAIL);
		cr_expect(found->block);
		cr_expect_eq(strncmp(found->fix,
				 "in " FOLDER CONFIG_SITE ":\n    Match ", 40),
		    0, "%s", found->fix);
		cr_expect_not_null(strstr(found->fix, cases[i].block),
		    "no \"%s\" in: %s", cases[i].block, found->fix);
		finding_fix(found, fix);
		cr_expect_null(strchr(fix, '\n'));
		cr_expect_not_null(strstr(fix, CONFIG_SITE ": Match "));
		findings_done(&findings);
	}
}

/* A variable that runs code is not repeated, but named. */
Test(displaced, repeats_no_variable_that_runs_code)
{
	struct findings findings = judge(
	    NULL, INCLUDE "AcceptEnv GIT_* LD_*\n");

	cr_assert_eq(findings.list.count, 2);
	cr_expect_not_null(strstr(first_detail(&findings), "AcceptEnv LD_*"));
	cr_expect_not_null(strstr(findings.list.items[1].fix, "GIT_*"));
	cr_expect_null(strstr(findings.list.items[1].fix, "LD_*"));
	findings_done(&findings);
}

/* All the blocks of above, and the lines that they repeat. */
Test(displaced, says_nothing_of_what_a_block_before_ours_repeats)
{
	char site[4 * GUARD_LINE];
	struct findings findings;

	snprintf(site, sizeof(site),
	    "Match Group a\n    ForceCommand " GATE
	    " --command internal-sftp\n    ChrootDirectory none\n"
	    "Match all\n    AcceptEnv GIT_*\n    SetEnv A=1 %s\n"
	    "Match all\n    ForceCommand " GATE " --command menu\n",
	    guard_setenv() + strlen("SetEnv "));
	findings = judge(site,
	    INCLUDE "AcceptEnv GIT_*\nSetEnv A=1\nForceCommand menu\n"
		    "Match Group A\n"
		    "Match Group a\n    ForceCommand internal-sftp\n"
		    "    ChrootDirectory /srv\n");
	cr_expect_eq(findings.list.count, 0, "%s", first_detail(&findings));
	findings_done(&findings);
}

/* A SetEnv before ours that lacks one of ours would let it in. */
Test(displaced, names_a_setenv_before_ours_that_lacks_something)
{
	struct findings findings = judge(
	    "Match all\n    SetEnv A=1 LD_PRELOAD=\n", INCLUDE);

	cr_assert_eq(findings.list.count, 1);
	cr_expect_eq(findings.list.items[0].status, FINDING_FAIL);
	cr_expect_not_null(
	    strstr(first_detail(&findings), "00-site.conf:2: SetEnv A=1"));
	findings_done(&findings);
}

Test(displaced, names_an_exemption_before_ours)
{
	struct findings findings = judge(
	    "Match User git\n    ForceCommand none\n", INCLUDE);

	cr_assert_eq(findings.list.count, 1);
	cr_expect_eq(findings.list.items[0].status, FINDING_WARN);
	cr_expect_not_null(
	    strstr(first_detail(&findings), "Match User git is exempt"));
	findings_done(&findings);
}
