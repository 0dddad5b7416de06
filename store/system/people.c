#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/system/directory.h"
#include "store/system/people.h"

#define UID_PERSON   1000
#define NSSWITCH     "/etc/nsswitch.conf"
#define NSSWITCH_MAX 65536
#define ENTRY_MAX    (1UL << 20) /* bytes of one user's entry */

static bool
is_daemon(const struct passwd *pw)
{
	const char *shell = strrchr(pw->pw_shell, '/');

	return pw->pw_uid < UID_PERSON || pw->pw_uid == UID_NOBODY ||
	    (shell != NULL &&
		(strcmp(shell, "/nologin") == 0 ||
		    strcmp(shell, "/false") == 0));
}

/* Leaves a name that is too long to people_look_up(). */
static enum fault
people_add(struct people *people, const struct passwd *pw)
{
	struct person *person;

	if (strlen(pw->pw_name) >= USER_TEXT)
		return FAULT_NONE;
	person = list_add(&people->list, sizeof(*person));
	if (person == NULL)
		return FAULT_MEMORY;
	person->name = texts_keep(&people->names, pw->pw_name);
	person->uid = pw->pw_uid;
	person->gid = pw->pw_gid;
	person->place = people->list.count;
	person->daemon = is_daemon(pw);
	return person->name != NULL ? FAULT_NONE : FAULT_MEMORY;
}

static int
order_people(const void *a, const void *b)
{
	const struct person *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	if (order != 0)
		return order;
	return one->place < other->place ? -1 : one->place > other->place;
}

/* Modules of the name service leave all kinds of errno behind at the end, and
 * where their server does not run; these say that this process lacks something
 * or that the disk is bad. */
static enum fault
why_no_more(int error)
{
	switch (error) {
	case ENOMEM:
		return FAULT_MEMORY;
	case EIO:
	case EMFILE:
	case ENFILE:
		return FAULT_IO;
	default:
		return FAULT_NONE;
	}
}

/* False where a directory may have users whom it does not list. */
static bool
passwd_is_whole(void)
{
	scoped_free char *text = NULL;
	scoped_fd int fd = open(NSSWITCH, O_RDONLY | O_CLOEXEC);
	char service[32];
	size_t len = 0;

	return fd >= 0 &&
	    file_read(fd, NSSWITCH_MAX, &text, &len) == FAULT_NONE &&
	    len < NSSWITCH_MAX &&
	    !directory_service(text, "passwd", service, sizeof(service));
}

enum fault
people_read(struct people *ret)
{
	struct people people = {.whole = false};
	const struct passwd *pw;
	enum fault fault;

	setpwent();
	do {
		errno = 0;
		pw = getpwent();
		fault = pw == NULL ? why_no_more(errno)
				   : people_add(&people, pw);
	} while (pw != NULL && fault == FAULT_NONE);
	endpwent();
	if (fault != FAULT_NONE) {
		people_done(&people);
		return fault;
	}
	if (people.list.count > 0)
		qsort(people.list.items, people.list.count,
		    sizeof(struct person), order_people);
	people.whole = passwd_is_whole();
	*ret = people;
	return FAULT_NONE;
}

void
people_done(struct people *people)
{
	free(people->list.items);
	texts_done(&people->names);
	*people = (struct people){.whole = false};
}

/* Returns the first person of that name, or NULL. */
static const struct person *
find_person(const struct people *people, const char *name)
{
	size_t low = 0, high = people->list.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(people->list.items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == people->list.count ||
	    strcmp(people->list.items[low].name, name) != 0)
		return NULL;
	return &people->list.items[low];
}

enum fault
people_look_up(const struct people *people, const char *name, uid_t *ret_uid,
    gid_t *ret_gid)
{
	const struct person *person = find_person(people, name);
	const struct passwd *pw;
	enum fault fault;

	if (person != NULL) {
		*ret_uid = person->uid;
		*ret_gid = person->gid;
		return FAULT_NONE;
	}
	if (people->whole)
		return FAULT_ABSENT;
	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL) {
		fault = why_no_more(errno);
		return fault != FAULT_NONE ? fault : FAULT_ABSENT;
	}
	*ret_uid = pw->pw_uid;
	*ret_gid = pw->pw_gid;
	return FAULT_NONE;
}

enum fault
people_exists(const struct people *people, const char *name)
{
	if (find_person(people, name) != NULL)
		return FAULT_NONE;
	for (size_t size = 4096; size <= ENTRY_MAX; size *= 4) {
		scoped_free char *buf = malloc(size);
		struct passwd pw, *found = NULL;
		int error = buf != NULL
		    ? getpwnam_r(name, &pw, buf, size, &found)
		    : ENOMEM;

		if (found != NULL)
			return FAULT_NONE;
		if (error == 0)
			return FAULT_ABSENT;
		if (error != ERANGE && error != EINTR)
			return error == ENOMEM ? FAULT_MEMORY : FAULT_IO;
	}
	return FAULT_LIMIT;
}
