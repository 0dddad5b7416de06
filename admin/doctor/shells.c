/*
 * The check of login shells: each must run the gate, and read nothing before.
 */
#include <string.h>

#include "admin/doctor/doctor.h"
#include "admin/doctor/login_shells.h"

static bool
home_is_set(const struct doctor *doctor)
{
	char value[CONFIG_WORD];
	const char *at = doctor->views.list.count > 0
	    ? doctor->views.list.items[0].dump
	    : "";

	while (dump_next(&at, "setenv", value))
		if (strncmp(value, "HOME=", 5) == 0)
			return true;
	return false;
}

void
doctor_shells(struct doctor *doctor)
{
	const struct shells shells = {.gate = doctor->gate[0] != '\0'
		? doctor->gate
		: TFA_SBINDIR "/tfa-gate",
	    .config = &doctor->lines,
	    .home = home_is_set(doctor)};

	shells_judge(&shells, &doctor->findings);
}
