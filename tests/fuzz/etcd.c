#include <stdlib.h>
#include <string.h>

#include "store/link/etcd.h"
#include "tests/fuzz/fuzz.h"

/* An answer to the keeper is strict JSON that fits into a packet. */
static void
check_answer(bool believed, struct json_out *out)
{
	if (believed) {
		must(out->text != NULL && out->len <= LINK_PACKET);
		must(strict_json(out->text, out->len));
	}
	json_text_free(&out->text);
}

static void
try_kind(enum link_op op, const char *body, size_t len)
{
	static char value[] = "Zm9v";
	struct link_row rows_put[] = {{.key = "users/alice", .mark = "0"},
	    {.key = "users/bob", .mark = "7"}};
	struct link_request request = {.op = op,
	    .key = "users/alice",
	    .mark = "12",
	    .revision = "0",
	    .value = value,
	    .limit = 40,
	    .with = {{.key = "policy", .mark = "7"}},
	    .with_count = 1,
	    .rows = rows_put,
	    .rows_count = 2};
	struct json_out out = json_out_begin(512);
	enum link_end end = LINK_UNSURE;
	struct etcd_rows rows;
	bool believed = false;

	switch (op) {
	case LINK_GET:
		believed = etcd_read_get(
		    &request, "/tfa/v1/", body, len, &out, &end);
		break;
	case LINK_PUT:
		believed = etcd_read_put(
		    &request, "/tfa/v1/", body, len, &out, &end);
		break;
	case LINK_REMOVE:
		believed = etcd_read_remove(
		    &request, "/tfa/v1/", body, len, &out, &end);
		break;
	case LINK_SCAN:
		memcpy(request.key, "users/", sizeof("users/"));
		believed = etcd_read_scan(
		    &request, "/tfa/v1/", body, len, &out, &end, &rows);
		break;
	case LINK_PUT_ALL:
		believed = etcd_read_put_all(&request, body, len, &out, &end);
		break;
	case LINK_STATUS:
		break;
	}
	must(believed || out.len == 0);
	must(!believed || end == LINK_OK || end == LINK_STALE ||
	    end == LINK_REFUSED);
	check_answer(believed, &out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = {
	    200, 400, 401, 403, 404, 412, 429, 500, 503, 504};
	char *body = fuzz_text(data, size), why[LINK_WHY];
	char token[ETCD_TOKEN], revision[LINK_MARK];
	struct etcd_status status;

	for (int op = LINK_GET; op <= LINK_PUT_ALL; op++)
		try_kind((enum link_op)op, body, size);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		etcd_judge(statuses[i], body, size, why);
		must(strlen(why) < LINK_WHY);
		must(why[strcspn(why, "\"\\\n\x1b")] == '\0');
	}
	if (etcd_read_token(body, size, token))
		must(strpbrk(token, "\r\n ") == NULL);
	if (etcd_read_revision(body, size, revision))
		must(link_is_mark(revision));
	(void)etcd_read_status(body, size, &status);
	must(etcd_read_quota(body) >= 0);
	free(body);
	return 0;
}
