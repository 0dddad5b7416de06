#include "store/link/request.h"
#include "store/link/tree.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define GET "{\"op\":\"get\",\"key\":\"users/a\",\"with\":[],\"wait_ms\":3000}"

static enum fault
read_text(const char *text, struct link_request *ret)
{
	const char *why = NULL;
	enum fault fault = link_request_read(text, strlen(text), ret, &why);

	cr_expect((fault == FAULT_NONE) == (why == NULL), "%s", text);
	return fault;
}

/* Texts with ' for ". */
static enum fault
read_plain(const char *text, struct link_request *ret)
{
	char json[512];

	snprintf(json, sizeof(json), "%s", text);
	for (char *c = json; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	return read_text(json, ret);
}

static void
expect_refused(const char *text)
{
	struct link_request request;

	cr_expect_eq(
	    read_plain(text, &request), FAULT_FORMAT, "it was read: %s", text);
	link_request_done(&request);
}

Test(link_request, reads_each_kind)
{
	struct link_request r;

	cr_assert_eq(read_plain("{'op':'get','key':'users/a%40b','with':"
				"['policy','fleet'],'wait_ms':3000}",
			 &r),
	    FAULT_NONE);
	cr_expect_eq(r.op, LINK_GET);
	cr_expect_str_eq(r.key, "users/a%40b");
	cr_expect_eq(r.with_count, 2);
	cr_expect_str_eq(r.with[1].key, "fleet");
	cr_expect_eq(r.wait_ms, 3000);
	cr_assert_eq(
	    read_plain("{'op':'put','key':'users/a','mark':'12','value':'Zm9v',"
		       "'if':{'policy':'7'},'wait_ms':5000}",
		&r),
	    FAULT_NONE);
	cr_expect_str_eq(r.mark, "12");
	cr_expect_str_eq(r.value, "Zm9v");
	cr_expect_str_eq(r.with[0].key, "policy");
	cr_expect_str_eq(r.with[0].mark, "7");
	link_request_done(&r);
	cr_assert_eq(
	    read_plain(
		"{'op':'scan','prefix':'users/','after':'users/b',"
		"'until':'users/d','keys_only':true,'revision':'9','limit':5,'wait_ms':1}",
		&r),
	    FAULT_NONE);
	cr_expect(r.keys_only);
	cr_expect_eq(r.limit, 5);
	cr_expect_str_eq(r.after, "users/b");
	cr_expect_str_eq(r.until, "users/d");
	cr_expect_eq(read_plain("{'op':'remove','key':'users/a','mark':'3',"
				"'wait_ms':1}",
			 &r),
	    FAULT_NONE);
	cr_expect_eq(read_plain("{'op':'status'}", &r), FAULT_NONE);
	cr_assert_eq(read_plain("{'op':'put_all','rows':[{'key':'users/a',"
				"'mark':'0','value':'Zm9v'},{'mark':'12',"
				"'key':'users/b','value':''}],'wait_ms':9}",
			 &r),
	    FAULT_NONE);
	cr_expect_eq(r.rows_count, 2);
	cr_expect_str_eq(r.rows[0].value, "Zm9v");
	cr_expect_str_eq(r.rows[1].key, "users/b");
	cr_expect_str_eq(r.rows[1].mark, "12");
	link_request_done(&r);
}

/* A condition that is lost would make a write without one. */
Test(link_request, refuses_a_put_that_lacks_a_condition)
{
	static const char *const texts[] = {
	    "{'op':'put','key':'k','value':'','if':{},'wait_ms':1}",
	    "{'op':'put','key':'k','mark':'1','value':'','wait_ms':1}",
	    "{'op':'put','key':'k','mark':'1','value':'','if':{},'ifs':{},"
	    "'wait_ms':1}",
	    "{'op':'put','key':'k','mark':'1','value':'','if':{},"
	    "'if':{'policy':'1'},'wait_ms':1}",
	    "{'op':'put','key':'k','mark':'1','mark':'2','value':'','if':{},"
	    "'wait_ms':1}",
	    "{'op':'put','key':'k','mark':1,'value':'','if':{},'wait_ms':1}",
	    "{'op':'put','key':'k','mark':'1','value':'','if':{'policy':1},"
	    "'wait_ms':1}",
	    "{'op':'put','key':'k','mark':'1','value':'',"
	    "'if':{'policy':'1','policy':'2'},'wait_ms':1}",
	    "{'op':'put','key':'k','mark':'1','value':'','if':{'k':'2'},"
	    "'wait_ms':1}",
	    "{'op':'put','key':'k','mark':'1','value':'','if':['policy'],"
	    "'wait_ms':1}",
	    "{'op':'remove','key':'k','wait_ms':1}",
	    "{'op':'put_all','rows':[],'wait_ms':1}",
	    "{'op':'put_all','rows':{},'wait_ms':1}",
	    "{'op':'put_all','rows':[1],'wait_ms':1}",
	    "{'op':'put_all','rows':[{'key':'a','value':''}],'wait_ms':1}",
	    "{'op':'put_all','rows':[{'key':'a','mark':'0','value':'',"
	    "'if':{}}],'wait_ms':1}",
	    "{'op':'put_all','rows':[{'key':'a','mark':'0','mark':'1',"
	    "'value':''}],'wait_ms':1}",
	    "{'op':'put_all','rows':[{'key':'a','mark':'0','value':''},"
	    "{'key':'a','mark':'1','value':''}],'wait_ms':1}",
	    "{'op':'put_all','rows':[{'key':'a','mark':'0','value':''},"
	    "{'key':'b','mark':'1'}],'wait_ms':1}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_refused(texts[i]);
}

Test(link_request, refuses_every_other_text)
{
	static const char *const texts[] = {"", "{", "[]", "null", "'get'",
	    "{}", "{'op':'got'}", "{'op':1}", GET GET, GET "x",
	    "{'op':'status','key':'k'}", "{'Op':'status'}",
	    "{'op':'status','op':'status'}",
	    "{'op':'get','key':'','with':[],'wait_ms':1}",
	    "{'op':'get','key':'a b','with':[],'wait_ms':1}",
	    "{'op':'get','key':'k','with':[1],'wait_ms':1}",
	    "{'op':'get','key':'k','with':['k'],'wait_ms':1}",
	    "{'op':'get','key':'k','with':['a','b','c','d','e'],'wait_ms':1}",
	    "{'op':'get','key':'k','with':[],'wait_ms':0}",
	    "{'op':'get','key':'k','with':[],'wait_ms':-1}",
	    "{'op':'get','key':'k','with':[],'wait_ms':1.5}",
	    "{'op':'get','key':'k','with':[],'wait_ms':30001}",
	    "{'op':'get','key':'k','with':[],'wait_ms':1e300}",
	    "{'op':'get','key':'k','with':[],'wait_ms':'1'}",
	    "{'op':'scan','prefix':'users/','after':'policy','until':'',"
	    "'keys_only':true,'revision':'9','limit':5,'wait_ms':1}",
	    "{'op':'scan','prefix':'users/','after':'','until':'policy',"
	    "'keys_only':true,'revision':'9','limit':5,'wait_ms':1}",
	    "{'op':'scan','prefix':'users/','after':'','keys_only':true,"
	    "'revision':'9','limit':5,'wait_ms':1}",
	    "{'op':'scan','prefix':'users/','after':'','until':'','keys_only':1,"
	    "'revision':'9','limit':5,'wait_ms':1}",
	    "{'op':'scan','prefix':'users/','after':'','until':'',"
	    "'keys_only':true,'revision':'','limit':5,'wait_ms':1}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_refused(texts[i]);
}

/* etcd takes 128; a packet has room for some 30 records. */
Test(link_request, takes_forty_texts_together_and_no_more)
{
	for (int count = 40; count <= 41; count++) {
		struct link_request r;
		char json[4096] = "{\"op\":\"put_all\",\"rows\":[";
		const char *why;
		size_t len = strlen(json);

		for (int i = 0; i < count; i++)
			len += (size_t)snprintf(json + len, sizeof(json) - len,
			    "%s{\"key\":\"k%d\",\"mark\":\"0\","
			    "\"value\":\"\"}",
			    i > 0 ? "," : "", i);
		snprintf(json + len, sizeof(json) - len, "],\"wait_ms\":1}");
		cr_expect_eq(link_request_read(json, strlen(json), &r, &why),
		    count == 40 ? FAULT_NONE : FAULT_FORMAT);
		link_request_done(&r);
	}
}

Test(link_request, refuses_bytes_behind_a_nul)
{
	struct link_request request;
	const char *why;
	char text[] = GET "\0 ";

	cr_expect_eq(link_request_read(text, sizeof(text) - 1, &request, &why),
	    FAULT_FORMAT);
}

Test(link_request, knows_sixteen_levels)
{
	char text[] = "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]";
	scoped_tree cJSON *most = tree_read(
	    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", 32);
	scoped_tree cJSON *more = tree_read(text, strlen(text));

	cr_expect_not_null(most);
	cr_expect_null(more);
}

/* An array of so many numbers, two bytes each, and a text with a comma. */
static cJSON *
read_many(size_t values)
{
	static const char last[] = "\",,\\\",\"]";
	static char text[2 * TREE_COMMAS + 64];
	size_t len = 0;

	text[len++] = '[';
	for (size_t i = 0; i < values; i++) {
		text[len++] = '0';
		text[len++] = ',';
	}
	memcpy(text + len, last, sizeof(last));
	return tree_read(text, len + strlen(last));
}

/* A value takes 64 bytes of memory: 4 MiB of zeros would take 128. */
Test(link_request, knows_sixty_five_thousand_values)
{
	scoped_tree cJSON *most = read_many(TREE_COMMAS);
	scoped_tree cJSON *more = read_many(TREE_COMMAS + 1);

	cr_expect_not_null(most);
	cr_expect_null(more);
}

/* cJSON calls itself for each level. */
Test(link_request, refuses_a_hundred_thousand_levels)
{
	static char text[200001];
	struct link_request request;
	const char *why;

	memset(text, '[', 100000);
	memset(text + 100000, ']', 100000);
	cr_expect_eq(
	    link_request_read(text, 200000, &request, &why), FAULT_FORMAT);
}

Test(link_request, knows_a_mark)
{
	static const char *const good[] = {"0", "1", "9223372036854775807"};
	static const char *const wrong[] = {"", "00", "01", "-1", "+1", "1 ",
	    " 1", "0x1", "1e3", "12345678901234567890"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_expect(link_is_mark(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_not(link_is_mark(wrong[i]), "%s", wrong[i]);
}

Test(link_request, takes_a_value_of_64_kib_and_no_byte_more)
{
	static uint8_t bytes[LINK_VALUE + 1];
	static char text[BASE64_LEN(LINK_VALUE + 1) + 1];

	cr_assert_eq(
	    base64_encode(bytes, LINK_VALUE, text, sizeof(text)), FAULT_NONE);
	cr_expect(link_is_value(text));
	cr_assert_eq(base64_encode(bytes, LINK_VALUE + 1, text, sizeof(text)),
	    FAULT_NONE);
	cr_expect_not(link_is_value(text));
}

/* The words of a server that nobody vouches for reach the log and the user. */
Test(link_request, says_a_reason_in_plain_letters)
{
	struct json_out out = json_out_begin(64);

	link_say(&out, LINK_REFUSED, "a\"b\\c\n\x1b[2J\xff\x7f");
	cr_expect_str_eq(
	    out.text, "{\"status\":\"refused\",\"why\":\"a'b c  [2J  \"}");
	json_text_free(&out.text);
}
