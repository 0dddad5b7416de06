/* tfa: what users do about their own second factor, and behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/own/own.h"

static const struct {
	const char *name;
	const char *operands;
	int least, most; /* words behind the command */
	const char *needs;
	const char *help;
	int (*run)(struct own *own);
} commands[] = {
    {"status", "", 0, 0, "", "devices, recovery codes, last login", own_status},
    {"add", " [NAME]", 0, 1, "", "a first device, or one more: a new phone",
	own_add},
    {"remove", " DEVICE", 1, 1, "the name of a device", "take a device away",
	own_remove},
    {"recovery", "", 0, 0, "", "ten new recovery codes; the old are void",
	own_recovery},
    {"connect", " HOST PORT", 0, 2, "",
	"standard input and output to a port of another host, for ProxyCommand",
	own_connect},
    {"tunnel", "", 0, 0, "", "an sshd of your own, for ProxyCommand",
	own_tunnel},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option_row option_rows[] = {
    CLIENT_OPTION_ROWS(struct own, gate.keeper, gate.keeper.policy,
	"the policy of that folder"),
    OPTION_ROW(struct own, targets, "targets", "FILE",
	"connect: only to what FILE has, as the client asks",
	.command = "connect"),
};
static const struct options options = OPTIONS_OF("tfa", option_rows);

static void
print_usage(FILE *to)
{
	fputs("usage: tfa [OPTION...] COMMAND\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %s%s\n        %s\n", commands[i].name,
		    commands[i].operands, commands[i].help);
	fputs("\nadd, remove and recovery ask for a current code first, but "
	      "not for a first\ndevice.\n\n",
	    to);
	options_print(&options, "", to);
	options_print(&options, "connect", to);
	fputs("  --help, --version\n", to);
}

_Noreturn static void
refuse_own_usage(void)
{
	print_usage(stderr);
	exit(OWN_USAGE);
}

static void
read_options(
    int *argc, char **argv, struct own *own, struct options_given *ret_given)
{
	switch (options_read(&options, argc, argv, own, ret_given)) {
	case OPTIONS_WRONG:
		refuse_own_usage();
	case OPTIONS_HELP:
		print_usage(stdout);
		exit(0);
	case OPTIONS_VERSION:
		puts("tfa " TFA_VERSION);
		exit(0);
	case OPTIONS_READ:
		break;
	}
	if (!client_settle(&own->gate.keeper)) {
		fprintf(stderr, "tfa: %s\n", client_unfit(&own->gate.keeper));
		refuse_own_usage();
	}
}

static int
misused(const char *command, const char *what, const char *more)
{
	fprintf(stderr, "tfa: \"%s\" %s%s; tfa --help says more\n", command,
	    what, more);
	return OWN_USAGE;
}

static int
run_command(
    struct own *own, const struct options_given *given, int argc, char **argv)
{
	const char *unfit;
	size_t i = 0;

	while (i < COMMANDS && strcmp(commands[i].name, argv[0]) != 0)
		i++;
	if (i == COMMANDS)
		return misused(argv[0], "is not a command of tfa", "");
	unfit = options_unfit(&options, argv[0], given);
	if (unfit != NULL)
		return misused(argv[0], "takes no --", unfit);
	if (argc - 1 > commands[i].most)
		return misused(argv[0], "was given too many words", "");
	if (argc - 1 < commands[i].least)
		return misused(argv[0], "needs ", commands[i].needs);
	for (int word = 1; word < argc; word++)
		own->words[word - 1] = argv[word];
	return commands[i].run(own);
}

int
main(int argc, char **argv)
{
	struct own own = {.gate = {.exit = GATE_EXIT_DENIED, .client.fd = -1}};
	struct options_given given = {.row = {false}};
	enum fault fault;
	int status;

	read_options(&argc, argv, &own, &given);
	if (argc < 2) {
		fputs("tfa: there is no COMMAND\n", stderr);
		refuse_own_usage();
	}
	fault = login_read(&own.gate.facts);
	if (fault != FAULT_NONE)
		return gate_no_user(&own.gate, fault);
	status = run_command(&own, &given, argc - 1, argv + 1);
	facts_done(&own.gate.facts);
	reply_done(&own.gate.reply);
	return status;
}
