#include "store/system/directory.h"

#include <criterion/criterion.h>

Test(directory, names_the_first_service_that_may_not_list_everybody)
{
	static const struct {
		const char *text, *service;
	} cases[] = {
	    {"passwd: files sss\n", "sss"},
	    {"# passwd: ldap\npasswd:\tfiles systemd\n", NULL},
	    {"group: sss\npasswd: files\n", NULL},
	    {"passwd: files [NOTFOUND=return] ldap # x\n", "ldap"},
	    {"  passwd :files[!SUCCESS=continue]winbind", "winbind"},
	    {"passwd: files # sss\n", NULL},
	    {"passwd: files [SUCCESS=merge\n", NULL},
	    {"passwd: filesystem", "filesystem"},
	    {"passwd_compat: nis\npasswd: compat\n", NULL},
	    {"passwd:", NULL},
	    {"\n\npasswd\n", NULL},
	    {"", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char service[32] = "";

		cr_expect_eq(directory_service(cases[i].text, "passwd", service,
				 sizeof(service)),
		    cases[i].service != NULL, "%s", cases[i].text);
		if (cases[i].service != NULL)
			cr_expect_str_eq(service, cases[i].service);
	}
}
