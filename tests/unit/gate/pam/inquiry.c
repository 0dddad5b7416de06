#include <criterion/criterion.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gate/pam/inquiry.h"
#include "gate/sshd/methods.h"
#include "store/base/utf8.h"
#include "tests/unit/fixture.h"

#define TOKEN "pam/0123456789abcdef0123456789abcdef"
#define FROM  "192.0.2.7 40000 192.0.2.1 2222"

static const struct inquiry door = {.door = true,
    .request = "login",
    .token = TOKEN,
    .ssh_connection = FROM,
    .ssh_auth_info = "publickey ssh-ed25519 AAAA\n",
    .service = "tfa-sshd"};

Test(inquiry, door_sends_what_sshd_says)
{
	struct inquiry inquiry = door;
	struct request request;

	cr_assert_null(inquiry_fill(&inquiry, &request));
	cr_expect_str_eq(request.request, "login");
	cr_expect_str_eq(request.address, "192.0.2.7");
	cr_expect_str_eq(request.auth, "publickey ssh-ed25519 AAAA");
	cr_expect_str_eq(request.auth_path, TOKEN " " FROM);
	cr_expect_str_eq(request.code, "");
	cr_expect_null(request.command);
	cr_expect_not(request.terminal);
	cr_expect_not(request.shell);
	request_done(&request);
}

Test(inquiry, key_is_that_of_the_first_line_that_names_one)
{
	static const struct {
		const char *said, *key;
	} cases[] = {
	    {"publickey a b", "publickey a b"},
	    {"password\npublickey a b\npublickey c d\n", "publickey a b"},
	    {"publickey ssh-ed25519-cert-v01@openssh.com AAAA==\n",
		"publickey ssh-ed25519-cert-v01@openssh.com AAAA=="},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct inquiry inquiry = door;
		struct request request;

		inquiry.ssh_auth_info = cases[i].said;
		cr_expect_null(inquiry_fill(&inquiry, &request));
		cr_expect_str_eq(request.auth, cases[i].key);
		request_done(&request);
	}
}

static const char *
fill(const struct inquiry *inquiry)
{
	struct request request;
	const char *wrong = inquiry_fill(inquiry, &request);

	request_done(&request);
	return wrong;
}

/* At the door alone: sudo and su have no key. */
Test(inquiry, door_wants_a_key)
{
	static const char *const none[] = {NULL, "", "\n\n", "password\n",
	    "keyboard-interactive/pam\n", "Publickey a b\n", " publickey a b\n",
	    "publickey"};
	struct inquiry inquiry = door;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		inquiry.door = true;
		inquiry.ssh_auth_info = none[i];
		cr_expect_not_null(fill(&inquiry), "%zu", i);
		inquiry.door = false;
		cr_expect_null(fill(&inquiry), "%zu", i);
	}
}

Test(inquiry, odd_keys_are_refused)
{
	static const char *const odd[] = {"publickey a \033[2J\n",
	    "publickey \xff\xfe\n", "publickey a b\r\n", "publickey \t\n"};
	struct inquiry inquiry = door;
	char *large = malloc(METHODS_MAX + 1);

	cr_assert_not_null(large);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		inquiry.ssh_auth_info = odd[i];
		cr_expect_not_null(fill(&inquiry), "%zu", i);
	}
	memset(large, 'a', METHODS_MAX);
	memcpy(large, "publickey ", 10);
	large[METHODS_MAX] = '\0';
	inquiry.ssh_auth_info = large;
	cr_expect_not_null(fill(&inquiry));
	large[AUTH_SENT + 1] = '\0';
	cr_expect_not_null(fill(&inquiry));
	large[AUTH_SENT] = '\0';
	cr_expect_null(fill(&inquiry));
	/* A short key, and more lines than are read. */
	memset(large, 'a', METHODS_MAX);
	memcpy(large, "publickey a b\n", 14);
	cr_expect_not_null(fill(&inquiry));
	large[METHODS_MAX - 1] = '\0';
	cr_expect_null(fill(&inquiry));
	free(large);
}

Test(inquiry, connection_without_a_name_is_refused)
{
	static const char *const odd[] = {NULL, "", "x", "192.0.2.7",
	    "192.0.2.7 40000 192.0.2.1", "192.0.2.7 0 192.0.2.1 22",
	    "192.0.2.7 40000 192.0.2.1 22 ", "host 40000 192.0.2.1 22",
	    "192.0.2.7 65536 192.0.2.1 22", "192.0.2.7  1 192.0.2.1 22"};
	struct inquiry inquiry = door;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		inquiry.ssh_connection = odd[i];
		cr_expect_not_null(fill(&inquiry), "%zu", i);
	}
	inquiry.ssh_connection = FROM;
	cr_expect_null(fill(&inquiry));
	inquiry.token = NULL;
	cr_expect_not_null(fill(&inquiry));
	inquiry.token = "pam/0123";
	cr_expect_not_null(fill(&inquiry));
}

/* The variables may be of an sshd session out of which sudo is called, and
 * would be the caller's own word. */
Test(inquiry, caller_sends_the_service_and_nothing_of_sshd)
{
	struct inquiry inquiry = door;
	struct request request;

	inquiry.door = false;
	inquiry.service = "sudo";
	inquiry.ssh_auth_info = "publickey a b\n";
	cr_assert_null(inquiry_fill(&inquiry, &request));
	cr_expect_str_eq(request.command, "sudo");
	cr_expect_str_eq(request.auth_path, "");
	cr_expect_str_eq(request.address, "");
	cr_expect_null(request.auth);
	request_done(&request);
	inquiry.service = "a\nb";
	cr_assert_null(inquiry_fill(&inquiry, &request));
	cr_expect_str_eq(request.command, "a?b");
	request_done(&request);
}

Test(inquiry, code_is_read_as_the_gate_reads_one)
{
	static const struct {
		const char *typed, *code;
	} cases[] = {{"123456", "123456"}, {" 123 456\r", "123456"},
	    {"\357\274\221\357\274\222", "12"}, {"", ""}, {"   ", ""},
	    {"a\033b", "a?b"}};
	struct inquiry inquiry = door;
	struct request request;
	size_t much = 20 << 20;
	char *flood = malloc(much + 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		inquiry.code = cases[i].typed;
		cr_expect_null(inquiry_fill(&inquiry, &request));
		cr_expect_str_eq(request.code, cases[i].code);
		request_done(&request);
	}
	cr_assert_not_null(flood);
	memset(flood, ' ', much);
	memcpy(flood, "123456", 6);
	flood[much] = '\0';
	inquiry.code = flood;
	cr_expect_null(inquiry_fill(&inquiry, &request));
	cr_expect_str_eq(request.code, "?");
	request_done(&request);
	free(flood);
}

struct false_keeper {
	char folder[FOLDER_MAX];
	char path[FOLDER_MAX + 8];
	pid_t pid;
};

/* Answers one client with len bytes, or hangs up at once. */
static void
keeper_begin(struct false_keeper *k, const void *bytes, size_t len)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), fd;
	char *request;
	size_t n;

	fixture_folder(k->folder);
	snprintf(k->path, sizeof(k->path), "%s/socket", k->folder);
	memcpy(address.sun_path, k->path, strlen(k->path) + 1);
	cr_assert_eq(
	    bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	k->pid = fork();
	if (k->pid == 0) {
		fd = accept(listener, NULL, NULL);
		if (packet_receive(fd, 5000, &request, &n) == FAULT_NONE &&
		    len > 0)
			(void)!send(fd, bytes, len, MSG_NOSIGNAL);
		_exit(0);
	}
	close(listener);
}

static void
keeper_end(struct false_keeper *k)
{
	kill(k->pid, SIGKILL);
	fixture_wait(k->pid);
	fixture_remove(k->folder);
}

/* The ruling on one answer of a keeper. */
static struct ruling
ask(struct inquiry inquiry, const void *bytes, size_t len)
{
	struct false_keeper keeper;
	struct ruling ruling;

	memset(&ruling, 0xa5, sizeof(ruling));
	keeper_begin(&keeper, bytes, len);
	inquiry.keeper = (struct client_options){
	    .socket = keeper.path, .keeper_user = getpwuid(geteuid())->pw_name};
	inquiry_ask(&inquiry, &ruling);
	keeper_end(&keeper);
	cr_expect(ruling_is_sound(&ruling));
	return ruling;
}

#define ASK(inquiry, text) ask(inquiry, text, strlen(text))
#define REPLY(verdict, reason)                                      \
	"{\"v\":1,\"verdict\":\"" verdict "\",\"reason\":\"" reason \
	"\",\"message\":\"Said.\"}"

Test(inquiry, answer_of_the_keeper_is_the_ruling)
{
	struct ruling ruling = ASK(door, REPLY("pass", "exempt"));

	cr_expect_eq(ruling.verdict, VERDICT_PASS);
	cr_expect_str_eq(ruling.message, "Said.");
	ruling = ASK(door, REPLY("challenge", "ask"));
	cr_expect_eq(ruling.verdict, VERDICT_CHALLENGE);
	ruling = ASK(door, REPLY("deny", "wrong_code"));
	cr_expect_eq(ruling.verdict, VERDICT_DENY);
	cr_expect_eq(ruling.then, RULING_RETRY);
}

Test(inquiry, odd_answers_deny_and_say_why)
{
	static const char *const odd[] = {"", "{", "pass", "{}", "[]",
	    "{\"v\":1,\"verdict\":\"pass\"", "{\"v\":1,\"verdict\":\"pass\"}",
	    "{\"v\":2,\"verdict\":\"pass\",\"reason\":\"exempt\"}",
	    "{\"v\":1,\"verdict\":\"PASS\",\"reason\":\"exempt\"}",
	    "{\"v\":1,\"verdict\":\"pass\",\"reason\":\"because\"}",
	    REPLY("pass", "exempt") "{}",
	    "{\"v\":1,\"verdict\":\"pass\",\"reason\":\"exempt\",\"x\":1}"};
	struct ruling ruling;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		ruling = ASK(door, odd[i]);
		cr_expect_eq(ruling.verdict, VERDICT_DENY, "%zu", i);
		cr_expect_eq(ruling.then, RULING_UNASKED, "%zu", i);
		cr_expect_not_null(
		    strstr(ruling.message, "keeper cannot be reached"));
	}
}

Test(inquiry, answer_that_is_too_large_denies)
{
	size_t len = PACKET_MAX + 1;
	char *large = malloc(len);
	struct ruling ruling;

	cr_assert_not_null(large);
	memset(large, ' ', len);
	memcpy(large, REPLY("pass", "exempt"), strlen(REPLY("pass", "exempt")));
	ruling = ask(door, large, len);
	cr_expect_eq(ruling.verdict, VERDICT_DENY);
	cr_expect_eq(ruling.then, RULING_UNASKED);
	free(large);
}

Test(inquiry, keeper_that_is_away_denies_and_is_named)
{
	struct inquiry inquiry = door;
	struct ruling ruling;

	inquiry.keeper = (struct client_options){
	    .socket = "/nonexistent/keeper.sock", .keeper_user = "_tfa"};
	inquiry_ask(&inquiry, &ruling);
	cr_expect_eq(ruling.verdict, VERDICT_DENY);
	cr_expect_eq(ruling.then, RULING_UNASKED);
	cr_expect_not_null(strstr(ruling.message, "/nonexistent/keeper.sock"));
	cr_expect(ruling_is_sound(&ruling));
}

/* Nothing that the keeper says shows in it, but that it is away. */
Test(inquiry, user_who_is_not_there_looks_like_one_with_a_device)
{
	static const char *const said[] = {REPLY("pass", "exempt"),
	    REPLY("deny", "unknown_user"), REPLY("challenge", "ask"),
	    REPLY("deny", "busy")};
	struct inquiry inquiry = door;
	struct ruling ruling;

	inquiry.unknown = true;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		inquiry.code = NULL;
		ruling = ASK(inquiry, said[i]);
		cr_expect_eq(ruling.verdict, VERDICT_CHALLENGE);
		cr_expect_str_empty(ruling.message);
		inquiry.code = "123456";
		ruling = ASK(inquiry, said[i]);
		cr_expect_eq(ruling.verdict, VERDICT_DENY);
		cr_expect_eq(ruling.then, RULING_RETRY);
		cr_expect_str_eq(ruling.message, "Wrong code.");
	}
	ruling = ASK(inquiry, "");
	cr_expect_eq(ruling.then, RULING_UNASKED);
}

/* Without root nobody else can be become, and then nothing is written. */
Test(inquiry, child_that_cannot_become_the_user_writes_nothing)
{
	struct inquiry inquiry = door;
	char bytes[sizeof(struct ruling)];
	int ends[2];
	pid_t pid;

	inquiry.keeper.socket = "/nonexistent";
	inquiry.uid = inquiry.gid = 2001;
	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setresuid(12345, 12345, 12345) != 0)
			_exit(2);
		inquiry_run(&inquiry, ends[1]);
	}
	close(ends[1]);
	cr_expect_eq(read(ends[0], bytes, sizeof(bytes)), 0);
	close(ends[0]);
	cr_expect_eq(fixture_wait(pid), 1);
}
