#include <string.h>

#include "gate/screen/scan.h"

static enum fault
make_scan(
    const struct scan_request *request, const char *host, struct scan *ret)
{
	enum fault fault = scan_format(request, host, ret->uri);

	return fault == FAULT_NONE ? qr_encode(ret->uri, &ret->modules) : fault;
}

enum fault
scan_encode(const struct scan_request *request, const char *short_name,
    const char *full, struct scan *ret)
{
	scoped_scan struct scan with_full = {.modules = NULL};
	enum fault fault = make_scan(request, short_name, ret);

	if (fault != FAULT_NONE ||
	    make_scan(request, full, &with_full) != FAULT_NONE ||
	    strlen(with_full.modules) > strlen(ret->modules))
		return fault;
	scan_done(ret);
	*ret = with_full;
	with_full = (struct scan){.modules = NULL};
	return FAULT_NONE;
}
