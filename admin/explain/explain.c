#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/explain/explain.h"
#include "admin/field.h"
#include "admin/home.h"
#include "store/base/cleanup.h"
#include "store/base/when.h"

/* Says what a hardware key is worth, and in which files it has to stand. */
static void
print_hardware(const struct explanation *e, const struct explained *login)
{
	bool pin = login->hardware_keys == HARDWARE_KEYS_WITH_PIN;
	const char *before = "";
	char text[REPORT_TEXT];
	size_t len;

	if (login->hardware_keys <= HARDWARE_KEYS_ASKED)
		return;
	len = (size_t)snprintf(text, sizeof(text),
	    "a hardware key is enough that proves a touch%s and stands in ",
	    pin ? " and a PIN," : "");
	list_each(const struct name, file, e->hardware_files) {
		if (len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "%s%s", before, file->text);
		before = " or ";
	}
	list_each(const struct name, file, e->hardware_authorities) {
		if (len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "%s%s (its authority)", before, file->text);
		before = " or ";
	}
	field_print("  hardware  ", text);
}

static void
print_login(const struct explanation *e, const struct explained *login)
{
	char deadline[WHEN_SAID], until[WHEN_SAID];

	field_print("  because   ", login->reason);
	printf("  rule      %s%s%s%s\n",
	    login->rule[0] != '\0' ? login->rule : "otherwise",
	    login->mode != MODE_NONE ? " (" : "", mode_names[login->mode],
	    login->mode != MODE_NONE ? ")" : "");
	if (login->deadline_s > 0) {
		when_say(login->deadline_s, deadline);
		printf("  deadline  %s\n", deadline);
	}
	if (login->until_s > 0) {
		when_say(login->until_s, until);
		printf("  until     %s\n", until);
	}
	print_hardware(e, login);
}

/* Prints one block for each "from" that decides, if no address was given. */
static void
print_by_address(const struct explanation *e)
{
	printf(
	    "%s: depends on the address (choose one with --from)\n", e->user);
	for (size_t i = 0; i < e->by_address.count; i++) {
		const struct explained *one = &e->by_address.items[i];

		printf("  from      %s: %s\n",
		    one->from[0] != '\0' ? one->from : "anywhere else",
		    one->verdict[0] != '\0'
			? one->verdict
			: "depends on further rules by address");
		print_login(e, one);
	}
}

static void
print_proof(const struct explained_key *key)
{
	switch ((enum hardware)key->hardware) {
	case HARDWARE_TOUCH:
		printf(", proves a touch");
		break;
	case HARDWARE_PIN:
		printf(", proves a touch and a PIN");
		break;
	case HARDWARE_NONE:
		printf(", proves no touch: %s", key->hardware_why);
		break;
	case HARDWARE_UNSAID:
		break;
	}
}

static void
print_key(const struct explained_key *key)
{
	printf("  key       %s%s%s: %s", key->key,
	    key->key[0] != '\0' && key->where[0] != '\0' ? "\n            "
							 : "",
	    key->where, key->verdict);
	if (key->command[0] != '\0')
		printf(", runs only \"%s\"", key->command);
	if (key->reason[0] != '\0')
		printf(" (%s): %s", key->reason, key->detail);
	print_proof(key);
	putchar('\n');
}

static void
explain_print(const struct explanation *e)
{
	if (e->by_address.count > 0) {
		print_by_address(e);
	} else {
		printf("%s: %s\n", e->user, e->login.verdict);
		print_login(e, &e->login);
	}
	for (size_t i = 0; i < e->skipped.count; i++)
		printf("  not       %s: %s\n", e->skipped.items[i].rule,
		    e->skipped.items[i].reason);
	for (size_t i = 0; i < e->keys.count; i++)
		print_key(&e->keys.items[i]);
	for (size_t i = 0; i < e->notes.count; i++)
		field_print("  note      ", e->notes.items[i].text);
}

/* True if the gate refuses each key that the user can have. */
static bool
is_refused(const struct explanation *e)
{
	for (size_t i = 0; i < e->keys.count; i++)
		if (strcmp(e->keys.items[i].verdict,
			verdict_name(VERDICT_DENY)) != 0)
			return false;
	return e->keys.count > 0;
}

/* The keeper would let the login go on; it ends at the gate. */
static void
refuse_at_gate(const struct explanation *e, struct explained *login)
{
	char reason[REPORT_TEXT];

	if (strcmp(login->verdict, verdict_name(VERDICT_DENY)) == 0)
		return;
	snprintf(reason, sizeof(reason),
	    "the gate refuses %s (%s); by the policy: %.600s",
	    e->keys.count == 1 ? "the key" : "each key",
	    e->keys.items[0].reason, login->reason);
	memcpy(login->reason, reason, sizeof(login->reason));
	snprintf(login->verdict, sizeof(login->verdict), "%s",
	    verdict_name(VERDICT_DENY));
}

static void
refuse_all(struct explanation *e)
{
	if (!is_refused(e))
		return;
	refuse_at_gate(e, &e->login);
	for (size_t i = 0; i < e->by_address.count; i++)
		if (e->by_address.items[i].verdict[0] != '\0')
			refuse_at_gate(e, &e->by_address.items[i]);
}

/* No gate stands before them, and the policy is not asked. */
static void
let_past(struct explained *login)
{
	char reason[REPORT_TEXT];

	snprintf(reason, sizeof(reason),
	    "the gate stands before others alone (setup --only); with it: %s, "
	    "%.600s",
	    login->verdict[0] != '\0' ? login->verdict : "not known",
	    login->reason);
	memcpy(login->reason, reason, sizeof(login->reason));
	snprintf(login->verdict, sizeof(login->verdict), "%s",
	    verdict_name(VERDICT_PASS));
}

static void
let_all_past(struct explanation *e)
{
	let_past(&e->login);
	for (size_t i = 0; i < e->by_address.count; i++)
		let_past(&e->by_address.items[i]);
}

/* The user, whose files root reads, and others only their own: a delegate may
 * not.  *ret_home is what ret->home is in, on the heap. */
static bool
may_read(const char *name, struct keypath_user *ret, char **ret_home)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL || (geteuid() != 0 && geteuid() != pw->pw_uid) ||
	    (*ret_home = strdup(pw->pw_dir)) == NULL)
		return false;
	*ret = (struct keypath_user){.name = name,
	    .home = *ret_home,
	    .uid = pw->pw_uid,
	    .gid = pw->pw_gid};
	return true;
}

static int
explain_gate(struct admin *admin, struct explanation *e)
{
	scoped_free char *home = NULL;
	struct keypath_user user;
	struct explaining_gate g = {
	    .admin = admin, .explanation = e, .user = &user};
	struct policy policy;
	char why[HOME_WHY];
	enum fault fault;
	int status = ADMIN_DONE;

	if (!may_read(e->user, &user, &home)) {
		explain_note(&g,
		    "only root can say what the gate decides on this user's "
		    "keys");
		return ADMIN_DONE;
	}
	fault = home_load(admin, &policy, why);
	/* The keeper has judged by the copy that it keeps. */
	if (fault == FAULT_AWAY || fault == FAULT_REFUSED) {
		explain_note(
		    &g, "what the gate decides on keys is not known: %s", why);
		return ADMIN_DONE;
	}
	if (fault != FAULT_NONE)
		status = admin_load(admin, &policy);
	if (status != ADMIN_DONE)
		return status;
	g.policy = &policy;
	if (!explain_keys(&g))
		status = ADMIN_USAGE;
	else if (admin->keeper.store == NULL)
		explain_sshd(&g);
	policy_done(&policy);
	if (g.outside)
		let_all_past(e);
	else
		refuse_all(e);
	if (g.failed)
		admin_say("out of memory");
	return g.failed ? ADMIN_NOT : status;
}

/*
 * Looks beforehand what the key of --key proves, so that the keeper can say
 * what a login with it would meet.  Where that cannot be looked up,
 * explain_gate() says why.
 */
static int
claim_hardware(struct admin *admin, struct request *request)
{
	struct explanation keys = {.user = ""};
	scoped_free char *home = NULL;
	struct keypath_user user;
	struct explaining_gate g = {
	    .admin = admin, .explanation = &keys, .user = &user};
	struct policy policy;
	char why[HOME_WHY];
	bool ok;

	if (admin->key == NULL || !may_read(request->user, &user, &home) ||
	    home_load(admin, &policy, why) != FAULT_NONE)
		return ADMIN_DONE;
	g.policy = &policy;
	ok = explain_keys(&g);
	if (ok && keys.keys.count > 0)
		request->hardware = keys.keys.items[0].hardware;
	explanation_done(&keys);
	policy_done(&policy);
	return ok ? ADMIN_DONE : ADMIN_USAGE;
}

static int
print_whole(const struct admin *admin, const struct explanation *e)
{
	scoped_free char *text = NULL;

	if (!admin->json)
		explain_print(e);
	else if (json_write(&explanation_shape, e, false, &text) == FAULT_NONE)
		puts(text);
	else
		return ADMIN_NOT;
	return ADMIN_DONE;
}

/* Fills in the request; ADMIN_DONE, or an exit status after a message. */
static int
make_request(const struct admin *admin, const char *user, struct request *ret)
{
	struct address address;
	char at[WHEN_SAID];

	memcpy(ret->user, user, strlen(user) + 1);
	ret->door = admin->at_door;
	if (admin->from != NULL) {
		if (!address_parse(admin->from, &address)) {
			admin_say("%s: not an address", admin->from);
			return ADMIN_USAGE;
		}
		address_format(&address, ret->address);
	}
	if (admin->at == NULL)
		return ADMIN_DONE;
	if (!admin_time(admin->at, time(NULL), &ret->at_s))
		return ADMIN_USAGE;
	when_say(ret->at_s, at);
	admin_say("as if it were %s", at);
	return ADMIN_DONE;
}

int
admin_explain(struct admin *admin, int argc, char **argv)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "explain"};
	struct explanation explanation = {.user = ""};
	const struct client_rows rows = {
	    &explanation_shape, &explanation, sizeof(explanation), NULL, NULL};
	int status;

	if (argc > 1)
		admin_say("explain takes one user");
	if (argc != 1)
		return ADMIN_MISUSED;
	if (!admin_is_user(argv[0]))
		return ADMIN_NOT;
	status = make_request(admin, argv[0], &request);
	if (status == ADMIN_DONE)
		status = claim_hardware(admin, &request);
	if (status == ADMIN_DONE)
		status = admin_stream(admin, &request, argv[0], &rows);
	if (status == ADMIN_DONE)
		status = explain_gate(admin, &explanation);
	if (status == ADMIN_DONE)
		status = print_whole(admin, &explanation);
	explanation_done(&explanation);
	return status;
}
