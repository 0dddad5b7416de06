#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gate/pam/claim.h"
#include "gate/sshd/methods.h"
#include "gate/sshd/started.h"
#include "store/base/cleanup.h"
#include "store/base/descriptor.h"
#include "store/base/utf8.h"
#include "store/core/typed.h"
#include "store/wire/connection.h"
#include "store/wire/dial.h"

#define NO_KEY    "this port wants a key, and sshd names none"
#define CODE_READ 4096 /* bytes of an answer, with all that is pasted */

/* An answer longer than anything a person pastes is not cut, since a part of it
 * might be a code: it reads as "?", which is none. */
static void
fill_code(const char *code, struct request *ret)
{
	size_t len = strnlen(code, CODE_READ);

	typed_plain(len < CODE_READ ? code : "?", len < CODE_READ ? len : 1,
	    ret->code, sizeof(ret->code));
}

/* The key that sshd took, as sshd says it to the gate, too.  The door asks for a
 * key and a code: where its AuthenticationMethods are lost, the code alone must
 * not open it. */
static const char *
fill_key(const char *methods, struct request *ret)
{
	size_t count;

	if (methods == NULL)
		return NO_KEY;
	if (strnlen(methods, METHODS_MAX) == METHODS_MAX)
		return "SSH_AUTH_INFO_0 is too long";
	ret->auth = methods_key(methods, &count);
	if (ret->auth == NULL)
		return count > 0 ? "out of memory" : NO_KEY;
	if (strlen(ret->auth) > AUTH_SENT)
		return "the key in SSH_AUTH_INFO_0 is too long";
	return utf8_is_clean(ret->auth) ? NULL : "SSH_AUTH_INFO_0 names no key";
}

static const char *
fill_door(const struct inquiry *inquiry, struct request *ret)
{
	const char *from = inquiry->ssh_connection;

	if (!connection_name(inquiry->token, from, ret->auth_path))
		return "sshd does not say who connects";
	snprintf(ret->address, sizeof(ret->address), "%.*s",
	    (int)strcspn(from, " "), from);
	return fill_key(inquiry->ssh_auth_info, ret);
}

const char *
inquiry_fill(const struct inquiry *inquiry, struct request *ret)
{
	char service[64] = "";

	*ret = (struct request){.version = PROTOCOL_VERSION,
	    .door = inquiry->door,
	    .judged = inquiry->judged};
	snprintf(ret->request, sizeof(ret->request), "%s", inquiry->request);
	if (inquiry->code != NULL)
		fill_code(inquiry->code, ret);
	if (inquiry->door)
		return fill_door(inquiry, ret);
	if (inquiry->service != NULL)
		utf8_clean(inquiry->service, strlen(inquiry->service), service,
		    sizeof(service));
	ret->command = strdup(service);
	return ret->command == NULL ? "out of memory" : NULL;
}

/* As a user would be answered who has a device. */
static void
pretend(const struct inquiry *inquiry, struct ruling *ret)
{
	struct reason_facts facts = {.name = ""};
	char text[MESSAGE_TEXT];

	reason_say(REASON_WRONG_CODE, &facts, text, sizeof(text));
	ruling_deny(ret, RULING_RETRY, text);
	if (inquiry->code == NULL) {
		ruling_deny(ret, RULING_ENDS, "");
		ret->verdict = VERDICT_CHALLENGE;
	}
}

static void
deny_unasked(const struct inquiry *inquiry, struct ruling *ret, const char *why)
{
	char said[RULING_TEXT], text[RULING_TEXT + 64];

	dial_say_unreached(&inquiry->keeper, inquiry->uid,
	    why[0] != '\0' ? why : "the request is too large", said,
	    sizeof(said));
	snprintf(text, sizeof(text), "Access denied: %s", said);
	ruling_deny(ret, RULING_UNASKED, text);
}

static void
deny_unfit(struct ruling *ret, const char *why)
{
	char text[RULING_TEXT];

	snprintf(text, sizeof(text),
	    "Access denied: %s: tell an administrator.", why);
	ruling_deny(ret, RULING_ENDS, text);
}

/* Asks, in place of what was answered before. */
static enum fault
ask(struct client *client, const struct inquiry *inquiry,
    const struct request *request, struct reply *reply)
{
	dial_close(client);
	reply_done(reply);
	*reply = (struct reply){.version = 0};
	return dial_ask(client, &inquiry->keeper, request, reply);
}

/* The keeper may want to know more of a hardware key, or nothing. */
static enum fault
ask_login(struct client *client, const struct inquiry *inquiry,
    struct request *request, struct reply *reply)
{
	enum fault fault;

	claim_begin(inquiry, request);
	fault = ask(client, inquiry, request, reply);
	if (fault != FAULT_NONE || request->hardware == HARDWARE_UNSAID)
		return fault;
	if (reply->reason == REASON_LOOK)
		claim_judge(inquiry, reply, request);
	else if (reply->reason == REASON_BAD_REQUEST)
		claim_drop(request);
	else
		return fault;
	return ask(client, inquiry, request, reply);
}

void
inquiry_ask(const struct inquiry *inquiry, struct ruling *ret)
{
	scoped_dial struct client client = {
	    .fd = -1, .wait_ms = INQUIRY_WAIT_MS};
	scoped_request struct request request = {.version = 0};
	scoped_reply struct reply reply = {.version = 0};
	const char *wrong = inquiry_fill(inquiry, &request);

	if (wrong != NULL)
		deny_unfit(ret, wrong);
	else if (ask_login(&client, inquiry, &request, &reply) != FAULT_NONE)
		deny_unasked(inquiry, ret, client.why);
	else if (inquiry->unknown)
		pretend(inquiry, ret);
	else
		ruling_of_reply(&reply, ret);
}

/* The application's handlers would run in the user's name, and its environment
 * may be the user's. */
static void
forget_application(int fd)
{
	struct rlimit none = {0, 0};
	sigset_t empty;

	for (int n = 1; n < NSIG; n++)
		(void)signal(n, SIG_DFL);
	sigemptyset(&empty);
	if (sigprocmask(SIG_SETMASK, &empty, NULL) < 0 ||
	    dup2(fd, STDIN_FILENO) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    clearenv() != 0 || !descriptor_close_from(STDIN_FILENO + 1))
		_exit(1);
	alarm(INQUIRY_LIFE_S);
}

static bool
is_user(uid_t uid, gid_t gid)
{
	uid_t real, effective, saved;
	gid_t real_gid, effective_gid, saved_gid;

	return getresuid(&real, &effective, &saved) == 0 && real == uid &&
	    effective == uid && saved == uid &&
	    getresgid(&real_gid, &effective_gid, &saved_gid) == 0 &&
	    real_gid == gid && effective_gid == gid && saved_gid == gid &&
	    getgroups(0, NULL) == 0 && (uid == 0 || setuid(0) < 0);
}

/* The kernel makes a process that changes its uid as dumpable as
 * fs.suid_dumpable says, so it is told again. */
static bool
become(uid_t uid, gid_t gid)
{
	return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
	    setresuid(uid, uid, uid) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
	    is_user(uid, gid);
}

/* Only root sees the processes of sshd everywhere. */
static void
find_start(struct inquiry *inquiry)
{
	if (!inquiry->door || inquiry->user == NULL ||
	    !started_connection(getppid(), inquiry->user, &inquiry->since))
		inquiry->since = (struct timespec){0};
}

_Noreturn void
inquiry_run(const struct inquiry *of, int fd)
{
	struct inquiry inquiry = *of;
	struct ruling ruling;

	forget_application(fd);
	find_start(&inquiry);
	if (!become(inquiry.uid, inquiry.gid))
		_exit(1);
	inquiry_ask(&inquiry, &ruling);
	_exit(write(STDIN_FILENO, &ruling, sizeof(ruling)) !=
	    (ssize_t)sizeof(ruling));
}
