#include <stdlib.h>
#include <string.h>

#include "gate/pam/claim.h"
#include "gate/sshd/hardware.h"
#include "gate/sshd/methods.h"

static bool
has_one_key(const char *methods)
{
	size_t count = 0;
	char *line = methods != NULL ? methods_key(methods, &count) : NULL;

	free(line);
	return count == 1;
}

static bool
has_account(const struct inquiry *inquiry)
{
	return !inquiry->unknown && inquiry->user != NULL &&
	    inquiry->home != NULL;
}

void
claim_begin(const struct inquiry *inquiry, struct request *request)
{
	struct key key;

	if (!inquiry->door || strcmp(inquiry->request, "login") != 0 ||
	    !has_account(inquiry) || !has_one_key(inquiry->ssh_auth_info) ||
	    !key_may_be_hardware(request->auth) ||
	    key_parse(request->auth, &key) != FAULT_NONE)
		return;
	if (key.hardware) {
		request->hardware = HARDWARE_NONE;
		memcpy(request->keys, KEYS_DEFAULT, sizeof(KEYS_DEFAULT));
	}
	key_done(&key);
}

void
claim_judge(const struct inquiry *inquiry, const struct reply *reply,
    struct request *request)
{
	const struct keypath_user user = {.name = inquiry->user,
	    .home = inquiry->home,
	    .uid = inquiry->uid,
	    .gid = inquiry->gid};
	const struct hardware_question question = {.user = &user,
	    .files = KEYPATH_LIST(reply->key_files),
	    .hardware = KEYPATH_LIST(reply->hardware_files),
	    .authorities = KEYPATH_LIST(reply->hardware_authorities)};
	struct key key;

	memcpy(request->keys, reply->keys, sizeof(request->keys));
	if (key_parse(request->auth, &key) != FAULT_NONE)
		return;
	request->hardware = (int)hardware_prove(
	    &question, &key, &inquiry->since);
	key_done(&key);
}

void
claim_drop(struct request *request)
{
	request->hardware = HARDWARE_UNSAID;
	memset(request->keys, 0, sizeof(request->keys));
}
