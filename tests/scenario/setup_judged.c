/*
 * setup and doctor must agree: for each kind of misconfiguration setup refuses
 * with the words that doctor has for it once the drop-in is there, and with no
 * others.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"
#include "scenario.h"

Scenarios(setup_judged);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SITE     "/etc/ssh/sshd_config.d/00-site.conf"
#define POLICY   "/etc/tfa/policy.json"

/* The lines of a FAIL, those of a block joined as doctor joins them. */
static char *
fails_in(const char *said)
{
	char *fails = text("%s", "");
	bool inside = false, first = false;

	for (const char *line = said; *line != '\0';) {
		size_t len = strcspn(line, "\n"), blanks = strspn(line, " ");

		if (strncmp(line, "FAIL  ", 6) == 0) {
			inside = first = true;
			fails = text("%s\n%.*s", fails, (int)len, line);
		} else if (inside && blanks >= 4) {
			fails = text("%s%s%.*s", fails, first ? " " : " / ",
			    (int)(len - blanks), line + blanks);
			first = false;
		} else {
			inside = false;
		}
		line += len + (line[len] == '\n');
	}
	return fails;
}

static struct run *
doctor(void)
{
	return run(ARGV("/usr/sbin/tfa-admin", "doctor"), NULL, 0);
}

/* One thing that is wrong beside our drop-in. */
struct wrong {
	const char *config; /* below sshd_config */
	const char *site;   /* 00-site.conf */
	const char *script;
	const char *check, *says;
};

static const struct wrong wrongs[] = {
    {.config = "Match Group helpdesk\n"
	       "    ForceCommand internal-sftp -l INFO\n"
	       "    ChrootDirectory /srv\n",
	.check = "order",
	.says = "--command 'internal-sftp -l INFO'"},
    {.config = "AcceptEnv GIT_*\nSetEnv SITE=1\n",
	.check = "order",
	.says = "Match all / SetEnv SITE=1 LD_PRELOAD="},
    {.config = "AcceptEnv LD_*\n", .check = "order", .says = "AcceptEnv LD_*"},
    {.config = "NoSuchKeyword yes\n",
	.check = "sshd-config",
	.says = "/etc/ssh/sshd_config"},
    {.site = "NoSuchKeyword yes\n", .check = "sshd-config", .says = SITE},
    {.site = "Match Group interns\n    AllowTcpForwarding yes\n",
	.check = "channels",
	.says = "for dave"},
    {.site = "Match User b*\n    ForceCommand none\n",
	.check = "gate",
	.says = "no gate asks for a code"},
    {.site = "Match all\n    SetEnv A=1\n",
	.check = "environment",
	.says = "it lacks LD_PRELOAD="},
    {.site = "Match User bob\n    ChrootDirectory /srv\n",
	.check = "gate",
	.says = "locked out"},
    {.config = "AuthenticationMethods publickey,publickey\n",
	.check = "gate",
	.says = "two keys"},
    {.config = "AuthorizedKeysFile /etc/ssh/keys/%u\n",
	.check = "keys",
	.says = "\"/etc/ssh/keys/%u\" in keys.files"},
    {.config = "Match User git\n    AuthorizedKeysCommand /usr/bin/env\n"
	       "    AuthorizedKeysCommandUser nobody\n",
	.script = "sed -i 's/\"otherwise\"/\"keys\": {\"unlisted\": "
		  "\"allow\"}, &/' " POLICY,
	.check = "certificates",
	.says = "Match User git / ForceCommand none"},
    {.script = "sed -i 's/\"otherwise\"/\"admins\": {\"groups\": "
	       "[\"no-such-group\"]}, &/' " POLICY,
	.check = "policy",
	.says = "no-such-group"},
    {.script = "chmod 666 " POLICY, .check = "policy-file", .says = POLICY},
    {.script = "usermod -s /usr/bin/git-shell bob",
	.check = "shells",
	.says = "bob is locked out"},
    {.script = "echo twin:x:2002:2002::/:/bin/sh >>/etc/passwd",
	.check = "uids",
	.says = "bob and twin"},
    /* That of sshd's own file setup closes itself. */
    {.script = "sed -i 's/^UsePAM no/UsePAM yes/' /etc/ssh/sshd_config\n"
	       "sed -i s/user_readenv=1// /etc/pam.d/sshd\n"
	       "echo 'session required pam_env.so user_readenv=1' "
	       ">>/etc/pam.d/common-session",
	.check = "pam",
	.says = "/etc/pam.d/common-session"},
    {.script = "chmod 777 /etc/ssh/sshd_config.d",
	.check = "config-files",
	.says = "chmod go-w /etc/ssh/sshd_config.d"},
    {.script = "touch /etc/ssh/sshrc; chmod 666 /etc/ssh/sshrc",
	.check = "sshrc",
	.says = "others than root can write"},
};

static void
make_wrong(const struct wrong *wrong)
{
	machine_sh("rm -rf /etc/*; cp -a /run/etc/. /etc/");
	if (wrong->config != NULL)
		machine_sshd_config(wrong->config);
	if (wrong->site != NULL)
		write_text(SITE, wrong->site);
	if (wrong->script != NULL)
		machine_sh(wrong->script);
}

/* Each costs a doctor and a setup. */
Test(setup_judged, setup_refuses_in_the_words_of_doctor, .timeout = 600)
{
	needs_people();
	machine_new();
	machine_install();
	machine_keeper();
	machine_sh("cp -a /etc /run/etc");
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		const struct wrong *wrong = &wrongs[i];
		struct run *after, *before;
		char *start = text("\nFAIL  %-13s ", wrong->check);
		char *fails, *found;

		make_wrong(wrong);
		after = doctor();
		fails = fails_in(after->out);
		found = strstr(fails, start);
		cr_expect(found != NULL && strstr(found, wrong->says) != NULL,
		    "%zu: no %s with \"%s\" in: %s", i, wrong->check,
		    wrong->says, after->out);
		machine_sh("rm " MACHINE_DROPIN);
		before = machine_setup("--dry-run", NULL, NULL);
		cr_expect_eq(before->status, 1, "%zu: %s", i, before->err);
		cr_expect_str_eq(fails_in(before->err), fails, "%zu", i);
	}
}

#define HARDWARE                                                         \
	"{\"version\": 1, \"issuer\": \"Test\", \"rules\": [{\"name\": " \
	"\"keys\", \"users\": [\"*\"], \"mode\": \"required\", "         \
	"\"hardware_keys\": \"enough\"}], \"otherwise\": \"required\", " \
	"\"keys\": {\"hardware_files\": [\"/etc/ssh/hardware/%u\"]}}"

/* setup only warns of them: while their files are wrong, people are asked for a
 * code. */
Test(setup_judged, setup_warns_of_hardware_keys_and_goes_on)
{
	static const char fault[] =
	    "hardware-keys /etc/ssh/hardware/bob, of "
	    "keys.hardware_files: /etc/ssh/hardware/bob "
	    "belongs to the uid ";
	struct run *r;

	needs_people();
	machine_new();
	machine_install();
	machine_keeper();
	write_text(POLICY, HARDWARE);
	machine_sh("chmod 644 " POLICY "; mkdir -p /etc/ssh/hardware\n"
		   "echo '# none' >/etc/ssh/hardware/bob\n"
		   "chown bob /etc/ssh/hardware/bob");
	r = doctor();
	assert_status(r, 1);
	assert_says(r->out, text("FAIL  %s", fault));
	machine_sh("rm " MACHINE_DROPIN);
	r = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 0);
	assert_says(r->err, text("warn  %s", fault));
	assert_never_says(r->err, "FAIL");
}

/* setup does not stop at a fault that it mends itself. */
Test(setup_judged, setup_stops_at_nothing_that_it_mends)
{
	needs_people();
	machine_new();
	machine_sh("sed -i 's/^UsePAM no/UsePAM yes/' /etc/ssh/sshd_config\n"
		   "echo 'session required pam_env.so user_readenv=1' "
		   ">>/etc/pam.d/sshd\n"
		   "mkdir -m 777 /etc/tfa /var/lib/tfa /run/tfa\n"
		   "echo 'X11Forwarding yes' >" MACHINE_DROPIN "\n"
		   "chmod 666 " MACHINE_DROPIN);
	machine_install();
	machine_keeper();
	cr_assert_str_empty(fails_in(doctor()->out));
}

/* That comes first, and then what would stop setup, and nothing else. */
Test(setup_judged, doctor_before_setup_says_what_would_stop_it)
{
	struct run *r, *setup;
	char *before;

	needs_people();
	machine_new();
	before = machine_files();
	r = doctor();
	assert_status(r, 1);
	cr_assert_str_eq(r->out,
	    "FAIL  setup         tfa is not set up here: sshd asks nobody for "
	    "a code; fix: tfa-admin setup\n");
	machine_sshd_config("AcceptEnv LD_*\nMatch Group helpdesk\n"
			    "    ForceCommand internal-sftp\n");
	r = doctor();
	setup = machine_setup("--dry-run", NULL, NULL);
	assert_status(r, 1);
	assert_status(setup, 1);
	cr_assert_eq(strncmp(r->out, "FAIL  setup  ", 13), 0, "%s", r->out);
	cr_assert_str_eq(
	    strchr(r->out, '\n'), text("%s\n", fails_in(setup->err)));
	machine_sshd_config("");
	cr_assert_str_eq(machine_files(), before);
}
