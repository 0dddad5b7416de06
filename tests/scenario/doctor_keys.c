/*
 * doctor and setup on keys: do the gate and sshd look for keys in the same
 * files, for each user and in every view of sshd -T? Is each keyword judged
 * wherever a Match sets it? The real sshd answers.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/finding.h"
#include "tests/scenario/scenario.h"

Scenarios(doctor_keys);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEY                                                           \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPV0dVBTK1k2uKujMZwyYF+" \
	"GfE3RB24Hj0UWuZp/7X9Y"
#define TWENTY "a-name-of-twenty-or."
#define LONG   TWENTY TWENTY TWENTY TWENTY TWENTY
#define BOTH   "'.ssh/authorized_keys','.ssh/authorized_keys2'"

/* Returns in with from replaced by to. */
static char *
replaced(const char *in, const char *from, const char *to)
{
	const char *found = strstr(in, from);

	cr_assert_not_null(found);
	return text(
	    "%.*s%s%s", (int)(found - in), in, to, found + strlen(from));
}

/*
 * doctor on a configuration with these lines above our Include line, in
 * 00-site.conf beside our drop-in and below both; script prepares, in a world
 * with mounts of its own.
 */
struct view_of {
	const char *rules; /* of the policy; NULL: a code is required */
	const char *keys;  /* "keys" of the policy; NULL: defaults */
	const char *above, *site, *below, *script;
};

static struct run *
examine(const struct bastion *b, const struct view_of *v, size_t number)
{
	char *folder = text("%s/%zu", b->dir, number);
	const char *drop_in = replaced(read_text("etc/sshd-tfa.conf"),
	    "/usr/sbin/tfa-gate",
	    text("%s/tfa-gate --socket %s", getenv("TFA_PROGRAMS"), b->socket));

	fixture_write_policy(b,
	    fixture_policy(v->rules != NULL ? v->rules : REQUIRED,
		text("'keys':{%s}", v->keys != NULL ? v->keys : "")));
	cr_assert_eq(mkdir(folder, 0755), 0);
	cr_assert_eq(mkdir(text("%s/d", folder), 0755), 0);
	write_text(text("%s/d/00-tfa.conf", folder), drop_in);
	if (v->site != NULL)
		write_text(text("%s/d/00-site.conf", folder), v->site);
	write_text(text("%s/sshd_config", folder),
	    text("%sInclude %s/d/*.conf\nHostKey %s/host\nUsePAM no\n%s",
		v->above != NULL ? v->above : "", folder, getenv("TFA_KEYS"),
		v->below != NULL ? v->below : ""));
	return run(
	    ARGV("unshare", "-m", "sh", "-c",
		text("mount -t tmpfs -o mode=755 none /mnt\n%s\n"
		     "exec %s/tfa-admin --socket %s --policy %s doctor "
		     "--config %s/sshd_config",
		    v->script != NULL ? v->script : ":", getenv("TFA_PROGRAMS"),
		    b->socket, b->policy, folder)),
	    NULL, 0);
}

struct finding {
	struct view_of view;
	const char *status, *check, *words; /* words NULL: status is "ok" */
};

static void
expect_each(const struct finding *findings, size_t count)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	for (size_t i = 0; i < count; i++) {
		const struct finding *f = &findings[i];
		struct run *r = examine(b, &f->view, i);

		if (f->words != NULL) {
			cr_expect(
			    finding_is(r->out, f->status, f->check, f->words),
			    "%zu: no %s of %s with \"%s\" in:\n%s%s", i,
			    f->status, f->check, f->words, r->out, r->err);
			continue;
		}
		assert_says(r->out, text("  %-13s ", f->check));
		cr_expect(!finding_is(r->out, "FAIL", f->check, "") &&
			!(strcmp(f->status, "ok") == 0 &&
			    finding_is(r->out, "warn", f->check, "")),
		    "%zu: %s", i, r->out);
	}
}

/*
 * Files that only sshd reads, and files that only the gate reads. Each case
 * starts sshd and reads everybody's files, which is slow under a sanitizer.
 */
Test(doctor_keys, names_files_that_only_one_of_both_reads, .timeout = 600)
{
	static const struct finding findings[] = {
	    {{.above = "AuthorizedKeysFile /mnt/keys/%u\n"}, "FAIL", "keys",
		"AuthorizedKeysFile /mnt/keys/%u, for root"},
	    {{.above = "AuthorizedKeysFile /mnt/keys/%u\n"}, "FAIL", "keys",
		".ssh/authorized_keys2 is in keys.files of "},
	    {{.keys = "'files':[" BOTH ",'/mnt/keys/%u']",
		 .above = "AuthorizedKeysFile /mnt/keys/%u\n"},
		"FAIL", "keys", "and sshd does not read it"},
	    {{.keys = "'files':[" BOTH "]",
		 .above = "AuthorizedKeysFile none\n"},
		"FAIL", "keys", "and sshd does not read it"},
	    {{.keys = "'files':['/mnt/keys/%u']",
		 .above = "AuthorizedKeysFile /mnt/keys/%u\n"},
		"ok", "keys", " files of "},
	    /*
	     * Only a warning: the file that sshd reads is the user's to change
	     * anyway.
	     */
	    {{.above = "AuthorizedKeysFile .ssh/authorized_keys\n"}, "warn",
		"keys", "authorized_keys2 is in keys.files"},
	    {{.keys = "'files':['%h/.ssh/authorized_keys',"
		      "'.ssh/authorized_keys2']",
		 .above = "AuthorizedKeysFile .ssh/authorized_keys "
			  "\"%h/.ssh/authorized_keys2\"\n"},
		"", "keys", NULL},
	    /*
	     * For bob this is the file that the gate reads, and for root it is
	     * not.
	     */
	    {{.above = "AuthorizedKeysFile /home/%u/.ssh/authorized_keys "
		       ".ssh/authorized_keys2\n"},
		"FAIL", "keys",
		"AuthorizedKeysFile /home/%u/.ssh/authorized_keys, for root"},
	    {{.below = "Match User bob\n    AuthorizedKeysFile "
		       "/home/%u/.ssh/authorized_keys "
		       "%h/.ssh/authorized_keys2\n"},
		"", "keys", NULL},
	    {{.below = "Match User bob\n    AuthorizedKeysFile /mnt/%U\n"},
		"FAIL", "keys", "AuthorizedKeysFile /mnt/%U, for bob, "},
	    {{.below = "Match Group interns\n    AuthorizedKeysFile /mnt/%u\n"},
		"FAIL", "keys", "AuthorizedKeysFile /mnt/%u, for dave, "},
	    {{.below = "Match User !root,*\n    AuthorizedKeysFile /mnt/%u\n"},
		"FAIL", "keys", "AuthorizedKeysFile /mnt/%u, for daemon"},
	    {{.below = "Match User git-*\n    AuthorizedKeysFile /mnt/%u\n"},
		"FAIL", "keys", "AuthorizedKeysFile /mnt/%u, for git-x"},
	    /* doctor asks sshd about the whole of a long name. */
	    {{.below = "Match User " LONG "\n    AuthorizedKeysFile /mnt/%u\n"},
		"FAIL", "keys", "AuthorizedKeysFile /mnt/%u, for " TWENTY},
	    {{.below = "Match User bob Address 10.0.0.0/8,!10.0.0.0/16\n"
		       "    AuthorizedKeysFile /mnt/%u\n"},
		"FAIL", "keys", "for bob from 10.255.255.255"},
	    {{.below = "Match Address *,!192.0.2.0/24\n"
		       "    AuthorizedKeysFile /mnt/%u\n"},
		"FAIL", "keys", "/mnt/%u, for root from 203.0.113.1"},
	    {{.below =
		     "Match Address fe80:*\n    AuthorizedKeysFile /mnt/%u\n"},
		"FAIL", "keys", "for root from fe80::1"},
	    {{.below = "Match LocalAddress 10.9.8.0/24 LocalPort 2222\n"
		       "    AuthorizedKeysFile /mnt/%u\n"},
		"FAIL", "keys", "for root at port 2222"},
	    {{.below = "Match Host *.example.org\n    AuthorizedKeysFile "
		       "/mnt/%u\n"},
		"FAIL", "keys", "AuthorizedKeysFile /mnt/%u, for root"},
	    {{.below = "Match RDomain vrf1\n    AuthorizedKeysFile /mnt/%u\n"},
		"FAIL", "keys", "AuthorizedKeysFile /mnt/%u, for root"},
	    {{.below = "Match User bob\n    PubkeyAuthentication no\n"
		       "    AuthorizedKeysFile /mnt/%u\n"},
		"", "keys", NULL},
	};

	needs_people();
	expect_each(findings, COUNT(findings));
}

/* /etc/tfa/authorities, which sshd does not read. */
Test(doctor_keys, lets_a_common_file_hold_authorities_alone)
{
	static const struct finding findings[] = {
	    {{.keys = "'files':[" BOTH ",'/mnt/list']",
		 .script = "echo '# x' >/mnt/list; "
			   "echo 'cert-authority " KEY "' >>/mnt/list"},
		"", "keys", NULL},
	    {{.keys = "'files':[" BOTH ",'/mnt/list']",
		 .script = "echo 'cert-authority " KEY "' >/mnt/list; "
			   "echo '" KEY "' >>/mnt/list"},
		"FAIL", "keys", "/mnt/list:2: the gate reads this key"},
	    {{.keys = "'files':[" BOTH ",'/mnt/list']"}, "", "keys", NULL},
	};

	needs_people();
	expect_each(findings, COUNT(findings));
}

/* A home of bob's own. */
#define HOME                                                            \
	"mount -t tmpfs -o mode=755,uid=2002,gid=2002 none /home/bob; " \
	"mkdir -m 700 /home/bob/.ssh; echo '" KEY                       \
	"' >/home/bob/.ssh/authorized_keys; "                           \
	"chown -R bob:bob /home/bob; "

Test(doctor_keys, names_files_that_sshd_passes_over, .timeout = 600)
{
	static const struct finding findings[] = {
	    {{.script = HOME}, "", "keys", NULL},
	    {{.script = HOME "chmod 0757 /home/bob"}, "FAIL", "keys",
		"bob can write /home/bob: sshd does not read it"},
	    {{.script = HOME "chmod 0702 /home/bob/.ssh"}, "FAIL", "keys",
		"can write /home/bob/.ssh: sshd does not read it"},
	    {{.script = HOME "chmod 0606 /home/bob/.ssh/authorized_keys"},
		"FAIL", "keys", "can write /home/bob/.ssh/authorized_keys: "},
	    {{.script = HOME "chown alice /home/bob/.ssh/authorized_keys; "
			     "chmod 0644 /home/bob/.ssh/authorized_keys"},
		"FAIL", "keys", "StrictModes"},
	    {{.script = HOME "chgrp engineers /home/bob/.ssh; "
			     "chmod 0770 /home/bob/.ssh"},
		"FAIL", "keys", "can write /home/bob/.ssh"},
	    {{.above = "StrictModes no\n",
		 .script = HOME "chmod 0757 /home/bob"},
		"FAIL", "keys", "the gate refuses the keys in it"},
	    /*
	     * The user's main group, which is also another user's main group.
	     */
	    {{.script = HOME
		 "(cat /etc/passwd; echo twin:x:4242:2002::/:/bin/sh) "
		 ">/mnt/passwd; mount --bind /mnt/passwd /etc/passwd; "
		 "chmod 0770 /home/bob/.ssh"},
		"FAIL", "keys", "and the gate does: a bare line in it frees"},
	};

	needs_people();
	expect_each(findings, COUNT(findings));
}

/* A group of the user's alone may write, as Debian's sshd has it. */
Test(doctor_keys, knows_which_sshd_lets_a_group_write)
{
	static const struct view_of view = {
	    .script = HOME "chmod 0770 /home/bob/.ssh"};
	struct run *r;

	needs_people();
	/* Other tests may leave other users' files open meanwhile. */
	r = examine(bastion_open(.rules = REQUIRED), &view, 0);
	cr_expect_eq(finding_is(r->out, "FAIL", "keys",
			 "can write /home/bob/.ssh: sshd does not read it"),
	    !bastion_sshd_is_debians(), "%s", r->out);
	assert_says(r->out, "  keys          ");
}

#define COMMAND                                         \
	"    AuthorizedKeysCommand /usr/bin/env true\n" \
	"    AuthorizedKeysCommandUser nobody\n"
#define SSSD                                                             \
	"    AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys %u\n" \
	"    AuthorizedKeysCommandUser nobody\n"
#define ALLOW  "'unlisted':'allow'"
#define EXEMPT "    ForceCommand none\n    SetEnv SHLVL=0\n"

/* The layout in Gitea's manual, and others. */
Test(doctor_keys, judges_every_keyword_in_every_view, .timeout = 600)
{
	static const struct finding findings[] = {
	    {{.keys = ALLOW, .below = "Match User git\n" COMMAND}, "FAIL",
		"certificates",
		"AuthorizedKeysCommand /usr/bin/env true, for git: "},
	    {{.below = "Match User git\n" COMMAND}, "warn", "certificates",
		"for git: the gate does not see a command="},
	    {{.keys = ALLOW, .below = "Match Group interns\n" COMMAND}, "FAIL",
		"certificates", "for dave: "},
	    {{.keys = ALLOW, .below = "Match User git-*,!git-hub\n" COMMAND},
		"FAIL", "certificates", "for git-x: "},
	    {{.keys = ALLOW, .below = "Match Address 10.1.0.0/16\n" COMMAND},
		"FAIL", "certificates", "for root from 10.1.0.0"},
	    {{.keys = ALLOW, .below = "Match User bob Address 10.*\n" COMMAND},
		"FAIL", "certificates", "for bob from 10.1.1.1: "},
	    {{.keys = ALLOW, .below = "Match Address *,!10.0.0.0/8\n" COMMAND},
		"FAIL", "certificates", "for root"},
	    {{.keys = ALLOW,
		 .below = "Match LocalPort 2222 User bob\n" COMMAND},
		"FAIL", "certificates", "for bob at port 2222: "},
	    /* Users with such a key are refused: the fix is the policy's. */
	    {{.below = "Match Address 10.1.0.0/16\n" COMMAND}, "warn",
		"certificates", "opens a shell; fix: in "},
	    {{.below = "Match Address 10.1.0.0/16\n" SSSD}, "FAIL",
		"certificates", "loses nothing; fix: in "},
	    {{.keys = ALLOW, .below = "Match Address 10.1.0.0/16\n" SSSD}, "ok",
		"certificates", "note: AuthorizedKeysCommand"},
	    {{.below = "Match Group nobody-is-in-this\n" COMMAND}, "warn",
		"certificates", "takes in nobody whom sshd could be asked"},
	    {{.below = "Match User bob\n    TrustedUserCAKeys /mnt/ca\n",
		 .script = "echo '" KEY "' >/mnt/ca"},
		"warn", "certificates", "/mnt/ca:1: the gate refuses"},
	    {{.keys = ALLOW,
		 .below = "Match User bob\n    TrustedUserCAKeys /mnt/ca\n"
			  "    AuthorizedPrincipalsFile /mnt/%u\n",
		 .script = "echo '" KEY "' >/mnt/ca; "
			   "echo 'command=\"x\" a' >/mnt/bob"},
		"FAIL", "certificates", "/mnt/bob:1: a command="},
	    {{.keys = ALLOW,
		 .below = "Match User bob\n    TrustedUserCAKeys /mnt/ca\n"
			  "    AuthorizedPrincipalsFile /mnt/%u\n",
		 .script = "echo '" KEY "' >/mnt/ca; "
			   "echo 'command=\"x\" a' >/mnt/alice"},
		"", "certificates", NULL},
	    {{.below = "Match User bob\n    AuthenticationMethods "
		       "publickey,publickey\n"},
		"FAIL", "gate", "for bob: the gate refuses a login by two"},
	    {{.above = NULL}, "ok", "certificates",
		"sshd takes no certificates"},
	    {{.above = NULL}, "ok", "gate", "sshd -T says so of "},
	    /* The account is left to sshd, which obeys the command= itself. */
	    {{.keys = ALLOW,
		 .site = "Match User git\n" EXEMPT,
		 .below = "Match User git\n" COMMAND},
		"ok", "certificates", NULL},
	    {{.site = "Match User git\n" EXEMPT,
		 .below = "Match User git\n" COMMAND},
		"ok", "order", "Match User git is exempt by sshd"},
	    {{.site = "Match User git\n" EXEMPT}, "", "order", NULL},
	    {{.site = "Match User git*\n" EXEMPT}, "FAIL", "order",
		"stands before our Match all"},
	};

	needs_people();
	expect_each(findings, COUNT(findings));
}

/* A hardware key's line, in a file of root's that sshd reads beside the users'
 * own. */
#define SK                                                                   \
	"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29" \
	"tAAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNzaDo="
#define HARDWARE(word)                                    \
	"{'name':'keys','users':['*'],'mode':'required'," \
	"'hardware_keys':'" word "'}"
#define HARDWARE_KEYS                        \
	"'files':['/mnt/keys/%u'," BOTH "]," \
	"'hardware_files':['/mnt/keys/%u']"
#define READS                                                   \
	"AuthorizedKeysFile /mnt/keys/%u .ssh/authorized_keys " \
	".ssh/authorized_keys2\n"
#define TOUCH "PubkeyAuthOptions touch-required\n"
#define MADE  "mkdir /mnt/keys; echo '" SK "' >/mnt/keys/bob; "
#define AUTHORITY                         \
	"'files':[" BOTH ",'/mnt/list']," \
	"'hardware_authorities':['/mnt/ca']"
#define CA                                           \
	"echo 'cert-authority " KEY "' >/mnt/list; " \
	"echo '" KEY "' >/mnt/ca; "

/* The real sshd says what it demands, and whom it reads the files for. */
Test(doctor_keys, judges_the_files_of_hardware_keys, .timeout = 600)
{
	static const struct finding findings[] = {
	    {{.above = NULL}, "ok", "hardware-keys",
		"no rule lets a hardware key be enough"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE},
		"ok", "hardware-keys",
		"1 file of hardware keys: root alone can write it"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE},
		"ok", "keys", NULL},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS,
		 .script = MADE},
		"warn", "hardware-keys",
		"AuthorizedKeysFile .ssh/authorized_keys, for root"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .below = "Match User bob\n    PubkeyAuthOptions none\n",
		 .script = MADE},
		"warn", "hardware-keys",
		"AuthorizedKeysFile .ssh/authorized_keys, for bob: "},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS,
		 .below = "Match User !bob,*\n    " TOUCH,
		 .script = MADE},
		"warn", "hardware-keys",
		"AuthorizedKeysFile .ssh/authorized_keys, for bob"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = "AuthorizedKeysFile /mnt/keys/%u "
			  "/home/%u/.ssh/authorized_keys\n",
		 .script = MADE},
		"warn", "hardware-keys",
		"AuthorizedKeysFile /home/%u/.ssh/authorized_keys, for "},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = "AuthorizedKeysFile /mnt/keys/%u\n",
		 .script = MADE},
		"ok", "hardware-keys", NULL},
	    {{.rules = HARDWARE("enough-with-pin"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE},
		"warn", "hardware-keys",
		"fix: PubkeyAuthOptions touch-required verify-required"},
	    {{.rules = HARDWARE("enough-with-pin"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE},
		"warn", "hardware-keys",
		"/mnt/keys/bob:1: a hardware key without verify-required"},
	    {{.rules = HARDWARE("enough-with-pin"),
		 .keys = HARDWARE_KEYS,
		 .above = READS "PubkeyAuthOptions touch-required "
				"verify-required\n",
		 .script = "mkdir /mnt/keys; echo 'verify-required " SK
			   "' >/mnt/keys/bob"},
		"ok", "hardware-keys", "1 file of hardware keys"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = "mkdir /mnt/keys; echo 'no-touch-required " SK
			   "' >/mnt/keys/bob"},
		"warn", "hardware-keys", "/mnt/keys/bob:1: no-touch-required"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = "mkdir /mnt/keys; echo '" KEY "' >/mnt/keys/bob"},
		"warn", "hardware-keys", "has no hardware key"},
	    /* They must be root's alone, and everybody's to read. */
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE "chown bob /mnt/keys/bob"},
		"FAIL", "hardware-keys", "/mnt/keys/bob belongs to the uid "},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE "chmod 0664 /mnt/keys/bob"},
		"FAIL", "hardware-keys",
		"fix: chown root /mnt/keys/bob; chmod go-w /mnt/keys/bob"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE "chmod 1777 /mnt/keys"},
		"FAIL", "hardware-keys", "/mnt/keys can be written by others"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE "chmod 0600 /mnt/keys/bob"},
		"FAIL", "hardware-keys", "cannot be read by its user"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE "mv /mnt/keys/bob ~bob/sk; "
				"ln -s ~bob/sk /mnt/keys/bob"},
		"FAIL", "hardware-keys", "fix: the file itself, and no link"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH,
		 .script = MADE "cp /mnt/keys/bob /mnt/keys/bob_sk.pub"},
		"warn", "hardware-keys",
		"/mnt/keys/bob_sk.pub, of keys.hardware_files, has the name of "
		"no user"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = READS TOUCH},
		"FAIL", "hardware-keys",
		"/mnt/keys/%u, of keys.hardware_files, is not there for any"},
	    /* sshd lets nobody in by a file that it does not read. */
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = TOUCH,
		 .script = MADE},
		"warn", "keys", "fix: \"/mnt/keys/%u\" in AuthorizedKeysFile"},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = TOUCH,
		 .script = MADE},
		"FAIL", "hardware-keys",
		"fix: AuthorizedKeysFile /mnt/keys/%u .ssh/authorized_keys "},
	    {{.rules = HARDWARE("enough"),
		 .keys = HARDWARE_KEYS,
		 .above = TOUCH READS,
		 .below = "Match User alice\n    AuthorizedKeysFile none\n",
		 .script = MADE},
		"ok", "hardware-keys", NULL},
	    {{.rules = HARDWARE("enough"),
		 .keys = AUTHORITY,
		 .above = TOUCH "TrustedUserCAKeys /mnt/ca\n",
		 .script = CA},
		"ok", "hardware-keys", "1 file of hardware keys"},
	    {{.rules = HARDWARE("enough"),
		 .keys = AUTHORITY,
		 .above = TOUCH,
		 .script = CA},
		"FAIL", "hardware-keys", "fix: TrustedUserCAKeys /mnt/ca"},
	    {{.rules = HARDWARE("enough")}, "warn", "hardware-keys",
		"names no file for them"},
	};

	needs_people();
	expect_each(findings, COUNT(findings));
}
