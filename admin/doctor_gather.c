/*
 * Asks sshd itself: "sshd -T -C" for every kind of connection that a Match
 * tells apart, by user, address and port.
 */
#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "doctor.h"
#include "doctor_child.h"
#include "doctor_person.h"

#define SSHD_MS     10000
#define QUESTIONS   300
#define GROUPS      256
#define ANY_ADDRESS "192.0.2.1" /* RFC 5737: nobody's */

static void
fetch(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	struct doctor *doctor = ctx;
	glob_t found = {.gl_pathc = 0};

	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			scoped_free char *text = read_whole(found.gl_pathv[i]);

			if (text != NULL)
				each(reader, found.gl_pathv[i], text);
			else {
				doctor->lines.failed = true;
				snprintf(doctor->unread, sizeof(doctor->unread),
				    "%.300s: %s", found.gl_pathv[i],
				    strerror(errno));
			}
		}
	globfree(&found);
}

/* What a Match tells apart; names of which the lists hold each once. */
struct words {
	JSON_LIST_OF(struct name) list;
};

static void
add_word(void *ctx, const char *word)
{
	struct words *words = ctx;
	struct name *name;

	for (size_t i = 0; i < words->list.count; i++)
		if (strcmp(words->list.items[i].text, word) == 0)
			return;
	if (words->list.count >= QUESTIONS || strpbrk(word, ", \n") != NULL)
		return;
	name = json_list_add(&words->list, sizeof(*name));
	if (name != NULL)
		snprintf(name->text, sizeof(name->text), "%s", word);
}

/* A user who is named; patterns are met by add_people(). */
static void
add_user(void *ctx, const char *pattern)
{
	if (strpbrk(pattern, "*?") == NULL)
		add_word(ctx, pattern);
}

/* A member of each group that is named: he may be in no local passwd. */
static void
add_member(void *ctx, const char *pattern)
{
	const struct group *group = getgrnam(pattern);

	if (group != NULL && group->gr_mem[0] != NULL)
		add_word(ctx, group->gr_mem[0]);
}

/* An address inside: 10.2.0.0/16 is asked about as 10.2.0.0. */
static void
add_address(void *ctx, const char *pattern)
{
	char address[CONFIG_WORD];
	size_t n = 0;

	for (; *pattern != '\0' && *pattern != '/' && n < 60; pattern++)
		address[n++] = *pattern == '*' || *pattern == '?' ? '1'
								  : *pattern;
	address[n] = '\0';
	add_word(ctx, address);
}

static bool
is_in_group(const struct passwd *pw, const char *pattern)
{
	gid_t groups[GROUPS];
	int n = GROUPS;

	/* With more groups than that, the first ones are there. */
	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
		n = GROUPS;
	for (int i = 0; i < n; i++) {
		const struct group *group = getgrgid(groups[i]);

		if (group != NULL && config_pattern(pattern, group->gr_name))
			return true;
	}
	return false;
}

/* Two users for whom this is the same are the same to every Match: which of
 * the names and groups there take them in, as a hash (FNV-1a). */
static unsigned long long
signature(const struct passwd *pw, const struct words *users,
    const struct words *groups)
{
	unsigned long long hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < users->list.count; i++) {
		hash ^= config_pattern(users->list.items[i].text, pw->pw_name)
		    ? 'y'
		    : 'n';
		hash *= 0x100000001b3ULL;
	}
	for (size_t i = 0; i < groups->list.count; i++) {
		hash ^= is_in_group(pw, groups->list.items[i].text) ? 'y' : 'n';
		hash *= 0x100000001b3ULL;
	}
	return hash;
}

/* Of the users who have a shell, one of each kind that a Match tells apart. */
static void
add_people(const struct config *lines, struct words *people)
{
	struct words users = {{NULL, 0}}, groups = {{NULL, 0}},
		     kinds = {{NULL, 0}};
	const struct passwd *pw;
	char kind[24];
	size_t known;

	config_criteria(lines, "user", add_word, &users);
	config_criteria(lines, "group", add_word, &groups);
	setpwent();
	for (int i = 0; i < DOCTOR_PEOPLE && (pw = getpwent()) != NULL; i++) {
		if (shell_kind(pw->pw_shell) == SHELL_NO_LOGIN ||
		    pw->pw_uid == 0)
			continue;
		snprintf(kind, sizeof(kind), "%016llx",
		    signature(pw, &users, &groups));
		known = kinds.list.count;
		add_word(&kinds, kind);
		if (kinds.list.count > known)
			add_word(people, pw->pw_name);
	}
	endpwent();
	free(users.list.items);
	free(groups.list.items);
	free(kinds.list.items);
}

struct question {
	const char *user, *address, *laddr, *lport, *host;
};

/* Adds the answer, or counts it with the same one. */
static bool
add_view(struct doctor *doctor, const struct question *q, const char *dump)
{
	struct view view = {.exempt = config_exempts(&doctor->lines, q->user)};
	struct view *slot;

	for (size_t i = 0; i < doctor->views.list.count; i++) {
		slot = &doctor->views.list.items[i];
		if (slot->exempt == view.exempt &&
		    strcmp(slot->dump, dump) == 0) {
			slot->others++;
			return true;
		}
	}
	snprintf(view.who, sizeof(view.who), "%.60s%s%.50s%s%.12s", q->user,
	    strcmp(q->address, ANY_ADDRESS) != 0 ? " from " : "",
	    strcmp(q->address, ANY_ADDRESS) != 0 ? q->address : "",
	    strcmp(q->lport, "22") != 0 ? " at port " : "",
	    strcmp(q->lport, "22") != 0 ? q->lport : "");
	view.dump = strdup(dump);
	slot = view.dump != NULL
	    ? json_list_add(&doctor->views.list, sizeof(view))
	    : NULL;
	if (slot != NULL)
		*slot = view;
	else
		free(view.dump);
	return slot != NULL;
}

void
doctor_first_line(const char *text, const char *other, char *ret, size_t size)
{
	if (text[0] == '\0')
		text = other;
	snprintf(ret, size, "%.*s", (int)strcspn(text, "\r\n"), text);
}

static bool
ask(struct doctor *doctor, const struct question *q, struct child *child)
{
	char spec[600];

	snprintf(spec, sizeof(spec),
	    "user=%.80s,host=%.80s,addr=%.80s,laddr=%.80s,lport=%.12s", q->user,
	    q->host, q->address, q->laddr, q->lport);
	child_run((const char *const[]){DOCTOR_SSHD, "-T", "-f", doctor->config,
		      "-C", spec, NULL},
	    SSHD_MS, child);
	if (child->status == 0)
		return add_view(doctor, q, child->out.text);
	doctor_first_line(child->err.text, "it did not end", doctor->no_views,
	    sizeof(doctor->no_views));
	return false;
}

struct questions {
	struct words users, addresses, laddrs, lports, hosts;
};

static void
collect(struct doctor *doctor, struct questions *q)
{
	struct config *lines = &doctor->lines;

	add_word(&q->users, "root");
	config_criteria(lines, "user", add_user, &q->users);
	config_criteria(lines, "group", add_member, &q->users);
	add_people(lines, &q->users);
	if (doctor->admin->probe != NULL)
		add_word(&q->users, doctor->admin->probe);
	add_word(&q->addresses, ANY_ADDRESS);
	config_criteria(lines, "address", add_address, &q->addresses);
	add_word(&q->laddrs, "192.0.2.2");
	config_criteria(lines, "localaddress", add_address, &q->laddrs);
	add_word(&q->lports, "22");
	config_criteria(lines, "localport", add_word, &q->lports);
	add_word(&q->hosts, "host.invalid");
	config_criteria(lines, "host", add_address, &q->hosts);
}

/* Number i of all combinations; false when they are through. */
static bool
combination(const struct questions *q, size_t i, struct question *ret)
{
	const struct words *lists[] = {
	    &q->users, &q->addresses, &q->lports, &q->laddrs, &q->hosts};
	const char **fields[] = {
	    &ret->user, &ret->address, &ret->lport, &ret->laddr, &ret->host};

	for (size_t k = 0; k < 5; k++) {
		*fields[k] =
		    lists[k]->list.items[i % lists[k]->list.count].text;
		i /= lists[k]->list.count;
	}
	return i == 0;
}

/* All combinations of what Match lines tell apart. */
static void
ask_all(struct doctor *doctor, const struct questions *q, struct child *child)
{
	struct question question;
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < QUESTIONS && combination(q, i, &question); i++)
		ok = ask(doctor, &question, child);
	if (ok && i == QUESTIONS)
		snprintf(doctor->no_views, sizeof(doctor->no_views),
		    "the Match lines tell apart more than %d connections; the "
		    "first %d were looked at",
		    QUESTIONS, QUESTIONS);
}

bool
doctor_read_config(struct doctor *doctor, const char *path)
{
	scoped_free char *text = read_whole(path);

	if (text == NULL)
		return false;
	config_read(doctor->config, text, fetch, doctor, &doctor->lines);
	return true;
}

void
doctor_gather(struct doctor *doctor)
{
	scoped_free struct child *child = malloc(sizeof(*child));
	bool ok = doctor_read_config(doctor, doctor->config);
	struct questions q = {.users = {{NULL, 0}}};
	struct words *lists[] = {
	    &q.users, &q.addresses, &q.laddrs, &q.lports, &q.hosts};

	if (!ok || child == NULL) {
		snprintf(doctor->no_views, sizeof(doctor->no_views),
		    "%.200s: %s", doctor->config, strerror(errno));
		return;
	}
	collect(doctor, &q);
	ask_all(doctor, &q, child);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free(lists[i]->list.items);
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
