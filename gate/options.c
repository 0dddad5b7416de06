#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/gate.h"

static const char usage_text[] =
    "usage: tfa-gate [--socket PATH | --store DIR] [--policy FILE]\n"
    "                [--keeper-user NAME] [--command CMD]\n"
    "\n"
    "Asks for a second factor, then runs the user's shell or command. Made\n"
    "to be sshd's ForceCommand.\n"
    "\n"
    "  --socket PATH       the keeper's socket (" CLIENT_SOCKET ")\n"
    "  --store DIR         use this folder, without a running keeper\n"
    "  --policy FILE       the policy of that folder (DIR/policy.json)\n"
    "  --keeper-user NAME  the user that the keeper runs as (" CLIENT_USER ")\n"
    "  --command CMD       run CMD, whatever the client asks for\n"
    "  --help, --version\n"
    "\n"
    "Exit: the command's own status after a pass; 77 denied, 75 locked or\n"
    "try later, 76 needs a terminal or TFA_CODE, 69 keeper unreachable,\n"
    "78 bad configuration.\n";

static const struct option longopts[] = {
    {"socket", required_argument, NULL, 's'},
    {"store", required_argument, NULL, 'd'},
    {"policy", required_argument, NULL, 'p'},
    {"keeper-user", required_argument, NULL, 'k'},
    {"command", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static void
take_gate_option(int c, struct gate *gate)
{
	switch (c) {
	case 's':
		gate->keeper.socket = optarg;
		return;
	case 'd':
		gate->keeper.store = optarg;
		return;
	case 'p':
		gate->keeper.policy = optarg;
		return;
	case 'k':
		gate->keeper.keeper_user = optarg;
		return;
	case 'c':
		gate->command = optarg;
		return;
	case 'h':
		fputs(usage_text, stdout);
		exit(0);
	case 'V':
		fputs("tfa-gate " TFA_VERSION "\n", stdout);
		exit(0);
	default:
		fputs(usage_text, stderr);
		exit(GATE_EXIT_CONFIG);
	}
}

void
gate_options(int argc, char **argv, struct gate *ret)
{
	int c;

	*ret = (struct gate){.exit = GATE_EXIT_DENIED, .client.fd = -1};
	ret->keeper.keeper_user = CLIENT_USER;
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1)
		take_gate_option(c, ret);
	if (optind != argc ||
	    (ret->keeper.store != NULL && ret->keeper.socket != NULL) ||
	    (ret->keeper.store == NULL && ret->keeper.policy != NULL))
		take_gate_option('?', ret);
	if (ret->keeper.socket == NULL)
		ret->keeper.socket = CLIENT_SOCKET;
}
