/*
 * landing: the login shell of the people who are measured.  Whatever it is
 * told to run, it notes that it was reached.
 */
#include "tests/bench/point.h"

int
main(void)
{
	point_write();
	return 0;
}
