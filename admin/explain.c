#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/admin.h"
#include "store/core/report.h"
#include "store/base/when.h"

static void
print_login(const struct explained *login)
{
	char deadline[WHEN_TEXT];

	printf("  because   %s\n", login->reason);
	printf("  rule      %s%s%s%s\n",
	    login->rule[0] != '\0' ? login->rule : "otherwise",
	    login->mode != MODE_NONE ? " (" : "", mode_names[login->mode],
	    login->mode != MODE_NONE ? ")" : "");
	if (login->deadline_s > 0) {
		when_format(login->deadline_s, deadline);
		printf("  deadline  %s\n", deadline);
	}
}

/* Prints one block for each "from" that decides, if no address was given. */
static void
print_by_address(const struct explanation *e)
{
	printf(
	    "%s: depends on the address (choose one with --from)\n", e->user);
	for (size_t i = 0; i < e->by_address.count; i++) {
		const struct explained *one = &e->by_address.items[i];

		printf("  from      %s: %s\n",
		    one->from[0] != '\0' ? one->from : "anywhere else",
		    one->verdict[0] != '\0'
			? one->verdict
			: "depends on further rules by address");
		print_login(one);
	}
}

static void
explain_print(const struct explanation *e)
{
	if (e->by_address.count > 0) {
		print_by_address(e);
	} else {
		printf("%s: %s\n", e->user, e->login.verdict);
		print_login(&e->login);
	}
	for (size_t i = 0; i < e->skipped.count; i++)
		printf("  not       %s: %s\n", e->skipped.items[i].rule,
		    e->skipped.items[i].reason);
}

struct showing {
	const struct admin *admin;
	struct explanation explanation;
};

static bool
explain_show(void *ctx, const char *text)
{
	const struct showing *showing = ctx;

	if (showing->admin->json)
		puts(text);
	else
		explain_print(&showing->explanation);
	return true;
}

int
admin_explain(struct admin *admin, int argc, char **argv)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "explain"};
	struct showing showing = {.admin = admin};
	const struct client_rows rows = {&explanation_shape,
	    &showing.explanation, sizeof(showing.explanation), explain_show,
	    &showing};
	struct address address;

	if (argc > 1)
		admin_say("explain takes one user");
	if (argc != 1)
		return ADMIN_MISUSED;
	if (!admin_is_user(argv[0]))
		return ADMIN_NOT;
	memcpy(request.user, argv[0], strlen(argv[0]) + 1);
	request.door = admin->at_door;
	if (admin->from != NULL) {
		if (!address_parse(admin->from, &address)) {
			admin_say("%s: not an address", admin->from);
			return ADMIN_USAGE;
		}
		address_format(&address, request.address);
	}
	if (admin->at != NULL &&
	    !admin_time(admin->at, time(NULL), &request.at_s))
		return ADMIN_USAGE;
	return admin_stream(admin, &request, argv[0], &rows);
}
