#include "passwd.h"

#include <criterion/criterion.h>
#include <string.h>

Test(passwd, has_root_and_not_just_anybody)
{
	const struct passwd *pw = passwd_of(0);

	cr_assert_not_null(pw);
	cr_expect_str_eq(pw->pw_name, "root");
	cr_expect_eq(pw->pw_dir[0], '/');
	pw = passwd_named("root");
	cr_assert_not_null(pw);
	cr_expect_eq(pw->pw_uid, 0);
	cr_expect_null(passwd_named("nobody-has-this-name"));
	cr_expect_null(passwd_named(""));
	cr_expect_null(passwd_of((uid_t)-2));
	cr_expect_null(passwd_of((uid_t)-1));
}
