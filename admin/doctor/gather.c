/*
 * Asks sshd itself: "sshd -T -C" for every kind of connection that a Match
 * tells apart, by user, address and port.
 */
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"
#include "store/system/child.h"
#include "admin/doctor/questions.h"
#include "admin/home.h"
#include "admin/doctor/scope.h"

#define SSHD_MS 10000

static void
note_unread(struct doctor *doctor, const char *path, const char *why)
{
	doctor->lines.failed = true;
	snprintf(
	    doctor->unread, sizeof(doctor->unread), "%.300s: %s", path, why);
}

static void
fetch(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	struct doctor *doctor = ctx;
	glob_t found = {.gl_pathc = 0};
	int status = planned_glob(doctor->planned, pattern, &found);

	if (status != 0 && status != GLOB_NOMATCH)
		note_unread(doctor, pattern, "cannot be looked up");
	for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
		scoped_free char *text = planned_read(
		    doctor->planned, found.gl_pathv[i]);

		if (text != NULL)
			each(reader, found.gl_pathv[i], text);
		else
			note_unread(doctor, found.gl_pathv[i], strerror(errno));
	}
	globfree(&found);
}

/* Notes that the answer holds for all users of this one's kind. */
static void
add_kind(struct doctor *doctor, struct view *view, const char *user)
{
	const struct passwd *pw = getpwnam(user);
	unsigned long long kind, *slot;

	if (pw == NULL)
		return;
	kind = kind_of(&doctor->kinds, pw);
	if (dump_is_of_kind(view, kind))
		return;
	slot = list_add(&view->kinds, sizeof(*slot));
	if (slot != NULL)
		*slot = kind;
	else
		doctor->findings.failed = true;
}

/* Adds the answer, or counts the question with an equal one. */
static bool
add_view(struct doctor *doctor, const struct question *q, const char *dump)
{
	struct view view = {.exempt = config_exempts(&doctor->lines, q->user),
	    .outside = scope_is_partial(&doctor->lines) &&
		!scope_has_name(&doctor->lines, q->user),
	    .door = doctor->door != 0 &&
		strtol(q->lport, NULL, 10) == doctor->door};
	struct view *slot;

	list_each(struct view, seen, doctor->views.list)
		if (seen->exempt == view.exempt && seen->door == view.door &&
		    seen->outside == view.outside &&
		    strcmp(seen->dump, dump) == 0) {
			seen->others++;
			add_kind(doctor, seen, q->user);
			return true;
		}
	snprintf(view.who, sizeof(view.who), "%.60s%s%.50s%s%.12s", q->user,
	    strcmp(q->address, QUESTION_ADDRESS) != 0 ? " from " : "",
	    strcmp(q->address, QUESTION_ADDRESS) != 0 ? q->address : "",
	    strcmp(q->lport, "22") != 0 ? " at port " : "",
	    strcmp(q->lport, "22") != 0 ? q->lport : "");
	snprintf(view.user, sizeof(view.user), "%s", q->user);
	view.dump = strdup(dump);
	slot = view.dump != NULL ? list_add(&doctor->views.list, sizeof(view))
				 : NULL;
	if (slot == NULL) {
		free(view.dump);
		return false;
	}
	*slot = view;
	add_kind(doctor, slot, q->user);
	return true;
}

void
doctor_first_line(const char *text, const char *other, char *ret, size_t size)
{
	if (text[0] == '\0')
		text = other;
	snprintf(ret, size, "%.*s", (int)strcspn(text, "\r\n"), text);
}

static bool
ask_sshd(struct doctor *doctor, const struct question *q, struct child *child)
{
	char spec[6 * USER_TEXT + 60]; /* cut, it would name another user */

	snprintf(spec, sizeof(spec),
	    "user=%s,host=%s,addr=%s,laddr=%s,lport=%s%s%s", q->user, q->host,
	    q->address, q->laddr, q->lport,
	    q->rdomain[0] != '\0' ? ",rdomain=" : "", q->rdomain);
	child_run((const char *const[]){DOCTOR_SSHD, "-T", "-f",
		      doctor_asked(doctor), "-C", spec, NULL},
	    SSHD_MS, child);
	if (child->status == 0)
		return add_view(doctor, q, child->out.text);
	doctor_first_line(child->err.text, "it did not end", doctor->no_views,
	    sizeof(doctor->no_views));
	planned_copy_rename(
	    &doctor->copy, doctor->no_views, sizeof(doctor->no_views));
	return false;
}

/* All combinations of what Match lines tell apart. */
static void
ask_about_all(
    struct doctor *doctor, const struct questions *q, struct child *child)
{
	const struct config_line *strange = config_strange_match(
	    &doctor->lines);
	struct question question;
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < QUESTIONS && questions_get(q, i, &question);
	     i++) {
		ok = ask_sshd(doctor, &question, child);
		doctor_step(doctor);
	}
	doctor->asked = i;
	if (ok && strange != NULL)
		snprintf(doctor->no_views, sizeof(doctor->no_views),
		    "%.200s:%d: who fits \"Match %.100s\" is not known",
		    strange->file, strange->number, strange->value);
	else if (ok && questions_are_cut(q))
		snprintf(doctor->no_views, sizeof(doctor->no_views),
		    "a Match names more, or something else, than sshd -T can "
		    "be asked about");
	if (ok && i == QUESTIONS && questions_get(q, i, &question))
		snprintf(doctor->no_views, sizeof(doctor->no_views),
		    "the Match lines tell apart more than %d connections; the "
		    "first %d were looked at",
		    QUESTIONS, QUESTIONS);
}

bool
doctor_read_config(struct doctor *doctor, const char *path)
{
	scoped_free char *text = planned_read(doctor->planned, path);

	if (text == NULL)
		return false;
	config_read(doctor->config, text, fetch, doctor, &doctor->lines);
	if (doctor->lines.long_file != NULL)
		snprintf(doctor->unread, sizeof(doctor->unread),
		    "%.300s:%d: a word is longer than %d bytes",
		    doctor->lines.long_file, doctor->lines.long_number,
		    CONFIG_WORD - 1);
	return true;
}

const char *
doctor_asked(const struct doctor *doctor)
{
	return doctor->planned != NULL ? doctor->copy.path : doctor->config;
}

/* The port that our drop-in gives the door, as guard.h reads it there. */
static void
find_door(struct doctor *doctor)
{
	const struct config_line *gate = config_gate(&doctor->lines);
	scoped_free char *text = gate != NULL
	    ? planned_read(doctor->planned, gate->file)
	    : NULL;

	doctor->door = text != NULL ? guard_door_port(text) : 0;
}

/* At a port where sshd listens too, all must be as at any other port. */
static void
compare_ports(struct doctor *doctor)
{
	char value[CONFIG_WORD];

	list_each(const struct view, view, doctor->views.list) {
		const char *at = view->dump;

		while (dump_next(&at, "listenaddress", value)) {
			const char *colon = strrchr(value, ':');

			if (colon != NULL && doctor->door != 0 &&
			    strtol(colon + 1, NULL, 10) == doctor->door)
				doctor->door_is_sshds = true;
		}
	}
	if (doctor->door_is_sshds)
		list_each(struct view, view, doctor->views.list)
			view->door = false;
}

/* The socket that the gate asks, and whoever may answer there. */
static void
follow_gate(struct doctor *doctor)
{
	const struct config_line *gate = config_gate(&doctor->lines);
	const char *rest = gate != NULL ? gate->value : "";
	char word[CONFIG_WORD];

	if (!config_word(&rest, doctor->gate))
		return;
	while (config_word(&rest, word))
		if (strcmp(word, "--socket") == 0)
			config_word(&rest, doctor->socket);
		else if (strncmp(word, "--socket=", 9) == 0)
			snprintf(doctor->socket, sizeof(doctor->socket), "%s",
			    word + 9);
	if (doctor->socket[0] != '\0' && doctor->keeper.store == NULL)
		doctor->keeper.socket = doctor->socket;
}

void
doctor_gather(struct doctor *doctor)
{
	scoped_free struct child *child = malloc(sizeof(*child));
	bool ok = doctor_read_config(doctor, doctor->config) &&
	    (doctor->planned == NULL ||
		planned_copy_make(
		    doctor->planned, doctor->config, &doctor->copy));
	struct questions q;

	follow_gate(doctor);
	find_door(doctor);
	if (!ok || child == NULL) {
		snprintf(doctor->no_views, sizeof(doctor->no_views),
		    "%.200s: %s", doctor->config, strerror(errno));
		return;
	}
	kinds_collect(&doctor->lines, &doctor->kinds);
	questions_collect(
	    &doctor->lines, &doctor->kinds, doctor->admin->probe, &q);
	ask_about_all(doctor, &q, child);
	compare_ports(doctor);
	questions_done(&q);
}

void
doctor_done(struct doctor *doctor)
{
	findings_done(&doctor->findings);
	views_done(&doctor->views);
	kinds_done(&doctor->kinds);
	config_done(&doctor->lines);
	planned_copy_done(&doctor->copy);
}

enum fault
doctor_load_policy(const struct doctor *doctor, struct policy *ret,
    char ret_why[static POLICY_WHY_TEXT])
{
	const char *text = planned_text(doctor->planned, doctor->policy);
	struct json_error error = {.line = 0};
	enum fault fault;

	if (text == NULL && home_find(doctor->admin, ret_why) != HOME_FILE)
		return home_load(doctor->admin, ret, ret_why);
	if (text == NULL)
		return policy_file_load(
		    doctor->policy, doctor_policy_owner(doctor), ret, ret_why);
	fault = policy_parse(text, strlen(text), ret, &error);
	if (fault != FAULT_NONE)
		json_error_say(
		    &error, doctor->policy, ret_why, POLICY_WHY_TEXT);
	return fault;
}

bool
doctor_setting(const struct doctor *doctor, const char *keyword,
    char ret[static CONFIG_WORD])
{
	const char *at = doctor->views.list.count > 0
	    ? doctor->views.list.items[0].dump
	    : "";

	return dump_next(&at, keyword, ret);
}
