#include "store/link/etcd.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "/tfa/v1/"
/* Base64 of the prefix and of these keys. */
#define ALICE  "L3RmYS92MS91c2Vycy9hbGljZQ=="
#define BOB    "L3RmYS92MS91c2Vycy9ib2I="
#define POLICY "L3RmYS92MS9wb2xpY3k="

static struct link_request
request_of(enum link_op op, const char *key, const char *mark, char *value)
{
	struct link_request r = {.op = op, .value = value, .limit = 9};

	snprintf(r.key, sizeof(r.key), "%s", key);
	snprintf(r.mark, sizeof(r.mark), "%s", mark);
	snprintf(r.revision, sizeof(r.revision), "0");
	return r;
}

static void
add_key(struct link_request *r, const char *key, const char *mark)
{
	struct link_key *with = &r->with[r->with_count++];

	snprintf(with->key, sizeof(with->key), "%s", key);
	snprintf(with->mark, sizeof(with->mark), "%s", mark);
}

/* Texts with ' for ". */
static char *
plain(const char *text)
{
	static char json[4][2048];
	static int n;
	char *to = json[n++ % 4];

	snprintf(to, sizeof(json[0]), "%s", text);
	for (char *c = to; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	return to;
}

static void
expect_body(struct json_out out, const char *text)
{
	cr_expect_str_eq(out.text, plain(text));
	json_text_free(&out.text);
}

/* With another key in place of "compare" etcd would write without a condition. */
Test(etcd, writes_each_condition_of_a_put)
{
	static char value[] = "Zm9v";
	struct link_request r = request_of(
	    LINK_PUT, "users/alice", "12", value);

	add_key(&r, "policy", "7");
	expect_body(etcd_put(PREFIX, &r),
	    "{'compare':[{'target':'MOD','result':'EQUAL','key':'" ALICE
	    "','mod_revision':'12'},{'target':'MOD','result':'EQUAL','key':"
	    "'" POLICY "','mod_revision':'7'}],'success':[{'request_put':{"
	    "'key':'" ALICE "','value':'Zm9v'}}],'failure':["
	    "{'request_range':{'key':'" ALICE "'}},"
	    "{'request_range':{'key':'" POLICY "','keys_only':true}}]}");
}

static struct link_request
two_rows(void)
{
	static char one[] = "Zm9v", other[] = "";
	static struct link_row rows[] = {
	    {"users/alice", "0", one}, {"users/bob", "12", other}};

	return (struct link_request){
	    .op = LINK_PUT_ALL, .rows = rows, .rows_count = 2};
}

Test(etcd, writes_each_condition_of_many_puts)
{
	struct link_request r = two_rows();

	expect_body(etcd_put_all(PREFIX, &r),
	    "{'compare':[{'target':'MOD','result':'EQUAL','key':'" ALICE
	    "','mod_revision':'0'},{'target':'MOD','result':'EQUAL','key':"
	    "'" BOB "','mod_revision':'12'}],'success':[{'request_put':{"
	    "'key':'" ALICE "','value':'Zm9v'}},{'request_put':{'key':'" BOB
	    "','value':''}}]}");
}

Test(etcd, writes_the_condition_of_a_removal)
{
	struct link_request r = request_of(
	    LINK_REMOVE, "users/alice", "12", NULL);

	expect_body(etcd_remove(PREFIX, &r),
	    "{'compare':[{'target':'MOD','result':'EQUAL','key':'" ALICE
	    "','mod_revision':'12'}],'success':[{'request_delete_range':{"
	    "'key':'" ALICE "'}}],'failure':[{'request_range':{'key':'" ALICE
	    "'}}]}");
}

Test(etcd, reads_all_keys_of_a_get_at_one_moment)
{
	struct link_request r = request_of(LINK_GET, "users/alice", "", NULL);

	add_key(&r, "policy", "0");
	expect_body(etcd_get(PREFIX, &r),
	    "{'success':[{'request_range':{'key':'" ALICE "'}},"
	    "{'request_range':{'key':'" POLICY "','keys_only':true}}]}");
}

/* Behind "users/bob" is that and a NUL; "users0" is behind all of "users/". */
Test(etcd, scans_behind_the_last_key)
{
	struct link_request r = request_of(LINK_SCAN, "users/", "", NULL);

	expect_body(etcd_scan(PREFIX, &r, 5),
	    "{'key':'L3RmYS92MS91c2Vycy8=','range_end':'L3RmYS92MS91c2VyczA='"
	    ",'limit':5}");
	snprintf(r.after, sizeof(r.after), "users/bob");
	snprintf(r.revision, sizeof(r.revision), "33");
	r.keys_only = true;
	expect_body(etcd_scan(PREFIX, &r, 5),
	    "{'key':'L3RmYS92MS91c2Vycy9ib2IA','range_end':"
	    "'L3RmYS92MS91c2VyczA=','limit':5,'revision':'33',"
	    "'keys_only':true}");
	/* Up to that key itself, which is before the key with a NUL. */
	snprintf(r.until, sizeof(r.until), "users/bob");
	r.after[0] = '\0';
	expect_body(etcd_scan(PREFIX, &r, 5),
	    "{'key':'L3RmYS92MS91c2Vycy8=','range_end':"
	    "'L3RmYS92MS91c2Vycy9ib2IA','limit':5,'revision':'33',"
	    "'keys_only':true}");
}

Test(etcd, escapes_a_password)
{
	expect_body(etcd_auth("tfa", "a\\b\x01"),
	    "{'name':'tfa','password':'a\\\\b\\u0001'}");
}

Test(etcd, knows_its_errors)
{
	static const struct {
		long status;
		const char *body;
		enum etcd_outcome outcome;
	} cases[] = {
	    {200, "{}", ETCD_OK},
	    {401, "{'error':'etcdserver: invalid auth token','code':16}",
		ETCD_TOKEN_BAD},
	    {400, "{'message':'etcdserver: invalid auth token'}",
		ETCD_TOKEN_BAD},
	    {400, "{'message':'etcdserver: revision of auth store is old'}",
		ETCD_TOKEN_BAD},
	    {400, "{'message':'etcdserver: user name is empty'}",
		ETCD_TOKEN_BAD},
	    {429, "{'message':'etcdserver: mvcc: database space exceeded'}",
		ETCD_FULL},
	    {429, "{'message':'etcdserver: too many requests'}", ETCD_BUSY},
	    {400,
		"{'message':'etcdserver: mvcc: required revision has been "
		"compacted'}",
		ETCD_COMPACTED},
	    {403, "{'message':'etcdserver: permission denied'}", ETCD_REFUSED},
	    {500, "{'message':'auth: permission denied'}", ETCD_REFUSED},
	    {400,
		"{'message':'etcdserver: authentication failed, invalid user "
		"ID or password'}",
		ETCD_REFUSED},
	    {400, "{'error':'CommonName of client sending a request'}",
		ETCD_REFUSED},
	    {400, "{'message':'etcdserver: request is too large'}",
		ETCD_REFUSED},
	    {503, "{'message':'etcdserver: no leader'}", ETCD_BUSY},
	    {504, "{'message':'etcdserver: request timed out'}", ETCD_BUSY},
	    {500, "{'message':'something new'}", ETCD_BUSY},
	    {404, "404 page not found", ETCD_ODD},
	    {404, "{'message':'Not Found'}", ETCD_ODD},
	    {502, "<html>", ETCD_BUSY},
	    {302, "", ETCD_ODD},
	    {0, "", ETCD_ODD},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *body = plain(cases[i].body);
		char why[LINK_WHY];

		cr_expect_eq(
		    etcd_judge(cases[i].status, body, strlen(body), why),
		    cases[i].outcome, "%ld %s", cases[i].status, body);
		cr_expect((why[0] == '\0') == (cases[i].status == 200));
	}
}

static bool
read_get(const char *body, struct json_out *ret, enum link_end *ret_end)
{
	struct link_request r = request_of(LINK_GET, "users/alice", "", NULL);

	*ret = json_out_begin(64);
	add_key(&r, "policy", "0");
	body = plain(body);
	return etcd_read_get(&r, PREFIX, body, strlen(body), ret, ret_end);
}

#define HEAD "{'header':{'revision':'44'},"

Test(etcd, answers_a_get)
{
	struct json_out out;
	enum link_end end;

	cr_assert(read_get(HEAD
	    "'succeeded':true,'responses':[{'response_range':{'kvs':[{'key':"
	    "'" ALICE "','mod_revision':'12','value':'Zm9v'}]}},"
	    "{'response_range':{'kvs':[{'key':'" POLICY
	    "','mod_revision':'7'}]}}]}",
	    &out, &end));
	cr_expect_eq(end, LINK_OK);
	cr_expect_str_eq(out.text,
	    plain("{'status':'ok','mark':'12','value':'Zm9v','with':{'policy':"
		  "'7'},'revision':'44'}"));
	json_text_free(&out.text);
	cr_assert(
	    read_get(HEAD "'succeeded':true,'responses':[{'response_range':{}},"
			  "{'response_range':{'header':{}}}]}",
		&out, &end));
	cr_expect_str_eq(out.text,
	    plain("{'status':'ok','mark':'0','with':{'policy':'0'},"
		  "'revision':'44'}"));
	json_text_free(&out.text);
}

/* "Nothing stands there" is the worst that a reply can say: it must be whole. */
Test(etcd, does_not_believe_an_odd_reply)
{
	static const char *const odd[] = {
	    "",
	    "{}",
	    "[]",
	    "{",
	    HEAD "'succeeded':true}",
	    HEAD "'responses':[]}",
	    HEAD "'succeeded':false,'responses':[{'response_range':{}},"
		 "{'response_range':{}}]}",
	    HEAD "'succeeded':1,'responses':[{'response_range':{}},"
		 "{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{},{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_put':{}},"
		 "{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_range':{'kvs':{}}},"
		 "{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_range':{'kvs':[],"
		 "'kvs':[]}},{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_range':{'kvs':["
		 "{'key':'" BOB "','mod_revision':'1','value':''}]}},"
		 "{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_range':{'kvs':["
		 "{'key':'" ALICE "','mod_revision':1,'value':''}]}},"
		 "{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_range':{'kvs':["
		 "{'key':'" ALICE "','mod_revision':'0','value':''}]}},"
		 "{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_range':{'kvs':["
		 "{'key':'" ALICE "','mod_revision':'1','value':'Zg='}]}},"
		 "{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_range':{'kvs':["
		 "{'key':'" ALICE "','mod_revision':'1','value':7}]}},"
		 "{'response_range':{}}]}",
	    "{'header':{'revision':44},'succeeded':true,'responses':["
	    "{'response_range':{}},{'response_range':{}}]}",
	    "{'succeeded':true,'responses':[{'response_range':{}},"
	    "{'response_range':{}}]}",
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct json_out out;
		enum link_end end;

		cr_expect_not(
		    read_get(odd[i], &out, &end), "believed: %s", odd[i]);
		cr_expect_eq(out.len, 0);
		json_text_free(&out.text);
	}
}

static bool
read_put(const char *body, struct json_out *ret, enum link_end *ret_end)
{
	static char value[] = "Zm9v";
	struct link_request r = request_of(
	    LINK_PUT, "users/alice", "12", value);

	*ret = json_out_begin(64);
	body = plain(body);
	return etcd_read_put(&r, PREFIX, body, strlen(body), ret, ret_end);
}

static void
expect_put(const char *body, enum link_end expected, const char *answer)
{
	struct json_out out;
	enum link_end end;

	cr_assert(read_put(body, &out, &end), "%s", body);
	cr_expect_eq(end, expected, "%s", body);
	cr_expect_str_eq(out.text, plain(answer));
	json_text_free(&out.text);
}

Test(etcd, answers_a_put_that_was_done)
{
	expect_put(HEAD "'succeeded':true,'responses':[{'response_put':{}}]}",
	    LINK_OK, "{'status':'ok','mark':'44','revision':'44'}");
}

/* The try before this one was done, and its reply was lost. */
Test(etcd, answers_a_put_that_finds_its_own_bytes)
{
	expect_put(HEAD "'responses':[{'response_range':{'kvs':[{'key':'" ALICE
			"','mod_revision':'40','value':'Zm9v'}]}}]}",
	    LINK_OK, "{'status':'ok','mark':'40','revision':'44'}");
}

Test(etcd, answers_a_put_that_came_too_late)
{
	expect_put(HEAD "'responses':[{'response_range':{'kvs':[{'key':'" ALICE
			"','mod_revision':'40','value':'Zm9o'}]}}]}",
	    LINK_STALE,
	    "{'status':'stale','mark':'40','value':'Zm9o','with':{},"
	    "'revision':'44'}");
	expect_put(HEAD "'responses':[{'response_range':{}}]}", LINK_STALE,
	    "{'status':'stale','mark':'0','with':{},'revision':'44'}");
}

/* "Done" is said only of a reply that has it in its place. */
Test(etcd, does_not_believe_that_a_put_was_done)
{
	static const char *const odd[] = {HEAD "'succeeded':true}",
	    HEAD "'succeeded':true,'responses':[]}",
	    HEAD "'succeeded':true,'responses':[{'response_range':{}}]}",
	    HEAD "'succeeded':'true','responses':[{'response_put':{}}]}",
	    HEAD "'succeeded':true,'succeeded':true,'responses':["
		 "{'response_put':{}}]}",
	    HEAD "'responses':[{'response_put':{}}]}",
	    "{'succeeded':true,'responses':[{'response_put':{}}]}", "{}"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct json_out out;
		enum link_end end;

		cr_expect_not(
		    read_put(odd[i], &out, &end), "believed: %s", odd[i]);
		json_text_free(&out.text);
	}
}

static bool
read_put_all(const char *body, struct json_out *ret, enum link_end *ret_end)
{
	struct link_request r = two_rows();

	*ret = json_out_begin(64);
	body = plain(body);
	return etcd_read_put_all(&r, body, strlen(body), ret, ret_end);
}

static void
expect_put_all(const char *body, enum link_end expected, const char *answer)
{
	struct json_out out;
	enum link_end end;

	cr_assert(read_put_all(body, &out, &end), "%s", body);
	cr_expect_eq(end, expected);
	cr_expect_str_eq(out.text, plain(answer));
	json_text_free(&out.text);
}

Test(etcd, answers_many_puts_that_were_done_or_not)
{
	expect_put_all(HEAD "'succeeded':true,'responses':[{'response_put':{}},"
			    "{'response_put':{}}]}",
	    LINK_OK, "{'status':'ok','revision':'44'}");
	expect_put_all(
	    HEAD "'x':1}", LINK_STALE, "{'status':'stale','revision':'44'}");
}

Test(etcd, does_not_believe_that_many_puts_were_done)
{
	static const char *const odd[] = {HEAD "'succeeded':true}",
	    HEAD "'succeeded':true,'responses':[{'response_put':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_put':{}},"
		 "{'response_range':{}}]}",
	    HEAD "'succeeded':true,'responses':[{'response_put':{}},"
		 "{'response_put':{}},{'response_put':{}}]}",
	    "{'succeeded':true,'responses':[{'response_put':{}},"
	    "{'response_put':{}}]}",
	    "{}"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct json_out out;
		enum link_end end;

		cr_expect_not(
		    read_put_all(odd[i], &out, &end), "believed: %s", odd[i]);
		cr_expect_eq(out.len, 0);
		json_text_free(&out.text);
	}
}

Test(etcd, takes_a_key_that_is_gone_for_removed)
{
	struct link_request r = request_of(
	    LINK_REMOVE, "users/alice", "12", NULL);
	const char *body = plain(HEAD "'responses':[{'response_range':{}}]}");
	struct json_out out = json_out_begin(64);
	enum link_end end;

	cr_assert(etcd_read_remove(&r, PREFIX, body, strlen(body), &out, &end));
	cr_expect_eq(end, LINK_OK);
	json_text_free(&out.text);
}

static bool
read_scan(const char *body, bool keys_only, struct json_out *ret, int *ret_rows)
{
	struct link_request r = request_of(LINK_SCAN, "users/", "", NULL);
	enum link_end end;

	*ret = json_out_begin(64);
	r.keys_only = keys_only;
	body = plain(body);
	return etcd_read_scan(
		   &r, PREFIX, body, strlen(body), ret, &end, ret_rows) &&
	    end == LINK_OK;
}

Test(etcd, answers_a_scan)
{
	static const char body[] = HEAD
	    "'kvs':[{'key':'" ALICE "','mod_revision':'12','value':'Zm9v'},"
	    "{'key':'" BOB "','mod_revision':'13'}],'more':true,'count':'9'}";
	struct json_out out;
	int rows;

	cr_assert(read_scan(body, false, &out, &rows));
	cr_expect_eq(rows, 2);
	cr_expect_str_eq(out.text,
	    plain("{'status':'ok','rows':[{'key':'users/alice','mark':'12',"
		  "'value':'Zm9v'},{'key':'users/bob','mark':'13','value':''}"
		  "],'more':true,'revision':'44'}"));
	json_text_free(&out.text);
}

Test(etcd, refuses_a_scan_that_is_out_of_order_or_of_other_keys)
{
	static const char *const odd[] = {HEAD
	    "'kvs':[{'key':'" BOB "','mod_revision':'1'},{'key':'" ALICE
	    "','mod_revision':'1'}]}",
	    HEAD "'kvs':[{'key':'" BOB "','mod_revision':'1'},{'key':'" BOB
		 "','mod_revision':'1'}]}",
	    HEAD "'kvs':[{'key':'" POLICY "','mod_revision':'1'}]}",
	    HEAD "'kvs':[{'key':'eA==','mod_revision':'1'}]}",
	    HEAD "'kvs':[{'mod_revision':'1'}]}", HEAD "'kvs':[7]}",
	    HEAD "'kvs':7}", HEAD "'more':1}"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct json_out out;
		int rows;

		cr_expect_not(read_scan(odd[i], true, &out, &rows),
		    "believed: %s", odd[i]);
		cr_expect_eq(out.len, 0);
		json_text_free(&out.text);
	}
}

/* As many rows as a packet takes, and word of the others. */
Test(etcd, fills_a_packet_and_says_that_there_is_more)
{
	static char body[3 * LINK_VALUE_64 + 1024], value[LINK_VALUE_64 + 1];
	struct link_request r = request_of(LINK_SCAN, "users/", "", NULL);
	struct json_out out = json_out_begin(64);
	enum link_end end;
	int rows;

	memset(value, 'A', 65536);
	snprintf(body, sizeof(body),
	    "{\"header\":{\"revision\":\"44\"},\"kvs\":[{\"key\":\"" ALICE
	    "\",\"mod_revision\":\"1\",\"value\":\"%s\"},{\"key\":\"" BOB
	    "\",\"mod_revision\":\"1\",\"value\":\"%s\"}]}",
	    value, value);
	cr_assert(
	    etcd_read_scan(&r, PREFIX, body, strlen(body), &out, &end, &rows));
	cr_expect_eq(rows, 1);
	cr_expect_leq(out.len, LINK_PACKET);
	cr_expect(strstr(out.text, "\"more\":true") != NULL);
	json_text_free(&out.text);
}

Test(etcd, takes_a_token_for_a_header_and_no_other_text)
{
	static const char *const wrong[] = {"{'token':''}", "{'token':7}", "{}",
	    "{'token':'a b'}", "{'token':'a\\r\\nHost: x'}"};
	char token[ETCD_TOKEN] = "before";

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *body = plain(wrong[i]);

		cr_expect_not(
		    etcd_read_token(body, strlen(body), token), "%s", body);
		cr_expect_str_eq(token, "before");
	}
	cr_expect(etcd_read_token(plain("{'token':'LmZx.81'}"),
	    strlen("{'token':'LmZx.81'}"), token));
	cr_expect_str_eq(token, "LmZx.81");
}

Test(etcd, reads_how_a_member_is)
{
	const char *body = plain(HEAD
	    "'version':'3.4.23','dbSize':'99','dbSizeInUse':'50','leader':"
	    "'17446744073709551615','errors':['memberID:1 alarm:NOSPACE ']}");
	struct etcd_status status;

	cr_assert(etcd_read_status(body, strlen(body), &status));
	cr_expect_str_eq(status.version, "3.4.23");
	cr_expect_eq(status.db_size, 99);
	cr_expect_eq(status.db_in_use, 50);
	cr_expect(status.has_leader);
	cr_expect(status.no_space);
	cr_expect_not(status.corrupt);
	cr_expect_eq(
	    etcd_read_quota(
		"# x\netcd_server_quota_backend_bytes 2.147483648e+09\n"),
	    2147483648);
	cr_expect_eq(etcd_read_quota("etcd_server_quota 7\n"), 0);
}

#define HEADER "{\"header\":{\"revision\":\"7\"}"

Test(etcd, knows_the_role_that_may_do_all)
{
	static const struct {
		const char *body;
		bool read, root;
	} cases[] = {
	    {HEADER ",\"roles\":[\"tfa\",\"root\"]}", true, true},
	    {HEADER ",\"roles\":[\"tfa\",\"rooted\"]}", true, false},
	    {HEADER "}", true, false},
	    {HEADER ",\"roles\":[7]}", true, false},
	    {"{\"roles\":[\"root\"]}", false, false},
	    {"", false, false},
	};

	expect_body(etcd_user("tfa"), "{'name':'tfa'}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool root = false;

		cr_expect_eq(
		    etcd_read_root(cases[i].body, strlen(cases[i].body), &root),
		    cases[i].read, "%s", cases[i].body);
		cr_expect_eq(root, cases[i].root, "%s", cases[i].body);
	}
}
