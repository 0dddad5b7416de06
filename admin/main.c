#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/operands.h"

static admin_command help;

struct command {
	const char *name;
	const char *operands;
	const char *help;
	admin_command *run;
};

static const char store_words[] =
    "  status          the fleet, the members of etcd, the bastions\n"
    "  join            make this bastion one of the fleet; --new makes the fleet\n"
    "  migrate         move this bastion's records into the fleet, or back\n"
    "  leave           take this bastion out; the records stay with the fleet\n"
    "  remove HOST     take the entry of a lost bastion away\n"
    "  export DIR      make a folder of records that one bastion can use alone\n"
    "  key add         make a new key of the fleet; then bring fleet.key to all\n"
    "  key use ID      seal with that key from now on\n"
    "  reseal          seal all that is there with the key in use\n"
    "  key drop ID     forget a key with which nothing is sealed any more\n"
    "  level           use the newest format that all bastions know\n"
    "  accept-restore  after a backup of etcd was put back\n";

static const struct command commands[] = {
    {"setup",
	"[--only TARGET,...] [--break-glass USER]\n"
	"        [--door PORT | --no-door] [--wait 5m] [--dry-run]\n"
	"        | --confirm | --undo | --watch | --remove [--keep] | --used",
	"make this machine a bastion; shows every change first", admin_setup},
    {"enable", "TARGET...", "let these users and @groups set up a device",
	admin_enable},
    {"enforce", "TARGET... [--grace 14d | --until DATE]",
	"require a code: from now on, or after a grace period", admin_enforce},
    {"exempt", "TARGET... [--from CIDR] [--until DATE]", "never ask for a code",
	admin_exempt},
    {"exemptions", "[--csv]", "who is exempt, since when, until when, by whom",
	admin_exemptions},
    {"disable", "TARGET...", "remove the rules for exactly these",
	admin_disable},
    {"forward", "TARGET... closed | after-code | open",
	"whether users may jump and forward ports at the door", admin_forward},
    {"policy", "show [N] | edit | check [FILE] | history | undo [N]",
	"print, edit or check the policy; list its earlier versions, or go back",
	admin_policy},
    {"users",
	"[NAME...] [--state S,...] [--group G] [--no-device]\n"
	"        [--unused 90d] [--summary] [--csv]",
	"list users: who has a device, who is overdue, ...", admin_users},
    {"explain",
	"USER [--door] [--from ADDR] [--at TIME] [--key KEY]\n"
	"        [--config FILE]",
	"what a login would meet, and which rule says so", admin_explain},
    {"revoke", "USER... [--block | --code | --device D] [--end-sessions]",
	"lost phone: void it, and let the next login set up a new one",
	admin_revoke},
    {"forget", "USER...",
	"remove what is kept of users whose account was deleted", admin_forget},
    {"code", "USER --enroll | --pass",
	"print a one-time code, to set up a device or to log in once",
	admin_code},
    {"enroll", "USER [--hotp] [--qr terminal|svg|uri | --letter FILE]",
	"set up a device for a user; you hand over the QR code", admin_enroll},
    {"import",
	"[USER] FILE [--account NAME]\n"
	"        | --csv FILE [--secrets hex|base32]",
	"take over devices from Google Authenticator, users.oath or a URI;\n"
	"        with --csv a maker's list of tokens: CSV or PSKC",
	admin_import},
    {"tokens", "[--csv] | [--remove SERIAL]",
	"list the tokens that came by import --csv, and whose they are",
	admin_tokens},
    {"assign", "USER SERIAL", "give one of these tokens to a user",
	admin_assign},
    {"unlock", "USER...", "forget wrong codes, so that codes are taken again",
	admin_unlock},
    {"doctor", "[--config FILE] [--probe USER -i KEY [--code]] [--deep]",
	"look for ways round the gate; names the line to change", admin_doctor},
    {"log",
	"[--since T] [--until T] [--user U] [--verdict V,...]\n"
	"        [--event E,...] [--reason R,...] [-n N] [-f] [--csv]",
	"who was let in, and who was not", admin_log},
    {"report",
	"[--since T] [--until T] [--group G] [--no-names]\n"
	"        [--output FILE]",
	"a page for an auditor or a manager, in HTML", admin_report},
    {"metrics", "[--output FILE.prom] [--full]",
	"figures for Prometheus: users, logins, deadlines, disk, ...",
	admin_metrics},
    {"store",
	"status\n"
	"        | join [--new NAME] [--migrate] [--prefer last-login]\n"
	"        | migrate --to fleet|folder [--prefer last-login] [--dry-run]\n"
	"        | leave | remove [HOST] | export [DIR]\n"
	"        | key [add|use|drop] [ID] | reseal | level\n"
	"        | accept-restore [--here]\n"
	"        [--folder DIR]",
	"the records that several bastions share, in an etcd", admin_store},
    {"help", "[COMMAND...]", "show what a command does, and its options", help},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

#define VALUE(command_, member, name, argument, help) \
	OPTION_ROW(                                   \
	    struct admin, member, name, argument, help, .command = command_)
#define FLAG(command_, member, name, help) \
	VALUE(command_, member, name, "", help)

static const struct option_row option_rows[] = {
    FLAG("", json, "json", "print JSON, one object a line"),
    FLAG("", yes, "yes", "ask no questions"),
    FLAG("", lock_me_out, "lock-me-out",
	"change the policy even if you could\nnot log in again yourself"),
    CLIENT_OPTION_ROWS(struct admin, keeper, policy,
	"the policy (/etc/tfa/policy.json, or\nDIR/policy.json)"),
    VALUE("", fleet, "fleet", "FILE",
	"the fleet, if there is one (/etc/tfa/store.json)"),
    VALUE("", link, "link", "PATH",
	"the socket of tfa-link (/run/tfa-link/link.sock)"),
    FLAG("setup", dry_run, "dry-run", "show every change, but make none"),
    VALUE("setup", only, "only", "TARGETS",
	"the gate is for these users and\n@groups alone, to try it out"),
    VALUE("setup", break_glass, "break-glass", "USER",
	"leave this account out of the gate, for emergencies"),
    VALUE("setup", door, "door", "PORT",
	"a second sshd there, where forwarding is open after a code"),
    FLAG("setup", no_door, "no-door", "take that second sshd away"),
    VALUE("setup", wait, "wait", "DURATION",
	"how long to wait for --confirm; the default is 5m"),
    FLAG("setup", confirm, "confirm",
	"keep the changes; run this from a new login"),
    FLAG("setup", undo, "undo", "undo the changes at once"),
    FLAG("setup", watch, "watch",
	"at boot, without systemd: undo an unconfirmed setup"),
    FLAG("setup", remove, "remove",
	"remove everything, also all devices and the policy"),
    FLAG("setup", keep, "keep",
	"with --remove: leave the devices, the policy and the log"),
    FLAG("setup", used, "used",
	"only name what starts tfa here; status 0: nothing does"),
    VALUE("enforce", grace, "grace", "DURATION",
	"how long users without a device are still let in"),
    VALUE("enforce", until, "until", "DATE",
	"let users without a device in until then"),
    VALUE(
	"exempt", until, "until", "DATE", "the exemption ends then by itself"),
    FLAG("exemptions", csv, "csv", "print CSV, for a spreadsheet"),
    VALUE("exempt", from, "from", "CIDR", "only for logins from this network"),
    VALUE("explain", from, "from", "ADDR", "for a login from this address"),
    FLAG("explain", at_door, "door", "for a login at the door"),
    VALUE("explain", key, "key", "KEY",
	"for a login with this public key: a file, or SHA256:..."),
    VALUE("explain", config, "config", "FILE",
	"sshd's configuration, if it is not /etc/ssh/sshd_config"),
    VALUE(
	"explain", at, "at", "TIME", "for a login at that time instead of now"),
    VALUE("users", state, "state", "STATE,...",
	"only users in one of these states"),
    FLAG("users", no_device, "no-device", "only users without a device"),
    VALUE("users", unused, "unused", "TIME",
	"only users without a login since then; 90d means\n"
	"90 days ago"),
    FLAG("users", csv, "csv", "print CSV, one user a line"),
    VALUE("users", group, "group", "GROUP", "only members of this Unix group"),
    FLAG(
	"users", summary, "summary", "count the users in each state, by group"),
    FLAG("revoke", block, "block",
	"no new device until another revoke, or code --enroll"),
    FLAG("revoke", code, "code",
	"a new device only with the one-time code it prints"),
    VALUE("revoke", device, "device", "DEVICE",
	"only this device of one user, by its id or name"),
    FLAG("revoke", end_sessions, "end-sessions",
	"also end what they run here now, and their forwards"),
    FLAG("doctor", code, "code",
	"with --probe: a code on standard input must open the door"),
    FLAG("code", enroll, "enroll", "a code to set up a device with"),
    FLAG("code", pass, "pass", "a code to log in once, without a device"),
    VALUE("enroll", qr, "qr", "KIND",
	"how to print the secret: terminal, svg or uri"),
    FLAG("enroll", hotp, "hotp",
	"a device that counts its codes, such as a token"),
    VALUE("enroll", letter, "letter", "FILE",
	"write a page for print, with recovery\ncodes; - is standard output"),
    VALUE("import", account, "account", "NAME",
	"which account of an export from Google Authenticator"),
    FLAG("import", csv, "csv", "FILE is a maker's list of tokens"),
    VALUE("import", secrets, "secrets", "FORM",
	"how its secrets are written, where they do not show it:\n"
	"hex or base32"),
    FLAG("tokens", csv, "csv", "print CSV, for a spreadsheet"),
    VALUE("tokens", taken_out, "remove", "SERIAL",
	"take this token out of the list, and forget its secret"),
    VALUE("doctor", config, "config", "FILE",
	"examine this file instead of /etc/ssh/sshd_config"),
    VALUE("doctor", probe, "probe", "USER",
	"log in as this user, and try the ways round"),
    FLAG("doctor", deep, "deep",
	"in a fleet: open every record, and compare it with\n"
	"what this bastion has seen"),
    OPTION_ROW(struct admin, key, "identity", "KEY",
	"the user's private key, for --probe", .command = "doctor",
	.letter = 'i'),
    VALUE("log", user, "user", "USER", "only lines about this user"),
    VALUE("log", since, "since", "TIME",
	"only lines since then; 2h means two hours ago"),
    VALUE("log", until, "until", "TIME", "only lines before then"),
    VALUE("log", verdict, "verdict", "V,...", "only these: pass, deny"),
    VALUE("log", event, "event", "E,...", "only these: login, revoke, ..."),
    VALUE("log", reason, "reason", "R,...", "only these: wrong_code, ..."),
    OPTION_ROW(struct admin, lines, "lines", "N", "only the last N of them",
	.command = "log", .letter = 'n'),
    OPTION_ROW(struct admin, follow, "follow", "",
	"go on with what is written from now on", .command = "log",
	.letter = 'f'),
    FLAG("log", csv, "csv", "print CSV, for a spreadsheet"),
    VALUE("metrics", prom, "output", "FILE.prom",
	"replace this file, and count on from the last run"),
    FLAG("metrics", full, "full",
	"run doctor too, and check the whole log: takes longer"),
    VALUE("store", folder, "folder", "DIR",
	"this bastion's own records, if they are not in\n/var/lib/tfa"),
    VALUE("store", fleet_name, "new", "NAME",
	"with join: make a new fleet of that name"),
    FLAG("store", migrate, "migrate",
	"with join: move this bastion's records into the fleet"),
    FLAG("store", here, "here",
	"with accept-restore: follow a bastion that accepted it\n"
	"for the fleet"),
    VALUE("store", to, "to", "WHERE",
	"with migrate: into the fleet, or into this folder"),
    VALUE("store", prefer, "prefer", "HOW",
	"last-login: of two records of one user take the one\n"
	"that was used last"),
    FLAG(
	"store", dry_run, "dry-run", "with migrate: only say what it would do"),
    VALUE("report", since, "since", "TIME",
	"the page is about the time since then; the default is 90d"),
    VALUE("report", until, "until", "TIME", "and until then, instead of now"),
    VALUE("report", group, "group", "GROUP",
	"only about the members of this Unix group"),
    FLAG("report", no_names, "no-names",
	"leave out who it is: no names, no addresses"),
    VALUE("report", output, "output", "FILE",
	"write the page there; the default is standard output"),
};
static const struct options options = OPTIONS_OF("tfa-admin", option_rows);

static void
print_commands(FILE *to)
{
	fputs("usage: tfa-admin [OPTION...] COMMAND\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %s %s\n        %s\n", commands[i].name,
		    commands[i].operands, commands[i].help);
	fputs("\nA TARGET is a user, a @group, or '*' for everyone.\n\n", to);
	options_print(&options, "", to);
	fputs("  --help, --version\n\n"
	      "Exit status: 0 done, 1 not done, 2 wrong usage, 69 no keeper, "
	      "77 not allowed.\n",
	    to);
}

/* NULL, after a message, if there is no such command. */
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

static void
print_command(const struct command *command)
{
	bool any;

	printf("usage: tfa-admin %s %s\n\n%s\n\n", command->name,
	    command->operands, command->help);
	if (command->run == admin_store)
		puts(store_words);
	any = options_print(&options, command->name, stdout) > 0;
	printf("%sOptions for all commands: tfa-admin --help; more: "
	       "tfa-admin(8).\n",
	    any ? "\n" : "");
}

static int
help(struct admin *admin, int argc, char **argv)
{
	const struct command *command;

	(void)admin;
	if (argc == 0) {
		print_commands(stdout);
		return ADMIN_DONE;
	}
	command = find_command(argv[0]);
	if (command == NULL)
		return ADMIN_USAGE;
	print_command(command);
	return ADMIN_DONE;
}

/* False, after a message, if both a store and a socket are given. */
static bool
set_paths(struct admin *admin)
{
	static char path[4096];

	admin->keeper.policy = admin->keeper.store != NULL ? admin->policy
							   : NULL;
	if (!client_settle(&admin->keeper)) {
		admin_say("%s", client_unfit(&admin->keeper));
		return false;
	}
	if (admin->policy != NULL)
		return true;
	snprintf(path, sizeof(path), "%s/policy.json",
	    admin->keeper.store != NULL ? admin->keeper.store : "/etc/tfa");
	admin->policy = path;
	return true;
}

static int
run_command(struct admin *admin, const struct options_given *given, int argc,
    char **argv)
{
	const struct command *command = find_command(argv[0]);
	int status = ADMIN_MISUSED;
	char why[OPERANDS_WHY];
	const char *unfit;

	if (command == NULL)
		return ADMIN_USAGE;
	unfit = options_unfit(&options, command->name, given);
	if (unfit != NULL)
		admin_say("%s takes no --%s", command->name, unfit);
	else if (!operands_fit(command->operands, argc - 1, argv + 1, why))
		admin_say("%s %s", command->name, why);
	else
		status = command->run(admin, argc - 1, argv + 1);
	if (status != ADMIN_MISUSED)
		return status;
	if (!admin_has_said())
		admin_say("%s: these words or options do not go together",
		    command->name);
	fprintf(stderr, "usage: tfa-admin %s %s\n", command->name,
	    command->operands);
	return ADMIN_USAGE;
}

/* A failed write must not end with status 0. */
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
	struct admin admin = {.json = false};
	struct options_given given = {.row = {false}};

	/* If our parent left it ignored, no end of a child would be seen. */
	signal(SIGCHLD, SIG_DFL);
	switch (options_read(&options, &argc, argv, &admin, &given)) {
	case OPTIONS_WRONG:
		fputs("tfa-admin --help says more.\n", stderr);
		return ADMIN_USAGE;
	case OPTIONS_VERSION:
		puts("tfa-admin " TFA_VERSION);
		return flushed(ADMIN_DONE);
	case OPTIONS_HELP:
		return flushed(help(&admin, argc > 1, argv + 1));
	case OPTIONS_READ:
		break;
	}
	if (argc == 1) {
		admin_say("there is no COMMAND");
		print_commands(stderr);
		return ADMIN_USAGE;
	}
	if (!set_paths(&admin))
		return ADMIN_USAGE;
	return flushed(run_command(&admin, &given, argc - 1, argv + 1));
}
