/*
 * Says before anything is changed what the drop-in closes, for whom, and what
 * they write instead.
 */
#include <stdio.h>
#include <string.h>

#include "admin/doctor/door.h"
#include "admin/doctor/dump.h"
#include "admin/doctor/scope.h"
#include "admin/setup/setup.h"
#include "gate/sshd/guard.h"
#include "store/base/cleanup.h"

static const char *
accounts(size_t count)
{
	return count == 1 ? "account" : "accounts";
}

static void
say_closed(const struct reach *reach)
{
	char whom[600];

	if (reach->partial)
		snprintf(whom, sizeof(whom), "%.400s (%zu %s that can log in)",
		    reach->whom, reach->count.inside,
		    accounts(reach->count.inside));
	else
		snprintf(whom, sizeof(whom),
		    "everybody (%zu %s that can log in)", reach->count.inside,
		    accounts(reach->count.inside));
	admin_say("closed from then on for %s, whether or not they are asked "
		  "for a code:",
	    whom);
	fputs("  ssh -J and ProxyJump, -W, -L, -R and -D\n"
	      "  the agent (-A), X11 (-X), tunnels (-w), Unix sockets\n"
	      "  ~/.ssh/rc, which no longer runs\n",
	    stderr);
}

/* The programs are installed together, so tfa is beside us. */
static void
say_proxy(void)
{
	admin_say("in place of ProxyJump they write in ~/.ssh/config, with "
		  "the name of this machine:");
	fputs("  ProxyCommand ssh BASTION tfa connect %h %p\n", stderr);
}

static void
say_door(int port, bool told)
{
	if (port != 0)
		admin_say("at the door, port %d, -J, -L, -D and the agent are "
			  "open after a code",
		    port);
	else if (!told)
		admin_say("or they use a door, where -J, -L, -D and the agent "
			  "are open after a code: tfa-admin setup --door 2222");
}

/* True for a plan that changes what PAM reads for sshd. */
static bool
changes_pam(const struct plan *plan)
{
	static const char folder[] = "/etc/pam.d/";

	list_each(const struct stage, stage, plan->stages)
		if (stage->kind == STAGE_FILE_WRITE &&
		    strncmp(stage->path, folder, sizeof(folder) - 1) == 0 &&
		    strcmp(stage->path, DOOR_PAM) != 0)
			return true;
	return false;
}

/* Two things cannot be for some alone. */
static void
say_for_all(const struct plan *plan)
{
	scoped_free char *dump = sshd_dump("root", "127.0.0.1");
	const char *at = dump;
	char value[CONFIG_WORD];

	if (changes_pam(plan))
		admin_say("but for everybody: PAM no longer reads the "
			  "variables of ~/.pam_environment for sshd");
	if (dump != NULL && dump_next(&at, "permituserenvironment", value) &&
	    strcasecmp(value, "no") != 0)
		admin_say("but for everybody: sshd no longer reads "
			  "~/.ssh/environment, since PermitUserEnvironment "
			  "cannot stand in a Match block");
}

static void
say_outside(const struct plan *plan, const struct reach *reach)
{
	size_t outside = reach->count.outside;

	if (!reach->partial)
		return;
	admin_say("nothing changes for the other %zu %s%s%s%s; later, "
		  "tfa-admin setup without --only is for everybody",
	    outside, accounts(outside), outside > 0 ? ": " : "",
	    reach->count.names, outside > 5 ? ", ..." : "");
	say_for_all(plan);
}

/* A change of those before whom the gate stands. */
static void
say_difference(const struct reach *now, const struct reach *reach)
{
	admin_say("until now the gate stands before %s; from then on before "
		  "%s",
	    now->partial ? now->whom : "everybody",
	    reach->partial ? reach->whom : "everybody");
	if (reach->count.inside < now->count.inside)
		admin_say("that is fewer: %zu %s will no longer be asked for a "
			  "code",
		    now->count.inside - reach->count.inside,
		    accounts(now->count.inside - reach->count.inside));
}

/* True if the present drop-in closes what the planned one does: from the gate's
 * ForceCommand on they are equal. */
static bool
is_closed_now(const char *present, const char *planned)
{
	const char *gate = strstr(planned, "ForceCommand " SETUP_GATE);

	return gate != NULL && strstr(present, gate) != NULL;
}

/* A list that was said when it was closed is not said again. */
void
closes_say(const struct plan *plan)
{
	const struct stage *stage = plan_find(
	    plan, STAGE_FILE_WRITE, CONFIG_DROP_IN);
	scoped_free char *present = NULL;
	struct reach reach, now;
	bool same = false;
	int port = 0;

	if (stage == NULL || !judged_reach(stage->text, &reach))
		return;
	if (plan_read_file(CONFIG_DROP_IN, &present) && present != NULL &&
	    judged_reach(present, &now)) {
		same = strcmp(now.whom, reach.whom) == 0;
		if (!same)
			say_difference(&now, &reach);
		same &= is_closed_now(present, stage->text);
	}
	if (!same) {
		say_closed(&reach);
		say_proxy();
	}
	if (door_port(plan, &port))
		say_door(port, same);
	say_outside(plan, &reach);
}
