/* Lines of files with a hardware key, and what they are worth. */
#include "gate/sshd/hardware.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/gate/sshd/hardware.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FILE_MAX 16384
#define ECDSA    "sk-ecdsa-sha2-nistp256@openssh.com"

/* The key that logs in, and files that may list it.  In them K stands for its
 * line, W for the line with white space in the key, R for the line with another
 * name of the type in the key, A for the line of its authority, B for that
 * without its type, S for that of another writing, and O for another key's. */
struct scene {
	char key[HARDWARE_LINE], authority[HARDWARE_LINE], other[HARDWARE_LINE];
	char white[HARDWARE_LINE + 1], renamed[HARDWARE_LINE];
	char signer[HARDWARE_LINE];
	const char *user;
};

static struct scene
scene_of_key(const char *type)
{
	struct scene s = {.user = "alice"};

	hardware_key(type, 'k', s.key);
	hardware_authority(s.authority);
	hardware_key_renamed("ssh-ed25519", "ED25519", 'A', s.signer);
	hardware_key(type, 'o', s.other);
	hardware_key_renamed(type, "ED25519-SK", 'k', s.renamed);
	snprintf(s.white, sizeof(s.white), "%.*s\v%s", (int)strlen(type) + 20,
	    s.key, s.key + strlen(type) + 20);
	return s;
}

static struct scene
scene_of_certificate(const struct test_certificate *certificate)
{
	struct scene s = scene_of_key(HARDWARE_TYPE);

	hardware_certificate(certificate, s.key);
	return s;
}

static void
fill(const struct scene *s, const char *text, char ret[static FILE_MAX])
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		const char *with = *text == 'K' ? s->key
		    : *text == 'A'              ? s->authority
		    : *text == 'S'              ? s->signer
		    : *text == 'O'              ? s->other
		    : *text == 'W'              ? s->white
		    : *text == 'R'              ? s->renamed
		    : *text == 'B'              ? strchr(s->authority, ' ') + 1
						: NULL;

		if (with == NULL)
			ret[n++] = *text;
		else
			n += (size_t)snprintf(
			    ret + n, FILE_MAX - n, "%s", with);
	}
	ret[n] = '\0';
}

/* The files, by who can have written them; NULL: there is none. */
struct files {
	const char *roots, *authorities, *anywhere;
};

static enum hardware
judge(const struct scene *s, const struct files *files)
{
	const struct {
		const char *text;
		enum hardware_place place;
	} all[] = {{files->roots, HARDWARE_ROOTS},
	    {files->authorities, HARDWARE_AUTHORITIES},
	    {files->anywhere, HARDWARE_ANYWHERE}};
	struct hardware_lines lines = {.count = 0};
	char auth[HARDWARE_LINE + 16], text[FILE_MAX];
	enum hardware proof;
	const char *why;
	struct key key;

	snprintf(auth, sizeof(auth), "publickey %s", s->key);
	cr_assert_eq(key_parse(auth, &key), FAULT_NONE);
	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].text != NULL) {
			fill(s, all[i].text, text);
			hardware_read(
			    text, all[i].place, &key, s->user, &lines);
		}
	proof = hardware_judge(&key, &lines, &why);
	cr_expect_eq(proof == HARDWARE_NONE, why != NULL);
	key_done(&key);
	return proof;
}

#define PIN  "verify-required "
#define FREE "no-touch-required "

Test(hardware_lines, key_counts_by_the_lines_that_have_it)
{
	static const struct {
		struct files files;
		enum hardware proof;
	} cases[] = {
	    {{.roots = "K"}, HARDWARE_TOUCH},
	    {{.roots = "# keys\n\nO\n  K laptop\r\n"}, HARDWARE_TOUCH},
	    {{.roots = PIN "K\n"}, HARDWARE_PIN},
	    {{.roots = "restrict,command=\"id\" K\n"}, HARDWARE_TOUCH},
	    {{.roots = "touch-required K\n"}, HARDWARE_TOUCH},
	    /* Only root's file counts for it. */
	    {{.roots = NULL}, HARDWARE_NONE},
	    {{.roots = "O\n"}, HARDWARE_NONE},
	    {{.roots = "# K\n"}, HARDWARE_NONE},
	    {{.anywhere = "K\n"}, HARDWARE_NONE},
	    {{.anywhere = PIN "K\n"}, HARDWARE_NONE},
	    {{.roots = "O\n", .anywhere = "K\n"}, HARDWARE_NONE},
	    {{.authorities = "K\n"}, HARDWARE_NONE},
	    {{.authorities = "A\n"}, HARDWARE_NONE},
	    /* In both, sshd may obey either. */
	    {{.roots = "K\n", .anywhere = "K\n"}, HARDWARE_TOUCH},
	    {{.roots = "K\n", .anywhere = "O\n" FREE "O\n"}, HARDWARE_TOUCH},
	    {{.roots = "K\n", .anywhere = FREE "K\n"}, HARDWARE_NONE},
	    {{.roots = "K\n", .anywhere = "K\n" FREE "K\n"}, HARDWARE_NONE},
	    {{.roots = FREE "K\n"}, HARDWARE_NONE},
	    {{.roots = "No-Touch-Required K\n"}, HARDWARE_NONE},
	    {{.roots = "no-touch-required,touch-required K\n"}, HARDWARE_NONE},
	    {{.roots = "K\n" FREE "K\n"}, HARDWARE_NONE},
	    {{.roots = FREE "K\nK\n"}, HARDWARE_NONE},
	    {{.roots = "command=\"no-touch-required\" K\n"}, HARDWARE_TOUCH},
	    /* The PIN is sure only if each line wants it. */
	    {{.roots = PIN "K\n", .anywhere = "K\n"}, HARDWARE_TOUCH},
	    {{.roots = PIN "K\n", .anywhere = PIN "K\n"}, HARDWARE_PIN},
	    {{.roots = "K\n", .anywhere = PIN "K\n"}, HARDWARE_TOUCH},
	    {{.roots = "verify-required,no-verify-required K\n"},
		HARDWARE_TOUCH},
	    {{.roots = PIN "K\n", .anywhere = PIN "K\n" PIN FREE "K\n"},
		HARDWARE_NONE},
	    /* Lines that cannot be read, and what sshd makes of another word
	     * for the type. */
	    {{.roots = "K\n", .anywhere = "nonsense K\n"}, HARDWARE_NONE},
	    {{.roots = "K\n", .anywhere = "command=\"K\n"}, HARDWARE_NONE},
	    {{.roots = "K\n", .anywhere = "\"no-touch-required\" K\n"},
		HARDWARE_NONE},
	    {{.roots = "K\n", .anywhere = "no-touch-required=\"\" K\n"},
		HARDWARE_NONE},
	    {{.roots = "nonsense K\n"}, HARDWARE_NONE},
	    /* sshd skips white space in a key. */
	    {{.roots = "W\n"}, HARDWARE_TOUCH},
	    {{.roots = "K\n", .anywhere = FREE "W\n"}, HARDWARE_NONE},
	    {{.roots = "K\n", .anywhere = "nonsense W\n"}, HARDWARE_NONE},
	    /* sshd knows a key by what follows the name of its type. */
	    {{.roots = "R\n"}, HARDWARE_NONE},
	    {{.roots = "K\n", .anywhere = "# R\n"}, HARDWARE_TOUCH},
	    {{.roots = "K\n", .anywhere = FREE "R\n"}, HARDWARE_NONE},
	    {{.roots = "K\n", .anywhere = "R O\n"}, HARDWARE_NONE},
	    {{.roots = "K\n", .anywhere = FREE "R O\n"}, HARDWARE_NONE},
	    {{.roots = PIN "K\n", .anywhere = "R\n"}, HARDWARE_NONE},
	    {{.roots = "from=\"10.0.0.0/8\" K\n", .anywhere = "R\n"},
		HARDWARE_NONE},
	    /* An authority's line is about certificates. */
	    {{.roots = "cert-authority K\n"}, HARDWARE_NONE},
	    {{.roots = "K\n", .anywhere = "cert-authority K\n"}, HARDWARE_NONE},
	    /* A limit of root's must hold: no other line may lift it. */
	    {{.roots = "from=\"10.0.0.0/8\" K\n"}, HARDWARE_TOUCH},
	    {{.roots = "expiry-time=\"20300101\" K\n", .anywhere = "O\n"},
		HARDWARE_TOUCH},
	    {{.roots = "expiry-time=\"20300101\" K\n", .anywhere = "K\n"},
		HARDWARE_NONE},
	    {{.roots = "from=\"10.0.0.0/8\" K\nK\n"}, HARDWARE_NONE},
	};
	static const char *const types[] = {HARDWARE_TYPE, ECDSA};

	for (size_t t = 0; t < COUNT(types); t++) {
		struct scene s = scene_of_key(types[t]);

		for (size_t i = 0; i < COUNT(cases); i++)
			cr_expect_eq(judge(&s, &cases[i].files), cases[i].proof,
			    "%s, case %zu", types[t], i);
	}
}

/* sshd reads a line of any length, and skips white space in the key. */
Test(hardware_lines, key_that_is_too_long_to_read_counts_against)
{
	static char text[5 * FILE_MAX];
	struct scene s = scene_of_key(HARDWARE_TYPE);
	struct hardware_lines lines = {.count = 0};
	char auth[HARDWARE_LINE + 16];
	const char *why;
	struct key key;

	snprintf(auth, sizeof(auth), "publickey %s", s.key);
	cr_assert_eq(key_parse(auth, &key), FAULT_NONE);
	hardware_read(s.key, HARDWARE_ROOTS, &key, s.user, &lines);
	cr_expect_eq(hardware_judge(&key, &lines, &why), HARDWARE_TOUCH);
	memset(text, '\f', sizeof(text));
	memcpy(text, s.renamed, strlen(s.renamed) - 1);
	text[sizeof(text) - 2] = '=';
	text[sizeof(text) - 1] = '\0';
	hardware_read(text, HARDWARE_ANYWHERE, &key, s.user, &lines);
	cr_expect_eq(hardware_judge(&key, &lines, &why), HARDWARE_NONE);
	key_done(&key);
}

/* A key in a file has no proof that somebody was there. */
Test(hardware_lines, software_keys_and_other_types_never_count)
{
	static const char *const types[] = {"ssh-ed25519",
	    "ecdsa-sha2-nistp256", "ssh-rsa",
	    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "sk-ssh-ed25519",
	    "SK-SSH-ED25519@OPENSSH.COM", "sk-ssh-ed25519@openssh.com.example",
	    "sk-ssh-dss@openssh.com"};

	for (size_t i = 0; i < COUNT(types); i++) {
		struct scene s = scene_of_key(types[i]);

		cr_expect_eq(judge(&s, &(struct files){.roots = PIN "K\n"}),
		    HARDWARE_NONE, "%s", types[i]);
	}
}

/* The word before the key is sshd's own, and must be that of the key. */
Test(hardware_lines, type_is_that_of_the_key_and_of_the_word)
{
	char line[HARDWARE_LINE], auth[HARDWARE_LINE + 64];
	struct key key;

	hardware_key("ssh-ed25519", 'k', line);
	snprintf(auth, sizeof(auth), "publickey " HARDWARE_TYPE " %s",
	    strchr(line, ' ') + 1);
	cr_assert_eq(key_parse(auth, &key), FAULT_NONE);
	cr_expect_not(key.hardware);
	key_done(&key);
	hardware_key(HARDWARE_TYPE, 'k', line);
	snprintf(auth, sizeof(auth), "publickey ssh-ed25519 %s",
	    strchr(line, ' ') + 1);
	cr_assert_eq(key_parse(auth, &key), FAULT_NONE);
	cr_expect_not(key.hardware);
	key_done(&key);
}

#define CA "cert-authority"

Test(hardware_lines, certificate_counts_by_the_lines_of_its_authority)
{
	static const struct {
		struct files files;
		enum hardware proof;
	} cases[] = {
	    {{.roots = CA " A\n"}, HARDWARE_TOUCH},
	    {{.roots = CA ",verify-required A\n"}, HARDWARE_PIN},
	    {{.authorities = "A\n"}, HARDWARE_TOUCH},
	    {{.authorities = "# ours\nO\nA office\n"}, HARDWARE_TOUCH},
	    {{.roots = CA ",principals=\"bob,alice\" A\n"}, HARDWARE_TOUCH},
	    {{.roots = "O\n"}, HARDWARE_NONE},
	    /* The authority's own key, or the certificate's, is no authority's
	     * line. */
	    {{.roots = "A\n"}, HARDWARE_NONE},
	    {{.roots = "K\n"}, HARDWARE_NONE},
	    {{.authorities = CA " A\n"}, HARDWARE_NONE},
	    {{.authorities = "restrict A\n"}, HARDWARE_NONE},
	    {{.authorities = "ED25519 B\n"}, HARDWARE_NONE},
	    {{.roots = CA " ED25519 B\n"}, HARDWARE_NONE},
	    {{.authorities = "O\n"}, HARDWARE_NONE},
	    /* A user can plant these. */
	    {{.anywhere = CA " A\n"}, HARDWARE_NONE},
	    {{.anywhere = CA ",verify-required A\n"}, HARDWARE_NONE},
	    {{.roots = CA " A\n", .anywhere = CA ",no-touch-required A\n"},
		HARDWARE_NONE},
	    {{.authorities = "A\n", .anywhere = CA ",no-touch-required A\n"},
		HARDWARE_NONE},
	    {{.authorities = "A\n", .anywhere = CA ",nonsense A\n"},
		HARDWARE_NONE},
	    {{.authorities = "A\n",
		 .anywhere = CA ",no-touch-required,principals=\"x\" A\n"},
		HARDWARE_NONE},
	    {{.roots = CA ",verify-required A\n", .anywhere = CA " A\n"},
		HARDWARE_TOUCH},
	    {{.roots = CA ",verify-required A\n", .authorities = "A\n"},
		HARDWARE_TOUCH},
	    {{.roots = CA ",verify-required A\n",
		 .anywhere = CA ",principals=\"x\" A\n"},
		HARDWARE_PIN},
	    {{.roots = CA ",verify-required A\n", .anywhere = CA " S\n"},
		HARDWARE_NONE},
	    {{.roots = CA ",principals=\"bob\" A\n"}, HARDWARE_NONE},
	    {{.roots = CA ",principals=\"alic\" A\n"}, HARDWARE_NONE},
	    {{.roots = CA ",principals=\"alice2\" A\n"}, HARDWARE_NONE},
	    {{.roots = CA ",principals=\"\" A\n"}, HARDWARE_NONE},
	    {{.roots = CA ",from=\"10.0.0.0/8\" A\n"}, HARDWARE_TOUCH},
	    {{.roots = CA ",from=\"10.0.0.0/8\" A\n", .authorities = "A\n"},
		HARDWARE_NONE},
	    {{.roots = CA ",from=\"10.0.0.0/8\" A\n", .anywhere = CA " A\n"},
		HARDWARE_NONE},
	};
	struct scene s = scene_of_certificate(&(struct test_certificate){0});

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(
		    judge(&s, &cases[i].files), cases[i].proof, "case %zu", i);
}

Test(hardware_lines, certificate_counts_by_what_it_says_of_itself)
{
	static const struct {
		struct test_certificate certificate;
		const char *roots;
		enum hardware proof;
	} cases[] = {
	    {{.extensions = "permit-pty"}, CA " A", HARDWARE_TOUCH},
	    {{.type = "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"}, CA " A",
		HARDWARE_TOUCH},
	    {{.critical = "verify-required"}, CA " A", HARDWARE_PIN},
	    {{.critical = "source-address"}, CA " A", HARDWARE_TOUCH},
	    {{.extensions = "no-touch-required"}, CA " A", HARDWARE_NONE},
	    {{.extensions = "permit-pty,no-touch-required,permit-user-rc",
		 .critical = "verify-required"},
		CA ",verify-required A", HARDWARE_NONE},
	    {{.torn = true}, CA " A", HARDWARE_NONE},
	    {{.of_host = true}, CA " A", HARDWARE_NONE},
	    {{.type = "ssh-ed25519-cert-v01@openssh.com"}, CA " A",
		HARDWARE_NONE},
	    /* Its owner is among the principals. */
	    {{.principals = "root,alice"}, CA " A", HARDWARE_TOUCH},
	    {{.principals = "mallory"}, CA " A", HARDWARE_NONE},
	    {{.principals = "mallory"}, CA ",principals=\"mallory\" A",
		HARDWARE_TOUCH},
	    {{.principals = "alice"}, CA ",principals=\"mallory\" A",
		HARDWARE_NONE},
	    {{.principals = ""}, CA " A", HARDWARE_NONE},
	    {{.principals = ""}, CA ",principals=\"\" A", HARDWARE_NONE},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s = scene_of_certificate(&cases[i].certificate);

		cr_expect_eq(
		    judge(&s, &(struct files){.roots = cases[i].roots}),
		    cases[i].proof, "case %zu", i);
	}
}

/* With a line or a file of principals of their own, users let in whomever an
 * authority has certified: an insider's hardware key is not theirs. */
Test(hardware_lines, certificate_of_somebody_else_does_not_count)
{
	static const struct test_certificate mallory = {
	    .principals = "mallory"};
	static const struct files cases[] = {
	    {.authorities = "A\n"},
	    {.authorities = "A\n", .anywhere = CA ",principals=\"mallory\" A"},
	    {.roots = CA " A\n", .anywhere = CA ",principals=\"mallory\" A"},
	    {.roots = CA ",principals=\"admin\" A\n",
		.anywhere = CA ",principals=\"mallory\" A"},
	};
	static const struct test_certificate nobody = {.principals = ""};
	struct scene s = scene_of_certificate(&mallory);
	struct scene unnamed = scene_of_certificate(&nobody);

	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_expect_eq(judge(&s, &cases[i]), HARDWARE_NONE, "%zu", i);
		cr_expect_eq(
		    judge(&unnamed, &cases[i]), HARDWARE_NONE, "%zu", i);
	}
}
