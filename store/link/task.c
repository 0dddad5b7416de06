#include <stdio.h>
#include <stdlib.h>

#include "store/base/cleanup.h"
#include "store/link/engine.h"

struct task *
task_new(enum task_kind kind, int64_t until_ms)
{
	struct task *task = calloc(1, sizeof(*task));

	if (task == NULL)
		return NULL;
	task->kind = kind;
	task->until_ms = until_ms;
	task->bound = -1;
	return task;
}

/* About as many rows as fit into a packet. */
static int
rows_to_ask(const struct engine *e, const struct link_request *request)
{
	int most = request->keys_only ? e->scan_keys : e->scan_rows;

	return request->limit < most ? request->limit : most;
}

struct task *
task_of(struct engine *e, struct link_request *request, int64_t until_ms)
{
	struct task *task = task_new((enum task_kind)request->op, until_ms);
	const char *prefix = e->config->prefix;

	if (task == NULL)
		return NULL;
	task->request = *request;
	request->value = NULL;
	request->rows = NULL;
	request->rows_count = 0;
	task->asked_rows = rows_to_ask(e, &task->request);
	switch (task->request.op) {
	case LINK_GET:
		task->body = etcd_get(prefix, &task->request);
		break;
	case LINK_PUT:
		task->body = etcd_put(prefix, &task->request);
		break;
	case LINK_REMOVE:
		task->body = etcd_remove(prefix, &task->request);
		break;
	case LINK_SCAN:
		task->body = etcd_scan(
		    prefix, &task->request, task->asked_rows);
		break;
	case LINK_PUT_ALL:
		task->body = etcd_put_all(prefix, &task->request);
		break;
	case LINK_STATUS:
		break;
	}
	if (task->body.text != NULL)
		return task;
	link_request_done(&task->request);
	free(task);
	return NULL;
}
