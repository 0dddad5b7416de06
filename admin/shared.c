#include "admin/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"

/* A stream that is being taken: bytes belong to the row before them. */
struct taking {
	struct shared *shared;
	struct version_row row;
};

void
shared_done(struct shared *shared)
{
	for (size_t i = 0; i < shared->versions.count; i++)
		version_done(&shared->versions.items[i]);
	free(shared->versions.items);
	*shared = (struct shared){.mark = "0"};
}

const struct version *
shared_in_force(const struct shared *shared)
{
	size_t count = shared->versions.count;

	return count > 0 ? &shared->versions.items[count - 1] : NULL;
}

static bool
take_row(void *ctx, const char *text)
{
	struct taking *taking = ctx;
	struct version *version = list_add(
	    &taking->shared->versions, sizeof(*version));

	(void)text;
	if (version == NULL)
		return false;
	version_of_row(&taking->row, version);
	version->text = calloc(1, 1);
	memcpy(taking->shared->mark, taking->row.mark, MARK_TEXT);
	return version->text != NULL;
}

/* A keeper that sends more than a policy can have is none of ours. */
static bool
take_bytes(void *ctx, char *bytes, size_t len)
{
	struct taking *taking = ctx;
	size_t count = taking->shared->versions.count;
	struct version *version;
	char *longer;

	if (count == 0)
		return false;
	version = &taking->shared->versions.items[count - 1];
	if (len > POLICY_MAX - version->len)
		return false;
	longer = realloc(version->text, version->len + len + 1);
	if (longer == NULL)
		return false;
	memcpy(longer + version->len, bytes, len);
	version->text = longer;
	version->len += len;
	longer[version->len] = '\0';
	return true;
}

/* A denial of the keeper as a fault. */
static enum fault
fault_of(const struct reply *reply, char ret_why[static SHARED_WHY])
{
	if (reply->verdict == VERDICT_PASS)
		return FAULT_NONE;
	snprintf(ret_why, SHARED_WHY, "%s",
	    reply->message[0] != '\0' ? reply->message
				      : reason_name(reply->reason));
	return reply->reason == REASON_POLICY_CHANGED ? FAULT_STALE
						      : FAULT_REFUSED;
}

static enum fault
say_no_keeper(const char *why, char ret_why[static SHARED_WHY])
{
	snprintf(ret_why, SHARED_WHY,
	    "the policy is the fleet's, and the keeper cannot be reached: %s; "
	    "tfa-admin doctor says what to do",
	    why);
	return FAULT_AWAY;
}

enum fault
shared_fetch(const struct client_options *keeper, enum shared_want want,
    struct shared *ret, char ret_why[static SHARED_WHY])
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "policy_get"};
	struct taking taking = {.shared = ret};
	const struct client_rows rows = {&version_row_shape, &taking.row,
	    sizeof(taking.row), take_row, &taking};
	scoped_reply struct reply reply = {.version = 0};
	char why[320] = "";
	enum fault fault;

	shared_done(ret);
	snprintf(request.use, sizeof(request.use), "%s",
	    want == SHARED_ALL ? "all" : "");
	fault = client_stream_files(
	    keeper, &request, &rows, take_bytes, &reply, why, sizeof(why));
	if (fault != FAULT_NONE)
		return say_no_keeper(why, ret_why);
	fault = fault_of(&reply, ret_why);
	if (fault != FAULT_NONE)
		shared_done(ret);
	return fault;
}

enum fault
shared_put(const struct client_options *keeper, const char *mark,
    const char *what, char ret_why[static SHARED_WHY])
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "policy_put"};
	scoped_reply struct reply reply = {.version = 0};
	char why[320] = "";

	snprintf(request.mark, sizeof(request.mark), "%s", mark);
	snprintf(request.detail, sizeof(request.detail), "%s", what);
	if (client_call(keeper, &request, &reply, why, sizeof(why)) !=
	    FAULT_NONE)
		return say_no_keeper(why, ret_why);
	return fault_of(&reply, ret_why);
}
