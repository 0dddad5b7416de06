#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/home.h"
#include "admin/sessions.h"
#include "store/base/cleanup.h"
#include "store/base/utf8.h"
#include "store/system/systemd.h"

#define QUESTION 512

/*
 * Sends a request about one user, with the caller's code if one is needed.
 * ADMIN_NOT for a name that cannot be a user's. ret as in admin_ask().
 */
static int
amend_ask(const struct admin *admin, const char *name, const char *user,
    const char *use, struct reply *ret)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .block = admin->block};

	if (!admin_is_user(user))
		return ADMIN_NOT;
	snprintf(request.request, sizeof(request.request), "%s", name);
	snprintf(request.use, sizeof(request.use), "%s", use);
	if (admin->device != NULL &&
	    strlen(admin->device) >= sizeof(request.device)) {
		admin_say("%s: there is no such device: tfa-admin users %s "
			  "lists the devices",
		    user, user);
		return ADMIN_NOT;
	}
	if (admin->device != NULL)
		snprintf(request.device, sizeof(request.device), "%s",
		    admin->device);
	if (!admin_own_code(admin, request.code, sizeof(request.code)))
		return ADMIN_NOT_ALLOWED;
	memcpy(request.user, user, strlen(user) + 1);
	return admin_ask(admin, &request, user, ret);
}

/* Tells the admin what to say with the code. */
static void
say_use(const char *user, const char *use)
{
	admin_say("give this code to %s. It works once, within 24 hours: %s",
	    user,
	    strcmp(use, "enroll") == 0
		? "log in with ssh on a terminal (ssh -t), type it at "
		  "\"Verification code: \", and set up a device"
		: "type it at \"Verification code: \", or send it in "
		  "TFA_CODE");
}

static int
print_code(const struct admin *admin, const char *user, const char *use,
    const struct reply *reply)
{
	if (reply->codes.count != 1)
		return ADMIN_KEEPER;
	if (admin->json) {
		admin_print_string("{\"user\":", user);
		printf(",\"use\":\"%s\",\"code\":\"%s\"}\n", use,
		    reply->codes.items[0].text);
	} else {
		printf("%s: %s\n", user, reply->codes.items[0].text);
		say_use(user, use);
	}
	for (size_t i = 0; i < reply->notes.count; i++)
		admin_say("%s: %s", user, reply->notes.items[i].text);
	return ADMIN_DONE;
}

/* Names the devices of somebody of whom another one was meant. */
static void
say_devices(const char *user, const struct reply *reply)
{
	char text[NOTES_MAX * (sizeof(struct note) + 2)];
	size_t len = 0;

	if (reply->notes.count == 0)
		return;
	list_each(const struct note, note, reply->notes)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
		    len > 0 ? ", " : "", note->text);
	admin_say("%s has %s; nothing is changed", user, text);
}

static int
revoke_one(const struct admin *admin, const char *user)
{
	const char *use = admin->code ? "enroll" : "";
	scoped_reply struct reply reply = {.version = 0};
	int status = amend_ask(admin, "revoke", user, use, &reply);

	if (status != ADMIN_DONE) {
		say_devices(user, &reply);
		return status;
	}
	admin_done(admin, user, reply.message);
	return admin->code ? print_code(admin, user, use, &reply) : ADMIN_DONE;
}

/* A question: names as many users as anybody would read, counts the rest. */
static void
ask_about(const char *what, int argc, char **argv, const char *more,
    char ret[static QUESTION])
{
	size_t len = (size_t)snprintf(ret, QUESTION, "%s", what);
	int i;

	for (i = 0; i < argc && len + strlen(argv[i]) < QUESTION / 2; i++)
		len += (size_t)snprintf(ret + len, QUESTION - len, "%s%s",
		    i > 0 ? ", " : "", argv[i]);
	if (i < argc)
		len += (size_t)snprintf(ret + len, QUESTION - len, "%s%d %s",
		    i > 0 ? " and " : "", argc - i, i > 0 ? "more" : "users");
	snprintf(ret + len, QUESTION - len, "%s", more);
	utf8_clean(ret, strlen(ret), ret, QUESTION);
}

static void
ask_to_revoke(
    int argc, char **argv, const char *device, char ret[static QUESTION])
{
	char more[128];

	snprintf(more, sizeof(more),
	    device != NULL
		? ", device %.40s? It and remembered connections become void."
		: "? All devices, recovery codes and remembered connections "
		  "become void.",
	    device);
	ask_about("Revoke ", argc, argv, more, ret);
}

/* True unless the caller's own session would end, and they say no. */
static bool
may_end(const struct admin *admin, int argc, char **argv)
{
	bool ours = false;

	for (int i = 0; i < argc; i++) {
		const struct passwd *pw = getpwnam(argv[i]);
		struct sessions sessions = {.pw = NULL};

		if (pw != NULL && sessions_find(pw, &sessions))
			ours |= sessions_are_ours(&sessions);
		sessions_done(&sessions);
	}
	return !ours ||
	    admin_confirm(admin, "Your own session ends with it. Go on?");
}

/* Tells what was ended, and has the keeper log it.  An admin_exit. */
static int
say_ended(const struct admin *admin, const char *user,
    const struct sessions *sessions)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "ended"};
	char done[DETAIL_SENT + 16];
	int status;

	snprintf(request.user, sizeof(request.user), "%s", user);
	snprintf(request.detail, sizeof(request.detail),
	    "%zu connection%s, %zu process%s%s", sessions->connections,
	    sessions->connections == 1 ? "" : "s", sessions->ended,
	    sessions->ended == 1 ? "" : "es",
	    sessions->left > 0 ? "; some go on" : "");
	status = admin_ask(admin, &request, user, NULL);
	snprintf(done, sizeof(done), "ended: %s", request.detail);
	admin_done(admin, user, done);
	if (sessions->left > 0)
		admin_say("%s: %zu process%s could not be ended", user,
		    sessions->left, sessions->left == 1 ? "" : "es");
	if (sessions->others > 0)
		admin_say("%s: %zu process%s without a connection go%s on. To "
			  "end them: pkill -KILL -u %s",
		    user, sessions->others, sessions->others == 1 ? "" : "es",
		    sessions->others == 1 ? "es" : "", user);
	return sessions->left > 0 ? ADMIN_NOT : status;
}

static int
end_sessions(const struct admin *admin, const char *user)
{
	const struct passwd *pw = getpwnam(user);
	struct sessions sessions = {.pw = NULL};
	int status = ADMIN_NOT;

	if (pw == NULL)
		admin_say("%s: without an account, what they run cannot be "
			  "found",
		    user);
	else if (sessions_find(pw, &sessions) && sessions_end(&sessions))
		status = say_ended(admin, user, &sessions);
	sessions_done(&sessions);
	return status;
}

/* Revokes, and then ends the sessions that are to be ended.  None is ended if no
 * device was revoked: a mistyped device may be another person's. */
static int
revoke_and_end(const struct admin *admin, const char *user, bool *ret_revoked)
{
	int status = revoke_one(admin, user);

	*ret_revoked |= status == ADMIN_DONE;
	if (!admin->end_sessions || status != ADMIN_DONE)
		return status;
	return admin_worse(status, end_sessions(admin, user), 1);
}

/* ADMIN_DONE, or why these operands and options do not go together. */
static int
revoke_check(const struct admin *admin, int argc)
{
	bool one = admin->device != NULL;
	bool wrong = true;

	if (admin->block && admin->code)
		admin_say("--block and --code exclude each other");
	else if (one && (admin->block || admin->code))
		admin_say("--device leaves the other devices: it excludes "
			  "--block and --code");
	else if (one && argc != 1)
		admin_say("--device is for one user at a time");
	else
		wrong = argc < 1 || (one && admin->device[0] == '\0');
	if (wrong)
		return ADMIN_MISUSED;
	if (admin->end_sessions && geteuid() != 0) {
		admin_say("only root may end sessions: nothing is changed. "
			  "Leave --end-sessions out, and ask root");
		return ADMIN_NOT_ALLOWED;
	}
	return admin_may_help(admin) ? ADMIN_DONE : ADMIN_NOT_ALLOWED;
}

/* Says how to go on after a revoke. */
static void
say_after_revoke(const struct admin *admin)
{
	char why[HOME_WHY];

	admin_say("codes of what was revoked no longer pass: tell users to "
		  "delete the old entry in the authenticator app, or to give "
		  "their token back");
	if (!admin->end_sessions)
		admin_say("running sessions go on: --end-sessions would have "
			  "ended them. To do it now: %s",
		    systemd_runs() ? "loginctl terminate-user USER, or "
				     "pkill -KILL -u USER"
				   : "pkill -KILL -u USER");
	if (home_find(admin, why) == HOME_FLEET)
		admin_say("at the fleet's other bastions sessions go on, too: "
			  "revoke --end-sessions, there, ends them");
}

int
admin_revoke(struct admin *admin, int argc, char **argv)
{
	char question[QUESTION];
	int status = revoke_check(admin, argc);
	bool any = false;

	if (status != ADMIN_DONE)
		return status;
	ask_to_revoke(argc, argv, admin->device, question);
	if (!admin_confirm(admin, question) ||
	    (admin->end_sessions && !may_end(admin, argc, argv))) {
		admin_say("nothing is changed");
		return ADMIN_NOT;
	}
	for (int i = 0; i < argc; i++) {
		int one = revoke_and_end(admin, argv[i], &any);

		status = admin_worse(status, one, argc);
	}
	if (any)
		say_after_revoke(admin);
	return status;
}

/* Warns of what the policy still grants to that name: whoever gets it next
 * would inherit it. */
static void
say_still_named(const struct admin *admin, const char *user)
{
	struct policy policy;

	if (admin_load(admin, &policy) != ADMIN_DONE)
		return;
	list_each(const struct rule, rule, policy.rules)
		list_each(const struct name, name, rule->users)
			if (strcmp(name->text, user) == 0)
				admin_say(
				    "%s: rule \"%s\" of the policy still "
				    "names them: tfa-admin disable %s, or "
				    "policy edit",
				    user, rule->name, user);
	list_each(const struct name, name, policy.admins.users)
		if (strcmp(name->text, user) == 0)
			admin_say("%s: \"admins\" of the policy still names "
				  "them: tfa-admin policy edit",
			    user);
	policy_done(&policy);
}

int
admin_forget(struct admin *admin, int argc, char **argv)
{
	char question[QUESTION];
	int status = ADMIN_DONE;

	if (argc < 1)
		return ADMIN_MISUSED;
	if (!admin_root_only(admin, "forget"))
		return ADMIN_NOT_ALLOWED;
	ask_about("Forget ", argc, argv,
	    "? All that is kept of them is removed; the log stays.", question);
	if (!admin_confirm(admin, question)) {
		admin_say("nothing is changed");
		return ADMIN_NOT;
	}
	for (int i = 0; i < argc; i++) {
		scoped_reply struct reply reply = {.version = 0};
		int one = amend_ask(admin, "forget", argv[i], "", &reply);

		if (one == ADMIN_DONE) {
			admin_done(admin, argv[i], reply.message);
			say_still_named(admin, argv[i]);
		}
		status = admin_worse(status, one, argc);
	}
	return status;
}

int
admin_unlock(struct admin *admin, int argc, char **argv)
{
	int status = ADMIN_DONE;

	if (argc < 1)
		return ADMIN_MISUSED;
	for (int i = 0; i < argc; i++) {
		int one = amend_ask(admin, "unlock", argv[i], "", NULL);

		if (one == ADMIN_DONE)
			admin_done(admin, argv[i], "unlocked");
		status = admin_worse(status, one, argc);
	}
	return status;
}

int
admin_code(struct admin *admin, int argc, char **argv)
{
	const char *use = admin->enroll ? "enroll" : "pass";
	scoped_reply struct reply reply = {.version = 0};
	int status;

	if (admin->enroll == admin->pass)
		admin_say("code needs %s",
		    admin->pass ? "one of --enroll and --pass, not both"
				: "--enroll or --pass");
	if (argc != 1 || admin->enroll == admin->pass)
		return ADMIN_MISUSED;
	status = amend_ask(admin, "code", argv[0], use, &reply);
	return status == ADMIN_DONE ? print_code(admin, argv[0], use, &reply)
				    : status;
}
