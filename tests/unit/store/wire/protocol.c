#include "store/wire/protocol.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

static void
connect_pair(int pair[static 2])
{
	cr_assert_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static void
expect_fault(int fd, enum fault expected)
{
	char *text = NULL;
	size_t len = 77;

	cr_expect_eq(packet_receive(fd, 20, &text, &len), expected);
	cr_expect_null(text);
	cr_expect_eq(len, 77);
}

Test(protocol, carries_packets_whole_and_in_order)
{
	static char largest[PACKET_MAX + 2];
	const char *const texts[] = {"{}", "x", largest, "{\"v\":1}"};
	int pair[2];

	memset(largest, 'a', PACKET_MAX);
	connect_pair(pair);
	for (size_t i = 0; i < COUNT(texts); i++)
		cr_expect_eq(packet_send(pair[0], texts[i]), FAULT_NONE);
	for (size_t i = 0; i < COUNT(texts); i++) {
		char *text = NULL;
		size_t len = 0;

		cr_assert_eq(
		    packet_receive(pair[1], 1000, &text, &len), FAULT_NONE);
		cr_expect_eq(len, strlen(texts[i]));
		cr_expect_str_eq(text, texts[i]);
		json_text_free(&text);
	}
	close(pair[0]);
	expect_fault(pair[1], FAULT_ABSENT);
	close(pair[1]);
}

Test(protocol, refuses_what_is_too_large)
{
	static char large[PACKET_MAX + 2];
	int pair[2];

	memset(large, 'a', PACKET_MAX + 1);
	connect_pair(pair);
	cr_expect_eq(packet_send(pair[0], large), FAULT_LIMIT);
	cr_assert_eq(send(pair[0], large, PACKET_MAX + 1, 0), PACKET_MAX + 1);
	expect_fault(pair[1], FAULT_LIMIT);
	close(pair[0]);
	close(pair[1]);
}

Test(protocol, keeps_a_nul_in_a_packet_for_the_reader_to_refuse)
{
	char *text = NULL;
	size_t len = 0;
	int pair[2];

	connect_pair(pair);
	cr_assert_eq(send(pair[0], "{}\0x", 4, 0), 4);
	cr_assert_eq(packet_receive(pair[1], 100, &text, &len), FAULT_NONE);
	cr_expect_eq(len, 4);
	cr_expect_arr_eq(text, "{}\0x", 5);
	free(text);
	close(pair[0]);
	close(pair[1]);
}

Test(protocol, waits_only_so_long)
{
	int pair[2];

	connect_pair(pair);
	expect_fault(pair[1], FAULT_IO);
	close(pair[0]);
	close(pair[1]);
}

/* Without SIGPIPE, which would end the keeper. */
Test(protocol, says_that_the_peer_is_gone)
{
	int pair[2];

	signal(SIGPIPE, SIG_DFL);
	connect_pair(pair);
	close(pair[1]);
	cr_expect_eq(packet_send(pair[0], "{}"), FAULT_IO);
	cr_expect_eq(errno, EPIPE);
	close(pair[0]);
}

static enum fault
read_request(const char *text, struct request *request)
{
	char quoted[QUOTED_MAX];
	struct json_error error;

	fixture_quote(text, quoted);
	*request = (struct request){.version = 0};
	return json_read(&request_shape, quoted, strlen(quoted), PACKET_MAX,
	    request, &error);
}

Test(protocol, reads_a_request)
{
	struct request r;

	cr_assert_eq(
	    read_request("{'v':1,'request':'verify','address':'203.0.113.7',"
			 "'auth':'publickey t b','auth_path':'/tmp/a',"
			 "'command':'ls','terminal':true,'shell':true,"
			 "'code':'123456'}",
		&r),
	    FAULT_NONE);
	cr_expect_str_eq(r.request, "verify");
	cr_expect_str_eq(r.auth, "publickey t b");
	cr_expect_str_eq(r.command, "ls");
	cr_expect_str_eq(r.code, "123456");
	cr_expect(r.terminal && r.shell);
	request_done(&r);
	cr_expect_null(r.auth);
	cr_expect_str_empty(r.code);
}

Test(protocol, refuses_a_request_that_is_not_one)
{
	static const char *const texts[] = {
	    "",
	    "{}",
	    "[]",
	    "{'request':'login'}",
	    "{'v':1}",
	    "{'v':2,'request':'login'}",
	    "{'v':0,'request':'login'}",
	    "{'v':'1','request':'login'}",
	    "{'v':1.0,'request':'login'}",
	    "{'v':1,'request':''}",
	    "{'v':1,'request':'login','uid':0}",
	    "{'v':1,'request':'login','request':'users'}",
	    "{'v':1,'Request':'login'}",
	    "{'v':1,'request':'login','terminal':1}",
	    "{'v':1,'request':'login','code':123456}",
	    "{'v':1,'request':'login','user':null}",
	    "{'v':1,'request':'a-name-that-is-far-too-long'}",
	    "{'v':1,'request':'login'}{}",
	    "{'v':1,'request':'login','code':'"
	    "01234567890123456789012345678901234567890123456789012345678901234"
	    "'}",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct request request;

		cr_expect_eq(read_request(texts[i], &request), FAULT_FORMAT,
		    "%s", texts[i]);
		request_done(&request);
	}
}

/* tfa-admin and the gate tell a reply from a row by its first key. */
Test(protocol, begins_every_reply_with_its_version)
{
	static const struct reply replies[] = {
	    {.version = 1,
		.verdict = VERDICT_PASS,
		.reason = REASON_DONE,
		.end = true},
	    {.version = 1,
		.verdict = VERDICT_DENY,
		.reason = REASON_NONE,
		.message = "No.",
		.may_skip = true,
		.tries = 3,
		.timeout_s = 60,
		.left_s = 5},
	};

	for (size_t i = 0; i < COUNT(replies); i++) {
		struct reply again = {.version = 0};
		struct json_error error;
		char *text = NULL;

		cr_assert_eq(
		    json_write(&reply_shape, &replies[i], false, &text),
		    FAULT_NONE);
		cr_expect_eq(strncmp(text, "{\"v\":1,", 7), 0, "%s", text);
		cr_expect_eq(json_read(&reply_shape, text, strlen(text),
				 PACKET_MAX, &again, &error),
		    FAULT_NONE);
		cr_expect_eq(again.verdict, replies[i].verdict);
		cr_expect_eq(again.reason, replies[i].reason);
		cr_expect_eq(again.end, replies[i].end);
		cr_expect_eq(again.tries, replies[i].tries);
		reply_done(&again);
		json_text_free(&text);
	}
}

Test(protocol, sends_a_reply_with_notes_and_codes)
{
	struct reply reply = {
	    .version = 1, .verdict = VERDICT_PASS, .reason = REASON_ENROLLED};
	struct reply again = {.version = 0};
	struct json_error error;
	char *text = NULL;
	size_t len = 0;
	int pair[2];

	connect_pair(pair);
	for (int i = 0; i < 10; i++) {
		struct note *code = list_add(&reply.codes, sizeof(*code));

		cr_assert_not_null(code);
		snprintf(code->text, sizeof(code->text), "code %d", i);
	}
	cr_assert_eq(
	    packet_send_value(pair[0], &reply_shape, &reply), FAULT_NONE);
	cr_assert_eq(packet_receive(pair[1], 100, &text, &len), FAULT_NONE);
	cr_assert_eq(
	    json_read(&reply_shape, text, len, PACKET_MAX, &again, &error),
	    FAULT_NONE);
	cr_assert_eq(again.codes.count, 10);
	cr_expect_str_eq(again.codes.items[9].text, "code 9");
	json_text_free(&text);
	reply_done(&reply);
	reply_done(&again);
	close(pair[0]);
	close(pair[1]);
}

static enum fault
read_reply(const char *text, struct reply *ret)
{
	char quoted[QUOTED_MAX];
	struct json_error error;

	fixture_quote(text, quoted);
	*ret = (struct reply){.version = 0};
	return json_read(
	    &reply_shape, quoted, strlen(quoted), PACKET_MAX, ret, &error);
}

/* An unknown word lets nobody in, and neither does a missing one. */
Test(protocol, refuses_a_verdict_or_reason_that_it_does_not_know)
{
	static const char *const texts[] = {
	    "{'v':1}",
	    "{'v':1,'verdict':'pass'}",
	    "{'v':1,'reason':'code'}",
	    "{'v':1,'verdict':'','reason':'code'}",
	    "{'v':1,'verdict':'allow','reason':'code'}",
	    "{'v':1,'verdict':'PASS','reason':'code'}",
	    "{'v':1,'verdict':'pass ','reason':'code'}",
	    "{'v':1,'verdict':23063,'reason':'code'}",
	    "{'v':1,'verdict':true,'reason':'code'}",
	    "{'v':1,'verdict':null,'reason':'code'}",
	    "{'v':1,'verdict':'pass','reason':''}",
	    "{'v':1,'verdict':'pass','reason':'Code'}",
	    "{'v':1,'verdict':'pass','reason':'no_such_reason'}",
	    "{'v':1,'verdict':'pass','reason':2}",
	};
	struct request request;
	struct reply reply;

	cr_assert_eq(
	    read_reply("{'v':1,'verdict':'pass','reason':'code'}", &reply),
	    FAULT_NONE);
	cr_expect_eq(reply.verdict, VERDICT_PASS);
	cr_expect_eq(reply.reason, REASON_CODE);
	reply_done(&reply);
	cr_expect_eq(reply.verdict, VERDICT_DENY);
	for (size_t i = 0; i < COUNT(texts); i++) {
		cr_expect_eq(
		    read_reply(texts[i], &reply), FAULT_FORMAT, "%s", texts[i]);
		reply_done(&reply);
	}
	cr_expect_eq(read_request("{'v':1,'request':'refuse',"
				  "'reason':'no_such_reason'}",
			 &request),
	    FAULT_FORMAT);
	request_done(&request);
}

/* Memory that was zeroed, or holds no value of the enum, is sent as a denial.
 */
Test(protocol, sends_a_denial_where_no_verdict_was_set)
{
	static const int values[] = {0, 1, -1, 0x5a16, 0x5a18};

	for (size_t i = 0; i < COUNT(values); i++) {
		struct reply reply = {.version = 1};
		char *text = NULL;

		memcpy(&reply.verdict, &values[i], sizeof(reply.verdict));
		memcpy(&reply.reason, &(int){REASON_COUNT + 1},
		    sizeof(reply.reason));
		cr_assert_eq(
		    json_write(&reply_shape, &reply, false, &text), FAULT_NONE);
		cr_expect_str_eq(
		    text, "{\"v\":1,\"verdict\":\"deny\",\"reason\":\"none\"}");
		json_text_free(&text);
	}
}
