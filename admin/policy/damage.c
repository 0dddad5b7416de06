#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/scope.h"
#include "admin/policy/damage.h"
#include "admin/policy/editor.h"
#include "admin/progress.h"
#include "admin/setup/setup.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/base/utf8.h"
#include "store/base/when.h"
#include "store/core/weigh.h"
#include "store/folder/policy_file.h"

#define NAMED      3  /* names in a message */
#define ASKED      16 /* users who are asked about one by one */
#define SCOPE_SAID 400
#define WAIT_MS    6000 /* for a keeper that speaks every second */

/* Those who lose one thing. */
struct losers {
	size_t count;
	char names[NAMED][USER_TEXT]; /* root, then the first by name */
};

struct damage {
	struct losers way_in, keyless, code, grace;
	int64_t until_s;     /* the latest end of a grace period that is lost */
	const char *caller;  /* who runs the command; NULL: not known */
	bool with_caller;    /* the caller loses the way in */
	bool caller_keyless; /* a hardware key is all that is left to them */
	char note[MESSAGE_TEXT];
	struct progress progress;
	struct loss row;
};

/* True if one is to be named before the other. */
static bool
names_before(const char *one, const char *other)
{
	bool root = strcmp(one, "root") == 0;

	if (root || strcmp(other, "root") == 0)
		return root;
	return strcmp(one, other) < 0;
}

static void
losers_add(struct losers *losers, const char *user)
{
	size_t at = losers->count < NAMED ? losers->count : NAMED;

	while (at > 0 && names_before(user, losers->names[at - 1]))
		at--;
	losers->count++;
	if (at == NAMED)
		return;
	memmove(losers->names[at + 1], losers->names[at],
	    (NAMED - 1 - at) * sizeof(losers->names[0]));
	snprintf(losers->names[at], USER_TEXT, "%s", user);
}

static bool
take_loss(void *ctx, const char *text)
{
	struct damage *damage = ctx;
	const struct loss *loss = &damage->row;

	(void)text;
	progress_step(&damage->progress, 1);
	if (loss->user[0] == '\0')
		return true;
	if (loss->way_in)
		losers_add(&damage->way_in, loss->user);
	if (loss->keyless)
		losers_add(&damage->keyless, loss->user);
	if (loss->code)
		losers_add(&damage->code, loss->user);
	if (loss->grace)
		losers_add(&damage->grace, loss->user);
	if (loss->grace && loss->until_s > damage->until_s)
		damage->until_s = loss->until_s;
	if (damage->caller != NULL && strcmp(damage->caller, loss->user) == 0) {
		damage->with_caller |= loss->way_in;
		damage->caller_keyless |= loss->keyless;
	}
	return true;
}

/* Weighs the draft for one user, or for everybody ("").  REASON_NONE: done;
 * REASON_STORE where the keeper gave no answer. */
static enum reason
weigh_draft(const struct admin *admin, const char *user, struct damage *damage)
{
	struct client_options keeper = admin->keeper;
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "weigh"};
	const struct client_rows rows = {
	    &loss_shape, &damage->row, sizeof(damage->row), take_loss, damage};
	scoped_reply struct reply reply = {.version = 0};
	char why[320];

	keeper.wait_ms = WAIT_MS;
	snprintf(request.user, sizeof(request.user), "%s", user);
	if (client_stream(&keeper, &request, &rows, &reply, why, sizeof(why)) !=
	    FAULT_NONE)
		return REASON_STORE;
	if (reply.verdict != VERDICT_PASS)
		return reply.reason != REASON_NONE ? reply.reason
						   : REASON_STORE;
	snprintf(damage->note, sizeof(damage->note), "%s", reply.message);
	return REASON_NONE;
}

static enum reason
weigh_all(const struct admin *admin, const struct proposal *proposal,
    struct damage *damage)
{
	enum reason reason = REASON_NONE;

	if (proposal->users == NULL || proposal->count > ASKED)
		return weigh_draft(admin, "", damage);
	for (int i = 0; reason == REASON_NONE && i < proposal->count; i++)
		reason = weigh_draft(admin, proposal->users[i], damage);
	return reason;
}

/* "root, alice, bob and 498 more" */
static void
say_names(const struct losers *losers, char *ret, size_t size)
{
	size_t named = losers->count < NAMED ? losers->count : NAMED;
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < named && len < size; i++) {
		char name[64];

		utf8_clean(losers->names[i], strlen(losers->names[i]), name,
		    sizeof(name));
		len += (size_t)snprintf(ret + len, size - len, "%s%s",
		    i == 0                       ? ""
			: i + 1 == losers->count ? " and "
						 : ", ",
		    name);
	}
	if (losers->count > named && len < size)
		snprintf(ret + len, size - len, " and %zu more",
		    losers->count - named);
}

static void
say_losers(const struct losers *losers, const char *what)
{
	char names[NAMED * 64 + 64];

	if (losers->count == 0)
		return;
	say_names(losers, names, sizeof(names));
	admin_say("%zu user%s %s: %s", losers->count,
	    losers->count == 1 ? "" : "s", what, names);
}

/* After "setup --only" the policy holds for some alone. */
static void
say_who_is_spared(const struct admin *admin)
{
	struct doctor doctor = {.admin = admin, .config = CONFIG_DEFAULT};
	char names[SCOPE_SAID];

	if (admin->keeper.store != NULL ||
	    !doctor_read_config(&doctor, doctor.config))
		return;
	scope_say(&doctor.lines, names, sizeof(names));
	config_done(&doctor.lines);
	if (names[0] != '\0')
		admin_say("the gate stands before %s alone: whoever else is "
			  "named here notices nothing until tfa-admin setup",
		    names);
}

static bool
is_none(const struct damage *damage)
{
	return damage->way_in.count + damage->keyless.count +
	    damage->code.count + damage->grace.count ==
	    0;
}

static void
say_damage(const struct damage *damage)
{
	char until[WHEN_SAID], grace[96];

	when_say(damage->until_s, until);
	snprintf(grace, sizeof(grace), "had time to set up a device until %s",
	    until);
	say_losers(&damage->way_in, "can no longer log in");
	say_losers(&damage->keyless,
	    "can log in only with a hardware key that is listed for them");
	if (damage->caller_keyless)
		admin_say("you are one of them, %s: tfa-admin explain says if "
			  "a key of yours is enough",
		    damage->caller);
	say_losers(&damage->grace, grace);
	say_losers(&damage->code, "will not be asked for a code");
	if (damage->way_in.count + damage->keyless.count > 0)
		admin_say("to give them time: enforce with --grace 14d; to let "
			  "one of them set up a device: tfa-admin code USER "
			  "--enroll");
	if (damage->note[0] != '\0')
		admin_say("%s", damage->note);
}

static int
refuse_lock_out(const struct damage *damage)
{
	admin_say("you are one of them, %s: you could not log in again, and "
		  "nothing is changed. Set up a device first (tfa add). "
		  "--lock-me-out makes the change all the same",
	    damage->caller);
	return ADMIN_NOT;
}

static bool
says_yes(const struct admin *admin, struct editor *editor)
{
	char answer;

	if (admin->yes || editor == NULL || !isatty(STDIN_FILENO))
		return admin_confirm(admin, "Change the policy?");
	answer = editor_ask(editor, "Change the policy? [y/N] ");
	return answer == 'y' || answer == 'Y';
}

static int
damage_confirm(const struct admin *admin, struct editor *editor)
{
	if (says_yes(admin, editor))
		return ADMIN_DONE;
	admin_say("nothing is changed");
	return ADMIN_NOT;
}

int
damage_ask(const struct admin *admin, const struct lockfile *lockfile,
    const struct proposal *proposal)
{
	struct damage damage = {.caller = caller_name()};
	struct beside draft;
	enum reason reason;
	bool none;

	/* For whoever may read the policy. */
	if (lockfile_put(lockfile, POLICY_DRAFT, "weigh", proposal->text,
		proposal->len) != ADMIN_DONE)
		return ADMIN_NOT;
	progress_begin(&damage.progress, "asking what this does to people", 0);
	reason = weigh_all(admin, proposal, &damage);
	progress_end(&damage.progress);
	lockfile_beside(lockfile, POLICY_DRAFT, &draft);
	unlinkat(lockfile->folder, draft.name, 0);
	/* While no policy is good nobody is let in: nothing can be lost. */
	none = reason == REASON_BAD_POLICY || reason == REASON_NO_POLICY;
	if (none && !proposal->always)
		return ADMIN_DONE;
	if (reason != REASON_NONE && !none)
		admin_say("what this does to people is not known, since the "
			  "keeper does not answer; before the first tfa-admin "
			  "setup none runs, and nobody is asked for a code");
	say_damage(&damage);
	if (!is_none(&damage))
		say_who_is_spared(admin);
	if (damage.with_caller && !admin->lock_me_out)
		return refuse_lock_out(&damage);
	if (reason == REASON_NONE && !proposal->always && is_none(&damage))
		return ADMIN_DONE;
	return damage_confirm(admin, proposal->editor);
}
