/*
 * Users: names that share a uid.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "doctor.h"
#include "doctor_person.h"

struct person {
	struct name name;
	uid_t uid;
	bool logs_in;
	size_t order; /* in passwd: getpwuid() finds the first */
};

struct people {
	JSON_LIST_OF(struct person) list;
};

static int
compare_people(const void *a, const void *b)
{
	const struct person *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void
list_people(struct people *people)
{
	const struct passwd *pw;
	struct person *person;

	setpwent();
	while ((pw = getpwent()) != NULL) {
		person = json_list_add(&people->list, sizeof(*person));
		if (person == NULL)
			break;
		snprintf(person->name.text, sizeof(person->name.text), "%s",
		    pw->pw_name);
		person->uid = pw->pw_uid;
		person->order = people->list.count;
		person->logs_in = shell_kind(pw->pw_shell) != SHELL_NO_LOGIN;
	}
	endpwent();
	if (people->list.count > 0)
		qsort(people->list.items, people->list.count, sizeof(*person),
		    compare_people);
}

void
doctor_uids(struct doctor *doctor)
{
	struct people people = {{NULL, 0}};

	list_people(&people);
	for (size_t i = 1; i < people.list.count; i++) {
		const struct person *a = &people.list.items[i - 1];
		const struct person *b = &people.list.items[i];

		if (a->uid == b->uid && (a->logs_in || b->logs_in) &&
		    strcmp(a->name.text, b->name.text) != 0)
			findings_add(&doctor->findings, FINDING_FAIL,
			    "usermod -u NEWUID, for one of them",
			    "%s and %s have uid %lu: the gate takes both for "
			    "%s",
			    a->name.text, b->name.text, (unsigned long)a->uid,
			    a->name.text);
	}
	free(people.list.items);
}
