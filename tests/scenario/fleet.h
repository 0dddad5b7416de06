/* Included by the scenarios of a fleet, in place of scenario.h. */
#ifndef TFA_TESTS_FLEET_H
#define TFA_TESTS_FLEET_H

#include "tests/scenario/scenario.h"
#include "tests/support/cluster.h"
#include "tests/support/link.h"
#include "tests/support/talk.h"
#include "tests/support/writers.h"

#define Fleets(suite)                  \
	static void suite##_over(void) \
	{                              \
		bastion_close_all();   \
		link_close_all();      \
		cluster_close();       \
	}                              \
	TestSuite(suite, .timeout = 180, .fini = suite##_over)

/* The secret of a device that an administrator gives to a user. */
static inline const char *
fleet_device(const struct bastion *b, const char *user)
{
	struct run *r = bastion_admin(b, ARGV("enroll", user, "--qr", "uri"));
	const char *secret;

	assert_status(r, 0);
	secret = uri_parameter(strstr(r->out, "otpauth://"), "secret");
	cr_assert_not_null(secret, "%s", r->out);
	return secret;
}

/* First line of a test that needs a cluster. */
#define needs_cluster()                                   \
	do {                                              \
		if (cluster_missing() != NULL)            \
			cr_skip("%s", cluster_missing()); \
	} while (0)

/* First line of a test that needs a link, too. */
#define needs_link()                                   \
	do {                                           \
		if (link_missing() != NULL)            \
			cr_skip("%s", link_missing()); \
	} while (0)

#endif
