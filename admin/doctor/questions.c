#include <arpa/inet.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/person.h"
#include "admin/doctor/questions.h"
#include "store/base/fnv.h"

#define GROUPS 256
#define PEOPLE 5000 /* users; only the first of them are looked at */

/* These stand for * and ? in a made-up name. */
#define ANY 'x'

static void
add_word(void *ctx, const char *word)
{
	struct words *words = ctx;
	struct name *name;

	list_each(const struct name, known, words->list)
		if (strcmp(known->text, word) == 0)
			return;
	/* sshd -C takes a list with commas. */
	if (words->list.count >= QUESTIONS || strpbrk(word, ", \n") != NULL ||
	    strlen(word) >= sizeof(name->text)) {
		words->incomplete = true;
		return;
	}
	name = list_add(&words->list, sizeof(*name));
	if (name == NULL)
		words->incomplete = true;
	else
		snprintf(name->text, sizeof(name->text), "%s", word);
}

/* A name that fits the pattern, even if nobody and no host has it. */
static void
questions_add_name(void *ctx, const char *pattern)
{
	char name[CONFIG_WORD];
	size_t n = 0;

	if (pattern[strspn(pattern, "*")] == '\0')
		return;
	for (; pattern[n] != '\0' && n + 1 < sizeof(name); n++)
		name[n] = strchr("*?", pattern[n]) != NULL ? ANY : pattern[n];
	name[n] = '\0';
	add_word(ctx, name);
}

/* Adds a member of each group that is named: a directory may have them. */
static void
add_member(void *ctx, const char *pattern)
{
	const struct group *group;

	if (strpbrk(pattern, "*?") == NULL) {
		group = getgrnam(pattern);
		if (group != NULL && group->gr_mem[0] != NULL)
			add_word(ctx, group->gr_mem[0]);
		return;
	}
	setgrent();
	while ((group = getgrent()) != NULL)
		if (group->gr_mem[0] != NULL &&
		    config_pattern(pattern, group->gr_name))
			add_word(ctx, group->gr_mem[0]);
	endgrent();
}

/* Adds the first and the last address of a network: another network may be cut
 * out at either end. */
static void
add_network(struct words *words, const char *text, unsigned bits)
{
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	unsigned size = family == AF_INET6 ? 128 : 32;
	unsigned char first[16], last[16];
	char shown[INET6_ADDRSTRLEN];

	if (bits > size || inet_pton(family, text, first) != 1) {
		words->incomplete = true;
		return;
	}
	memcpy(last, first, sizeof(last));
	for (unsigned i = bits; i < size; i++) {
		first[i / 8] &= (unsigned char)~(0x80 >> i % 8);
		last[i / 8] |= (unsigned char)(0x80 >> i % 8);
	}
	if (inet_ntop(family, first, shown, sizeof(shown)) != NULL)
		add_word(words, shown);
	if (inet_ntop(family, last, shown, sizeof(shown)) != NULL)
		add_word(words, shown);
}

/* 10.* as 10.1.1.1, and fe80:* as fe80::1: sshd wants whole addresses. */
static void
add_pattern(struct words *words, const char *pattern)
{
	char address[CONFIG_WORD];
	size_t n = 0, dots = 0;
	bool six = strchr(pattern, ':') != NULL;

	for (; *pattern != '\0' && n + 8 < sizeof(address); pattern++) {
		dots += *pattern == '.';
		if (*pattern == '*' && six && n > 0 && address[n - 1] == ':' &&
		    (n < 2 || address[n - 2] != ':'))
			address[n++] = ':';
		address[n++] = strchr("*?", *pattern) != NULL ? '1' : *pattern;
	}
	for (; !six && n > 0 && dots < 3 && n + 3 < sizeof(address); dots++) {
		address[n++] = '.';
		address[n++] = '1';
	}
	address[n] = '\0';
	add_word(words, address);
}

static void
questions_add_address(void *ctx, const char *pattern)
{
	char text[CONFIG_WORD];
	char *slash, *end;
	unsigned long bits;

	if (pattern[strspn(pattern, "*")] == '\0')
		return;
	snprintf(text, sizeof(text), "%s", pattern);
	slash = strchr(text, '/');
	if (slash == NULL) {
		add_pattern(ctx, pattern);
		return;
	}
	*slash = '\0';
	bits = strtoul(slash + 1, &end, 10);
	add_network(
	    ctx, text, *end == '\0' && bits < 129 ? (unsigned)bits : 129);
}

bool
user_is_in(const struct passwd *pw, const char *pattern)
{
	gid_t groups[GROUPS];
	int n = GROUPS;

	/* If a user is in more groups, the first ones are there. */
	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
		n = GROUPS;
	for (int i = 0; i < n; i++) {
		const struct group *group = getgrgid(groups[i]);

		if (group != NULL && config_pattern(pattern, group->gr_name))
			return true;
	}
	return false;
}

void
kinds_collect(const struct config *lines, struct kinds *ret)
{
	*ret = (struct kinds){.users = {.incomplete = false}};
	config_criteria(lines, "user", add_word, &ret->users);
	config_criteria(lines, "group", add_word, &ret->groups);
}

/* A hash of the names and groups that the user fits. */
unsigned long long
kind_of(const struct kinds *kinds, const struct passwd *pw)
{
	uint64_t hash = FNV_BEGIN;

	list_each(const struct name, name, kinds->users.list)
		hash = fnv_add(hash,
		    config_pattern(name->text, pw->pw_name) ? "y" : "n", 1);
	list_each(const struct name, group, kinds->groups.list)
		hash = fnv_add(
		    hash, user_is_in(pw, group->text) ? "y" : "n", 1);
	return hash;
}

void
kinds_done(struct kinds *kinds)
{
	free(kinds->users.list.items);
	free(kinds->groups.list.items);
	*kinds = (struct kinds){.users = {.incomplete = false}};
}

/* Adds one user of each kind, of those who have a shell or of the others. */
static void
add_people(const struct kinds *kinds, bool shell, struct words *seen,
    struct words *people)
{
	const struct passwd *pw;
	char kind[24];
	size_t known;

	setpwent();
	for (int i = 0; i < PEOPLE && (pw = getpwent()) != NULL; i++) {
		if ((shell_kind(pw->pw_shell) != SHELL_NO_LOGIN) != shell ||
		    pw->pw_uid == 0)
			continue;
		snprintf(kind, sizeof(kind), "%016llx", kind_of(kinds, pw));
		known = seen->list.count;
		add_word(seen, kind);
		if (seen->list.count > known)
			add_word(people, pw->pw_name);
	}
	endpwent();
}

/* Adds the addresses that are named, and some outside of them. */
static void
add_addresses(const struct config *lines, const char *criterion,
    const char *usual, struct words *words)
{
	add_word(words, usual);
	config_criteria(lines, criterion, questions_add_address, words);
	if (words->list.count > 1) {
		add_word(words, "203.0.113.1");
		add_word(words, "2001:db8::1");
	}
}

void
questions_collect(const struct config *lines, const struct kinds *kinds,
    const char *also, struct questions *ret)
{
	struct words seen = {.incomplete = false};

	*ret = (struct questions){.users = {.incomplete = false}};
	add_word(&ret->users, "root");
	config_criteria(lines, "user", questions_add_name, &ret->users);
	config_criteria(lines, "group", add_member, &ret->users);
	add_people(kinds, true, &seen, &ret->users);
	add_people(kinds, false, &seen, &ret->users);
	if (also != NULL)
		add_word(&ret->users, also);
	add_addresses(lines, "address", QUESTION_ADDRESS, &ret->addresses);
	add_addresses(lines, "localaddress", "192.0.2.2", &ret->laddrs);
	add_word(&ret->lports, "22");
	config_criteria(lines, "localport", add_word, &ret->lports);
	add_word(&ret->hosts, "host.invalid");
	config_criteria(lines, "host", questions_add_name, &ret->hosts);
	add_word(&ret->rdomains, "");
	config_criteria(lines, "rdomain", questions_add_name, &ret->rdomains);
	ret->users.incomplete |= seen.incomplete || kinds->users.incomplete ||
	    kinds->groups.incomplete;
	free(seen.list.items);
}

bool
questions_get(const struct questions *q, size_t i, struct question *ret)
{
	/* The door's port comes early, if there are too many. */
	const struct words *lists[] = {&q->users, &q->lports, &q->addresses,
	    &q->laddrs, &q->hosts, &q->rdomains};
	const char **fields[] = {&ret->user, &ret->lport, &ret->address,
	    &ret->laddr, &ret->host, &ret->rdomain};

	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
		if (lists[k]->list.count == 0)
			return false;
		*fields[k] =
		    lists[k]->list.items[i % lists[k]->list.count].text;
		i /= lists[k]->list.count;
	}
	return i == 0;
}

bool
questions_are_cut(const struct questions *q)
{
	return q->users.incomplete || q->addresses.incomplete ||
	    q->laddrs.incomplete || q->lports.incomplete ||
	    q->hosts.incomplete || q->rdomains.incomplete;
}

void
questions_done(struct questions *q)
{
	struct words *lists[] = {&q->users, &q->addresses, &q->laddrs,
	    &q->lports, &q->hosts, &q->rdomains};

	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++)
		free(lists[k]->list.items);
	*q = (struct questions){.users = {.incomplete = false}};
}
