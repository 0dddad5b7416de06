#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/apply.h"
#include "tests/support/fail.h"
#include "tests/support/run.h"

static void
note(struct apply *a, const char *line)
{
	size_t len = strlen(a->said);

	strncat(a->said, line, sizeof(a->said) - len - 2);
	strcat(a->said, "\n");
}

static int
converse(int count, const struct pam_message **messages,
    struct pam_response **ret, void *ctx)
{
	struct apply *a = ctx;

	*ret = calloc((size_t)count, sizeof(**ret));
	for (int i = 0; i < count; i++) {
		bool is_prompt = messages[i]->msg_style == PAM_PROMPT_ECHO_OFF;

		note(a, messages[i]->msg);
		a->prompts += is_prompt;
		if (is_prompt && a->asked != NULL)
			a->asked(a->ctx);
		if (is_prompt && a->fails) {
			free(*ret);
			*ret = NULL;
			return PAM_CONV_ERR;
		}
		if (is_prompt && a->answer != NULL)
			a->given = (*ret)[i].resp = strdup(a->answer);
	}
	return PAM_SUCCESS;
}

/* As pam_start() is given it; ctx is set before each call, since the struct may
 * have moved. */
static void
converse_with(struct apply *a)
{
	const struct pam_conv conversation = {converse, a};

	a->said[0] = '\0';
	a->prompts = 0;
	if (pam_set_item(a->pamh, PAM_CONV, &conversation) != PAM_SUCCESS)
		fail("no conversation");
}

struct apply
apply_open(const struct bastion *b, const char *user, const char *arguments)
{
	static const struct pam_conv none;
	static int number;
	struct apply a = {.answer = ""};

	a.service = text("tfa-apply-%d-%d", (int)getpid(), ++number);
	write_text(text("%s/%s", b->dir, a.service),
	    text("auth required pam_tfa.so socket=%s %s\n"
		 "account required pam_tfa.so socket=%s %s\n",
		b->socket, arguments, b->socket, arguments));
	if (pam_start_confdir(a.service, user, &none, b->dir, &a.pamh) !=
	    PAM_SUCCESS)
		fail("pam_start_confdir");
	apply_set(&a, "SSH_CONNECTION=" APPLY_FROM);
	apply_set(&a, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n");
	return a;
}

void
apply_set(struct apply *a, const char *variable)
{
	if (pam_putenv(a->pamh, variable) != PAM_SUCCESS)
		fail("pam_putenv: %.40s", variable);
}

int
apply_auth(struct apply *a)
{
	converse_with(a);
	return pam_authenticate(a->pamh, 0);
}

int
apply_account(struct apply *a)
{
	converse_with(a);
	return pam_acct_mgmt(a->pamh, 0);
}

const char *
apply_token(const struct apply *a)
{
	const char *token = pam_getenv(a->pamh, "TFA_CONNECTION");

	return token != NULL ? token : "";
}

void
apply_close(struct apply *a)
{
	pam_end(a->pamh, PAM_SUCCESS);
}
