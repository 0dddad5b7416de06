#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/core/hardware.h"
#include "store/core/verdict.h"
#include "store/base/when.h"

#define LONG_WAIT_S   3600  /* longer waits are not given in seconds */
#define DURATION_SAID 64    /* bytes, for duration_say() */
#define DAY_SAID      86400 /* said as "a day" */

/*
 * In a message %W stands for the wait, %L for the time left, %D for the
 * deadline and %N for the name; %S for how to set up a device, %A for when
 * enrolment is offered again, %O for how long it stays open, %F for what to do
 * before the door opens, %C for how to come by the next code, and %T for " on"
 * and the day a code was spent, or nothing if that is not known. exit is the
 * gate's exit status for a denial.
 */
static const struct {
	const char *name;
	int exit;
	const char *message;
} reasons[REASON_COUNT] = {
    [REASON_NONE] = {"none", GATE_EXIT_DENIED, "Access denied."},

    [REASON_EXEMPT] = {"exempt", GATE_EXIT_DENIED, ""},
    [REASON_CODE] = {"code", GATE_EXIT_DENIED, ""},
    [REASON_ONE_TIME_CODE] = {"one_time_code", GATE_EXIT_DENIED, ""},
    [REASON_REMEMBERED] = {"remembered", GATE_EXIT_DENIED, ""},
    [REASON_HARDWARE_KEY] = {"hardware_key", GATE_EXIT_DENIED, ""},
    [REASON_OPTIONAL] = {"optional", GATE_EXIT_DENIED, ""},
    [REASON_GRACE] = {"grace", GATE_EXIT_DENIED,
	"A verification code will be required here in %L (%D). %S"},
    [REASON_SKIPPED] = {"skipped", GATE_EXIT_DENIED, "Not set up.%A"},
    [REASON_ENROLLED] = {"enrolled", GATE_EXIT_DENIED, ""},

    [REASON_DONE] = {"done", GATE_EXIT_DENIED, ""},
    [REASON_ADD] = {"add", GATE_EXIT_DENIED,
	"You can set up a device now: tfa add."},

    [REASON_ASK] = {"ask", GATE_EXIT_DENIED, ""},
    [REASON_ASK_LOCKED] = {"ask_locked", GATE_EXIT_LATER,
	"Too many wrong codes: for %W only a recovery code works."},
    [REASON_ASK_STOPPED] = {"ask_stopped", GATE_EXIT_LATER,
	"Too many wrong codes from places we do not know: only a recovery "
	"code works until an administrator unlocks you."},
    [REASON_ASK_ONE_TIME] = {"ask_one_time", GATE_EXIT_DENIED,
	"Enter the one-time code that your administrator gave you."},
    [REASON_OFFER] = {"offer", GATE_EXIT_DENIED,
	"Press Enter to do this later."},
    [REASON_OFFER_DUE] = {"offer_due", GATE_EXIT_DENIED,
	"A code will be required in %L. Press Enter to do this later."},
    [REASON_OFFER_CODE] = {"offer_code", GATE_EXIT_DENIED,
	"To set up a device, enter the one-time code that your administrator "
	"gave you; press Enter to do this later."},
    [REASON_OFFER_CODE_DUE] = {"offer_code_due", GATE_EXIT_DENIED,
	"A code will be required in %L. To set up a device, enter the one-time "
	"code that your administrator gave you; press Enter to do this "
	"later."},
    [REASON_SETUP] = {"setup", GATE_EXIT_DENIED,
	"A code is required here from now on.%O"},

    [REASON_ELSEWHERE] = {"elsewhere", GATE_EXIT_DENIED,
	"A device was set up from another window meanwhile: type a code of "
	"that device."},

    [REASON_WRONG_CODE] = {"wrong_code", GATE_EXIT_DENIED, "Wrong code."},
    [REASON_TRIES] = {"tries", GATE_EXIT_DENIED,
	"That was the last try: if the codes of your app change by themselves, "
	"set the phone's clock to automatic; a recovery code works too, or ask "
	"an administrator."},
    [REASON_CODE_USED] = {"code_used", GATE_EXIT_DENIED,
	"This code was already used: %C the next one."},
    [REASON_NOT_A_CODE] = {"not_a_code", GATE_EXIT_DENIED,
	"That is no code: enter the digits that your app shows, or a one-time "
	"code."},
    [REASON_NOT_DIGITS] = {"not_digits", GATE_EXIT_DENIED,
	"That is not the app's code: type the six digits that the app shows, "
	"and no other code."},
    [REASON_ONE_TIME_USED] = {"one_time_used", GATE_EXIT_DENIED,
	"This code was already used%T: a one-time code works once."},
    [REASON_ONE_TIME_REPLACED] = {"one_time_replaced", GATE_EXIT_DENIED,
	"This one-time code was replaced%T: use one of the newer ones."},
    [REASON_ONE_TIME_VOID] = {"one_time_void", GATE_EXIT_DENIED,
	"This one-time code was made void%T: it was revoked, or a device was "
	"set up since."},
    [REASON_ONE_TIME_EXPIRED] = {"one_time_expired", GATE_EXIT_DENIED,
	"This one-time code ran out%T: ask an administrator for a new one."},
    [REASON_EMPTY_CODE] = {"empty_code", GATE_EXIT_TERMINAL,
	"TFA_CODE in your environment is empty: put a code into it, or use "
	"ssh -t."},
    [REASON_LOCKED] = {"locked", GATE_EXIT_LATER,
	"Too many wrong codes: try again in %W, use a recovery code, or "
	"ask an administrator to unlock you."},
    [REASON_STOPPED] = {"stopped", GATE_EXIT_LATER,
	"Too many wrong codes from places we do not know: use a recovery "
	"code, or ask an administrator to unlock you."},
    [REASON_CLOCK_BACK] = {"clock_back", GATE_EXIT_LATER,
	"The server clock went back, so codes cannot be checked: tell an "
	"administrator, or use a recovery code."},
    [REASON_CLOSED] = {"closed", GATE_EXIT_DENIED,
	"A verification code is required here, you have no device, and may "
	"not set one up now: ask an administrator to let you enrol."},
    [REASON_FORWARDING_CLOSED] = {"forwarding_closed", GATE_EXIT_DENIED,
	"This port is for forwarding, which is not open to you: log in on the "
	"ordinary ssh port, or ask an administrator (tfa-admin forward)."},
    [REASON_CODE_FIRST] = {"code_first", GATE_EXIT_DENIED,
	"This port opens after a verification code, and you have no device: "
	"%F."},
    [REASON_NEEDS_TERMINAL] = {"needs_terminal", GATE_EXIT_TERMINAL,
	"A code is required: use ssh -t, or set TFA_CODE "
	"(ssh -o SetEnv=TFA_CODE=123456)."},
    [REASON_SETUP_TERMINAL] = {"setup_terminal", GATE_EXIT_TERMINAL,
	"A verification code is required here and you have none yet: log "
	"in once with a terminal to set it up.%O"},
    [REASON_DEVICE_TERMINAL] = {"device_terminal", GATE_EXIT_TERMINAL,
	"Setting up a device needs a terminal: use ssh -t."},
    [REASON_NO_PENDING] = {"no_pending", GATE_EXIT_DENIED,
	"This setup was finished or begun anew elsewhere, or an administrator "
	"ended it: begin again."},
    [REASON_PENDING_LATE] = {"pending_late", GATE_EXIT_DENIED,
	"The ten minutes to set this up are over: begin again."},
    [REASON_NO_CODE] = {"no_code", GATE_EXIT_DENIED,
	"No code was entered: try again when you have one."},

    [REASON_NO_DEVICE] = {"no_device", GATE_EXIT_DENIED,
	"You have no such device: tfa status lists them."},
    [REASON_NOT_THEIRS] = {"not_theirs", GATE_EXIT_DENIED,
	"There is no such device: tfa-admin users %N lists the devices."},
    [REASON_NAMED_TWICE] = {"named_twice", GATE_EXIT_DENIED,
	"Several devices have this name: give the id, such as d2."},
    [REASON_NOT_ENROLLED] = {"not_enrolled", GATE_EXIT_DENIED,
	"You have no device yet: tfa add sets one up."},
    [REASON_ADD_CLOSED] = {"add_closed", GATE_EXIT_DENIED,
	"You may not set up a device on your own now: ask an administrator for "
	"a code (tfa-admin code USER --enroll)."},
    [REASON_NOT_ASKED] = {"not_asked", GATE_EXIT_DENIED,
	"You are never asked for a code here, so there is nothing to set up."},
    [REASON_LAST_DEVICE] = {"last_device", GATE_EXIT_DENIED,
	"This is your last device and a code is required here: add the new one "
	"first (tfa add)."},
    [REASON_MANY_DEVICES] = {"many_devices", GATE_EXIT_DENIED,
	"You have as many devices as the policy allows: remove one first "
	"(tfa remove)."},

    [REASON_NAME_TAKEN] = {"name_taken", GATE_EXIT_DENIED,
	"A device of yours has that name, or an id like it: choose another "
	"name."},

    [REASON_DEVICES_FULL] = {"devices_full", GATE_EXIT_DENIED,
	"This user has %N: take away what is not used (tfa remove, tfa-admin "
	"revoke) or raise max_devices first."},
    [REASON_CODES_FULL] = {"codes_full", GATE_EXIT_DENIED,
	"This user's record has so many one-time codes (its key \"codes\") that "
	"no more fit: let the user make new ones (tfa recovery) first."},
    [REASON_KNOWN_SECRET] = {"known_secret", GATE_EXIT_DENIED,
	"This user has a device with that secret: it is already imported."},
    [REASON_TOKEN_UNKNOWN] = {"token_unknown", GATE_EXIT_DENIED,
	"There is no token %N in this bastion's list: tfa-admin tokens shows "
	"it."},
    [REASON_TOKEN_TAKEN] = {"token_taken", GATE_EXIT_DENIED,
	"This token was assigned to %N. To assign it anew, take that device "
	"away (tfa-admin revoke --device), take the token out of the list "
	"(tfa-admin tokens --remove), and import its line again."},
    [REASON_TOKEN_BEGUN] = {"token_begun", GATE_EXIT_DENIED,
	"This token is being assigned to %N, and that did not end: run the "
	"same tfa-admin assign again."},
    [REASON_TOKEN_HELD] = {"token_held", GATE_EXIT_DENIED,
	"This token's secret is that of %N: take that device away first "
	"(tfa-admin revoke --device), or two people could get the token."},
    [REASON_TOKENS_CLASH] = {"tokens_clash", GATE_EXIT_DENIED,
	"No token was taken: %N not fit this bastion's list."},
    [REASON_TOKENS_FULL] = {"tokens_full", GATE_EXIT_DENIED,
	"The list has room for %N tokens: take those out that nobody uses any "
	"more (tfa-admin tokens --remove)."},
    [REASON_FLEET_LEVEL] = {"fleet_level", GATE_EXIT_DENIED,
	"A bastion of the fleet with an older tfa could not read the record of "
	"a device that counts its codes: once all bastions have this tfa, "
	"tfa-admin store level lets such devices in."},
    [REASON_KEY_UNLISTED] = {"key_unlisted", GATE_EXIT_DENIED,
	"Your key is in none of the files that could restrict it: tell an "
	"administrator (keys in the policy)."},
    [REASON_KEY_IN_OPEN_FILE] = {"key_in_open_file", GATE_EXIT_DENIED,
	"Other users can change the file that lists your key, or a folder "
	"above it, so your key is refused: chmod go-w them."},
    [REASON_KEY_DOUBTFUL] = {"key_doubtful", GATE_EXIT_DENIED,
	"It is not clear what your key may run: every line of authorized_keys "
	"that has it must carry the same command."},
    [REASON_KEY_UNKNOWN] = {"key_unknown", GATE_EXIT_CONFIG,
	"sshd does not say which key was used: tell an administrator "
	"(ExposeAuthInfo yes)."},
    [REASON_KEY_FILE] = {"key_file", GATE_EXIT_DENIED,
	"The gate cannot look up what your key may run (%N): tell an "
	"administrator."},
    [REASON_KEY_SPOILT] = {"key_spoilt", GATE_EXIT_DENIED,
	"The file in which sshd names your key is not as sshd left it (%N): "
	"close this connection and log in anew."},
    [REASON_KEY_SEVERAL] = {"key_several", GATE_EXIT_DENIED,
	"sshd asked you for more than one key, and it is not clear which one's "
	"restrictions hold: tell an administrator (AuthenticationMethods)."},
    [REASON_KEY_ODD] = {"key_odd", GATE_EXIT_DENIED,
	"Your key or certificate is damaged, or has a critical option that is "
	"not known here: use another key, or tell an administrator."},
    [REASON_KEY_COMMANDS] = {"key_commands", GATE_EXIT_DENIED,
	"Your certificate and the line of its authority name different "
	"commands: tell an administrator."},
    [REASON_KEY_TMP] = {"key_tmp", GATE_EXIT_LATER,
	"sshd could not write to /tmp which key you used, so it is not clear "
	"what the key may run (%N): ask an administrator to make room in "
	"/tmp."},
    [REASON_TARGET_CLOSED] = {"target_closed", GATE_EXIT_DENIED,
	"This account may not connect to %N: ask an administrator to add it "
	"to the list of its targets."},
    [REASON_LOOK] = {"look", GATE_EXIT_LATER,
	"The policy was changed while you logged in: try again."},

    [REASON_UNKNOWN_GROUP] = {"unknown_group", GATE_EXIT_DENIED,
	"The policy names the group \"%N\", which does not exist here: an "
	"administrator can add it, correct the policy (tfa-admin policy edit), "
	"or give you a code (tfa-admin code USER --pass)."},
    [REASON_GROUP_ERROR] = {"group_error", GATE_EXIT_LATER,
	"The group \"%N\" could not be looked up: try again, or ask an "
	"administrator for a code (tfa-admin code USER --pass)."},
    [REASON_NO_ADDRESS] = {"no_address", GATE_EXIT_DENIED,
	"The rule \"%N\" depends on where you come from, and that is not "
	"known: ask an administrator for a code (tfa-admin code USER "
	"--pass)."},
    [REASON_RULE_LOST] = {"rule_lost", GATE_EXIT_DENIED,
	"You are no longer in the group that the rule \"%N\" was for: an "
	"administrator must confirm it (tfa-admin unlock), or give you a "
	"code (tfa-admin code USER --pass)."},
    [REASON_UID_CHANGED] = {"uid_changed", GATE_EXIT_DENIED,
	"Your user id is not the one that enrolled: an administrator must "
	"confirm it (tfa-admin revoke)."},
    [REASON_BAD_POLICY] = {"bad_policy", GATE_EXIT_CONFIG,
	"The policy cannot be read, so nobody is let in: tell an "
	"administrator (tfa-admin policy check)."},
    [REASON_NO_FLEET] = {"no_fleet", GATE_EXIT_CONFIG,
	"This bastion is in no fleet."},
    [REASON_NO_POLICY] = {"no_policy", GATE_EXIT_CONFIG,
	"The fleet of this bastion has no policy yet, so nobody is let in: "
	"tell an administrator (tfa-admin policy edit)."},
    [REASON_POLICY_CHANGED] = {"policy_changed", GATE_EXIT_LATER,
	"The policy was changed this very moment: try again."},
    [REASON_POLICY_LONG] = {"policy_long", GATE_EXIT_CONFIG,
	"The policy has more than %N bytes."},
    [REASON_POLICY_LEVEL] = {"policy_level", GATE_EXIT_CONFIG,
	"A bastion of the fleet with an older tfa could not read a policy with "
	"hardware keys, and would let nobody in: once all bastions have this "
	"tfa, tfa-admin store level allows it."},
    [REASON_TOO_OLD] = {"too_old", GATE_EXIT_CONFIG,
	"This bastion's tfa is too old for its fleet: log in at another "
	"bastion, and tell an administrator."},
    [REASON_CLOCK_OFF] = {"clock_off", GATE_EXIT_LATER,
	"This bastion's clock is off by %N, so codes cannot be judged: log in "
	"at another bastion, and tell an administrator."},
    [REASON_BAD_RECORD] = {"bad_record", GATE_EXIT_DENIED,
	"Your record is damaged: tell an administrator."},
    [REASON_BAD_TOKENS] = {"bad_tokens", GATE_EXIT_DENIED,
	"The list of tokens is damaged: tokens.json in the store's folder, "
	"which the keeper's log says more about (journalctl -u tfa-keeper, or "
	"syslog). Put a backup of it back, or move it away and import anew."},
    [REASON_DISK_FULL] = {"disk_full", GATE_EXIT_LATER,
	"The server's disk is full or read-only, so a code cannot be "
	"spent: tell an administrator."},
    [REASON_STORE] = {"store", GATE_EXIT_LATER,
	"The store of second factors does not work: tell an "
	"administrator."},
    [REASON_STORE_MAINTENANCE] = {"store_maintenance", GATE_EXIT_LATER,
	"An administrator moves the second factors to another place: try again "
	"in a few minutes."},
    [REASON_STORE_AWAY] = {"store_away", GATE_EXIT_LATER,
	"The store that the bastions share does not answer: try again in a "
	"minute."},
    [REASON_STORE_UNSURE] = {"store_unsure", GATE_EXIT_LATER,
	"The store that the bastions share did not answer in time, and the code "
	"may be spent: try again with the next one."},
    [REASON_STORE_FULL] = {"store_full", GATE_EXIT_LATER,
	"The store that the bastions share is full, so a code cannot be spent: "
	"tell an administrator."},
    [REASON_STORE_BACK] = {"store_back", GATE_EXIT_DENIED,
	"The store that the bastions share shows an older state than before, so "
	"it is not clear what was revoked since: tell an administrator."},
    [REASON_NO_LOG] = {"no_log", GATE_EXIT_LATER,
	"This login cannot be logged, so it is not let in: tell an "
	"administrator."},
    [REASON_BUSY] = {"busy", GATE_EXIT_LATER,
	"The server is busy: try again in a moment."},
    [REASON_BAD_REQUEST] = {"bad_request", GATE_EXIT_KEEPER,
	"The gate and the keeper do not understand each other: are they "
	"of one version?"},
    [REASON_NOT_ALLOWED] = {"not_allowed", GATE_EXIT_DENIED,
	"You may not do that."},
    [REASON_UNKNOWN_USER] = {"unknown_user", GATE_EXIT_DENIED,
	"There is no user \"%N\"."},
    [REASON_ACCOUNT] = {"account", GATE_EXIT_DENIED,
	"The account exists. tfa-admin revoke takes the devices away; forget is "
	"for accounts that were deleted."},
    [REASON_LONG_NAME] = {"long_name", GATE_EXIT_CONFIG,
	"Your user name has %N bytes; tfa takes 256 at most: an administrator "
	"must give this account a shorter one."},
    [REASON_BAD_ACCOUNT] = {"bad_account", GATE_EXIT_CONFIG,
	"The home folder or the shell of \"%N\" is not valid text: tell an "
	"administrator."},
};

/* In place of those, for an administrator, who asked about somebody else and can
 * mend it. */
static const struct {
	enum reason reason;
	const char *message;
} for_admins[] = {
    {REASON_UNKNOWN_GROUP,
	"The policy names the group \"%N\", which does not exist here: add the "
	"group, or correct the policy (tfa-admin policy edit)."},
    {REASON_GROUP_ERROR,
	"The group \"%N\" could not be looked up: does the directory service "
	"answer?"},
    {REASON_NO_ADDRESS,
	"The rule \"%N\" depends on the address, which is not known: tfa-admin "
	"explain --from takes one."},
    {REASON_RULE_LOST,
	"The user is no longer in the group that the rule \"%N\" was for: "
	"tfa-admin unlock confirms that."},
    {REASON_UID_CHANGED,
	"The user id is not the one that enrolled: tfa-admin revoke confirms "
	"the new one."},
    {REASON_BAD_POLICY,
	"The policy cannot be read, so nobody is let in: tfa-admin policy "
	"check names the line."},
    {REASON_NO_FLEET,
	"The keeper was started where there was no /etc/tfa/store.json yet: "
	"restart it (systemctl restart tfa-keeper)."},
    {REASON_NO_POLICY,
	"The fleet has no policy yet, so nobody is let in: tfa-admin policy "
	"edit makes one."},
    {REASON_POLICY_CHANGED, "The policy was changed meanwhile by %N."},
    {REASON_POLICY_LONG,
	"A fleet's policy may have %N bytes, and this one has more: name "
	"groups in place of many users."},
    {REASON_TOO_OLD,
	"This bastion's tfa is too old for its fleet, so nobody is let in "
	"here: install the version that the other bastions have."},
    {REASON_CLOCK_OFF,
	"This bastion's clock is off by %N, so nobody is let in here: set it "
	"(timedatectl); a minute later logins go on."},
    {REASON_BAD_RECORD,
	"The record of this user is damaged: tfa-admin revoke moves it "
	"aside."},
    {REASON_DISK_FULL,
	"The disk of the store is full or read-only, so nothing is changed: "
	"make room."},
    {REASON_STORE,
	"The keeper cannot read or write its store, so nobody is let in: its "
	"log says why (journalctl -u tfa-keeper, or syslog)."},
    {REASON_STORE_MAINTENANCE,
	"The records are being moved, so nobody is let in and nothing is "
	"changed. If no \"tfa-admin store\" runs that does it, one was killed: "
	"run it again, or tfa-admin store status."},
    {REASON_STORE_AWAY,
	"The store that the bastions share does not answer: nothing can be "
	"looked up or changed. Try again in a minute; the keeper's log says "
	"why (journalctl -u tfa-keeper, or syslog)."},
    {REASON_STORE_UNSURE,
	"The store that the bastions share did not answer in time: the change "
	"may be made or not. Look, and try again."},
    {REASON_STORE_FULL,
	"The store that the bastions share is full, so nothing is changed: "
	"tfa-admin doctor names the command that makes room."},
    {REASON_STORE_BACK,
	"The store that the bastions share shows an older state than this "
	"bastion has seen. If you restored a backup: tfa-admin store "
	"accept-restore (tfa(7)). If not, somebody changed it: the keeper's "
	"log says what (journalctl -u tfa-keeper, or syslog)."},
    {REASON_NO_LOG,
	"This cannot be logged, so it is not done: tfa-admin doctor looks at "
	"the store and its disk."},
    {REASON_BUSY, "The keeper is busy: try again in a moment."},
    {REASON_BAD_REQUEST,
	"tfa-admin and the keeper do not understand each other: are they of "
	"one version? If so, restart the keeper."},
    {REASON_LONG_NAME,
	"The user's name has %N bytes; tfa takes 256 at most: give the account "
	"a shorter one."},
    {REASON_BAD_ACCOUNT,
	"The home folder or the shell of \"%N\" is not valid text: correct "
	"the account."},
};

const char *
reason_name(enum reason reason)
{
	return (unsigned)reason < REASON_COUNT ? reasons[reason].name
					       : reasons[0].name;
}

static bool
reason_read(const char *text, void *ret)
{
	enum reason *reason = ret;

	for (int i = 0; i < REASON_COUNT; i++)
		if (reasons[i].name[0] == text[0] &&
		    strcmp(reasons[i].name, text) == 0) {
			*reason = (enum reason)i;
			return true;
		}
	return false;
}

static void
reason_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	snprintf(ret, JSON_FORM_TEXT, "%s",
	    reason_name(*(const enum reason *)value));
}

const struct json_form reason_form = {
    "a reason that this version knows", reason_read, reason_write};

bool
reason_is_fault(enum reason reason)
{
	return reason == REASON_UNKNOWN_GROUP || reason == REASON_GROUP_ERROR ||
	    reason == REASON_BAD_POLICY || reason == REASON_NO_POLICY ||
	    reason == REASON_TOO_OLD || reason == REASON_CLOCK_OFF ||
	    reason == REASON_BAD_RECORD || reason == REASON_BAD_TOKENS ||
	    reason == REASON_DISK_FULL || reason == REASON_STORE ||
	    reason == REASON_STORE_AWAY || reason == REASON_STORE_UNSURE ||
	    reason == REASON_STORE_FULL || reason == REASON_STORE_BACK ||
	    reason == REASON_NO_LOG || reason == REASON_BAD_ACCOUNT;
}

bool
reason_is_undecided(enum reason reason)
{
	return reason == REASON_UNKNOWN_GROUP || reason == REASON_GROUP_ERROR ||
	    reason == REASON_NO_ADDRESS || reason == REASON_RULE_LOST;
}

bool
reason_is_counted(enum reason reason)
{
	static const enum reason uncounted[] = {REASON_CODE_USED,
	    REASON_NOT_A_CODE, REASON_NOT_DIGITS, REASON_ONE_TIME_USED,
	    REASON_ONE_TIME_REPLACED, REASON_ONE_TIME_VOID,
	    REASON_ONE_TIME_EXPIRED};

	for (size_t i = 0; i < sizeof(uncounted) / sizeof(uncounted[0]); i++)
		if (uncounted[i] == reason)
			return false;
	return true;
}

bool
reason_may_try_again(enum reason reason)
{
	return reason == REASON_WRONG_CODE || !reason_is_counted(reason) ||
	    reason_is_undecided(reason);
}

int
reason_exit(enum reason reason)
{
	return (unsigned)reason < REASON_COUNT ? reasons[reason].exit
					       : GATE_EXIT_DENIED;
}

static void
day_say(int64_t at_s, char *ret, size_t size)
{
	char when[WHEN_MINUTE];

	when_say_minute(at_s, when);
	snprintf(
	    ret, size, "%s%.10s", at_s > 0 ? " on " : "", at_s > 0 ? when : "");
}

static void
say_setup(const struct reason_facts *facts, char *ret, size_t size)
{
	snprintf(ret, size, "%s",
	    facts->may_add ? "Set it up now: tfa add."
			   : "Ask an administrator for a code to set it up "
			     "(tfa-admin code USER --enroll).");
}

/* Writes what follows "later"; of two times it names the one that ends
 * first. */
static void
say_again(const struct reason_facts *facts, char *ret, size_t size)
{
	bool each = facts->again_s <= 0;
	char due[DURATION_SAID + WHEN_SAID + 64] = "";
	char left[DURATION_SAID] = "a day";
	char when[WHEN_SAID];

	if (facts->left_s > 0) {
		when_say(facts->deadline_s, when);
		duration_say(facts->left_s, left, sizeof(left));
		snprintf(due, sizeof(due),
		    " A code will be required here in %s (%s).", left, when);
	}
	if (facts->open_s > 0 && (facts->open_s <= facts->again_s || each)) {
		duration_say(facts->open_s, left, sizeof(left));
		snprintf(ret, size,
		    "%s Your one-time code is good for another %s: tfa add "
		    "takes it.",
		    due, left);
		return;
	}
	snprintf(left, sizeof(left), "a day");
	if (facts->again_s != DAY_SAID)
		duration_say(facts->again_s, left, sizeof(left));
	snprintf(ret, size, "%s You will be asked again %s%s; sooner: tfa add.",
	    due, each ? "at each login" : "in ", each ? "" : left);
}

static void
say_open(const struct reason_facts *facts, char *ret, size_t size)
{
	char left[DURATION_SAID];

	ret[0] = '\0';
	if (facts->open_s <= 0)
		return;
	duration_say(facts->open_s, left, sizeof(left));
	snprintf(ret, size,
	    " You have %s to set it up; after that, ask an administrator.",
	    left);
}

/* A pass code opens the door to somebody who may not set a device up. */
static void
say_way_in(const struct reason_facts *facts, char *ret, size_t size)
{
	snprintf(ret, size, "%s",
	    facts->may_add ? "log in on the ordinary ssh port to set one up"
			   : "ask an administrator for a code (tfa-admin code "
			     "USER --pass)");
}

static void
fill_in(char what, const struct reason_facts *facts, char *ret, size_t size)
{
	char when[WHEN_SAID];

	if (what == 'W' && facts->wait_s <= LONG_WAIT_S)
		snprintf(ret, size, "%lld s", (long long)facts->wait_s);
	else if (what == 'W')
		duration_say(facts->wait_s, ret, size);
	else if (what == 'L')
		duration_say(facts->left_s, ret, size);
	else if (what == 'T')
		day_say(facts->spent_s, ret, size);
	else if (what == 'S')
		say_setup(facts, ret, size);
	else if (what == 'A')
		say_again(facts, ret, size);
	else if (what == 'O')
		say_open(facts, ret, size);
	else if (what == 'C')
		snprintf(ret, size, "%s", facts->counts ? "take" : "wait for");
	else if (what == 'F')
		say_way_in(facts, ret, size);
	else if (what == 'D') {
		when_say(facts->deadline_s, when);
		snprintf(ret, size, "%s", when);
	} else
		snprintf(ret, size, "%s", facts->name ? facts->name : "");
}

static void
write_message(
    const char *m, const struct reason_facts *facts, char *ret, size_t size)
{
	size_t len = 0;

	for (; *m != '\0' && len + 1 < size; m++) {
		if (*m != '%') {
			ret[len++] = *m;
			continue;
		}
		fill_in(*++m, facts, ret + len, size - len);
		len += strlen(ret + len);
	}
	ret[len] = '\0';
}

void
reason_say(enum reason reason, const struct reason_facts *facts, char *ret,
    size_t size)
{
	write_message(
	    reasons[(unsigned)reason < REASON_COUNT ? reason : 0].message,
	    facts, ret, size);
}

void
reason_say_admin(enum reason reason, const struct reason_facts *facts,
    char *ret, size_t size)
{
	for (size_t i = 0; i < sizeof(for_admins) / sizeof(for_admins[0]); i++)
		if (for_admins[i].reason == reason) {
			write_message(for_admins[i].message, facts, ret, size);
			return;
		}
	reason_say(reason, facts, ret, size);
}

void
drift_say(int64_t drift_s, char *ret, size_t size)
{
	char off[DURATION_SAID];

	duration_say((llabs(drift_s) + 30) / 60 * 60, off, sizeof(off));
	if (drift_s > 0)
		snprintf(ret, size,
		    "Wrong code: the phone's clock is %s ahead (set it to "
		    "automatic).",
		    off);
	else
		snprintf(ret, size,
		    "Wrong code: it is from %s ago, or the phone's clock is "
		    "that far behind (set it to automatic).",
		    off);
}

const char *const hardware_names[] = {"", "none", "touch", "pin", NULL};

void
hardware_say(bool pin, char *ret, size_t size)
{
	snprintf(ret, size,
	    "You need no code where you log in with a hardware key%s that an "
	    "administrator has listed for you.",
	    pin ? " with a PIN" : "");
}

void
counts_say(char *ret, size_t size)
{
	size_t len = strlen(ret);

	snprintf(ret + len, size - len,
	    " If a token that counts its codes shows it, the token may have "
	    "got ahead: type its next two codes, one after the other.");
}

static const struct {
	enum verdict verdict;
	const char *name;
} verdicts[] = {
    {VERDICT_DENY, "deny"},
    {VERDICT_CHALLENGE, "challenge"},
    {VERDICT_ENROLL, "enroll"},
    {VERDICT_PASS, "pass"},
};

const char *
verdict_name(enum verdict verdict)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (verdicts[i].verdict == verdict)
			return verdicts[i].name;
	return verdicts[0].name;
}

static bool
verdict_read(const char *text, void *ret)
{
	enum verdict *verdict = ret;

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (strcmp(verdicts[i].name, text) == 0) {
			*verdict = verdicts[i].verdict;
			return true;
		}
	return false;
}

static void
verdict_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	snprintf(ret, JSON_FORM_TEXT, "%s",
	    verdict_name(*(const enum verdict *)value));
}

const struct json_form verdict_form = {
    "pass, challenge, enroll or deny", verdict_read, verdict_write};

enum verdict
verdict_from_name(const char *name)
{
	enum verdict verdict = VERDICT_DENY;

	return verdict_read(name, &verdict) ? verdict : VERDICT_DENY;
}
