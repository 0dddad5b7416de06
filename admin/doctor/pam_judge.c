/* The modules of PAM that are known, and what each does before the gate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/pam_stack.h"

#define MODULES 80 /* of one kind, at most */

/* pam_env is quiet but for user_readenv. */
static const struct {
	enum pam_kind kind;
	const char *names[MODULES];
} modules[] = {
    {PAM_QUIET,
	{"pam_abl", "pam_access", "pam_apparmor", "pam_cap", "pam_cgfs",
	    "pam_cracklib", "pam_debug", "pam_deny", "pam_duo", "pam_echo",
	    "pam_env", "pam_faildelay", "pam_faillock", "pam_ftp",
	    "pam_google_authenticator", "pam_group", "pam_issue", "pam_keyinit",
	    "pam_krb5", "pam_lastlog", "pam_lastlog2", "pam_ldap", "pam_limits",
	    "pam_listfile", "pam_localuser", "pam_loginuid", "pam_mail",
	    "pam_mkhomedir", "pam_motd", "pam_namespace", "pam_nologin",
	    "pam_oath", "pam_passwdqc", "pam_permit", "pam_pwhistory",
	    "pam_pwquality", "pam_radius_auth", "pam_rhosts", "pam_rootok",
	    "pam_securetty", "pam_selinux", "pam_sepermit", "pam_setquota",
	    "pam_shells", "pam_sss", "pam_sss_gss", "pam_succeed_if",
	    "pam_tally", "pam_tally2", "pam_tfa", "pam_time", "pam_timestamp",
	    "pam_tmpdir", "pam_tty_audit", "pam_u2f", "pam_umask", "pam_unix",
	    "pam_userdb", "pam_usertype", "pam_warn", "pam_wheel",
	    "pam_winbind", "pam_yubico", "pam_elogind"}},
    {PAM_STARTS_USER,
	{"pam_ecryptfs", "pam_gnome_keyring", "pam_kwallet", "pam_kwallet5",
	    "pam_mount", "pam_ssh", "pam_ssh_add", "pam_xauth"}},
    {PAM_RUNS,
	{"pam_exec", "pam_filter", "pam_lua", "pam_perl", "pam_python",
	    "pam_script"}},
    {PAM_USER_MANAGER, {"pam_systemd"}},
};

bool
pam_is_module(const struct pam_line *line, const char *name)
{
	const char *slash = strrchr(line->module, '/');
	const char *base = slash != NULL ? slash + 1 : line->module;
	size_t len = strlen(name);

	return strncmp(base, name, len) == 0 &&
	    (base[len] == '\0' || strcmp(base + len, ".so") == 0);
}

void
pam_option(const struct pam_line *line, const char *name, const char *without,
    char ret[static PAM_WORD])
{
	const char *rest = line->args;
	size_t len = strlen(name);
	char word[PAM_WORD];

	snprintf(ret, PAM_WORD, "%s", without);
	while (pam_word(&rest, word))
		if (strncmp(word, name, len) == 0)
			memmove(ret, word + len, strlen(word + len) + 1);
}

/* As pam_env reads it: the last one counts, by atoi(3).  A module of another
 * name with this option is pam_env under that name. */
static bool
reads_user(const struct pam_line *line)
{
	char value[PAM_WORD];

	pam_option(line, "user_readenv=", "0", value);
	return strtol(value, NULL, 10) != 0;
}

/* Sessions of these classes have no user manager (systemd 256 and later).  An
 * earlier logind refuses a class that it does not know, and starts nothing. */
static bool
has_no_manager(const struct pam_line *line)
{
	char class[PAM_WORD];
	size_t len;

	pam_option(line, "class=", "", class);
	len = strlen(class);
	return (len > 6 && strcmp(class + len - 6, "-light") == 0) ||
	    strcmp(class, "none") == 0;
}

static enum pam_kind
kind_of_module(const struct pam_line *line)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		for (size_t k = 0; k < MODULES && modules[i].names[k] != NULL;
		     k++)
			if (pam_is_module(line, modules[i].names[k]))
				return modules[i].kind;
	return PAM_UNKNOWN;
}

enum pam_kind
pam_judge(const struct pam_line *line)
{
	enum pam_kind kind = kind_of_module(line);

	/* Only a change of password runs these. */
	if (line->type == PAM_PASSWORD)
		return PAM_QUIET;
	/* pam_env does nothing for an account. */
	if (reads_user(line) && line->type != PAM_ACCOUNT)
		return PAM_READS_USER;
	if (kind == PAM_USER_MANAGER &&
	    (line->type != PAM_SESSION || has_no_manager(line)))
		return PAM_QUIET;
	return kind;
}

char *
pam_closed(const struct pam_line *line)
{
	static const char option[] = "user_readenv=";
	const char *from = line->text, *found;
	char *ret = malloc(2 * strlen(from) + 1), *to = ret;

	if (ret == NULL)
		return NULL;
	while ((found = strstr(from, option)) != NULL) {
		size_t len = (size_t)(found - from) + sizeof(option) - 1;

		memcpy(to, from, len);
		to += len;
		*to++ = '0';
		from += len;
		from += strcspn(from, " \t\r\n]#\\");
	}
	memcpy(to, from, strlen(from) + 1);
	return ret;
}
