#include "store/base/fault.h"

const char *
fault_name(enum fault fault)
{
	switch (fault) {
	case FAULT_NONE:
		return "none";
	case FAULT_ABSENT:
		return "absent";
	case FAULT_FORMAT:
		return "format";
	case FAULT_STALE:
		return "stale";
	case FAULT_ACCESS:
		return "access";
	case FAULT_LIMIT:
		return "limit";
	case FAULT_IO:
		return "io";
	case FAULT_MEMORY:
		return "memory";
	}
	return "unknown";
}
