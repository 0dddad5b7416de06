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
