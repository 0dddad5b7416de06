#include "store/link/token.h"

#include <criterion/criterion.h>

static const char text[ETCD_TOKEN] = "abc.1";

Test(token, is_not_needed_without_a_user)
{
	struct token token = {.wanted = false};

	cr_expect(token_is_ready(&token));
	cr_expect_not(token_ask_now(&token, 5000));
}

Test(token, is_asked_for_once_for_all)
{
	struct token token = {.wanted = true};

	cr_expect_not(token_is_ready(&token));
	cr_expect(token_ask_now(&token, 5000));
	cr_expect_not(token_ask_now(&token, 99999), "one is on its way");
	token_got(&token, text, 5100);
	cr_expect(token_is_ready(&token));
	cr_expect_not(token_ask_now(&token, 99999));
}

/* A wrong password must not make a bcrypt of each request. */
Test(token, is_asked_for_once_a_second)
{
	struct token token = {.wanted = true};
	int asked = 0;

	for (int64_t now = 10000; now < 20000; now += 5)
		if (token_ask_now(&token, now)) {
			asked++;
			token_refused(&token, "authentication failed");
		}
	cr_expect_eq(asked, 10);
	cr_expect_str_eq(token.refused, "authentication failed");
}

Test(token, that_died_is_asked_for_anew_and_once)
{
	struct token token = {.wanted = true};

	cr_assert(token_ask_now(&token, 1000));
	token_got(&token, text, 1100);
	token_is_bad(&token, token.serial, 400000);
	cr_expect_not(token_is_ready(&token));
	cr_assert(token_ask_now(&token, 400000));
	token_got(&token, text, 400100);
	token_is_bad(&token, token.serial - 1, 500000);
	cr_expect(token_is_ready(&token), "that was the old one");
}

/* A member that lags does not know a new token yet. */
Test(token, that_is_new_is_not_thrown_away)
{
	struct token token = {.wanted = true};

	cr_assert(token_ask_now(&token, 1000));
	token_got(&token, text, 1100);
	token_is_bad(&token, token.serial, 1500);
	cr_expect(token_is_ready(&token));
	token_is_bad(&token, token.serial, 2100);
	cr_expect_not(token_is_ready(&token));
}

Test(token, lost_on_the_way_is_asked_for_again)
{
	struct token token = {.wanted = true};

	cr_assert(token_ask_now(&token, 1000));
	token_lost(&token);
	cr_expect_not(token_ask_now(&token, 1999));
	cr_expect(token_ask_now(&token, 2000));
}

Test(token, older_than_the_silence_is_asked_for_anew)
{
	struct token token = {.wanted = true};

	cr_assert(token_ask_now(&token, 1000));
	token_got(&token, text, 1100);
	token_is_doubtful(&token, 1100);
	cr_assert(token_is_ready(&token));
	token_is_doubtful(&token, 1101);
	cr_assert_not(token_is_ready(&token));
	cr_assert(token_ask_now(&token, 5000));
	token_got(&token, text, 5100);
	token_is_doubtful(&token, 1101);
	cr_assert(token_is_ready(&token));
}
