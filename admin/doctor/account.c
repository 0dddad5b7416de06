#include <errno.h>
#include <shadow.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/doctor/account.h"
#include "admin/doctor/authorities.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/person.h"
#include "gate/sshd/keypath.h"
#include "gate/sshd/keys.h"
#include "store/base/cleanup.h"
#include "store/system/passwd.h"

#define DAY_S 86400

struct account {
	const struct view *view;
	const struct passwd *pw;
	enum account_use use;
	bool key, password;
	char *why;
	size_t size;
};

static bool __attribute__((format(printf, 2, 3)))
keeps_out(struct account *account, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(account->why, account->size, format, args);
	va_end(args);
	return false;
}

static bool
says(const struct account *account, const char *keyword, const char *wanted)
{
	char value[CONFIG_WORD];

	return dump_value(account->view, keyword, value) &&
	    strcasecmp(value, wanted) == 0;
}

/* sshd looks at the shell before anything else. */
static bool
shell_opens(struct account *account)
{
	const char *shell = passwd_shell(account->pw);
	struct stat st;

	if (stat(shell, &st) < 0)
		return keeps_out(account, "has the shell %.200s: %s", shell,
		    strerror(errno));
	if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
		return keeps_out(
		    account, "has the shell %.200s, no program", shell);
	if (account->use == ACCOUNT_SHELL &&
	    shell_kind(shell) == SHELL_NO_LOGIN)
		return keeps_out(account,
		    "has the shell %.200s, which opens "
		    "no session",
		    shell);
	return true;
}

/* *ret_password: there is one that PAM or sshd can compare.  An account that is
 * locked has '!' before it: sshd refuses its keys too, unless PAM decides. */
static bool
shadow_opens(struct account *account, bool *ret_password)
{
	const struct spwd *entry = getspnam(account->pw->pw_name);
	const char *hash = entry != NULL ? entry->sp_pwdp
					 : account->pw->pw_passwd;
	long today = (long)(time(NULL) / DAY_S);

	*ret_password = hash[0] == '$' || hash[0] == '_' ||
	    strspn(hash,
		"./0123456789abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 13;
	if (hash[0] == '!' && !says(account, "usepam", "yes"))
		return keeps_out(account, "is locked (passwd -l)");
	if (entry != NULL && entry->sp_expire > 0 && entry->sp_expire <= today)
		return keeps_out(account, "has expired (chage -l)");
	if (entry != NULL && entry->sp_lstchg > 0 && entry->sp_max > 0 &&
	    entry->sp_inact >= 0 &&
	    entry->sp_lstchg + entry->sp_max + entry->sp_inact < today)
		return keeps_out(account,
		    "has a password that expired long "
		    "ago (chage -l)");
	return true;
}

/* True if a line of AllowUsers and its kin has the user; *ret_any: there is
 * such a line.  What stands after '@' is a host's. */
static bool
sshd_lists(const struct account *account, const char *keyword, bool groups,
    bool *ret_any)
{
	const char *at = account->view->dump;
	char value[CONFIG_WORD], word[CONFIG_WORD];
	bool found = false;

	*ret_any = false;
	while (dump_next(&at, keyword, value)) {
		const char *rest = value;

		*ret_any = true;
		while (config_word(&rest, word)) {
			if (!groups)
				word[strcspn(word, "@")] = '\0';
			found |= groups
			    ? user_is_in(account->pw, word)
			    : config_pattern(word, account->pw->pw_name);
		}
	}
	return found;
}

static bool
lists_open(struct account *account)
{
	static const struct {
		const char *keyword;
		bool groups, denies;
	} lists[] = {{"DenyUsers", false, true}, {"AllowUsers", false, false},
	    {"DenyGroups", true, true}, {"AllowGroups", true, false}};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		bool any;
		bool listed = sshd_lists(
		    account, lists[i].keyword, lists[i].groups, &any);

		if (any && listed == lists[i].denies)
			return keeps_out(account, "is kept out by sshd's %s",
			    lists[i].keyword);
	}
	return true;
}

/* The line has a key that opens what it is to open. */
static bool
line_opens(const struct account *account, const char *line)
{
	enum key_line kind = key_line_read(line);

	return kind == KEY_LINE_FREE || kind == KEY_LINE_AUTHORITY ||
	    (kind == KEY_LINE_COMMAND && account->use == ACCOUNT_ANY);
}

static bool
file_has_key(const struct account *account, const char *path)
{
	struct keys_text file;
	char *rest, *line;
	bool found = false;

	if (!read_keys_as(
		account->pw, path, KEYS_MS, doctor_sshd_groups(), &file))
		return false;
	rest = file.for_sshd || says(account, "strictmodes", "no") ? file.text
								   : NULL;
	while (!found && (line = strsep(&rest, "\n")) != NULL)
		found = line_opens(account, line);
	free(file.text);
	return found;
}

static bool
has_key(const struct account *account)
{
	struct keypath_user user = keypath_user(account->pw);
	char value[CONFIG_WORD];
	const char *rest = value;
	struct keypath file;
	bool found = false;

	if (says(account, "pubkeyauthentication", "no") ||
	    !dump_value(account->view, "authorizedkeysfile", value))
		return false;
	while (!found && keypath_next(&rest, &user, &file))
		found = file.path[0] != '\0' &&
		    file_has_key(account, file.path);
	return found;
}

static void
count_authority(void *ctx, const struct authority *authority)
{
	*(size_t *)ctx += authority->key.blob != NULL;
}

/* A certificate of an authority may let in whoever has a shell. */
static bool
has_authority(const struct account *account)
{
	char path[CONFIG_WORD];
	size_t count = 0;

	return account->use == ACCOUNT_SHELL &&
	    !says(account, "pubkeyauthentication", "no") &&
	    dump_value(account->view, "trustedusercakeys", path) &&
	    authorities_each(path, count_authority, &count) && count > 0;
}

/* root's password is often for the console alone. */
static bool
takes_password(const struct account *account)
{
	if (account->pw->pw_uid == 0 &&
	    !says(account, "permitrootlogin", "yes"))
		return false;
	return says(account, "passwordauthentication", "yes") ||
	    (says(account, "kbdinteractiveauthentication", "yes") &&
		says(account, "usepam", "yes"));
}

/* True if each method of one alternative, "publickey,password", can be given. */
static bool
has_methods(const struct account *account, char *methods)
{
	const char *method;

	while ((method = strsep(&methods, ",")) != NULL)
		if (!(strcmp(method, "publickey") == 0 && account->key) &&
		    !(strncmp(method, "password", 8) == 0 &&
			account->password) &&
		    !(strncmp(method, "keyboard-interactive", 20) == 0 &&
			account->password))
			return false;
	return true;
}

static bool
methods_open(struct account *account)
{
	char value[CONFIG_WORD], word[CONFIG_WORD];
	const char *rest = value;

	if (!account->key && !account->password)
		return keeps_out(account,
		    "has no %s in a file that sshd reads, and no password "
		    "that sshd takes",
		    account->use == ACCOUNT_SHELL ? "key for a shell" : "key");
	if (!dump_value(account->view, "authenticationmethods", value) ||
	    strcasecmp(value, "any") == 0)
		return true;
	while (config_word(&rest, word))
		if (has_methods(account, word))
			return true;
	return keeps_out(account,
	    "cannot give what AuthenticationMethods "
	    "%.200s asks for",
	    value);
}

bool
account_gets_in(const struct view *view, const struct passwd *pw,
    enum account_use use, char *ret_why, size_t size)
{
	struct account account = {
	    .view = view, .pw = pw, .use = use, .why = ret_why, .size = size};
	bool password;

	if (pw->pw_uid == 0 && says(&account, "permitrootlogin", "no"))
		return keeps_out(&account,
		    "is kept out by sshd's "
		    "PermitRootLogin no");
	if (!shell_opens(&account) || !shadow_opens(&account, &password) ||
	    !lists_open(&account))
		return false;
	account.key = has_key(&account) || has_authority(&account);
	account.password = password && takes_password(&account);
	return methods_open(&account);
}
