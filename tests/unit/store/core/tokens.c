#include "store/core/tokens.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/core/enroll.h"
#include "tests/unit/fixture.h"

/* A token with a secret that ends in that byte. */
static struct token
make(const char *serial, int type, uint8_t last)
{
	struct token token = {.type = type,
	    .digits = 6,
	    .period_s = type == DEVICE_TOTP ? 30 : 0,
	    .secret = {.bytes = "1234567890123456789", .len = 20}};

	snprintf(token.serial, sizeof(token.serial), "%s", serial);
	token.secret.bytes[19] = last;
	return token;
}

static void
add(struct tokens *tokens, struct token token)
{
	struct token *added = list_add(&tokens->list, sizeof(*added));

	cr_assert_not_null(added);
	*added = token;
}

/* Merges one token; returns how many clashes there are, and the first. */
static size_t
merge_one(struct tokens *tokens, struct token token, struct clash *ret)
{
	scoped_tokens struct tokens more = {.version = 1};
	struct clashes clashes;
	size_t added = 0, count;

	add(&more, token);
	cr_assert_eq(
	    tokens_merge(tokens, &more, NOW_S, &clashes, &added), FAULT_NONE);
	count = clashes.list.count;
	if (count > 0)
		*ret = clashes.list.items[0];
	clashes_done(&clashes);
	return count;
}

static char *
written(const struct tokens *tokens)
{
	char *text = NULL;

	cr_assert_eq(tokens_format(tokens, &text), FAULT_NONE);
	return text;
}

#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define HASH   "6ed645ef0e1abea1bf1e4e935ff04f9e18d39812387f63cda3415b46240f0405"
#define FACTS                                             \
	"'serial':'A1','type':'totp','algorithm':'SHA1'," \
	"'digits':6,'period':30"
#define MADE  ",'imported':'2026-11-01T00:00:00Z'"
#define GIVEN ",'user':'bob','assigned':'2026-11-02T00:00:00Z'"

Test(tokens, reads_what_it_writes)
{
	static const char *const texts[] = {
	    "{'version':1,'tokens':[]}",
	    "{'version':1,'tokens':[{" FACTS ",'secret':'" SECRET "'" MADE
	    "}]}",
	    "{'version':1,'tokens':[{" FACTS ",'secret':'" SECRET "'" MADE
	    ",'user':'bob'}]}",
	    "{'version':1,'tokens':[{" FACTS ",'hash':'" HASH "'" MADE GIVEN
	    "}]}",
	    "{'version':1,'tokens':[{'serial':'b-1','type':'hotp',"
	    "'algorithm':'SHA512','digits':8,'counter':'0','secret':'" SECRET
	    "'" MADE "},{'serial':'B-2','type':'hotp','algorithm':'SHA256',"
	    "'digits':7,'counter':'41','secret':'" SECRET "'" MADE "}]}",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct tokens tokens;
		struct json_error error;
		char text[QUOTED_MAX];
		char *again;

		fixture_quote(texts[i], text);
		cr_assert_eq(tokens_parse(text, strlen(text), &tokens, &error),
		    FAULT_NONE, "%s: %s", text, error.text);
		again = written(&tokens);
		cr_expect_str_eq(again, text);
		json_text_free(&again);
		tokens_done(&tokens);
	}
}

/* A list that lets one secret be given twice is none. */
Test(tokens, refuses_a_list_that_could_give_a_token_twice)
{
	static const struct {
		const char *token, *says;
	} bad[] = {
	    {FACTS MADE, "\"secret\" is missing"},
	    {FACTS ",'secret':'" SECRET "'", "\"imported\" is missing"},
	    {FACTS ",'secret':'" SECRET "','hash':'" HASH "'" MADE,
		"for a token which a user has"},
	    {FACTS ",'hash':'" HASH "'" MADE, "\"secret\" is missing"},
	    {FACTS ",'hash':'" HASH "'" MADE ",'user':'bob'",
		"\"secret\" is missing"},
	    {FACTS ",'secret':'" SECRET "'" MADE GIVEN,
		"of a token which a user has"},
	    {FACTS MADE GIVEN, "\"hash\" is missing"},
	    {FACTS ",'hash':'abc'" MADE GIVEN, "SHA-256"},
	    {FACTS ",'secret':'" SECRET "'" MADE
		   ",'assigned':'2026-11-02T00:00:00Z'",
		"needs a user"},
	    {FACTS ",'counter':'0','secret':'" SECRET "'" MADE,
		"for a token of type hotp"},
	    {"'serial':'A1','type':'hotp','algorithm':'SHA1','digits':6,"
	     "'secret':'" SECRET "'" MADE,
		"\"counter\" is missing"},
	    {"'serial':'A 1','type':'hotp','algorithm':'SHA1','digits':6,"
	     "'counter':'0','secret':'" SECRET "'" MADE,
		"letters, digits"},
	    {FACTS ",'secret':'GEZDGNBVGY3TQOI'" MADE, "80 bits"},
	    {FACTS ",'secret':'" SECRET "'" MADE "},{" FACTS
		   ",'secret':'" SECRET "'" MADE,
		"after the one before"},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct tokens tokens = {.version = 7};
		struct json_error error;
		char text[QUOTED_MAX], list[QUOTED_MAX];

		snprintf(list, sizeof(list), "{'version':1,'tokens':[{%s}]}",
		    bad[i].token);
		fixture_quote(list, text);
		cr_expect_eq(tokens_parse(text, strlen(text), &tokens, &error),
		    FAULT_FORMAT, "%s", text);
		cr_expect_not_null(strstr(error.text, bad[i].says), "%s: %s",
		    error.text, text);
		cr_expect_eq(tokens.version, 7);
	}
}

Test(tokens, merges_in_order_and_finds_in_either_case)
{
	scoped_tokens struct tokens tokens, more = {.version = 1};
	struct clashes clashes;
	size_t added = 0;

	tokens_init(&tokens);
	add(&more, make("b2", DEVICE_HOTP, 1));
	add(&more, make("A1", DEVICE_TOTP, 2));
	add(&more, make("C3", DEVICE_TOTP, 3));
	cr_assert_eq(
	    tokens_merge(&tokens, &more, NOW_S, &clashes, &added), FAULT_NONE);
	clashes_done(&clashes);
	cr_expect_eq(added, 3);
	cr_assert_eq(tokens.list.count, 3);
	cr_expect_str_eq(tokens.list.items[0].serial, "A1");
	cr_expect_str_eq(tokens.list.items[1].serial, "b2");
	cr_expect_eq(tokens.list.items[1].imported_s, NOW_S);
	cr_expect_eq(tokens_find(&tokens, "B2"), &tokens.list.items[1]);
	cr_expect_null(tokens_find(&tokens, "B"));
	cr_expect_null(tokens_find(
	    &tokens, "B2345678901234567890123456789012345678901234567890"));
}

Test(tokens, the_same_list_again_changes_nothing)
{
	scoped_tokens struct tokens tokens;
	struct clash clash;
	char *before, *after;

	tokens_init(&tokens);
	cr_expect_eq(merge_one(&tokens, make("A1", DEVICE_TOTP, 1), &clash), 0);
	before = written(&tokens);
	cr_expect_eq(merge_one(&tokens, make("a1", DEVICE_TOTP, 1), &clash), 0);
	after = written(&tokens);
	cr_expect_str_eq(before, after);
	json_text_free(&before);
	json_text_free(&after);
}

/* A secret that somebody has is known by its hash. */
Test(tokens, takes_no_secret_twice_and_none_that_a_user_has)
{
	scoped_tokens struct tokens tokens;
	struct token longer = make("A4", DEVICE_TOTP, 1);
	struct clash clash;
	char text[CLASH_TEXT], *before, *after;

	tokens_init(&tokens);
	cr_expect_eq(merge_one(&tokens, make("A1", DEVICE_TOTP, 1), &clash), 0);
	cr_expect_eq(merge_one(&tokens, make("A2", DEVICE_TOTP, 2), &clash), 0);
	tokens_begin(&tokens.list.items[1], "bob");
	cr_assert(tokens_end(&tokens.list.items[1], NOW_S));
	before = written(&tokens);
	cr_expect_eq(merge_one(&tokens, make("A1", DEVICE_HOTP, 1), &clash), 1);
	cr_expect_eq(clash.why, CLASH_FACTS);
	cr_expect_eq(merge_one(&tokens, make("A1", DEVICE_TOTP, 9), &clash), 1);
	cr_expect_eq(clash.why, CLASH_FACTS);
	cr_expect_eq(merge_one(&tokens, make("A3", DEVICE_TOTP, 1), &clash), 1);
	cr_expect_eq(clash.why, CLASH_SECRET);
	cr_expect_str_eq(clash.other, "A1");
	longer.secret.len = 25; /* zeros at its end make the same codes */
	cr_expect_eq(merge_one(&tokens, longer, &clash), 1);
	cr_expect_eq(clash.why, CLASH_SECRET);
	cr_expect_eq(merge_one(&tokens, make("A3", DEVICE_HOTP, 2), &clash), 1);
	cr_expect_eq(clash.why, CLASH_SECRET);
	cr_expect_str_eq(clash.other, "A2");
	cr_expect_eq(merge_one(&tokens, make("A2", DEVICE_TOTP, 2), &clash), 1);
	cr_expect_eq(clash.why, CLASH_ASSIGNED);
	clash_say(&clash, text);
	cr_expect_not_null(strstr(text, "bob"));
	after = written(&tokens);
	cr_expect_str_eq(before, after);
	json_text_free(&before);
	json_text_free(&after);
}

Test(tokens, takes_none_of_a_list_with_one_that_does_not_fit)
{
	scoped_tokens struct tokens tokens, more = {.version = 1};
	struct clashes clashes;
	size_t added = 0;

	tokens_init(&tokens);
	add(&more, make("A1", DEVICE_TOTP, 1));
	add(&more, make("A2", DEVICE_TOTP, 2));
	add(&more, make("a1", DEVICE_TOTP, 3));
	add(&more, make("A4", DEVICE_TOTP, 2));
	cr_assert_eq(
	    tokens_merge(&tokens, &more, NOW_S, &clashes, &added), FAULT_NONE);
	cr_expect_eq(clashes.list.count, 2);
	cr_expect_eq(clashes.list.items[0].why, CLASH_TWICE);
	cr_expect_eq(clashes.list.items[1].why, CLASH_SECRET);
	cr_expect_eq(tokens.list.count, 0);
	clashes_done(&clashes);
}

Test(tokens, has_room_for_so_many_and_no_more)
{
	scoped_tokens struct tokens tokens, more = {.version = 1};
	struct clashes clashes;
	size_t added = 0;
	char serial[16];

	tokens_init(&tokens);
	for (int i = 0; i < TOKENS_MAX + 1; i++) {
		struct token token = {.type = DEVICE_HOTP,
		    .digits = 6,
		    .secret = {.len = 20, .bytes = {1}}};

		snprintf(token.serial, sizeof(token.serial), "T%d", i);
		memcpy(token.secret.bytes + 1, &i, sizeof(i));
		add(&more, token);
	}
	cr_expect_eq(
	    tokens_merge(&tokens, &more, NOW_S, &clashes, &added), FAULT_LIMIT);
	clashes_done(&clashes);
	list_drop(&more.list, sizeof(struct token), 5);
	cr_assert_eq(
	    tokens_merge(&tokens, &more, NOW_S, &clashes, &added), FAULT_NONE);
	clashes_done(&clashes);
	cr_expect_eq(added, TOKENS_MAX);
	for (int i = 0; i < TOKENS_MAX; i += 1999) {
		snprintf(serial, sizeof(serial), "T%d", i);
		cr_expect(i == 5 || tokens_find(&tokens, serial) != NULL);
	}
}

Test(tokens, forgets_the_secret_of_a_token_that_a_user_has)
{
	struct token token = make("A1", DEVICE_TOTP, '0');
	static const uint8_t none[OTP_SECRET_MAX];

	cr_expect_eq(token_state(&token), TOKEN_FREE);
	tokens_begin(&token, "bob");
	cr_expect_eq(token_state(&token), TOKEN_BEGUN);
	cr_expect_eq(token.secret.len, 20);
	tokens_abandon(&token);
	cr_expect_eq(token_state(&token), TOKEN_FREE);
	tokens_begin(&token, "bob");
	cr_assert(tokens_end(&token, NOW_S));
	cr_expect_eq(token_state(&token), TOKEN_ASSIGNED);
	cr_expect_str_eq(token.user, "bob");
	cr_expect_str_eq(token.hash, HASH);
	cr_expect_eq(token.secret.len, 0);
	cr_expect_arr_eq(token.secret.bytes, none, sizeof(none));
}

Test(tokens, knows_a_record_that_has_the_secret)
{
	scoped_record struct record record;
	struct token token = make("A1", DEVICE_TOTP, 1);
	size_t i = 0;

	fixture_record(&record);
	(void)fixture_device(&record);
	cr_expect_eq(tokens_find_device(&token, &record, &i), FAULT_ABSENT);
	fixture_device(&record)->secret = token.secret;
	cr_expect_eq(tokens_find_device(&token, &record, &i), FAULT_NONE);
	cr_expect_eq(i, 1);
	cr_assert(tokens_end(&token, NOW_S));
	i = 0;
	cr_expect_eq(tokens_find_device(&token, &record, &i), FAULT_NONE);
	cr_expect_eq(i, 1);
}

/* A row has no secret and no hash, whatever becomes of the token. */
Test(tokens, shows_no_secret)
{
	struct token token = make("A1", DEVICE_HOTP, '0');
	scoped_json_text char *text = NULL;
	struct token_row row;

	token.counter = 7;
	token_row_of(&token, &row);
	cr_assert_eq(
	    json_write(&token_row_shape, &row, false, &text), FAULT_NONE);
	cr_expect_not_null(strstr(text, "\"counter\":\"7\""));
	cr_expect_not_null(strstr(text, "\"state\":\"free\""));
	cr_expect_null(strstr(text, "secret"));
	cr_expect_null(strstr(text, "hash"));
	cr_expect_null(strstr(text, "period"));
}

/* A device's name has 32 bytes: the end of a long serial number is what
 * differs. */
Test(tokens, becomes_a_device_that_is_called_by_its_serial)
{
	struct token token = make("A1", DEVICE_HOTP, 1);
	char id[DEVICE_ID_TEXT];
	struct record record;

	fixture_record(&record);
	token.counter = 9;
	cr_assert_eq(enroll_assign(&record, &token, NOW_S, id), FAULT_NONE);
	cr_expect_str_eq(record.devices.items[0].name, "token A1");
	cr_expect_eq(record.devices.items[0].type, DEVICE_HOTP);
	cr_expect_eq(record.devices.items[0].counter, 9);
	cr_expect_eq(enroll_assign(&record, &token, NOW_S, id), FAULT_STALE);
	token = make("MAKER-0123456789-0123456789-0123456789", DEVICE_TOTP, 2);
	cr_assert_eq(enroll_assign(&record, &token, NOW_S, id), FAULT_NONE);
	cr_expect_str_eq(
	    record.devices.items[1].name, "token 6789-0123456789-0123456789");
	record_done(&record);
}
