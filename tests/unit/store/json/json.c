#include "store/json/json.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

#define TEXT_MAX 4096

/* A shape with a field of every kind. */
struct inner {
	bool present;
	int64_t number;
};

struct item {
	char name[9];
	char *text;
};

struct thing {
	char word[9];
	char *text;
	int64_t number;
	bool flag;
	int choice;
	int64_t time_s;
	int64_t wait_s;
	uint64_t counter;
	struct inner inner;
	struct inner maybe;
	LIST_OF(struct item) items;
	LIST_OF(int64_t) numbers;
	char null_word[9];
	int64_t null_time_s;
	int null_choice;
};

static const char *const words[] = {"", "red", "green", "blue", NULL};

static const struct json_field inner_fields[] = {
    JSON_ROW_NUMBER(
	"number", JSON_REQUIRED, struct inner, number, -5, 1000000000000),
};
static const struct json_shape inner_shape = JSON_SHAPE(inner_fields, NULL);

static const struct json_field item_fields[] = {
    JSON_ROW_TEXT("name", JSON_REQUIRED, struct item, name),
    JSON_ROW_STRING("text", JSON_MAYBE, struct item, text, 16),
};

static const char *
item_check(const void *value, struct json_place *ret_place)
{
	const struct item *item = value;

	if (strcmp(item->name, "bad") != 0)
		return NULL;
	ret_place->key = "name";
	return "is bad";
}

static const struct json_shape item_shape = JSON_SHAPE(item_fields, item_check);
static const struct json_field one_item = JSON_ITEM_OBJECT(
    struct item, &item_shape);
static const struct json_field one_number = JSON_ITEM(
    JSON_NUMBER, int64_t, .min = 0, .max = 9);

static const struct json_field thing_fields[] = {
    JSON_ROW_TEXT("word", JSON_REQUIRED, struct thing, word),
    JSON_ROW_STRING("text", JSON_MAYBE, struct thing, text, 16),
    JSON_ROW_NUMBER("number", JSON_DEFAULT, struct thing, number, -10, 10),
    JSON_ROW_FLAG("flag", JSON_MAYBE, struct thing, flag),
    JSON_ROW_CHOICE("choice", JSON_MAYBE, struct thing, choice, words),
    JSON_ROW_TIME("time", JSON_MAYBE, struct thing, time_s),
    JSON_ROW_DURATION("wait", JSON_MAYBE, struct thing, wait_s),
    JSON_ROW_FORM(
	"counter", JSON_MAYBE, struct thing, counter, &json_form_counter),
    JSON_ROW_OBJECT("maybe", JSON_MAYBE, struct thing, maybe, &inner_shape),
    JSON_ROW_LIST("items", JSON_MAYBE, struct thing, items, 3, &one_item),
    JSON_ROW_LIST(
	"numbers", JSON_DEFAULT, struct thing, numbers, 8, &one_number),
    JSON_ROW_TEXT("null_word", JSON_NULL, struct thing, null_word),
    JSON_ROW_TIME("null_time", JSON_NULL, struct thing, null_time_s),
    JSON_ROW_CHOICE("null_choice", JSON_NULL, struct thing, null_choice, words),
};
static const struct json_shape thing_shape = JSON_SHAPE(thing_fields, NULL);

#define NULLS "'null_word':null,'null_time':null,'null_choice':null"

static enum fault
read_thing(const char *text, struct thing *thing, struct json_error *error)
{
	char quoted[QUOTED_MAX];

	fixture_quote(text, quoted);
	*thing = (struct thing){.number = 7};
	return json_read(
	    &thing_shape, quoted, strlen(quoted), TEXT_MAX, thing, error);
}

static void
expect_round_trip(const char *text)
{
	char quoted[QUOTED_MAX];
	struct json_error error = {.line = 0};
	struct thing thing;
	char *again = NULL;

	fixture_quote(text, quoted);
	cr_expect_eq(read_thing(text, &thing, &error), FAULT_NONE, "%s: %s",
	    error.path, error.text);
	cr_assert_eq(
	    json_write(&thing_shape, &thing, false, &again), FAULT_NONE);
	cr_expect_str_eq(again, quoted);
	json_text_free(&again);
	cr_expect_null(again);
	json_done(&thing_shape, &thing);
}

Test(json, writes_what_it_reads)
{
	static const char *const texts[] = {
	    "{'word':'w','number':7,'numbers':[]," NULLS "}",
	    "{'word':'w','text':'','number':0,'numbers':[]," NULLS "}",
	    "{'word':'12345678','text':'0123456789abcdef','number':-10,"
	    "'flag':true,'choice':'blue','time':'2026-11-01T00:00:00Z',"
	    "'wait':'15m','counter':'18446744073709551615',"
	    "'maybe':{'number':1000000000000},"
	    "'items':[{'name':'a','text':'t'},{'name':'b'},{'name':'c'}],"
	    "'numbers':[0,1,2,3,4,5,6,9],'null_word':'n',"
	    "'null_time':'1970-01-01T00:00:01Z','null_choice':'red'}",
	    "{'word':'\u00e9\u20ac','text':'\\\\ / \\\\','number':0,"
	    "'numbers':[]," NULLS "}",
	    /* An object that is present and zero is kept. */
	    "{'word':'w','number':0,'maybe':{'number':0},'numbers':[]," NULLS
	    "}",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		expect_round_trip(texts[i]);
}

/* Returns the text as cJSON reads and writes it; NULL if cJSON refuses it. */
static char *
as_cjson_reads(const char *text)
{
	cJSON *tree = cJSON_ParseWithOpts(text, NULL, true);
	char *again = tree != NULL ? cJSON_PrintUnformatted(tree) : NULL;

	cJSON_Delete(tree);
	return again;
}

static char *
rewritten(const char *text)
{
	struct json_error error = {.line = 0};
	struct thing thing = {.number = 7};
	char *again = NULL;

	if (json_read(&thing_shape, text, strlen(text), TEXT_MAX, &thing,
		&error) == FAULT_NONE)
		cr_assert_eq(json_write(&thing_shape, &thing, false, &again),
		    FAULT_NONE);
	json_done(&thing_shape, &thing);
	return again;
}

/* Returns true if the text is accepted; cJSON must then find the same
 * values. */
static bool
means_the_same(const char *text)
{
	char *ours = rewritten(text), *theirs, *both;

	if (ours == NULL)
		return false;
	theirs = as_cjson_reads(text);
	cr_assert_not_null(theirs, "%s", text);
	both = rewritten(theirs);
	cr_assert_not_null(both, "%s", theirs);
	cr_expect_str_eq(ours, both);
	cJSON_free(theirs);
	json_text_free(&ours);
	json_text_free(&both);
	return true;
}

/* A second opinion on values. */
Test(json, reads_what_cjson_reads)
{
	static const char *const texts[] = {
	    "{'word':'w'," NULLS "}",
	    " {\n'word' :\t'w'\r, " NULLS " } ",
	    "{" NULLS ",'number':-10,'word':'w'}",
	    "{'word':'\\u0041\\u00e9\\u20ac'," NULLS "}",
	    "{'w\\u006frd':'\u00e9\u20ac'," NULLS "}",
	    "{'word':'w','text':'\\ud83d\\ude00\\\\\\/'," NULLS "}",
	    "{'word':'w','maybe':{'number':1000000000000}," NULLS "}",
	    "{'word':'w','maybe':{'number':-0}," NULLS "}",
	    "{'word':'w','flag':true,'choice':'blue','counter':'0'," NULLS "}",
	    "{'word':'w','items':[{'text':'t','name':'a'},{'name':'b'}],"
	    "'numbers':[1,2 ,3\n],'null_word':'n','null_time':"
	    "'1970-01-01T00:00:01Z','null_choice':'red'}",
	    "{'word':'w','items':[ ],'numbers':[\n]," NULLS "}",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		char quoted[QUOTED_MAX];

		fixture_quote(texts[i], quoted);
		cr_expect(means_the_same(quoted), "%s", quoted);
	}
}

/* With any byte changed or removed the text is refused, or cJSON accepts it
 * too. */
Test(json, reads_nothing_that_cjson_refuses)
{
	static const char whole[] =
	    "{'word':'w', 'text':'\\u0041','number':-10,'flag':true,"
	    "'choice':'red','maybe':{'number':12},'items':[{'name':'a'},"
	    "{'name':'b'}],'numbers':[1, 2],'wait':'1m'," NULLS "}";
	static const char others[] = "{}[],:\"\\ \n\t019-+.eEauxl/\x01\x7f\xc3";
	char quoted[QUOTED_MAX], text[QUOTED_MAX];
	size_t taken = 0;

	fixture_quote(whole, quoted);
	cr_assert(means_the_same(quoted));
	for (size_t at = 0; quoted[at] != '\0'; at++) {
		snprintf(text, sizeof(text), "%s", quoted);
		for (size_t i = 0; others[i] != '\0'; i++) {
			text[at] = others[i];
			taken += means_the_same(text);
		}
		snprintf(text + at, sizeof(text) - at, "%s", quoted + at + 1);
		taken += means_the_same(text);
	}
	cr_expect_gt(taken, 20);
}

/* By cJSON's rules. */
Test(json, writes_one_line_as_cjson_does)
{
	static const int64_t numbers[] = {
	    0, -1, 2147483648, -2147483649, 1000000000000};
	struct thing thing = {.word = "w", .choice = 1, .flag = true};

	for (int c = 1; c < 256; c++) {
		char ours[64], *text = NULL;
		cJSON *tree;
		char *theirs;

		snprintf(ours, sizeof(ours), "%c\\a%c\"%c%c", c, c, c, c);
		thing.text = ours;
		thing.number = numbers[c % (int)COUNT(numbers)];
		cr_assert_eq(
		    json_write(&thing_shape, &thing, false, &text), FAULT_NONE);
		tree = cJSON_Parse(text);
		cr_assert_not_null(tree, "%s", text);
		cr_expect_str_eq(
		    cJSON_GetObjectItem(tree, "text")->valuestring, ours);
		theirs = cJSON_PrintUnformatted(tree);
		cr_expect_str_eq(text, theirs);
		cJSON_free(theirs);
		cJSON_Delete(tree);
		json_text_free(&text);
	}
}

Test(json, leaves_what_is_not_mentioned)
{
	struct json_error error;
	struct thing thing;

	cr_assert_eq(
	    read_thing("{'word':'w'," NULLS "}", &thing, &error), FAULT_NONE);
	cr_expect_eq(thing.number, 7);
	cr_expect_not(thing.maybe.present);
	cr_expect_null(thing.text);
	json_done(&thing_shape, &thing);
}

Test(json, does_not_write_what_is_not_there)
{
	struct thing thing = {.word = "w", .null_word = "n"};
	char *text = NULL, quoted[QUOTED_MAX];

	cr_assert_eq(
	    json_write(&thing_shape, &thing, false, &text), FAULT_NONE);
	fixture_quote("{'word':'w','number':0,'numbers':[],'null_word':'n',"
		      "'null_time':null,'null_choice':null}",
	    quoted);
	cr_expect_str_eq(text, quoted);
	json_text_free(&text);
	cr_assert_eq(json_write(&thing_shape, &thing, true, &text), FAULT_NONE);
	cr_expect_eq(text[strlen(text) - 1], '\n');
	json_text_free(&text);
}

Test(json, replaces_a_list_and_a_string_that_were_there)
{
	struct json_error error;
	struct thing thing = {.word = "longer"};
	int64_t *number = list_add(&thing.numbers, sizeof(*number));
	char quoted[QUOTED_MAX];

	cr_assert_not_null(number);
	*number = 4;
	thing.text = strdup("old");
	fixture_quote(
	    "{'word':'w','text':'new','numbers':[1,2]," NULLS "}", quoted);
	cr_assert_eq(json_read(&thing_shape, quoted, strlen(quoted), TEXT_MAX,
			 &thing, &error),
	    FAULT_NONE);
	cr_expect_eq(thing.numbers.count, 2);
	cr_expect_str_eq(thing.text, "new");
	cr_expect_eq(memcmp(thing.word, "w\0\0\0\0\0\0\0", 9), 0);
	json_done(&thing_shape, &thing);
	cr_expect_null(thing.text);
	cr_expect_null(thing.numbers.items);
	cr_expect_eq(thing.numbers.count, 0);
}

Test(json, says_what_is_wrong_and_where)
{
	static const struct {
		const char *text;
		int line, column;
		const char *path, *word;
	} cases[] = {
	    {"{}", 1, 1, "", "\"word\" is missing"},
	    {"[]", 1, 1, "", "object"},
	    {"'w'", 1, 1, "", "object"},
	    {"null", 1, 1, "", "object"},
	    {"{'word':'w'}", 1, 1, "", "\"null_word\" is missing"},
	    {"{\n 'word':'w',\n 'wrod':'w'}", 3, 2, "wrod", "unknown"},
	    {"{\n 'word':'w',\n 'word':'w'}", 3, 2, "word", "twice"},
	    {"{'word':'w', 'Word':'w'}", 1, 14, "Word", "unknown"},
	    {"{'word':''}", 1, 9, "word", "empty"},
	    {"{'word':'123456789'}", 1, 9, "word", "8 bytes"},
	    {"{'word':1}", 1, 9, "word", "string"},
	    {"{'word':null}", 1, 9, "word", "string"},
	    {"{'word':['w']}", 1, 9, "word", "string"},
	    {"{'text':true}", 1, 9, "text", "string"},
	    {"{'text':'12345678901234567'}", 1, 9, "text", "16 bytes"},
	    {"{'number':'1'}", 1, 11, "number", "number"},
	    {"{'number':11}", 1, 11, "number", "-10 to 10"},
	    {"{'number':-11}", 1, 11, "number", "-10 to 10"},
	    {"{'number':null}", 1, 11, "number", "number"},
	    {"{'number':9007199254740993}", 1, 11, "number", "-10 to 10"},
	    {"{'number':18446744073709551616}", 1, 11, "number", "-10 to 10"},
	    {"{'maybe':{'number':1000000000001}}", 1, 20, "maybe.number",
		"1000000000000"},
	    {"{'flag':1}", 1, 9, "flag", "true or false"},
	    {"{'flag':'true'}", 1, 9, "flag", "true or false"},
	    {"{'choice':'Red'}", 1, 11, "choice", "red, green or blue"},
	    {"{'choice':''}", 1, 11, "choice", "red, green or blue"},
	    {"{'choice':1}", 1, 11, "choice", "red, green or blue"},
	    {"{'time':'now'}", 1, 9, "time", "a time"},
	    {"{'time':0}", 1, 9, "time", "a time"},
	    {"{'wait':'15'}", 1, 9, "wait", "a duration"},
	    {"{'counter':1}", 1, 12, "counter", "as a string"},
	    {"{'counter':''}", 1, 12, "counter", "as a string"},
	    {"{'counter':'01'}", 1, 12, "counter", "as a string"},
	    {"{'counter':'-1'}", 1, 12, "counter", "as a string"},
	    {"{'counter':'1 '}", 1, 12, "counter", "as a string"},
	    {"{'counter':'18446744073709551616'}", 1, 12, "counter",
		"as a string"},
	    {"{'maybe':null}", 1, 10, "maybe", "object"},
	    {"{'maybe':{}}", 1, 10, "maybe", "\"number\" is missing"},
	    {"{'items':{}}", 1, 10, "items", "list"},
	    {"{'items':[{'name':'a'},\n{'nmae':'b'}]}", 2, 2, "items[1].nmae",
		"unknown"},
	    {"{'items':[{'name':'a'},\n{}]}", 2, 1, "items[1]", "missing"},
	    {"{'items':[{'name':'a'},\n'b']}", 2, 1, "items[1]", "object"},
	    {"{'items':[{'name':'a'},{'name':'b'},{'name':'c'},"
	     "{'name':'d'}]}",
		1, 10, "items", "more than 3"},
	    {"{'items':[{'text':'t','name':'bad'}]}", 1, 30, "items[0].name",
		"is bad"},
	    {"{'numbers':[1,2,10]}", 1, 17, "numbers[2]", "0 to 9"},
	    {"{'numbers':[[1]]}", 1, 13, "numbers[0]", "number"},
	    {"{'number':-0,'number':0}", 1, 14, "number", "twice"},
	    {"{'number':9223372036854775808}", 1, 11, "number", "-10 to 10"},
	    {"{'number':-9223372036854775809}", 1, 11, "number", "-10 to 10"},
	    {"{'number':18446744073709551617}", 1, 11, "number", "-10 to 10"},
	    {"{'number':184467440737095516165}", 1, 11, "number", "-10 to 10"},
	    {"{'w\\u006frd':'w',\n'word':'w'}", 2, 1, "word", "twice"},
	    {"{'w\\u006frd\\u0020':'w'}", 1, 2, "word ", "unknown"},
	    {"{'wor':'w'}", 1, 2, "wor", "unknown"},
	    {"{'words':'w'}", 1, 2, "words", "unknown"},
	    {"{'':'w'}", 1, 2, "", "unknown"},
	    {"{'word':'\\u0031\\u00e9\\u20ac\\u20ac'}", 1, 9, "word",
		"8 bytes"},
	    {"{'text':'1234567\\u0038901\\ud83d\\ude004567'}", 1, 9, "text",
		"16 bytes"},
	    {"{'choice':'re'}", 1, 11, "choice", "red, green or blue"},
	    {"{'choice':'reds'}", 1, 11, "choice", "red, green or blue"},
	    {"{'choice':null}", 1, 11, "choice", "red, green or blue"},
	    {"{'time':null}", 1, 9, "time", "a time"},
	    {"{'flag':null}", 1, 9, "flag", "true or false"},
	    {"{'numbers':null}", 1, 12, "numbers", "list"},
	    {"{'null_word':''}", 1, 14, "null_word", "empty"},
	    {"{'null_choice':'none'}", 1, 16, "null_choice", "red"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_error error = {.line = 0};
		struct thing thing;

		cr_expect_eq(read_thing(cases[i].text, &thing, &error),
		    FAULT_FORMAT, "%s", cases[i].text);
		cr_expect_eq(error.line, cases[i].line, "%s: line %d",
		    cases[i].text, error.line);
		cr_expect_eq(error.column, cases[i].column, "%s: column %d",
		    cases[i].text, error.column);
		cr_expect_str_eq(error.path, cases[i].path);
		cr_expect_not_null(strstr(error.text, cases[i].word), "%s: %s",
		    cases[i].text, error.text);
		json_done(&thing_shape, &thing);
	}
}

/* A shape that accepts any of these, if they were JSON. */
struct numbers {
	LIST_OF(int64_t) l;
};
static const struct json_field list_fields[] = {
    JSON_ROW_LIST("l", JSON_MAYBE, struct numbers, l, 100, &one_number)};
static const struct json_shape list_shape = JSON_SHAPE(list_fields, NULL);

Test(json, refuses_what_is_not_json)
{
	static const char *const texts[] = {
	    "",
	    " ",
	    "\n",
	    "{",
	    "}",
	    "{{",
	    "{}}",
	    "{} {}",
	    "{},",
	    "{}x",
	    "{}\v",
	    "{}\f",
	    "{}\u00a0",
	    "\ufeff{}",
	    "\xef\xbb\xbf{}",
	    "{,}",
	    "{'l'}",
	    "{'l':}",
	    "{'l' []}",
	    "{'l'::[]}",
	    "{'l':[],}",
	    "{'l':[]}]",
	    "{'l':[}",
	    "[}",
	    "{]",
	    "[",
	    "]",
	    "{'l':]}",
	    "{'l':{]}}",
	    "{'l':[1},2]",
	    "{'l':[1]",
	    "{'l':[1],",
	    "{'l':[1],'l'",
	    "{1:[]}",
	    "{[]:[]}",
	    "{null:[]}",
	    "{'l' 1}",
	    "{'l',1}",
	    "{'l':[1:2]}",
	    "{:[]}",
	    "{'l':,}",
	    "{'l':[]'m':[]}",
	    "l",
	    "true",
	    "truefalse",
	    "'l'",
	    "1",
	    "{} 1",
	    "{}null",
	    "{}\n]",
	    "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
	    "{'l':[1,]}",
	    "{'l':[,1]}",
	    "{'l':[1,,2]}",
	    "{'l':[1 2]}",
	    "{'l':[1}]",
	    "{'l':[]; }",
	    "{'l'=[]}",
	    "{l:[]}",
	    "{\"l\":[] // comment\n}",
	    "{/* comment */}",
	    "# comment\n{}",
	    "{'l':[01]}",
	    "{'l':[00]}",
	    "{'l':[+1]}",
	    "{'l':[-]}",
	    "{'l':[--1]}",
	    "{'l':[1.0]}",
	    "{'l':[1.]}",
	    "{'l':[.5]}",
	    "{'l':[1e0]}",
	    "{'l':[1E0]}",
	    "{'l':[1e]}",
	    "{'l':[0x1]}",
	    "{'l':[1_0]}",
	    "{'l':[1a]}",
	    "{'l':[NaN]}",
	    "{'l':[Infinity]}",
	    "{'l':[True]}",
	    "{'l':[nul]}",
	    "{'l':undefined}",
	    "{'l:[]}",
	    "{'\\l':[]}",
	    "{'\\x6c':[]}",
	    "{'l\\u0000':[]}",
	    "{'l\\u000':[]}",
	    "{'l\\u00zz':[]}",
	    "{'\\ud800':[]}",
	    "{'\\udc00':[]}",
	    "{'\\ud800\\ud800':[]}",
	    "{'\\ud800x':[]}",
	    "{'\\n':[]}",
	    "{'\\t':[]}",
	    "{'\\u001b':[]}",
	    "{'\\u007f':[]}",
	    "{'a\nb':[]}",
	    "{'a\tb':[]}",
	    "{'a\x1b':[]}",
	    "{'a\x7f':[]}",
	    "{'\xff':[]}",
	    "{'\xc0\x80':[]}",
	    "{'\xed\xa0\x80':[]}",
	    "{'\xe2\x82':[]}",
	    "{'\\",
	    "{'\\u",
	    "{'\\u12",
	    "{'\\ud800\\",
	    "{'\\ud800\\u12",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		char quoted[QUOTED_MAX];
		struct json_error error = {.line = 0};
		struct numbers list = {{NULL, 0}};

		fixture_quote(texts[i], quoted);
		cr_expect_eq(json_read(&list_shape, quoted, strlen(quoted),
				 TEXT_MAX, &list, &error),
		    FAULT_FORMAT, "%s", texts[i]);
		cr_expect_gt(error.line, 0, "%s", texts[i]);
		cr_expect_str_not_empty(error.text, "%s", texts[i]);
		json_done(&list_shape, &list);
	}
}

/* An error of syntax is reported before a value that is not allowed. */
Test(json, refuses_what_is_not_json_before_all_else)
{
	static const struct {
		const char *text;
		int line, column;
		const char *word;
	} cases[] = {
	    {"{'wrod':1,\n'word':'x'", 2, 11, "not JSON"},
	    {"{'word':1,\n'word':1.5}", 2, 8, "whole number"},
	    {"{'word':tru}", 1, 9, "not JSON"},
	    {"{'flag':tru}", 1, 9, "not JSON"},
	    {"{'null_word':nul}", 1, 14, "not JSON"},
	    {"{'number':'\xff'}", 1, 12, "UTF-8"},
	    {"{'number':-}", 1, 11, "whole number"},
	    {"{'items':[1,2,3,4,5}", 1, 20, "not JSON"},
	    {"{'word':'123456789\\n'}", 1, 19, "escape"},
	    {"{'word':[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", 1, 24, "deep"},
	    {"", 1, 1, "empty"},
	    {"{'word':'w'," NULLS "}\n}", 2, 1, "not JSON"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_error error = {.line = 0};
		struct thing thing;

		cr_expect_eq(read_thing(cases[i].text, &thing, &error),
		    FAULT_FORMAT, "%s", cases[i].text);
		cr_expect_eq(error.line, cases[i].line, "%s: line %d",
		    cases[i].text, error.line);
		cr_expect_eq(error.column, cases[i].column, "%s: column %d",
		    cases[i].text, error.column);
		cr_expect_str_empty(error.path);
		cr_expect_not_null(strstr(error.text, cases[i].word), "%s: %s",
		    cases[i].text, error.text);
		json_done(&thing_shape, &thing);
	}
}

/* In any order and any spelling. */
Test(json, reads_what_is_escaped_or_in_another_order)
{
	struct json_error error = {.line = 0};
	struct thing thing;

	cr_assert_eq(read_thing("{'null_choice':'\\u0072ed','null_word':null,"
				"'flag':false,'ti\\u006de':'2026-11-01T00:00:"
				"00\\u005a','null_time':null,'text':'\\\\\\/"
				"\\ud83d\\ude00','number':-0,"
				"'word':'\\u20ac\\u0031'}",
			 &thing, &error),
	    FAULT_NONE, "%s: %s", error.path, error.text);
	cr_expect_eq(thing.null_choice, 1);
	cr_expect_eq(thing.time_s, 1793491200);
	cr_expect_str_eq(thing.text, "\\/\U0001f600");
	cr_expect_eq(thing.number, 0);
	cr_expect_str_eq(thing.word,
	    "\u20ac"
	    "1");
	json_done(&thing_shape, &thing);
}

Test(json, refuses_a_nul_wherever_it_stands)
{
	static const char text[] = "{\"l\":[1,2]}";
	char with[sizeof(text) + 1];

	for (size_t at = 0; at < sizeof(text); at++) {
		struct json_error error;
		struct numbers list = {{NULL, 0}};

		memcpy(with, text, at);
		with[at] = '\0';
		memcpy(with + at + 1, text + at, sizeof(text) - at);
		cr_expect_eq(json_read(&list_shape, with, sizeof(text),
				 TEXT_MAX, &list, &error),
		    FAULT_FORMAT, "at %zu", at);
		json_done(&list_shape, &list);
	}
}

Test(json, takes_every_white_space_that_json_has)
{
	static const char text[] = "\r\n\t {\r\n\t \"l\"\r\n\t :\r\n\t [\r\n\t "
				   "1\r\n\t ,\r\n\t 2\r\n\t ]\r\n\t }\r\n\t ";
	struct json_error error;
	struct numbers list = {{NULL, 0}};

	cr_expect_eq(json_read(&list_shape, text, sizeof(text) - 1, TEXT_MAX,
			 &list, &error),
	    FAULT_NONE);
	cr_expect_eq(list.l.count, 2);
	json_done(&list_shape, &list);
}

Test(json, refuses_a_text_that_is_too_long_before_reading_it)
{
	struct json_error error;
	struct numbers list = {{NULL, 0}};

	cr_expect_eq(
	    json_read(&list_shape, "{}", 2, 2, &list, &error), FAULT_NONE);
	cr_expect_eq(
	    json_read(&list_shape, "x}", 2, 1, &list, &error), FAULT_LIMIT);
	cr_expect_eq(error.line, 0);
	cr_expect_not_null(strstr(error.text, "1 bytes"));
}

Test(json, gives_a_long_path_a_limit)
{
	char text[512], key[256];
	struct json_error error;
	struct numbers list = {{NULL, 0}};

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	snprintf(text, sizeof(text), "{\"%s\": 1}", key);
	cr_expect_eq(
	    json_read(&list_shape, text, strlen(text), TEXT_MAX, &list, &error),
	    FAULT_FORMAT);
	cr_expect_lt(strlen(error.path), JSON_PATH_TEXT);
	cr_expect_eq(strncmp(error.path, key, strlen(error.path)), 0);
}

#define SECRET "sesame99"

/*
 * Memory that is freed can be read by its next owner: texts, lists and their
 * items, the old copy of a list that grew, the tree; of accepted and of refused
 * input.
 */
Test(json, wipes_all_that_it_frees)
{
	static const char *const texts[] = {
	    "{'word':'x','text':'" SECRET "','items':[{'name':'" SECRET
	    "','text':'" SECRET "'},{'name':'" SECRET "'},{'name':'" SECRET
	    "'}]," NULLS "}",
	    "{'word':'x','text':'" SECRET "','items':[{'name':'" SECRET
	    "'},{'name':'bad'}]," NULLS "}"};
	struct json_error error;
	struct thing thing;
	char *again = NULL, *left = strdup(SECRET);

	inject_watch_free(SECRET);
	free(left);
	cr_assert_eq(inject_freed(), 1);
	cr_assert_eq(read_thing(texts[0], &thing, &error), FAULT_NONE);
	cr_assert_eq(
	    json_write(&thing_shape, &thing, false, &again), FAULT_NONE);
	cr_assert_not_null(strstr(again, SECRET));
	json_text_free(&again);
	json_done(&thing_shape, &thing);
	cr_assert_eq(read_thing(texts[1], &thing, &error), FAULT_FORMAT);
	cr_assert_eq(thing.items.count, 2);
	json_done(&thing_shape, &thing);
	cr_expect_eq(inject_freed(), 1);
	inject_watch_free(NULL);
}

/* The text that a form was given, and whether it is still there after
 * reading. */
static const char *given;
static bool kept;

static bool
secret_read(const char *text, void *ret)
{
	given = text;
	memcpy(ret, SECRET, sizeof(SECRET));
	return strcmp(text, SECRET) == 0;
}

static const char *__attribute__((no_sanitize("address")))
secret_check(const void *value, struct json_place *ret_place)
{
	const volatile char *at = given;

	(void)value;
	(void)ret_place;
	kept = true;
	for (size_t i = 0; kept && i < sizeof(SECRET) - 1; i++)
		kept = at[i] == SECRET[i];
	return NULL;
}

Test(json, wipes_what_a_form_was_given)
{
	static const struct json_form form = {"a secret", secret_read, NULL};
	static const struct json_field field = {.key = "secret",
	    .kind = JSON_FORM,
	    .need = JSON_REQUIRED,
	    .size = sizeof(SECRET),
	    .form = &form};
	static const struct json_shape shape = {
	    .fields = &field, .count = 1, .check = secret_check};
	static const char text[] = "{\"secret\":\"" SECRET "\"}";
	struct json_error error;
	char secret[sizeof(SECRET)];

	cr_assert_eq(
	    json_read(&shape, text, sizeof(text) - 1, TEXT_MAX, secret, &error),
	    FAULT_NONE);
	cr_assert_str_eq(secret, SECRET);
	cr_expect_not(kept);
}

static bool
length_read(const char *text, void *ret)
{
	*(int64_t *)ret = (int64_t)strlen(text);
	return true;
}

/* A form receives a whole string, or nothing. */
Test(json, gives_a_form_no_more_than_it_could_have_written)
{
	static const struct json_form form = {"short", length_read, NULL};
	static const struct json_field field = {.key = "a",
	    .kind = JSON_FORM,
	    .need = JSON_REQUIRED,
	    .size = sizeof(int64_t),
	    .form = &form};
	static const struct json_shape shape = {.fields = &field, .count = 1};
	char text[TEXT_MAX];

	for (int len = JSON_FORM_TEXT - 2; len < TEXT_MAX - 32; len++) {
		struct json_error error = {.line = 0};
		int64_t length = -1;
		int n = snprintf(
		    text, sizeof(text), "{\"a\":\"%0*d\"}", len, 1);
		enum fault fault = json_read(
		    &shape, text, (size_t)n, TEXT_MAX, &length, &error);

		if (len < JSON_FORM_TEXT) {
			cr_expect_eq(fault, FAULT_NONE);
			cr_expect_eq(length, len);
			continue;
		}
		cr_expect_eq(fault, FAULT_FORMAT, "%d", len);
		cr_expect_eq(error.column, 6);
		cr_expect_str_eq(error.text, "must be short");
		cr_expect_eq(length, -1);
	}
}

Test(json, says_an_error_as_compilers_do)
{
	static const struct {
		struct json_error error;
		const char *said;
	} cases[] = {
	    {{3, 7, "rules[1].mode", "must be x"},
		"policy.json:3:7: rules[1].mode: must be x"},
	    {{3, 7, "", "not JSON"}, "policy.json:3:7: not JSON"},
	    {{0, 0, "", "larger than 5 bytes"},
		"policy.json: larger than 5 bytes"},
	};
	char said[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_error_say(
		    &cases[i].error, "policy.json", said, sizeof(said));
		cr_expect_str_eq(said, cases[i].said);
	}
}

/* A figure that is round has a radius, any other has a side. */
struct figure {
	bool round;
	int64_t radius, side;
};

static const char *
figure_lacks(const void *value, const struct json_field *field)
{
	const struct figure *figure = value;

	if (field->offset == offsetof(struct figure, radius))
		return figure->round ? NULL : "is for what is round";
	if (field->offset == offsetof(struct figure, side))
		return figure->round ? "is for what has sides" : NULL;
	return NULL;
}

static const struct json_field figure_fields[] = {
    JSON_ROW_FLAG("round", JSON_REQUIRED, struct figure, round),
    JSON_ROW_NUMBER("radius", JSON_REQUIRED, struct figure, radius, 0, 9),
    JSON_ROW_NUMBER("side", JSON_DEFAULT, struct figure, side, 0, 9),
};
static const struct json_shape figure_shape = JSON_SHAPE(
    figure_fields, NULL, figure_lacks);

/* In any order: what an object is may be said last. */
Test(json, object_has_the_keys_of_its_kind_alone)
{
	static const struct {
		const char *text, *path, *word;
	} cases[] = {
	    {"{\"round\":true,\"radius\":3}", NULL, NULL},
	    {"{\"radius\":3,\"round\":true}", NULL, NULL},
	    {"{\"side\":3,\"round\":false}", NULL, NULL},
	    {"{\"round\":false}", NULL, NULL},
	    {"{\"round\":true}", "", "\"radius\" is missing"},
	    {"{\"round\":false,\"radius\":3}", "radius", "round"},
	    {"{\"radius\":0,\"round\":false}", "radius", "round"},
	    {"{\"side\":3,\"radius\":3,\"round\":true}", "side", "sides"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct figure figure = {.round = false};
		struct json_error e;
		enum fault fault = json_read(&figure_shape, cases[i].text,
		    strlen(cases[i].text), 99, &figure, &e);

		if (cases[i].word == NULL) {
			cr_expect_eq(fault, FAULT_NONE, "%zu: %s", i, e.text);
			continue;
		}
		cr_expect_eq(fault, FAULT_FORMAT, "%zu", i);
		cr_expect_str_eq(e.path, cases[i].path, "%zu", i);
		cr_expect_not_null(
		    strstr(e.text, cases[i].word), "%zu: %s", i, e.text);
	}
}

Test(json, writes_no_key_that_the_object_lacks)
{
	struct figure figure = {.round = true, .radius = 3, .side = 4};
	char *text = NULL;

	cr_assert_eq(
	    json_write(&figure_shape, &figure, false, &text), FAULT_NONE);
	cr_expect_str_eq(text, "{\"round\":true,\"radius\":3}");
	json_text_free(&text);
	figure.round = false;
	cr_assert_eq(
	    json_write(&figure_shape, &figure, false, &text), FAULT_NONE);
	cr_expect_str_eq(text, "{\"round\":false,\"side\":4}");
	json_text_free(&text);
}
