#include <string.h>

#include "admin/store/commands.h"

static const struct {
	const char *word;
	int (*run)(struct admin *admin);
} plain[] = {
    {"status", store_status},
    {"join", store_join},
    {"leave", store_leave},
    {"migrate", store_migrate},
    {"reseal", store_reseal},
    {"level", store_level},
    {"accept-restore", store_accept_restore},
};
#define PLAIN (sizeof(plain) / sizeof(plain[0]))

/* Options that only one word takes. */
static bool
fits(const struct admin *admin, const char *word)
{
	bool join = strcmp(word, "join") == 0;
	bool migrate = strcmp(word, "migrate") == 0;

	if ((admin->fleet_name != NULL || admin->migrate) && !join)
		admin_say("--new and --migrate are for store join");
	else if (admin->to != NULL && !migrate)
		admin_say("--to is for store migrate");
	else if (admin->prefer != NULL && !migrate && !join)
		admin_say("--prefer is for store migrate and store join");
	else if (admin->dry_run && !migrate)
		admin_say(
		    "--dry-run is for store migrate: \"store migrate --to "
		    "fleet --dry-run\" also compares the records of a "
		    "bastion that has still to join");
	else if (admin->here && strcmp(word, "accept-restore") != 0)
		admin_say("--here is for store accept-restore");
	else
		return true;
	return false;
}

static int
store_key(struct admin *admin, int argc, char **argv)
{
	if (argc == 1 && strcmp(argv[0], "add") == 0)
		return store_key_add(admin);
	if (argc == 2 && strcmp(argv[0], "use") == 0)
		return store_key_use(admin, argv[1]);
	if (argc == 2 && strcmp(argv[0], "drop") == 0)
		return store_key_drop(admin, argv[1]);
	admin_say("store key needs add, or use or drop and the ID of a key: "
		  "tfa-admin store status shows the one in use");
	return ADMIN_MISUSED;
}

/* Says what a word lacks that takes another one. */
static int
say_lack(const char *word)
{
	if (strcmp(word, "remove") == 0)
		admin_say("store remove needs the HOST of a bastion: tfa-admin "
			  "store status lists them");
	else if (strcmp(word, "export") == 0)
		admin_say("store export needs a DIR that is not there yet");
	else
		admin_say("store %s takes no other word", word);
	return ADMIN_MISUSED;
}

int
admin_store(struct admin *admin, int argc, char **argv)
{
	if (argc < 1 || !fits(admin, argv[0]))
		return ADMIN_MISUSED;
	for (size_t i = 0; i < PLAIN; i++)
		if (argc == 1 && strcmp(argv[0], plain[i].word) == 0)
			return plain[i].run(admin);
	if (argc == 2 && strcmp(argv[0], "remove") == 0)
		return store_remove(admin, argv[1]);
	if (argc == 2 && strcmp(argv[0], "export") == 0)
		return store_export(admin, argv[1]);
	if (strcmp(argv[0], "key") == 0)
		return store_key(admin, argc - 1, argv + 1);
	return say_lack(argv[0]);
}
