#include <stdlib.h>
#include <string.h>

#include "store/link/etcd.h"
#include "tests/fuzz/fuzz.h"

static struct json_out
body_of(const struct link_request *request)
{
	switch (request->op) {
	case LINK_GET:
		return etcd_get("/tfa/v1/", request);
	case LINK_PUT:
		return etcd_put("/tfa/v1/", request);
	case LINK_REMOVE:
		return etcd_remove("/tfa/v1/", request);
	case LINK_SCAN:
		return etcd_scan("/tfa/v1/", request, 7);
	case LINK_PUT_ALL:
		return etcd_put_all("/tfa/v1/", request);
	case LINK_STATUS:
		break;
	}
	return json_out_begin(8);
}

/* A request that was read is one to etcd, too, with all its conditions. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *packet = fuzz_text(data, size);
	struct link_request request;
	struct json_out body;
	const char *why = NULL;

	if (link_request_read(packet, size, &request, &why) == FAULT_NONE) {
		must(request.op == LINK_STATUS || request.op == LINK_SCAN ||
		    request.op == LINK_PUT_ALL || link_is_key(request.key));
		must((request.op == LINK_PUT_ALL) == (request.rows_count > 0));
		for (size_t i = 0; i < request.rows_count; i++)
			must(link_is_key(request.rows[i].key) &&
			    link_is_mark(request.rows[i].mark) &&
			    link_is_value(request.rows[i].value));
		must(request.op != LINK_PUT || link_is_value(request.value));
		body = body_of(&request);
		must(request.op == LINK_STATUS ||
		    strict_json(body.text, body.len));
		must((strstr(body.text, "{\"compare\":[{") == body.text) ==
		    (request.op == LINK_PUT || request.op == LINK_REMOVE ||
			request.op == LINK_PUT_ALL));
		json_text_free(&body.text);
	} else {
		must(why != NULL);
	}
	link_request_done(&request);
	free(packet);
	return 0;
}
