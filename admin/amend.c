#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "store/base/cleanup.h"

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

static int
revoke_one(const struct admin *admin, const char *user)
{
	const char *use = admin->code ? "enroll" : "";
	scoped_reply struct reply reply = {.version = 0};
	int status = amend_ask(admin, "revoke", user, use, &reply);

	if (status != ADMIN_DONE)
		return status;
	admin_done(admin, user, reply.message);
	return admin->code ? print_code(admin, user, use, &reply) : ADMIN_DONE;
}

/* The question: names as many users as anybody would read, counts the rest. */
static void
ask_to_revoke(int argc, char **argv, char ret[static QUESTION])
{
	size_t len = (size_t)snprintf(ret, QUESTION, "Revoke ");
	int i;

	for (i = 0; i < argc && len + strlen(argv[i]) < QUESTION / 2; i++)
		len += (size_t)snprintf(ret + len, QUESTION - len, "%s%s",
		    i > 0 ? ", " : "", argv[i]);
	if (i < argc)
		len += (size_t)snprintf(ret + len, QUESTION - len, "%s%d %s",
		    i > 0 ? " and " : "", argc - i, i > 0 ? "more" : "users");
	snprintf(ret + len, QUESTION - len,
	    "? All devices, recovery codes and remembered connections become "
	    "void.");
}

int
admin_revoke(struct admin *admin, int argc, char **argv)
{
	char question[QUESTION];
	int status = ADMIN_DONE;
	bool any = false;

	if (admin->block && admin->code)
		admin_say("--block and --code exclude each other");
	if (argc < 1 || (admin->block && admin->code))
		return ADMIN_MISUSED;
	if (!admin_may_help(admin))
		return ADMIN_NOT_ALLOWED;
	ask_to_revoke(argc, argv, question);
	if (!admin_confirm(admin, question)) {
		admin_say("nothing is changed");
		return ADMIN_NOT;
	}
	for (int i = 0; i < argc; i++) {
		int one = revoke_one(admin, argv[i]);

		any |= one == ADMIN_DONE;
		status = admin_worse(status, one, argc);
	}
	if (any) {
		admin_say("the old entry in the authenticator app no longer "
			  "works: tell users to delete it");
		admin_say("running sessions go on. To end them: loginctl "
			  "terminate-user USER, or pkill -KILL -u USER");
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
