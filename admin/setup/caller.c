/*
 * Would the user who runs setup get in again?  The code that decides logins is
 * asked, with the policy to be and the user's own record.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/system/groups.h"
#include "store/system/loginuid.h"
#include "store/folder/policy_file.h"
#include "admin/setup/setup.h"
#include "store/core/report.h"
#include "store/folder/store.h"

/* The user who logged in, as the kernel has it (loginuid); or NULL. */
static const char *
audit_name(void)
{
	const struct passwd *pw;
	uid_t uid;

	if (!loginuid_of(getpid(), &uid))
		return NULL;
	pw = getpwuid(uid);
	return pw != NULL ? pw->pw_name : NULL;
}

const char *
caller_name(void)
{
	static char name[USER_TEXT];
	struct ssh_login login;
	const char *caller = getenv("SUDO_USER");

	if (caller == NULL || getpwnam(caller) == NULL)
		caller = audit_name();
	if (caller == NULL && ssh_login_find(&login))
		caller = "root";
	if (caller == NULL || strlen(caller) >= sizeof(name))
		return NULL;
	if (strcmp(caller, "root") == 0 && !ssh_login_find(&login))
		return NULL;
	memmove(name, caller, strlen(caller) + 1);
	return name;
}

/* The user's record, or a new one where there is none. */
static bool
read_callers_record(const struct passwd *pw, struct record *ret)
{
	char path[sizeof(SETUP_STORE "/users/") + STORE_FILE_TEXT + 8];
	char file[STORE_FILE_TEXT];
	scoped_fd int fd = -1;
	scoped_json_text char *text = NULL;
	struct json_error error;
	size_t len = 0;

	if (store_encode(pw->pw_name, file) != FAULT_NONE)
		return false;
	snprintf(path, sizeof(path), SETUP_STORE "/users/%s.json", file);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		record_init(ret, pw->pw_name, pw->pw_uid);
		return true;
	}
	return fd >= 0 &&
	    file_read(fd, RECORD_MAX + 1, &text, &len) == FAULT_NONE &&
	    record_parse(text, len, ret, &error) == FAULT_NONE &&
	    ret->uid == pw->pw_uid;
}

static bool
would_enter(const struct policy *policy, const struct passwd *pw,
    struct record *record, char *ret_why, size_t size)
{
	struct groups_user user = {.name = pw->pw_name, .gid = pw->pw_gid};
	struct login login = {.now_s = time(NULL),
	    .terminal = isatty(STDIN_FILENO) || isatty(STDERR_FILENO)};
	struct ssh_login ssh;
	struct address address;
	struct subject subject = {.user = pw->pw_name,
	    .now_s = login.now_s,
	    .last_rule = record->last_rule,
	    .member = groups_member,
	    .ctx = &user};
	struct reason_facts facts = {.name = ""};
	struct decision decision;
	struct outcome outcome;

	login.shell = login.terminal;
	if (ssh_login_find(&ssh) && address_parse(ssh.address, &address)) {
		memcpy(login.address, ssh.address, sizeof(login.address));
		subject.address = &address;
	}
	policy_decide(policy, &subject, &decision);
	login_decide(policy, &decision, record, &login, &outcome);
	facts.name = outcome.name;
	facts.wait_s = outcome.wait_s;
	reason_say(outcome.reason, &facts, ret_why, size);
	return outcome.verdict != VERDICT_DENY;
}

enum fault
caller_policy(struct policy *ret, char ret_why[static POLICY_WHY_TEXT])
{
	scoped_free char *text = NULL;
	char why[HOME_WHY];
	struct json_error error;
	const struct admin here = SETUP_ADMIN;
	enum fault fault = home_load(&here, ret, ret_why);

	if (fault != FAULT_ABSENT || home_find(&here, why) != HOME_FILE)
		return fault;
	text = text_policy("");
	return text != NULL ? policy_parse(text, strlen(text), ret, &error)
			    : FAULT_MEMORY;
}

/* In a fleet the record and the policy are not here: the keeper, who decides
 * logins, is asked. */
static bool
keeper_would_let_in(
    const struct admin *here, const char *user, char *ret_why, size_t size)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "explain"};
	struct explanation explanation = {.user = ""};
	const struct client_rows rows = {
	    &explanation_shape, &explanation, sizeof(explanation), NULL, NULL};
	scoped_reply struct reply reply = {.version = 0};
	struct ssh_login ssh;
	bool ok;

	snprintf(request.user, sizeof(request.user), "%s", user);
	if (ssh_login_find(&ssh))
		memcpy(request.address, ssh.address, sizeof(request.address));
	if (client_stream(&here->keeper, &request, &rows, &reply, ret_why,
		size) != FAULT_NONE)
		return false;
	snprintf(ret_why, size, "%s",
	    reply.verdict == VERDICT_PASS ? explanation.login.reason
					  : reply.message);
	ok = reply.verdict == VERDICT_PASS &&
	    explanation.login.verdict[0] != '\0' &&
	    strcmp(explanation.login.verdict, verdict_name(VERDICT_DENY)) != 0;
	explanation_done(&explanation);
	return ok;
}

bool
caller_may_enter(const char *user, char *ret_why, size_t size)
{
	const struct admin here = SETUP_ADMIN;
	scoped_record struct record record = {.version = 0};
	const struct passwd *pw = getpwnam(user);
	char why[POLICY_WHY_TEXT] = "";
	struct policy policy;
	enum fault fault = caller_policy(&policy, why);
	bool ok;

	snprintf(ret_why, size, "%s", why);
	if (fault != FAULT_NONE)
		return false;
	if (home_find(&here, why) == HOME_FLEET) {
		policy_done(&policy);
		return keeper_would_let_in(&here, user, ret_why, size);
	}
	snprintf(ret_why, size, "the record cannot be read");
	ok = pw != NULL && read_callers_record(pw, &record) &&
	    would_enter(&policy, pw, &record, ret_why, size);
	policy_done(&policy);
	return ok;
}
