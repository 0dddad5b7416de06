#include <stdio.h>
#include <stdlib.h>

#include "gate/gate.h"

static const struct option_row option_rows[] = {
    CLIENT_OPTION_ROWS(struct gate, keeper, keeper.policy,
	"the policy of that folder (DIR/policy.json)"),
    OPTION_VALUE(struct gate, command, "command", "CMD",
	"run CMD, whatever the client asks for"),
};
static const struct options options = OPTIONS_OF("tfa-gate", option_rows);

static void
print_gate_usage(FILE *to)
{
	fputs("usage: tfa-gate [--socket PATH | --store DIR] [--policy FILE]\n"
	      "                [--keeper-user NAME] [--command CMD]\n"
	      "\n"
	      "Asks for a second factor, then runs the user's shell or "
	      "command. Made\n"
	      "to be sshd's ForceCommand.\n"
	      "\n",
	    to);
	options_print(&options, "", to);
	fputs("  --help, --version\n"
	      "\n"
	      "Exit: the command's own status after a pass; 77 denied, 75 "
	      "locked or\n"
	      "try later, 76 needs a terminal or TFA_CODE, 69 keeper "
	      "unreachable,\n"
	      "78 bad configuration.\n",
	    to);
}

_Noreturn static void
refuse_gate_usage(void)
{
	print_gate_usage(stderr);
	exit(GATE_EXIT_CONFIG);
}

void
gate_options(int argc, char **argv, struct gate *ret)
{
	*ret = (struct gate){.exit = GATE_EXIT_DENIED, .client.fd = -1};
	switch (options_read(&options, &argc, argv, ret, NULL)) {
	case OPTIONS_WRONG:
		refuse_gate_usage();
	case OPTIONS_HELP:
		print_gate_usage(stdout);
		exit(0);
	case OPTIONS_VERSION:
		fputs("tfa-gate " TFA_VERSION "\n", stdout);
		exit(0);
	case OPTIONS_READ:
		break;
	}
	if (argc != 1)
		fprintf(
		    stderr, "tfa-gate: \"%s\" is a word too many\n", argv[1]);
	else if (!client_settle(&ret->keeper))
		fprintf(stderr, "tfa-gate: %s\n", client_unfit(&ret->keeper));
	else
		return;
	refuse_gate_usage();
}
