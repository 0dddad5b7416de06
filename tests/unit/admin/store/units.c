#include "admin/store/units.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

TestSuite(units, .timeout = 30);

#define URLS_MAX 4

static char *
text_for(const char *const urls[])
{
	static struct fleet_url list[URLS_MAX];
	struct fleet_config config = {.endpoints = {list, 0}};
	char *text = NULL;

	while (urls[config.endpoints.count] != NULL) {
		size_t n = config.endpoints.count++;

		cr_assert_lt(n, URLS_MAX);
		strcpy(list[n].text, urls[n]);
	}
	cr_assert(units_text(&config, &text));
	return text;
}

#define TEXT_FOR(...) text_for((const char *const[]){__VA_ARGS__, NULL})

/* Without "any" the others would limit nothing. */
Test(units, limit_the_link_to_the_members_of_etcd)
{
	char *text = TEXT_FOR("https://10.0.0.1:2379", "https://[fd00::2]:2379",
	    "https://10.0.0.3:443");

	cr_expect_not_null(strstr(text,
			       "\n[Service]\n"
			       "IPAddressDeny=any\n"
			       "IPAddressAllow=10.0.0.1\n"
			       "IPAddressAllow=fd00::2\n"
			       "IPAddressAllow=10.0.0.3\n"),
	    "%s", text);
	cr_expect_eq(strchr(text, '['), strstr(text, "[Service]"));
	free(text);
}

Test(units, set_no_limit_where_an_address_may_change)
{
	char *text = TEXT_FOR(
	    "https://10.0.0.1:2379", "https://etcd2.example.com:2379");

	cr_expect_str_empty(text);
	free(text);
	text = TEXT_FOR("https://localhost:2379");
	cr_expect_str_empty(text);
	free(text);
}
