#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin.h"
#include "audit.h"
#include "when.h"

static void
field(const char *name, const char *value)
{
	if (value[0] != '\0')
		printf(" %s=%s", name, value);
}

static void
print(const struct audit *entry)
{
	char when[WHEN_TEXT];

	when_format(entry->time_s, when);
	printf("%s %-6s %-8s %s", when, entry->event,
	    entry->verdict[0] != '\0' ? entry->verdict : "-",
	    entry->user[0] != '\0' ? entry->user : "-");
	field("reason", entry->reason);
	field("rule", entry->rule);
	field("from", entry->address);
	field("key", entry->key);
	field("device", entry->device);
	field("by", entry->actor);
	if (entry->suppressed > 0)
		printf(" suppressed=%lld", (long long)entry->suppressed);
	if (entry->detail[0] != '\0')
		printf(" (%s)", entry->detail);
	if (entry->command[0] != '\0')
		printf(" command: %s", entry->command);
	putchar('\n');
}

static bool
take(void *ctx, const char *text, size_t len)
{
	const struct admin *admin = ctx;
	struct audit entry;

	if (!audit_parse(text, len, &entry))
		return false;
	if (admin->json)
		puts(text);
	else
		print(&entry);
	return true;
}

int
admin_log(struct admin *admin, int argc, char **argv)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "log"};

	(void)argv;
	if (argc != 0)
		return admin_usage("log");
	if (admin->user != NULL) {
		if (strlen(admin->user) >= sizeof(request.user)) {
			admin_say(
			    "%.80s...: there is no such user", admin->user);
			return ADMIN_NOT;
		}
		memcpy(request.user, admin->user, strlen(admin->user) + 1);
	}
	if (admin->since != NULL &&
	    !admin_time(admin->since, time(NULL), &request.since_s))
		return ADMIN_USAGE;
	return admin_stream(admin, &request, "", take, admin);
}
