#include "store/json/odd.h"

#include <criterion/criterion.h>
#include <string.h>

#include "store/core/policy.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HEAD     "{\"version\": 1, \"issuer\": \"a\","
#define TAIL     "\"rules\": [], \"otherwise\": \"optional\"}"

/* Mistakes that editors and people make, and the words that name them. */
Test(json_odd, names_what_is_no_json_and_the_way_out)
{
	static const struct {
		const char *text;
		size_t len; /* 0: strlen */
		const char *says;
	} texts[] = {
	    {"\xef\xbb\xbf" HEAD TAIL, 0, "byte order mark"},
	    {"\xef\xbb\xbf" HEAD TAIL, 0, "without a BOM"},
	    {"\xff\xfe{\0\"\0", 6, "UTF-16: save the file as UTF-8"},
	    {"\xfe\xff\0{\0\"", 6, "UTF-16"},
	    {"{\0\"\0v\0", 6, "UTF-16"},
	    {"\0{\0\"", 4, "UTF-16"},
	    {HEAD "\u00a0" TAIL, 0, "no-break space"},
	    {HEAD "\u3000" TAIL, 0, "write a space"},
	    {HEAD "\u200b" TAIL, 0, "cannot be seen"},
	    {HEAD "\xa0" TAIL, 0, "not UTF-8: save"},
	    {HEAD "// x\n" TAIL, 0, "a comment, and JSON has none"},
	    {HEAD "/* x */" TAIL, 0, "a comment"},
	    {HEAD "# x\n" TAIL, 0, "a comment"},
	    {HEAD "\"rules\": [], \"otherwise\": \"optional\",}", 0,
		"remove the comma"},
	    {HEAD "\"rules\": [,], \"otherwise\": \"optional\"}", 0,
		"comma too many"},
	    {HEAD "\"rules\": [{},]}", 0, "remove the comma"},
	    {HEAD "'rules': []}", 0, "write \" in its place"},
	    {HEAD "\u201crules\u201d: []}", 0, "write \" in its place"},
	    {HEAD "\"rules\": \u201ex\u201c}", 0, "write \" in its place"},
	    {HEAD "rules: []}", 0, "stand in quotation marks"},
	    {HEAD "\"rules\": [] \"otherwise\": \"optional\"}", 0,
		"a comma or a colon is missing"},
	    {HEAD "\"rules\" []}", 0, "a comma or a colon is missing"},
	    {HEAD "\"rules\": [", 0, "ends too early"},
	    {"", 0, "empty"},
	    {HEAD "\"rules\": [], \"otherwise\": \"opti\n\"}", 0,
		"the line ends inside it"},
	    {HEAD "\"otherwise\": \"K\xf6ln\"}", 0, "not UTF-8: save"},
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		size_t len = texts[i].len > 0 ? texts[i].len
					      : strlen(texts[i].text);
		struct json_error error;
		struct policy policy;

		cr_expect_eq(policy_parse(texts[i].text, len, &policy, &error),
		    FAULT_FORMAT, "%zu was read", i);
		cr_expect_not_null(strstr(error.text, texts[i].says), "%zu: %s",
		    i, error.text);
	}
}

Test(json_odd, adds_nothing_to_what_is_said_already)
{
	static const char *const texts[] = {HEAD "\"rules\": {}}",
	    HEAD "\"rulez\": []}", HEAD "\"rules\": []}"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct json_error error, again;
		struct policy policy;

		cr_expect_eq(
		    policy_parse(texts[i], strlen(texts[i]), &policy, &error),
		    FAULT_FORMAT);
		again = error;
		json_odd_say(texts[i], strlen(texts[i]), &again);
		cr_expect_str_eq(again.text, error.text);
		cr_expect_null(strstr(error.text, "not JSON"));
	}
}
