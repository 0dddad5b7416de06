#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/field.h"
#include "store/base/cleanup.h"
#include "store/json/out.h"
#include "store/core/typed.h"
#include "store/base/utf8.h"
#include "store/base/when.h"
#include "store/wire/dial.h"

/* longer than a busy keeper lets root wait */
#define NOTE_WAIT_MS 6000

#define LINE_BYTES 4096 /* a code, with whatever is pasted along with it */

bool
admin_confirm(const struct admin *admin, const char *question)
{
	char answer[16] = "", asked[1024];

	if (admin->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		admin_say("there is no terminal for the question: use --yes");
		return false;
	}
	snprintf(asked, sizeof(asked), "%s [y/N]", question);
	field_fold(stderr, 0, 0, asked);
	putc(' ', stderr);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		putc('\n', stderr);
	return answer[0] == 'y' || answer[0] == 'Y';
}

void
admin_print_string(const char *before, const char *text)
{
	struct json_out out = json_out_begin(256);

	json_out_string(&out, text);
	printf("%s%s", before, out.text != NULL ? out.text : "null");
	json_text_free(&out.text);
}

void
admin_done(const struct admin *admin, const char *target, const char *what)
{
	if (!admin->json) {
		printf("%s: %s\n", target, what);
		return;
	}
	admin_print_string("{\"target\":", target);
	admin_print_string(",\"done\":", what);
	puts("}");
}

int
admin_worse(int so_far, int one, int targets)
{
	if (one == ADMIN_DONE)
		return so_far;
	return targets > 1 ? ADMIN_NOT : one;
}

static bool
acts_as_root(const struct admin *admin)
{
	return geteuid() == 0 || admin->keeper.store != NULL;
}

bool
admin_root_only(const struct admin *admin, const char *command)
{
	if (!acts_as_root(admin))
		admin_say("only root may run %s", command);
	return acts_as_root(admin);
}

bool
admin_may_help(const struct admin *admin)
{
	if (acts_as_root(admin) || isatty(STDIN_FILENO))
		return true;
	admin_say("this needs your own verification code, and there is no "
		  "terminal to type it on: use ssh -t");
	return false;
}

bool
admin_own_code(const struct admin *admin, char *ret, size_t size)
{
	char line[LINE_BYTES] = "";

	ret[0] = '\0';
	if (acts_as_root(admin))
		return true;
	if (!admin_may_help(admin))
		return false;
	fputs("Verification code: ", stderr);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	typed_plain(line, strlen(line), ret, size);
	explicit_bzero(line, sizeof(line));
	return true;
}

int
admin_no_keeper(const struct admin *admin, const char *why)
{
	char said[400];

	dial_say_unreached(&admin->keeper, geteuid(), why, said, sizeof(said));
	admin_say("%s%s", said,
	    acts_as_root(admin) ? "; tfa-admin doctor says what to do" : "");
	return ADMIN_KEEPER;
}

int
admin_judge(const struct reply *reply, const char *what)
{
	if (reply->verdict == VERDICT_PASS) {
		if (reply->end && reply->message[0] != '\0')
			admin_say("%s", reply->message);
		return ADMIN_DONE;
	}
	if (reply->reason == REASON_UNKNOWN_USER)
		what = ""; /* the message names them */
	admin_say("%s%s%s", what, what[0] != '\0' ? ": " : "",
	    reply->message[0] != '\0' ? reply->message
				      : reason_name(reply->reason));
	if (reply->reason == REASON_NOT_ALLOWED)
		return ADMIN_NOT_ALLOWED;
	if (reply->reason == REASON_BAD_REQUEST || reply->reason == REASON_BUSY)
		return ADMIN_KEEPER;
	return ADMIN_NOT;
}

bool
admin_is_user(const char *text)
{
	size_t len = strlen(text);

	if (text[0] == '@')
		admin_say("%.80s: this takes users, not groups: tfa-admin "
			  "users --group NAME lists the members of a group",
		    text);
	else if (len >= USER_TEXT)
		admin_say("\"%.80s...\": there is no such user: this name has "
			  "%zu bytes, and a name may have %d",
		    text, len, USER_TEXT - 1);
	else if (len == 0 || !utf8_is_clean(text))
		admin_say("\"%s\": there is no such user", text);
	else
		return true;
	return false;
}

int
admin_ask(const struct admin *admin, const struct request *request,
    const char *what, struct reply *ret)
{
	struct reply reply = {.version = 0};
	char why[320] = "";
	int status;

	if (client_call(&admin->keeper, request, &reply, why, sizeof(why)) !=
	    FAULT_NONE)
		return admin_no_keeper(admin, why);
	status = admin_judge(&reply, what);
	if (ret != NULL)
		*ret = reply;
	else
		reply_done(&reply);
	return status;
}

int
admin_stream(const struct admin *admin, const struct request *request,
    const char *what, const struct client_rows *rows)
{
	scoped_reply struct reply reply = {.version = 0};
	char why[320] = "";

	if (client_stream(&admin->keeper, request, rows, &reply, why,
		sizeof(why)) != FAULT_NONE)
		return admin_no_keeper(admin, why);
	return admin_judge(&reply, what);
}

bool
admin_note(
    const struct admin *admin, const char *what, char *ret_why, size_t size)
{
	struct client_options keeper = admin->keeper;
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "note"};
	scoped_reply struct reply reply = {.version = 0};
	char why[320];

	keeper.wait_ms = NOTE_WAIT_MS;
	snprintf(request.detail, sizeof(request.detail), "%s", what);
	if (client_call(&keeper, &request, &reply, why, sizeof(why)) !=
	    FAULT_NONE)
		snprintf(
		    ret_why, size, "the keeper cannot be reached: %s", why);
	else if (reply.verdict != VERDICT_PASS)
		snprintf(ret_why, size, "%s",
		    reply.message[0] != '\0' ? reply.message
					     : reason_name(reply.reason));
	else
		return true;
	return false;
}

bool
admin_time(const char *text, int64_t now_s, int64_t *ret_s)
{
	int64_t back_s = 0;

	if (when_parse(text, ret_s) || when_parse_local(text, ret_s))
		return true;
	if (duration_parse(text, &back_s)) {
		*ret_s = now_s - back_s;
		return true;
	}
	admin_say("%s: not a time: write 2026-11-01, \"2026-11-01 08:00\", "
		  "2026-11-01T08:00:00Z, or a duration such as 14d",
	    text);
	return false;
}
