/* The list of tokens, and a token for a user: the requests that change them. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/folder/tokens_file.h"
#include "tests/unit/inject.h"
#include "tests/unit/store/keeper/scene.h"

#define TEXT 65536

static const char policy[] =
    "{'version':1,'issuer':'Test','rules':[],'otherwise':'required',"
    "'enrollment':{'self':'always','max_devices':3}}\n";

/* The last answer to a request. */
struct answer {
	enum verdict verdict;
	enum reason reason;
	int64_t added;
	char message[MESSAGE_TEXT], note[MESSAGE_TEXT], device[DEVICE_ID_TEXT];
	size_t answers, notes;
};

static void
take_answer(void *ctx, const char *text)
{
	struct answer *answer = ctx;
	struct reply reply;

	keeper_scene_reply(text, &reply);
	answer->answers++;
	answer->verdict = reply.verdict;
	answer->reason = reply.reason;
	answer->added = reply.added;
	answer->notes = reply.notes.count;
	memcpy(answer->message, reply.message, sizeof(answer->message));
	memcpy(answer->device, reply.device, sizeof(answer->device));
	if (reply.notes.count > 0)
		memcpy(answer->note, reply.notes.items[0].text,
		    sizeof(answer->note));
	reply_done(&reply);
}

static struct answer
ask(struct keeper_scene *s, const char *request)
{
	struct answer answer = {.answers = 0};
	char packet[QUOTED_MAX];

	keeper_scene_request(s, request, NO_CODE, packet);
	keeper_scene_ask(s, 0, packet, false, take_answer, &answer);
	return answer;
}

static void
denied(struct keeper_scene *s, const char *request, enum reason reason,
    const char *says)
{
	struct answer answer = ask(s, request);

	cr_expect_eq(answer.verdict, VERDICT_DENY, "%s", request);
	cr_expect_eq(answer.reason, reason, "%s: %s", request,
	    reason_name(answer.reason));
	cr_expect_not_null(
	    strstr(answer.message, says), "%s: %s", request, answer.message);
}

static void
passed(struct keeper_scene *s, const char *request)
{
	struct answer answer = ask(s, request);

	cr_expect_eq(answer.verdict, VERDICT_PASS, "%s: %s", request,
	    reason_name(answer.reason));
}

/* Returns that token, or NULL; of a list that must be sound. */
static const struct token *
listed(struct keeper_scene *s, const char *serial)
{
	static struct tokens tokens;

	tokens_done(&tokens);
	cr_assert_eq(tokens_file_read(&s->store, &tokens), FAULT_NONE, "%s",
	    s->store.why);
	return tokens_find(&tokens, serial);
}

static void
is_listed(struct keeper_scene *s, const char *serial, enum token_state state,
    const char *user)
{
	const struct token *token = listed(s, serial);

	cr_assert_not_null(token, "%s", serial);
	cr_expect_eq(token_state(token), state, "%s: %s", serial,
	    token_state_names[token_state(token)]);
	cr_expect_str_eq(token->user, user);
}

static void
read_file(struct keeper_scene *s, const char *name, char ret[static TEXT])
{
	scoped_fd int fd = openat(s->store.dir, name, O_RDONLY | O_CLOEXEC);
	scoped_free char *text = NULL;
	size_t len = 0;

	ret[0] = '\0';
	if (fd < 0)
		return;
	cr_assert_eq(file_read(fd, TEXT - 1, &text, &len), FAULT_NONE);
	memcpy(ret, text, len + 1);
}

/* The number of the user's devices that have the secret of SCENE_TOKEN. */
static int
devices(struct keeper_scene *s, const char *user, const char *name)
{
	scoped_record struct record record = {.version = 0};
	int count = 0;

	if (store_read(&s->store, user, &record) != FAULT_NONE)
		return 0;
	list_each(const struct device, device, record.devices)
		count += strcmp(device->name, name) == 0;
	return count;
}

/* Puts the token N<n> with a secret of its own behind the text. */
static void
add_token(char *text, size_t room, unsigned n)
{
	size_t len = strlen(text);

	snprintf(text + len, room - len,
	    "%s{'serial':'N%u','type':'hotp','algorithm':'SHA1','digits':6,"
	    "'counter':'0','secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAA%c%c%c%c'}",
	    text[len - 1] == '[' ? "" : ",", n, 'A' + n / 4096 % 16,
	    'A' + n / 256 % 16, 'A' + n / 16 % 16, 'A' + n % 16);
}

/* Sends packet number i of count tokens. */
static void
send_packet(int fd, unsigned i, unsigned count, unsigned offset, bool last)
{
	char *text = malloc(TEXT);

	snprintf(text, TEXT,
	    "{'v':1,'request':'tokens_put','offset':%u%s,'tokens':[", offset,
	    last ? ",'last':true" : "");
	for (unsigned k = 0; k < count; k++)
		add_token(text, TEXT, i * count + k);
	snprintf(text + strlen(text), TEXT - strlen(text), "]}");
	for (char *at = text; *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at;
	if (packet_send(fd, text) != FAULT_NONE)
		_exit(1);
	free(text);
}

/* Has a process send packets of count tokens each on one connection, the last
 * with last: a socket has no room for all. */
static struct answer
put(struct keeper_scene *s, unsigned packets, unsigned count, bool ends,
    unsigned offset_off)
{
	static const struct conduct conduct;
	struct answer answer = {.answers = 0};
	size_t len = 0;
	char *got = NULL;
	int pair[2];
	pid_t pid;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		for (unsigned i = 0; i < packets; i++)
			send_packet(pair[0], i, count,
			    i * count + (i > 0 ? offset_off : 0),
			    ends && i + 1 == packets);
		shutdown(pair[0], SHUT_WR);
		_exit(0);
	}
	keeper_serve(&s->keeper, pair[1], &conduct);
	close(pair[1]);
	while (packet_receive(pair[0], 0, &got, &len) == FAULT_NONE) {
		take_answer(&answer, got);
		free(got);
	}
	close(pair[0]);
	(void)fixture_wait(pid);
	return answer;
}

Test(keeper_tokens, takes_a_list_in_packets_and_only_when_all_are_there)
{
	struct keeper_scene s;
	struct answer answer;

	keeper_scene_begin(&s, policy);
	answer = put(&s, 3, 20, false, 0);
	cr_expect_eq(answer.answers, 3);
	cr_expect_eq(answer.verdict, VERDICT_PASS);
	cr_expect_null(listed(&s, "N0"));
	cr_expect_neq(faccessat(s.store.dir, TOKENS_FILE, F_OK, 0), 0);
	answer = put(&s, 3, 20, true, 0);
	cr_expect_eq(answer.answers, 3);
	cr_expect_eq(answer.added, 60);
	is_listed(&s, "n59", TOKEN_FREE, "");
	cr_expect_null(listed(&s, "N60"));
	answer = put(&s, 3, 20, true, 0);
	cr_expect_eq(answer.verdict, VERDICT_PASS);
	cr_expect_eq(answer.added, 0);
	keeper_scene_end(&s);
}

/* A client whose connection was closed must not send the rest elsewhere. */
Test(keeper_tokens, takes_no_rest_of_a_list)
{
	struct keeper_scene s;
	struct answer answer;

	keeper_scene_begin(&s, policy);
	answer = put(&s, 2, 5, true, 1);
	cr_expect_eq(answer.reason, REASON_BUSY);
	cr_expect_null(listed(&s, "N0"));
	denied(&s, "'tokens_put','last':true", REASON_BAD_REQUEST, "");
	keeper_scene_end(&s);
}

Test(keeper_tokens, holds_no_more_than_the_list_has_room_for)
{
	struct keeper_scene s;
	struct answer answer;

	keeper_scene_begin(&s, policy);
	answer = put(&s, TOKENS_MAX / 200 + 1, 200, false, 0);
	cr_expect_eq(answer.reason, REASON_TOKENS_FULL);
	cr_expect_eq(answer.answers, TOKENS_MAX / 200 + 1);
	cr_expect_not_null(strstr(answer.message, "20000"));
	keeper_scene_end(&s);
}

Test(keeper_tokens, says_which_token_clashes_and_takes_none)
{
	struct keeper_scene s;
	struct answer answer;
	static char before[TEXT], after[TEXT];

	keeper_scene_begin(&s, policy);
	keeper_scene_tokens(&s);
	read_file(&s, TOKENS_FILE, before);
	answer = ask(&s,
	    "'tokens_put','last':true,'tokens':[{'serial':'N1','type':'totp',"
	    "'algorithm':'SHA1','digits':6,'period':30,'secret':"
	    "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAZ'},{'serial':'t3','type':'totp',"
	    "'algorithm':'SHA1','digits':6,'period':30,'secret':"
	    "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAX'}]");
	cr_expect_eq(answer.reason, REASON_TOKENS_CLASH);
	cr_expect_eq(answer.notes, 1);
	cr_expect_eq(strncmp(answer.note, "t3: was assigned to root", 24), 0,
	    "%s", answer.note);
	read_file(&s, TOKENS_FILE, after);
	cr_expect_str_eq(before, after);
	keeper_scene_end(&s);
}

/* A change that is not in the log is not made. */
Test(keeper_tokens, takes_back_what_it_cannot_log)
{
	static const char *const requests[] = {
	    "'tokens_put','last':true,'tokens':[{'serial':'N1','type':'totp',"
	    "'algorithm':'SHA1','digits':6,'period':30,'secret':"
	    "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAZ'}]",
	    "'tokens_remove','serial':'" SCENE_TOKEN "'"};
	struct keeper_scene s;
	static char before[TEXT], after[TEXT];

	keeper_scene_begin(&s, policy);
	keeper_scene_tokens(&s);
	read_file(&s, TOKENS_FILE, before);
	s.call = "write";
	for (size_t i = 0; i < COUNT(requests); i++) {
		s.failing = 2;
		denied(&s, requests[i], REASON_NO_LOG, "");
		cr_expect(s.reached);
		read_file(&s, TOKENS_FILE, after);
		cr_expect_str_eq(before, after);
	}
	s.failing = 0;
	keeper_scene_end(&s);
}

Test(keeper_tokens, assigns_one_and_forgets_its_secret)
{
	struct keeper_scene s;
	struct answer answer;
	static char log[TEXT], list[TEXT];

	keeper_scene_begin(&s, policy);
	keeper_scene_tokens(&s);
	keeper_scene_put(&s, "root", scene_enrolled);
	answer = ask(&s, "'assign','user':'root','serial':'t1'");
	cr_expect_eq(answer.verdict, VERDICT_PASS);
	cr_expect_str_eq(answer.device, "d2");
	is_listed(&s, SCENE_TOKEN, TOKEN_ASSIGNED, "root");
	cr_expect_eq(devices(&s, "root", "token T1"), 1);
	read_file(&s, TOKENS_FILE, list);
	cr_expect_null(strstr(list, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"));
	read_file(&s, AUDIT_FILE, log);
	cr_expect_not_null(strstr(log, "\"event\":\"assign\""));
	cr_expect_not_null(strstr(log, "\"detail\":\"token T1\""));
	cr_expect_null(strstr(log, "AAAAAAA"));
	/* Asked again, it changes nothing. */
	answer = ask(&s, "'assign','user':'root','serial':'T1'");
	cr_expect_eq(answer.verdict, VERDICT_PASS);
	cr_expect_str_eq(answer.device, "d2");
	cr_expect_eq(devices(&s, "root", "token T1"), 1);
	keeper_scene_end(&s);
}

Test(keeper_tokens, never_gives_one_to_two_people)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	keeper_scene_tokens(&s);
	denied(&s, "'assign','user':'daemon','serial':'T2'", REASON_TOKEN_BEGUN,
	    "to root");
	denied(&s, "'assign','user':'daemon','serial':'T3'", REASON_TOKEN_TAKEN,
	    "to root (2026-10-02");
	/* root's record does not have it any more. */
	denied(&s, "'assign','user':'root','serial':'T3'", REASON_TOKEN_TAKEN,
	    "to root");
	denied(&s, "'assign','user':'root','serial':'T9'", REASON_TOKEN_UNKNOWN,
	    "T9");
	denied(&s, "'assign','user':'tfa-gone','serial':'T1'",
	    REASON_UNKNOWN_USER, "");
	cr_expect_eq(devices(&s, "daemon", "token T2"), 0);
	is_listed(&s, "T2", TOKEN_BEGUN, "root");
	is_listed(&s, "T3", TOKEN_ASSIGNED, "root");
	keeper_scene_end(&s);
}

static void
has_begun(struct record *record)
{
	struct device *device;

	scene_enrolled(record);
	device = list_add(&record->devices, sizeof(*device));
	cr_assert_not_null(device);
	*device = (struct device){.id = "d2",
	    .name = "token T2",
	    .type = DEVICE_HOTP,
	    .digits = 6,
	    .counter = 77,
	    .secret = {.len = 20}};
	device->secret.bytes[19] = 2;
}

static void
has_begun_as_another(struct record *record)
{
	has_begun(record);
	record->uid = 4711;
}

/* The keeper was killed after the record was written: its counter stays. */
Test(keeper_tokens, ends_what_was_begun)
{
	scoped_record struct record record = {.version = 0};
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	keeper_scene_tokens(&s);
	keeper_scene_put(&s, "root", has_begun);
	passed(&s, "'assign','user':'root','serial':'T2'");
	is_listed(&s, "T2", TOKEN_ASSIGNED, "root");
	cr_expect_eq(devices(&s, "root", "token T2"), 1);
	cr_assert_eq(store_read(&s.store, "root", &record), FAULT_NONE);
	cr_expect_eq(record.devices.items[1].counter, 77);
	keeper_scene_end(&s);
}

/* A refusal frees the token, unless a record may have its secret. */
Test(keeper_tokens, frees_a_token_only_if_no_record_can_have_it)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	keeper_scene_tokens(&s);
	keeper_scene_put(&s, "root", scene_all_devices);
	denied(&s, "'assign','user':'root','serial':'T1'", REASON_DEVICES_FULL,
	    "This user has 8 devices and would get 1 more, where the policy "
	    "allows 3: ");
	is_listed(&s, "T1", TOKEN_FREE, "");
	denied(&s, "'assign','user':'root','serial':'T2'", REASON_DEVICES_FULL,
	    "");
	is_listed(&s, "T2", TOKEN_FREE, "");
	keeper_scene_tokens(&s);
	keeper_scene_put(&s, "root", has_begun_as_another);
	denied(
	    &s, "'assign','user':'root','serial':'T2'", REASON_UID_CHANGED, "");
	is_listed(&s, "T2", TOKEN_BEGUN, "root");
	keeper_scene_write(s.store.users, "root.json", 0600, "{");
	denied(
	    &s, "'assign','user':'root','serial':'T2'", REASON_BAD_RECORD, "");
	is_listed(&s, "T2", TOKEN_BEGUN, "root");
	denied(
	    &s, "'assign','user':'root','serial':'T1'", REASON_BAD_RECORD, "");
	is_listed(&s, "T1", TOKEN_FREE, "");
	keeper_scene_end(&s);
}

/* The sync of the folder fails: the record may have the secret. */
Test(keeper_tokens, keeps_a_token_begun_if_the_record_may_have_it)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	keeper_scene_tokens(&s);
	keeper_scene_put(&s, "root", scene_enrolled);
	s.call = "fsync";
	s.failing = 4; /* list, its folder, record, its folder */
	denied(&s, "'assign','user':'root','serial':'T1'", REASON_STORE, "");
	cr_expect(s.reached);
	s.failing = 0;
	is_listed(&s, "T1", TOKEN_BEGUN, "root");
	denied(&s, "'assign','user':'daemon','serial':'T1'", REASON_TOKEN_BEGUN,
	    "root");
	passed(&s, "'assign','user':'root','serial':'T1'");
	cr_expect_eq(devices(&s, "root", "token T1"), 1);
	keeper_scene_end(&s);
}

static struct keeper_scene *scene;
static int updates;

/* Gives the token's device another id, as if it had been removed and added
 * again. */
static enum change
add_again(struct record *record, void *arg)
{
	(void)arg;
	snprintf(record->devices.items[1].id,
	    sizeof(record->devices.items[1].id), "d7");
	return CHANGE_WRITE;
}

static void
add_before_undo(const char *user, inject_change *change, void *arg)
{
	(void)change;
	(void)arg;
	if (++updates != 2)
		return;
	inject_before_update(NULL);
	cr_expect_eq(
	    store_update(&scene->store, user, 0, add_again, NULL), FAULT_NONE);
}

/* It cannot be logged, and while it is taken back somebody adds the secret by
 * another way. */
Test(keeper_tokens, keeps_a_token_begun_if_its_secret_is_not_gone)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	keeper_scene_tokens(&s);
	keeper_scene_put(&s, "root", scene_enrolled);
	scene = &s;
	inject_before_update(add_before_undo);
	s.call = "write";
	s.failing = 3; /* list, record, log */
	denied(&s, "'assign','user':'root','serial':'T1'", REASON_NO_LOG, "");
	cr_expect(s.reached);
	cr_expect_eq(updates, 2);
	s.failing = 0;
	is_listed(&s, "T1", TOKEN_BEGUN, "root");
	cr_expect_eq(devices(&s, "root", "token T1"), 1);
	keeper_scene_end(&s);
}

/* Else the token could be imported again, and given to somebody else. */
Test(keeper_tokens, stays_in_the_list_while_a_device_has_its_secret)
{
	struct keeper_scene s;

	keeper_scene_begin(&s, policy);
	keeper_scene_tokens(&s);
	keeper_scene_put(&s, "root", has_begun);
	denied(&s, "'tokens_remove','serial':'T2'", REASON_TOKEN_HELD,
	    "root's device d2");
	passed(&s, "'assign','user':'root','serial':'T2'");
	denied(&s, "'tokens_remove','serial':'T2'", REASON_TOKEN_HELD,
	    "root's device d2");
	keeper_scene_write(s.store.users, "root.json", 0600, "{");
	denied(&s, "'tokens_remove','serial':'T2'", REASON_BAD_RECORD, "");
	keeper_scene_put(&s, "root", scene_enrolled);
	passed(&s, "'tokens_remove','serial':'t2'");
	cr_expect_null(listed(&s, "T2"));
	denied(&s, "'tokens_remove','serial':'T2'", REASON_TOKEN_UNKNOWN, "");
	keeper_scene_end(&s);
}

Test(keeper_tokens, neither_reads_nor_changes_a_damaged_list)
{
	static const char *const requests[] = {"'tokens'",
	    "'tokens_remove','serial':'T1'",
	    "'assign','user':'root','serial':'T1'",
	    "'tokens_put','last':true,'tokens':[{'serial':'N1','type':'totp',"
	    "'algorithm':'SHA1','digits':6,'period':30,'secret':"
	    "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAZ'}]"};
	struct keeper_scene s;
	static char after[TEXT];

	keeper_scene_begin(&s, policy);
	keeper_scene_write(
	    s.store.dir, TOKENS_FILE, 0600, "{\"version\":1,\"tokens\":[");
	for (size_t i = 0; i < COUNT(requests); i++)
		denied(&s, requests[i], REASON_BAD_TOKENS, "tokens.json");
	read_file(&s, TOKENS_FILE, after);
	cr_expect_str_eq(after, "{\"version\":1,\"tokens\":[");
	keeper_scene_end(&s);
}

/* The largest tokens that there can be fit a packet, as many as one takes. */
Test(keeper_tokens, of_a_packet_fit_it)
{
	struct token *tokens = calloc(TOKENS_SENT, sizeof(*tokens));
	struct request request = {.version = PROTOCOL_VERSION,
	    .request = "tokens_put",
	    .offset = TOKENS_MAX,
	    .tokens = {tokens, TOKENS_SENT},
	    .last = true};
	scoped_json_text char *text = NULL;

	cr_assert_not_null(tokens);
	for (size_t i = 0; i < TOKENS_SENT; i++) {
		tokens[i] = (struct token){.type = DEVICE_HOTP,
		    .algorithm = OTP_SHA512,
		    .digits = 8,
		    .counter = UINT64_MAX,
		    .secret = {.len = OTP_SECRET_MAX}};
		memset(tokens[i].serial, 'A', TOKEN_SERIAL - 1);
	}
	cr_assert_eq(
	    json_write(&request_shape, &request, false, &text), FAULT_NONE);
	cr_expect_leq(strlen(text), PACKET_MAX);
	free(tokens);
}
