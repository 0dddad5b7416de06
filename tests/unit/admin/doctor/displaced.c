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

struct folder {
	char *site; /* 00-site.conf, or NULL */
	int door;   /* its port, or 0 */
	bool lists; /* the door's own block has a list of targets */
};

/* 00-site.conf, then our drop-in. */
static void
files(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	const struct folder *folder = ctx;
	scoped_free char *drop_in = guard_drop_in(GATE, folder->door, NULL);
	char *any = strstr(drop_in, "PermitOpen any");

	(void)pattern;
	if (folder->lists)
		memcpy(strstr(any, "any"), "a:1", 3);
	if (folder->site != NULL)
		each(reader, FOLDER CONFIG_SITE, folder->site);
	each(reader, CONFIG_DROP_IN, drop_in);
}

/* Returns the findings on the order of such a configuration. */
static struct findings
judge_folder(struct folder folder, const char *config)
{
	struct findings findings = {.check = "order"};
	struct config read;

	config_read(CONFIG_DEFAULT, config, files, &folder, &read);
	cr_assert(!read.failed);
	config_judge(&read, folder.door, &findings);
	config_done(&read);
	return findings;
}

static struct findings
judge_with(const char *site, const char *config, int door)
{
	scoped_free char *before = site != NULL ? strdup(site) : NULL;

	return judge_folder((struct folder){before, door, false}, config);
}

static struct findings
judge(const char *site, const char *config)
{
	return judge_with(site, config, 0);
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
	cr_expect_eq(findings.list.items[0].status, FINDING_OK);
	cr_expect_not_null(
	    strstr(first_detail(&findings), "Match User git is exempt"));
	findings_done(&findings);
}

#define DOOR 2222

/* The site closes forwarding for some: the door's block, which comes first,
 * would open it to them. */
Test(displaced, names_what_closes_forwarding_and_is_displaced_at_the_door)
{
	static const struct {
		const char *site, *config, *block;
	} cases[] = {
	    {NULL, INCLUDE "Match User x\n    AllowTcpForwarding no\n",
		"Match User x LocalPort 2222\n        AllowTcpForwarding no"},
	    {NULL, "PermitOpen db:5432\n" INCLUDE,
		"Match LocalPort 2222\n        PermitOpen db:5432"},
	    {NULL, INCLUDE "Match User x\n    AllowTcpForwarding remote\n",
		"AllowTcpForwarding remote"},
	    {NULL, INCLUDE "Match Group g\n    DisableForwarding yes\n",
		"Match Group g LocalPort 2222\n        DisableForwarding yes"},
	    {NULL,
		INCLUDE
		"Match Address 10.0.0.0/8\n    AllowAgentForwarding no\n",
		"AllowAgentForwarding no"},
	    {NULL, INCLUDE "Match User x\n    PermitOpen db:5432\n",
		"PermitOpen db:5432"},
	    {NULL, INCLUDE "Match User x LocalPort 2222\n    PermitOpen none\n",
		"Match User x LocalPort 2222\n        PermitOpen none"},
	    {"Match User y\n    AllowTcpForwarding no\n",
		INCLUDE "Match User x\n    AllowTcpForwarding no\n",
		"Match User x LocalPort 2222"},
	    {"Match User x\n    AllowAgentForwarding no\n",
		INCLUDE "Match User x\n    AllowTcpForwarding no\n",
		"Match User x LocalPort 2222"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct findings findings = judge_with(
		    cases[i].site, cases[i].config, DOOR);

		cr_assert_eq(findings.list.count, 1, "%zu: %s", i,
		    first_detail(&findings));
		cr_expect_eq(findings.list.items[0].status, FINDING_FAIL);
		cr_expect_not_null(
		    strstr(findings.list.items[0].fix, cases[i].block),
		    "%zu: %s", i, findings.list.items[0].fix);
		findings_done(&findings);
		findings = judge(cases[i].site, cases[i].config);
		cr_expect_eq(findings.list.count, 0, "%zu: no door: %s", i,
		    first_detail(&findings));
		findings_done(&findings);
	}
}

Test(displaced, says_nothing_of_what_the_door_leaves_as_it_is)
{
	static const struct {
		const char *site, *config;
	} fine[] = {
	    {NULL, INCLUDE},
	    {NULL, INCLUDE "AllowTcpForwarding no\nPermitOpen none\n"},
	    {NULL, INCLUDE "Match User x\n    AllowTcpForwarding yes\n"},
	    {NULL, INCLUDE "Match User x\n    AllowTcpForwarding LOCAL\n"},
	    {NULL, INCLUDE "Match User x\n    PermitOpen any\n"},
	    {NULL,
		INCLUDE "Match User x\n    X11Forwarding yes\n"
			"    AuthenticationMethods publickey,password\n"},
	    {NULL, INCLUDE "Match User x LocalPort 22\n    PermitOpen none\n"},
	    {"Match User x\n    AllowTcpForwarding no\n",
		INCLUDE "Match User x\n    AllowTcpForwarding no\n"},
	    {"Match User x LocalPort 2222\n    PermitOpen db:5432\n",
		INCLUDE "Match User x\n    PermitOpen db:5432\n"},
	};

	for (size_t i = 0; i < COUNT(fine); i++) {
		struct findings findings = judge_with(
		    fine[i].site, fine[i].config, DOOR);

		cr_expect_eq(findings.list.count, 0, "%zu: %s", i,
		    first_detail(&findings));
		findings_done(&findings);
	}
}

/* The door's own block may have a list of targets: nothing displaces it. */
Test(displaced, leaves_a_list_in_the_doors_own_block)
{
	struct findings findings = judge_folder(
	    (struct folder){NULL, DOOR, true}, INCLUDE);

	cr_expect_eq(findings.list.count, 0, "%s", first_detail(&findings));
	findings_done(&findings);
}

/* PermitOpen with a target opens nothing at the door's port that sshd's answer
 * for it does not show; at any other port it would. */
Test(displaced, takes_a_block_for_the_doors_port_alone_for_the_doors)
{
	struct findings findings = judge_with(
	    "Match LocalPort 22\n    PermitOpen db:5432\n", INCLUDE, DOOR);

	cr_expect_eq(findings.list.count, 1);
	findings_done(&findings);
	findings = judge_with(
	    "Match LocalPort 2222,22\n    PermitOpen db:5432\n", INCLUDE, DOOR);
	cr_expect_eq(findings.list.count, 1);
	findings_done(&findings);
}
