#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/code.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "tests/support/run.h"
#include "store/base/when.h"

const struct passwd *
fixture_person(const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL)
		fail("no user %s", user);
	return pw;
}

static void
give_to(const char *path, const char *user)
{
	const struct passwd *pw = fixture_person(user);

	if (geteuid() == 0 && chown(path, pw->pw_uid, pw->pw_gid) != 0)
		fail("%s: %s", path, strerror(errno));
}

void
fixture_folder(const char *path, mode_t mode, const char *owner)
{
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		fail("%s: %s", path, strerror(errno));
	give_to(path, owner);
}

const char *
fixture_keeper_user(const struct bastion *b)
{
	return b->embedded ? b->me : "_tfa";
}

/* Turns ' into ", so that JSON in C strings stays legible. */
static char *
quoted(const char *json)
{
	char *copy = text("%s", json);

	for (char *c = copy; *c != '\0'; c++) {
		if (*c == '\'')
			*c = '"';
	}
	return copy;
}

char *
hours_from_now(int hours)
{
	char *when = text("%*s", WHEN_TEXT, "");

	when_format((int64_t)time(NULL) + hours * 3600LL, when);
	return when;
}

char *
fixture_policy(const char *rules, const char *more)
{
	return text("{'version':1,'issuer':'Test-Bastion','rules':[%s],"
		    "'otherwise':'optional'%s%s%s}",
	    rules, bastion_has_people() ? "" : ",'keys':{'unlisted':'allow'}",
	    more == NULL ? "" : ",", more == NULL ? "" : more);
}

void
fixture_write_policy(const struct bastion *b, const char *content)
{
	char *fresh = text("%s.new", b->policy);

	write_text(fresh, quoted(content));
	if (rename(fresh, b->policy) != 0)
		fail("%s: %s", b->policy, strerror(errno));
}

static char *
record_path(const struct bastion *b, const char *user)
{
	return text("%s/users/%s.json", b->store, user);
}

void
fixture_put_record(
    const struct bastion *b, const char *user, const char *fields)
{
	char *path = record_path(b, user);
	const char *failures = strstr(fields, "'failures'") != NULL
	    ? ""
	    : ",'failures':{'known':{'count':0},'other':{'count':0}}";

	fixture_folder(
	    text("%s/users", b->store), 0700, fixture_keeper_user(b));
	write_text(path,
	    quoted(text("{'version':1,'user':'%s','uid':%u,%s%s}\n", user,
		fixture_person(user)->pw_uid, fields, failures)));
	if (chmod(path, 0600) != 0)
		fail("%s: %s", path, strerror(errno));
	give_to(path, fixture_keeper_user(b));
}

char *
fixture_device(const char *secret, uint64_t last_step)
{
	return text("'devices':[{'id':'d1','name':'phone','type':'totp',"
		    "'algorithm':'SHA1','digits':6,'period':30,'secret':'%s',"
		    "'last_step':'%llu','added':'2024-01-01T00:00:00Z'}],"
		    "'enrolled_once':true",
	    secret, (unsigned long long)last_step);
}

const char *
fixture_enrol(const struct bastion *b, const char *user)
{
	const char *secret = secret_random();

	fixture_put_record(b, user, fixture_device(secret, 0));
	return secret;
}

const char *
fixture_enrol_counted(
    const struct bastion *b, const char *user, uint64_t counter)
{
	const char *secret = secret_random();

	fixture_put_record(b, user,
	    text("'devices':[{'id':'d1','name':'token','type':'hotp',"
		 "'algorithm':'SHA1','digits':6,'secret':'%s',"
		 "'counter':'%llu','added':'2024-01-01T00:00:00Z'}],"
		 "'enrolled_once':true",
		secret, (unsigned long long)counter));
	return secret;
}

char *
fixture_record(const struct bastion *b, const char *user)
{
	return read_text(record_path(b, user));
}

char *
fixture_audit(const struct bastion *b)
{
	char *audit = read_text(text("%s/audit.jsonl", b->store));

	return audit == NULL ? text("%s", "") : audit;
}

size_t
fixture_audit_count(const struct bastion *b, const char *words)
{
	size_t count = 0;

	for (const char *at = fixture_audit(b);
	     (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}
