#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "admin/setup/site.h"
#include "store/base/cleanup.h"

TestSuite(setup_site, .timeout = 30);

#define INCLUDE "Include /etc/ssh/sshd_config.d/*.conf\n"

/* 00-site.conf, then our drop-in. */
static void
files(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	scoped_free char *dropin = text_dropin(NULL, NULL);

	(void)pattern;
	if (ctx != NULL)
		each(reader, SETUP_DROPINS "/00-site.conf", ctx);
	each(reader, SETUP_DROPIN, dropin);
}

/* Returns the findings about a site with this configuration. */
static char *
judge(const char *early, const char *config, struct setup *ret)
{
	scoped_free char *before = early != NULL ? strdup(early) : NULL;
	char *report = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&report, &size);
	struct config read;

	config_read(SETUP_SSHD, config, files, before, &read);
	cr_assert(!read.failed);
	site_judge(ret, &read, file);
	config_done(&read);
	fclose(file);
	return report;
}

Test(setup_site, what_is_not_in_the_way)
{
	static const char *const fine[] = {
	    INCLUDE,
	    INCLUDE "AcceptEnv LANG LC_*\nAcceptEnv LC_ALL\n",
	    /* as Debian 13 ships it */
	    INCLUDE "AcceptEnv LANG LC_* COLORTERM NO_COLOR\n",
	    INCLUDE "ForceCommand none\nChrootDirectory none\n",
	    INCLUDE "Match User git\n    AcceptEnv GIT_PROTOCOL\n",
	    INCLUDE "Match User git\n    X11Forwarding yes\n",
	};

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		struct setup setup = {.caller = NULL};
		scoped_free char *report = judge(NULL, fine[i], &setup);

		cr_assert_str_empty(report, "%zu: %s", i, report);
		cr_assert(!setup.site_blocks_us);
		cr_assert(!setup.site_first);
	}
}

Test(setup_site, what_is_in_the_way_and_the_line_for_it)
{
	static const struct {
		const char *config, *line;
	} cases[] = {
	    {INCLUDE "ForceCommand /usr/bin/menu\n",
		"    Match all\n        ForceCommand " SETUP_GATE
		" --command /usr/bin/menu\n"},
	    {INCLUDE "Match Group a,b\n  ForceCommand echo \"it's\"\n",
		"    Match Group a,b\n        ForceCommand " SETUP_GATE
		" --command 'echo \"it'\\''s\"'\n"},
	    {INCLUDE "Match User x\n  ChrootDirectory /srv\n",
		"    Match User x\n        # The gate"},
	    {INCLUDE "Match User x\n  SetEnv A=1\n",
		"    Match User x\n        SetEnv A=1 LD_PRELOAD= "},
	    {INCLUDE "AcceptEnv LANG GIT_*\n",
		"    Match all\n        AcceptEnv GIT_*\n"},
	    {INCLUDE "AcceptEnv COLORTERM COLOR*\n",
		"    Match all\n        AcceptEnv COLOR*\n"},
	    {INCLUDE "AcceptEnv *\n", "not *: it lets code run"},
	    {"X11Forwarding no\n", "    Include "},
	    {"Match User x\n" INCLUDE, "    Include "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct setup setup = {.caller = NULL};
		scoped_free char *report = judge(NULL, cases[i].config, &setup);

		cr_assert(setup.site_blocks_us, "%s", cases[i].config);
		cr_assert_not_null(strstr(report, cases[i].line),
		    "no \"%s\" in: %s", cases[i].line, report);
	}
}

Test(setup_site, what_an_earlier_block_says_again_is_not_in_the_way)
{
	static const char early[] =
	    "Match Group a\n    ForceCommand " SETUP_GATE
	    " --command internal-sftp\n    ChrootDirectory none\n"
	    "Match all\n    AcceptEnv GIT_*\n";
	static const char config[] = INCLUDE
	    "AcceptEnv GIT_*\nMatch Group A\n"
	    "Match Group a\n    ForceCommand internal-sftp\n"
	    "    ChrootDirectory /srv\n";
	struct setup setup = {.caller = NULL};
	scoped_free char *report = judge(early, config, &setup);

	cr_assert_str_empty(report, "%s", report);
	cr_assert(!setup.site_blocks_us);
	cr_assert(setup.site_first);
}

Test(setup_site, exemption_before_ours_is_said)
{
	struct setup setup = {.caller = NULL};
	scoped_free char *report = judge(
	    "Match User git\n    ForceCommand none\n", INCLUDE, &setup);

	cr_assert_not_null(strstr(report, "\"Match User git\" is not asked"));
	cr_assert(!setup.site_blocks_us);
	cr_assert(setup.site_first);
}
