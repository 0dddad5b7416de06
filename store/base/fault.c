#include "store/base/fault.h"

const char *
fault_name(enum fault fault)
{
	static const char *const names[] = {[FAULT_NONE] = "none",
	    [FAULT_ABSENT] = "absent",
	    [FAULT_FORMAT] = "format",
	    [FAULT_STALE] = "stale",
	    [FAULT_ACCESS] = "access",
	    [FAULT_LIMIT] = "limit",
	    [FAULT_IO] = "io",
	    [FAULT_MEMORY] = "memory",
	    [FAULT_AWAY] = "away",
	    [FAULT_UNSURE] = "unsure",
	    [FAULT_FULL] = "full",
	    [FAULT_REFUSED] = "refused",
	    [FAULT_BACK] = "back",
	    [FAULT_CLOSED] = "closed"};

	return (unsigned)fault <= FAULT_CLOSED ? names[fault] : "unknown";
}
