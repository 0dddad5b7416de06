/* Included by the scenarios of a fleet, in place of scenario.h. */
#ifndef TFA_TESTS_FLEET_H
#define TFA_TESTS_FLEET_H

#include "tests/scenario/scenario.h"
#include "tests/support/cluster.h"

#define Fleets(suite)                  \
	static void suite##_over(void) \
	{                              \
		bastion_close_all();   \
		cluster_close();       \
	}                              \
	TestSuite(suite, .timeout = 180, .fini = suite##_over)

/* First line of a test that needs a cluster. */
#define needs_cluster()                                   \
	do {                                              \
		if (cluster_missing() != NULL)            \
			cr_skip("%s", cluster_missing()); \
	} while (0)

#endif
