/* The modules of PAM that are known, and what each does before the gate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/pam_stack.h"

static const struct {
	const char *name;
	enum pam_kind kind;
} modules[] = {
    {"pam_abl", PAM_QUIET},
    {"pam_access", PAM_QUIET},
    {"pam_apparmor", PAM_QUIET},
    {"pam_cap", PAM_QUIET},
    {"pam_cgfs", PAM_QUIET},
    {"pam_cracklib", PAM_QUIET},
    {"pam_debug", PAM_QUIET},
    {"pam_deny", PAM_QUIET},
    {"pam_duo", PAM_QUIET},
    {"pam_echo", PAM_QUIET},
    {"pam_env", PAM_QUIET}, /* but for user_readenv */
    {"pam_faildelay", PAM_QUIET},
    {"pam_faillock", PAM_QUIET},
    {"pam_ftp", PAM_QUIET},
    {"pam_google_authenticator", PAM_QUIET},
    {"pam_group", PAM_QUIET},
    {"pam_issue", PAM_QUIET},
    {"pam_keyinit", PAM_QUIET},
    {"pam_krb5", PAM_QUIET},
    {"pam_lastlog", PAM_QUIET},
    {"pam_lastlog2", PAM_QUIET},
    {"pam_ldap", PAM_QUIET},
    {"pam_limits", PAM_QUIET},
    {"pam_listfile", PAM_QUIET},
    {"pam_localuser", PAM_QUIET},
    {"pam_loginuid", PAM_QUIET},
    {"pam_mail", PAM_QUIET},
    {"pam_mkhomedir", PAM_QUIET},
    {"pam_motd", PAM_QUIET},
    {"pam_namespace", PAM_QUIET},
    {"pam_nologin", PAM_QUIET},
    {"pam_oath", PAM_QUIET},
    {"pam_passwdqc", PAM_QUIET},
    {"pam_permit", PAM_QUIET},
    {"pam_pwhistory", PAM_QUIET},
    {"pam_pwquality", PAM_QUIET},
    {"pam_radius_auth", PAM_QUIET},
    {"pam_rhosts", PAM_QUIET},
    {"pam_rootok", PAM_QUIET},
    {"pam_securetty", PAM_QUIET},
    {"pam_selinux", PAM_QUIET},
    {"pam_sepermit", PAM_QUIET},
    {"pam_setquota", PAM_QUIET},
    {"pam_shells", PAM_QUIET},
    {"pam_sss", PAM_QUIET},
    {"pam_sss_gss", PAM_QUIET},
    {"pam_succeed_if", PAM_QUIET},
    {"pam_tally", PAM_QUIET},
    {"pam_tally2", PAM_QUIET},
    {"pam_time", PAM_QUIET},
    {"pam_timestamp", PAM_QUIET},
    {"pam_tmpdir", PAM_QUIET},
    {"pam_tty_audit", PAM_QUIET},
    {"pam_u2f", PAM_QUIET},
    {"pam_umask", PAM_QUIET},
    {"pam_unix", PAM_QUIET},
    {"pam_userdb", PAM_QUIET},
    {"pam_usertype", PAM_QUIET},
    {"pam_warn", PAM_QUIET},
    {"pam_wheel", PAM_QUIET},
    {"pam_winbind", PAM_QUIET},
    {"pam_yubico", PAM_QUIET},
    {"pam_ecryptfs", PAM_STARTS_USER},
    {"pam_gnome_keyring", PAM_STARTS_USER},
    {"pam_kwallet", PAM_STARTS_USER},
    {"pam_kwallet5", PAM_STARTS_USER},
    {"pam_mount", PAM_STARTS_USER},
    {"pam_ssh", PAM_STARTS_USER},
    {"pam_ssh_add", PAM_STARTS_USER},
    {"pam_xauth", PAM_STARTS_USER},
    {"pam_exec", PAM_RUNS},
    {"pam_filter", PAM_RUNS},
    {"pam_lua", PAM_RUNS},
    {"pam_perl", PAM_RUNS},
    {"pam_python", PAM_RUNS},
    {"pam_script", PAM_RUNS},
    {"pam_elogind", PAM_QUIET},
    {"pam_systemd", PAM_USER_MANAGER},
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

enum pam_kind
pam_judge(const struct pam_line *line)
{
	/* Only a change of password runs these. */
	if (line->type == PAM_PASSWORD)
		return PAM_QUIET;
	/* pam_env does nothing for an account. */
	if (reads_user(line) && line->type != PAM_ACCOUNT)
		return PAM_READS_USER;
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (!pam_is_module(line, modules[i].name))
			continue;
		return modules[i].kind == PAM_USER_MANAGER &&
			(line->type != PAM_SESSION || has_no_manager(line))
		    ? PAM_QUIET
		    : modules[i].kind;
	}
	return PAM_UNKNOWN;
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
