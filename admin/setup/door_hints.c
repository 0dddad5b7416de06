/*
 * Says which steps are left to others once a door is open: the firewall's, the
 * policy's, and those of its users.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/setup/setup.h"
#include "store/base/cleanup.h"

/* The line for the firewall that this machine has; any other needs its own. */
static void
say_firewall(int port)
{
	if (command_exists("ufw"))
		fprintf(stderr, "    ufw allow %d/tcp\n", port);
	else if (command_exists("firewall-cmd"))
		fprintf(stderr,
		    "    firewall-cmd --permanent --add-port=%d/tcp\n"
		    "    firewall-cmd --reload\n",
		    port);
	else
		fprintf(stderr,
		    "    nft add rule inet filter input tcp dport %d accept\n",
		    port);
}

static void
say_selinux(int port)
{
	if (access("/sys/fs/selinux/enforce", F_OK) < 0)
		return;
	admin_say("SELinux lets sshd listen there only after");
	fprintf(stderr, "    semanage port -a -t ssh_port_t -p tcp %d\n", port);
}

/* True for a rule that "tfa-admin forward" changes if it is given that one name:
 * from anywhere, for it alone, and of people who have a code. */
static bool
is_for_one(const struct rule *rule)
{
	const char *name = rule->groups.count > 0 ? rule->groups.items[0].text
	    : rule->users.count > 0               ? rule->users.items[0].text
						  : "*";

	return rule->groups.count + rule->users.count == 1 &&
	    rule->from.count == 0 && rule->mode != MODE_EXEMPT &&
	    strpbrk(name, "!*") == NULL;
}

/* Somebody of whom the policy knows, or else everybody. */
static void
print_example(const struct policy *policy)
{
	list_each(const struct rule, rule, policy->rules)
		if (is_for_one(rule)) {
			fprintf(stderr,
			    "    tfa-admin forward %s%s after-code\n",
			    rule->groups.count > 0 ? "@" : "",
			    (rule->groups.count > 0 ? rule->groups.items
						    : rule->users.items)[0]
				.text);
			return;
		}
	fputs("    tfa-admin forward '*' after-code\n", stderr);
}

/* Says nothing where the policy cannot be read. */
static void
say_policy(void)
{
	char why[POLICY_WHY_TEXT];
	struct policy policy;

	if (caller_policy(&policy, why) != FAULT_NONE)
		return;
	if (!policy_may_forward(&policy)) {
		admin_say("the policy lets nobody through it yet: "
			  "\"forwarding\" is closed for everybody. To let "
			  "people through after a code, for example:");
		print_example(&policy);
	}
	policy_done(&policy);
}

static void
print_ssh_config(int port)
{
	char host[256] = "";
	scoped_free char *text = NULL;

	gethostname(host, sizeof(host) - 1);
	text = text_ssh_config(host, port);
	for (const char *line = text; line != NULL && *line != '\0';) {
		size_t len = strcspn(line, "\n");

		fprintf(stderr, "    %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

void
door_say_hints(int port)
{
	admin_say(
	    "the door is open at port %d. Let the firewall know, as in", port);
	say_firewall(port);
	say_selinux(port);
	if (!systemd_runs()) {
		admin_say("this machine's start must start the door, too:");
		fputs("    " DOOR_LAUNCHER " --daemon\n", stderr);
	}
	say_policy();
	admin_say("its users need in their ~/.ssh/config, with the names of "
		  "your own hosts:");
	print_ssh_config(port);
}
