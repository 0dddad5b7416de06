/*
 * Users: names that share a uid.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/doctor/person.h"

struct person {
	struct name name;
	uid_t uid;
	bool logs_in;
	size_t order; /* in passwd: getpwuid() finds the first */
};

struct people {
	LIST_OF(struct person) list;
};

static int
compare_people(const void *a, const void *b)
{
	const struct person *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* 0, or an errno if not all are here. */
static int
list_people(struct people *people)
{
	const struct passwd *pw;
	struct person *person;
	int error = 0;

	setpwent();
	for (;;) {
		errno = 0;
		pw = getpwent();
		if (pw == NULL && errno != ENOENT)
			error = errno;
		if (pw == NULL)
			break;
		person = list_add(&people->list, sizeof(*person));
		if (person == NULL) {
			error = ENOMEM;
			break;
		}
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
	return error;
}

void
doctor_uids(struct doctor *doctor)
{
	struct people people = {{NULL, 0}};
	char service[40];
	int error = list_people(&people);

	if (error != 0 || people.list.count == 0)
		doctor_warn(doctor, NULL,
		    "not every account could be looked at: %s",
		    error != 0 ? strerror(error) : "there is none");
	for (size_t i = 1; i < people.list.count; i++) {
		const struct person *a = &people.list.items[i - 1];
		const struct person *b = &people.list.items[i];

		if (a->uid == b->uid && (a->logs_in || b->logs_in) &&
		    strcmp(a->name.text, b->name.text) != 0)
			doctor_fail(doctor,
			    "usermod -u NEWUID, for one of them",
			    "%s and %s have uid %lu: the gate takes both for "
			    "%s",
			    a->name.text, b->name.text, (unsigned long)a->uid,
			    a->name.text);
	}
	if (read_directory("passwd", service, sizeof(service)))
		doctor_warn(doctor, NULL,
		    "accounts of %s were looked at only as far as it lists "
		    "them",
		    service);
	doctor_ok(doctor,
	    "%zu account%s, as getpwent(3) lists them: no two have one uid",
	    people.list.count, findings_s(people.list.count));
	free(people.list.items);
}
