#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"

static admin_command help;

struct command {
	const char *name;
	const char *operands;
	const char *help;
	admin_command *run;
};

static const struct command commands[] = {
    {"setup",
	"[--dry-run] [--break-glass USER] [--wait 5m] | --confirm | --undo | "
	"--watch | --remove",
	"make this machine a bastion; shows every change first", admin_setup},
    {"enable", "TARGET...", "let these users and @groups set up a device",
	admin_enable},
    {"enforce", "TARGET... [--grace 14d | --until DATE]",
	"require a code: from now on, or after a grace period", admin_enforce},
    {"exempt", "TARGET... [--from CIDR]", "never ask for a code", admin_exempt},
    {"disable", "TARGET...", "remove the rules for exactly these",
	admin_disable},
    {"policy", "show | edit | check [FILE]",
	"print, edit or validate the policy", admin_policy},
    {"users", "[NAME...] [--state S] [--group G] [--summary]",
	"list users: who has a device, who is overdue, ...", admin_users},
    {"explain", "USER [--from ADDR] [--at TIME]",
	"what a login would be asked, and which rule says so", admin_explain},
    {"revoke", "USER... [--block | --code]",
	"lost phone: void it, and let the next login set up a new one",
	admin_revoke},
    {"code", "USER --enroll | --pass",
	"print a one-time code, to set up a device or to log in once",
	admin_code},
    {"enroll", "USER [--qr terminal|svg|uri]",
	"set up a device for a user; you hand over the QR code", admin_enroll},
    {"import", "USER FILE",
	"take over a device from google-authenticator, users.oath or a URI",
	admin_import},
    {"unlock", "USER...", "forget wrong codes, so that codes are taken again",
	admin_unlock},
    {"doctor", "[--config FILE] [--probe USER -i KEY]",
	"look for ways round the gate; names the line to change", admin_doctor},
    {"log", "[--user U] [--since T]", "who was let in, and who was not",
	admin_log},
    {"help", "[COMMAND]", "show what a command does, and its options", help},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum {
	OPT_SOCKET = 256,
	OPT_STORE,
	OPT_POLICY,
	OPT_KEEPER_USER,
	OPT_JSON,
	OPT_YES,
	OPT_HELP,
	OPT_VERSION,
	OPT_GRACE,
	OPT_UNTIL,
	OPT_FROM,
	OPT_AT,
	OPT_SINCE,
	OPT_USER,
	OPT_STATE,
	OPT_GROUP,
	OPT_CONFIG,
	OPT_PROBE,
	OPT_KEY,
	OPT_BREAK_GLASS,
	OPT_WAIT,
	OPT_QR,
	OPT_DRY_RUN,
	OPT_REMOVE,
	OPT_CONFIRM,
	OPT_UNDO,
	OPT_WATCH,
	OPT_BLOCK,
	OPT_CODE,
	OPT_ENROLL,
	OPT_PASS,
	OPT_SUMMARY
};

/* The options that each command takes besides those for all. */
static const struct {
	const char *command;
	int option;
	const char *argument; /* "" for none */
	const char *help;
} options[] = {
    {"setup", OPT_DRY_RUN, "", "show every change, but make none"},
    {"setup", OPT_BREAK_GLASS, "USER",
	"leave this account out of the gate, for emergencies"},
    {"setup", OPT_WAIT, "DURATION",
	"how long to wait for --confirm; the default is 5m"},
    {"setup", OPT_CONFIRM, "", "keep the changes; run this from a new login"},
    {"setup", OPT_UNDO, "", "undo the changes at once"},
    {"setup", OPT_WATCH, "",
	"at boot, without systemd: undo an unconfirmed setup"},
    {"setup", OPT_REMOVE, "",
	"remove everything, also all devices and the policy"},
    {"enforce", OPT_GRACE, "DURATION",
	"how long users without a device are still let in"},
    {"enforce", OPT_UNTIL, "DATE", "let users without a device in until then"},
    {"exempt", OPT_FROM, "CIDR", "only for logins from this network"},
    {"users", OPT_STATE, "STATE", "only users in this state"},
    {"users", OPT_GROUP, "GROUP", "only members of this Unix group"},
    {"users", OPT_SUMMARY, "", "count the users in each state, by group"},
    {"explain", OPT_FROM, "ADDR", "for a login from this address"},
    {"explain", OPT_AT, "TIME", "for a login at that time instead of now"},
    {"revoke", OPT_BLOCK, "",
	"no new device until another revoke, or code --enroll"},
    {"revoke", OPT_CODE, "",
	"a new device only with the one-time code it prints"},
    {"code", OPT_ENROLL, "", "a code to set up a device with"},
    {"code", OPT_PASS, "", "a code to log in once, without a device"},
    {"enroll", OPT_QR, "KIND", "how to print the secret: terminal, svg or uri"},
    {"doctor", OPT_CONFIG, "FILE",
	"examine this file instead of /etc/ssh/sshd_config"},
    {"doctor", OPT_PROBE, "USER",
	"log in as this user, and try the ways round"},
    {"doctor", OPT_KEY, "KEY", "the user's private key, for --probe"},
    {"log", OPT_USER, "USER", "only lines about this user"},
    {"log", OPT_SINCE, "TIME", "only lines since then; 2h means two hours ago"},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static const struct option longopts[] = {
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"store", required_argument, NULL, OPT_STORE},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"keeper-user", required_argument, NULL, OPT_KEEPER_USER},
    {"json", no_argument, NULL, OPT_JSON},
    {"yes", no_argument, NULL, OPT_YES},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {"grace", required_argument, NULL, OPT_GRACE},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"from", required_argument, NULL, OPT_FROM},
    {"at", required_argument, NULL, OPT_AT},
    {"since", required_argument, NULL, OPT_SINCE},
    {"user", required_argument, NULL, OPT_USER},
    {"state", required_argument, NULL, OPT_STATE},
    {"group", required_argument, NULL, OPT_GROUP},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"probe", required_argument, NULL, OPT_PROBE},
    {"identity", required_argument, NULL, OPT_KEY},
    {"break-glass", required_argument, NULL, OPT_BREAK_GLASS},
    {"wait", required_argument, NULL, OPT_WAIT},
    {"qr", required_argument, NULL, OPT_QR},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"remove", no_argument, NULL, OPT_REMOVE},
    {"confirm", no_argument, NULL, OPT_CONFIRM},
    {"undo", no_argument, NULL, OPT_UNDO},
    {"watch", no_argument, NULL, OPT_WATCH},
    {"block", no_argument, NULL, OPT_BLOCK},
    {"code", no_argument, NULL, OPT_CODE},
    {"enroll", no_argument, NULL, OPT_ENROLL},
    {"pass", no_argument, NULL, OPT_PASS},
    {"summary", no_argument, NULL, OPT_SUMMARY},
    {NULL, 0, NULL, 0},
};

static void
print_help(FILE *to)
{
	fputs("usage: tfa-admin [OPTION...] COMMAND\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %s %s\n        %s\n", commands[i].name,
		    commands[i].operands, commands[i].help);
	fputs(
	    "\nA TARGET is a user, a @group, or '*' for everyone.\n\n"
	    "  --json              print JSON, one object a line\n"
	    "  --yes               ask no questions\n"
	    "  --socket PATH       the keeper's socket (" CLIENT_SOCKET ")\n"
	    "  --store DIR         use this folder, without a running keeper\n"
	    "  --policy FILE       the policy (/etc/tfa/policy.json, or\n"
	    "                      DIR/policy.json)\n"
	    "  --keeper-user NAME  the user that the keeper runs as (" CLIENT_USER
	    ")\n"
	    "  --help, --version\n\n"
	    "Exit status: 0 done, 1 not done, 2 wrong usage, 69 no keeper, 77 "
	    "not allowed.\n",
	    to);
}

/* NULL, after a message, where there is none of that name. */
static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	admin_say(
	    "there is no command \"%s\"; tfa-admin --help lists all", name);
	return NULL;
}

/* -i has a long name too, which nobody needs. */
static void
print_option(size_t i)
{
	const struct option *o = longopts;
	bool is_short = options[i].option == OPT_KEY;
	char text[32];

	while (o->val != options[i].option)
		o++;
	snprintf(text, sizeof(text), "%s%s%s%s", is_short ? "-" : "--",
	    is_short ? "i" : o->name, options[i].argument[0] != '\0' ? " " : "",
	    options[i].argument);
	printf("  %-20s %s\n", text, options[i].help);
}

static void
print_help_of(const struct command *command)
{
	bool any = false;

	printf("usage: tfa-admin %s %s\n\n%s\n\n", command->name,
	    command->operands, command->help);
	for (size_t i = 0; i < OPTIONS; i++)
		if (strcmp(options[i].command, command->name) == 0) {
			print_option(i);
			any = true;
		}
	printf("%sOptions for all commands: tfa-admin --help; more: "
	       "tfa-admin(8).\n",
	    any ? "\n" : "");
}

static int
help(struct admin *admin, int argc, char **argv)
{
	const struct command *command;

	(void)admin;
	if (argc > 1)
		return ADMIN_MISUSED;
	if (argc == 0) {
		print_help(stdout);
		return ADMIN_DONE;
	}
	command = find_command(argv[0]);
	if (command == NULL)
		return ADMIN_USAGE;
	print_help_of(command);
	return ADMIN_DONE;
}

static int
refuse_use(const struct command *command)
{
	fprintf(stderr, "usage: tfa-admin %s %s\n", command->name,
	    command->operands);
	return ADMIN_USAGE;
}

static int
call(const struct command *command, struct admin *admin, int argc, char **argv)
{
	int status = command->run(admin, argc, argv);

	return status == ADMIN_MISUSED ? refuse_use(command) : status;
}

static void
take_option(struct admin *admin, int option)
{
	const char **places[] = {
	    [OPT_SOCKET - OPT_SOCKET] = &admin->keeper.socket,
	    [OPT_STORE - OPT_SOCKET] = &admin->keeper.store,
	    [OPT_POLICY - OPT_SOCKET] = &admin->policy,
	    [OPT_KEEPER_USER - OPT_SOCKET] = &admin->keeper.keeper_user,
	    [OPT_GRACE - OPT_SOCKET] = &admin->grace,
	    [OPT_UNTIL - OPT_SOCKET] = &admin->until,
	    [OPT_FROM - OPT_SOCKET] = &admin->from,
	    [OPT_AT - OPT_SOCKET] = &admin->at,
	    [OPT_SINCE - OPT_SOCKET] = &admin->since,
	    [OPT_USER - OPT_SOCKET] = &admin->user,
	    [OPT_STATE - OPT_SOCKET] = &admin->state,
	    [OPT_GROUP - OPT_SOCKET] = &admin->group,
	    [OPT_CONFIG - OPT_SOCKET] = &admin->config,
	    [OPT_PROBE - OPT_SOCKET] = &admin->probe,
	    [OPT_KEY - OPT_SOCKET] = &admin->key,
	    [OPT_BREAK_GLASS - OPT_SOCKET] = &admin->break_glass,
	    [OPT_WAIT - OPT_SOCKET] = &admin->wait,
	    [OPT_QR - OPT_SOCKET] = &admin->qr,
	};

	bool *flags[] = {
	    [OPT_JSON - OPT_SOCKET] = &admin->json,
	    [OPT_YES - OPT_SOCKET] = &admin->yes,
	    [OPT_DRY_RUN - OPT_SOCKET] = &admin->dry_run,
	    [OPT_REMOVE - OPT_SOCKET] = &admin->remove,
	    [OPT_CONFIRM - OPT_SOCKET] = &admin->confirm,
	    [OPT_UNDO - OPT_SOCKET] = &admin->undo,
	    [OPT_WATCH - OPT_SOCKET] = &admin->watch,
	    [OPT_BLOCK - OPT_SOCKET] = &admin->block,
	    [OPT_CODE - OPT_SOCKET] = &admin->code,
	    [OPT_ENROLL - OPT_SOCKET] = &admin->enroll,
	    [OPT_PASS - OPT_SOCKET] = &admin->pass,
	    [OPT_SUMMARY - OPT_SOCKET] = &admin->summary,
	};

	switch (option) {
	case OPT_HELP:
		return;
	case OPT_VERSION:
		puts("tfa-admin " TFA_VERSION);
		exit(ADMIN_DONE);
	case '?':
		fputs("tfa-admin --help says more.\n", stderr);
		exit(ADMIN_USAGE);
	default:
		if (optarg != NULL)
			*places[option - OPT_SOCKET] = optarg;
		else
			*flags[option - OPT_SOCKET] = true;
	}
}

/* Whether the command takes the option; those for all come first. */
static bool
is_allowed(const char *command, int option)
{
	if (option < OPT_GRACE)
		return true;
	for (size_t i = 0; i < OPTIONS; i++)
		if (options[i].option == option &&
		    strcmp(options[i].command, command) == 0)
			return true;
	return false;
}

/* The first of two would be lost without a word. */
static void
refuse_twice(bool again, int c)
{
	for (const struct option *o = longopts; again && o->name != NULL; o++)
		if (o->val == c && o->has_arg != no_argument) {
			admin_say("--%s is given twice", o->name);
			exit(ADMIN_USAGE);
		}
}

/*
 * Options may stand before and after the command; taken says which did.  With
 * POSIXLY_CORRECT libc would take one that comes after an operand for another:
 * "revoke alice --block" would revoke, and not block.
 */
static void
parse_options(int argc, char **argv, struct admin *admin, bool *taken)
{
	int c;

	unsetenv("POSIXLY_CORRECT");
	while ((c = getopt_long(argc, argv, "i:", longopts, NULL)) != -1) {
		if (c == 'i')
			c = OPT_KEY;
		if (c >= OPT_SOCKET) {
			refuse_twice(taken[c - OPT_SOCKET], c);
			taken[c - OPT_SOCKET] = true;
		}
		take_option(admin, c);
	}
}

static void
set_paths(struct admin *admin)
{
	static char path[4096];

	if (admin->keeper.socket == NULL)
		admin->keeper.socket = CLIENT_SOCKET;
	admin->keeper.policy = admin->keeper.store != NULL ? admin->policy
							   : NULL;
	if (admin->policy != NULL)
		return;
	snprintf(path, sizeof(path), "%s/policy.json",
	    admin->keeper.store != NULL ? admin->keeper.store : "/etc/tfa");
	admin->policy = path;
}

static int
run(struct admin *admin, const bool *taken, int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);

	if (command == NULL)
		return ADMIN_USAGE;
	for (const struct option *o = longopts; o->name != NULL; o++)
		if (taken[o->val - OPT_SOCKET] &&
		    !is_allowed(argv[0], o->val)) {
			admin_say("%s takes no --%s", argv[0], o->name);
			return refuse_use(command);
		}
	return call(command, admin, argc - 1, argv + 1);
}

/* Output that could not be written is not output. */
static int
flushed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	admin_say("cannot write the output");
	return ADMIN_NOT;
}

int
main(int argc, char **argv)
{
	struct admin admin = {.keeper = {.keeper_user = CLIENT_USER}};
	bool taken[OPT_SUMMARY - OPT_SOCKET + 1] = {false};

	/* Whoever started us may ignore it: no end of a child would be seen. */
	signal(SIGCHLD, SIG_DFL);
	parse_options(argc, argv, &admin, taken);
	if (taken[OPT_HELP - OPT_SOCKET])
		return flushed(help(&admin, optind < argc, argv + optind));
	if (optind == argc) {
		print_help(stderr);
		return ADMIN_USAGE;
	}
	if (admin.keeper.store != NULL && admin.keeper.socket != NULL) {
		admin_say("--store and --socket exclude each other");
		return ADMIN_USAGE;
	}
	set_paths(&admin);
	return flushed(run(&admin, taken, argc - optind, argv + optind));
}
