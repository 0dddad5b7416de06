#include "admin/adoption.h"
#include "store/core/login.h"

struct adoption
adoption_of(size_t users, const size_t states[])
{
	struct adoption found = {.done = states[STATE_ENROLLED] +
		states[STATE_LOCKED] + states[STATE_HARDWARE],
	    .of = users - states[STATE_EXEMPT] - states[STATE_GONE]};

	if (found.of > 0)
		found.percent = found.done * 100 / found.of;
	return found;
}
