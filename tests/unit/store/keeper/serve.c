/* Tests whole requests, from the packet to the record on disk.  The failure
 * of each call of libc is tested in inject.c of the keeper. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/file.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"
#include "store/json/lex.h"
#include "store/keeper/requests.h"
#include "store/system/people.h"
#include "store/base/utf8.h"

#define REQUEST_MAX 256

static const char policy_text[] =
    "{\"version\":1,\"issuer\":\"Test\",\"rules\":[{\"name\":\"all\","
    "\"users\":[\"*\"],\"mode\":\"required\"}],\"otherwise\":\"required\","
    "\"enrollment\":{\"self\":\"always\"}}\n";

struct scene {
	char folder[FOLDER_MAX];
	char policy[FOLDER_MAX + 16];
	struct keeper keeper;
	const struct passwd *me;
	char code[OTP_DIGITS_MAX + 1];
};

static const char login[] = "{\"v\":1,\"request\":\"login\"}";

static enum change
enrolled(struct record *record, void *arg)
{
	struct scene *s = arg;

	fixture_code(fixture_device(record), time(NULL), 0, s->code);
	return CHANGE_WRITE;
}

/* A device that counts its codes. */
static enum change
counted(struct record *record, void *arg)
{
	struct scene *s = arg;

	fixture_code_of(fixture_counted(record, 7), 7, s->code);
	return CHANGE_WRITE;
}

/* The state: a secret that waits for its first code. */
static enum change
half_enrolled(struct record *record, void *arg)
{
	struct scene *s = arg;
	struct device device = {.digits = 6, .period_s = 30, .secret.len = 20};
	uint8_t secret[ENROLL_SECRET_BYTES] = {7};

	memcpy(device.secret.bytes, secret, sizeof(secret));
	fixture_code(&device, time(NULL), 0, s->code);
	cr_assert_eq(
	    enroll_begin(record, secret, "phone", time(NULL)), FAULT_NONE);
	return CHANGE_WRITE;
}

static void
set_record(struct scene *s, enum change (*change)(struct record *, void *))
{
	struct store store;

	cr_assert_eq(store_open(s->folder, true, &store), FAULT_NONE);
	unlinkat(store.users, "root.json", 0);
	if (change != NULL)
		cr_assert_eq(store_update(&store, s->me->pw_name, s->me->pw_uid,
				 change, s),
		    FAULT_NONE);
	store_close(&store);
}

static void
begin(struct scene *s)
{
	int fd;

	*s = (struct scene){.me = getpwuid(geteuid())};
	if (s->me == NULL || strcmp(s->me->pw_name, "root") != 0)
		cr_skip_test("needs root");
	fixture_folder(s->folder);
	snprintf(s->policy, sizeof(s->policy), "%s/policy.json", s->folder);
	fd = open(s->policy, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(
	    file_write(fd, policy_text, sizeof(policy_text) - 1), FAULT_NONE);
	close(fd);
	s->keeper = (struct keeper){
	    .store = s->folder, .policy = s->policy, .embedded = true};
}

/* Sends the request as a client does: with the code if it takes one, and
 * with claims if it is about the sender. */
static void
make_request(
    const struct scene *s, const char *name, char ret[static REQUEST_MAX])
{
	static const char *const judged[] = {"verify", "enroll_confirm",
	    "device_begin", "device_confirm", "device_remove", "recovery"};
	static const char *const of_admins[] = {"users", "explain", "revoke",
	    "unlock", "code", "enroll", "import", "log", "note", "weigh",
	    "forget", "ended", "policy_get", "policy_put"};
	char code[32] = "";
	bool claims = true;

	for (size_t i = 0; i < COUNT(judged); i++)
		if (strcmp(name, judged[i]) == 0)
			snprintf(
			    code, sizeof(code), ",\"code\":\"%s\"", s->code);
	for (size_t i = 0; i < COUNT(of_admins); i++)
		claims &= strcmp(name, of_admins[i]) != 0;
	snprintf(ret, REQUEST_MAX, "{\"v\":1,\"request\":\"%s\"%s%s}", name,
	    code,
	    claims ? ",\"terminal\":true,\"address\":\"203.0.113.7\"" : "");
}

/* Returns the last answer to the peer, or "". */
static void
ask(struct scene *s, const char *request, struct reply *ret)
{
	static const struct conduct conduct;
	struct json_error e;
	char *answer = NULL;
	size_t len = 0;
	int pair[2];
	pid_t pid;

	*ret = (struct reply){.version = 0};
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(packet_send(pair[0], request), FAULT_NONE);
	shutdown(pair[0], SHUT_WR);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		keeper_serve(&s->keeper, pair[1], &conduct);
		_exit(0);
	}
	close(pair[1]);
	cr_expect_eq(fixture_wait(pid), 0);
	while (packet_receive(pair[0], 0, &answer, &len) == FAULT_NONE) {
		reply_done(ret);
		*ret = (struct reply){.version = 0};
		cr_expect_eq(
		    json_read(&reply_shape, answer, len, PACKET_MAX, ret, &e),
		    FAULT_NONE, "%s", answer);
		free(answer);
	}
	close(pair[0]);
}

/* Returns how many lines of the log have these words. */
static int
lines_with(const struct scene *s, const char *words)
{
	char path[FOLDER_MAX + 16], line[AUDIT_LINE_MAX];
	FILE *file;
	int n = 0;

	snprintf(path, sizeof(path), "%s/%s", s->folder, AUDIT_FILE);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		n += strstr(line, words) != NULL;
	if (file != NULL)
		fclose(file);
	return n;
}

/* The offer is decided by the keeper, whatever the peer claims. */
Test(keeper_serve, lets_nobody_skip_what_is_required)
{
	enum change (*const records[])(struct record *, void *) = {
	    NULL, half_enrolled, enrolled};
	struct scene s;

	begin(&s);
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct reply reply;
		char request[REQUEST_MAX];

		set_record(&s, records[i]);
		make_request(&s, "skip", request);
		ask(&s, request, &reply);
		cr_expect_eq(reply.version, PROTOCOL_VERSION);
		cr_expect_neq(reply.verdict, VERDICT_PASS, "record %zu", i);
		reply_done(&reply);
	}
	fixture_remove(s.folder);
}

/* The code is spent before the answer, which comes last. */
Test(keeper_serve, answers_pass_only_after_all_is_on_disk)
{
	static enum change (*const states[])(struct record *, void *) = {
	    enrolled, counted};
	static const struct conduct conduct;

	for (size_t i = 0; i < COUNT(states); i++) {
		struct scene s;
		char request[REQUEST_MAX];
		int pair[2];

		begin(&s);
		set_record(&s, states[i]);
		make_request(&s, "verify", request);
		cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
		cr_assert_eq(packet_send(pair[0], request), FAULT_NONE);
		inject_trace_begin();
		keeper_serve(&s.keeper, pair[1], &conduct);
		alarm(0);
		cr_expect_str_eq(inject_trace_end(),
		    "flock openat write fsync renameat fsync flock write "
		    "send ");
		close(pair[0]);
		fixture_remove(s.folder);
	}
}

/* Starts a child that serves one connection; *ret_fd is the other end. */
static pid_t
serve_start(struct scene *s, int *ret_fd)
{
	static const struct conduct conduct;
	int pair[2];
	pid_t pid;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		_exit(keeper_serve(&s->keeper, pair[1], &conduct));
	}
	close(pair[1]);
	*ret_fd = pair[0];
	return pid;
}

/* Returns the verdict on the next request on that connection, or "" for no
 * answer. */
static char *
say(int fd, const char *request, char ret[static REQUEST_MAX])
{
	struct reply reply = {.version = 0};
	struct json_error error;
	char *answer = NULL;
	size_t len = 0;

	ret[0] = '\0';
	if (packet_send(fd, request) != FAULT_NONE ||
	    packet_receive(fd, 5000, &answer, &len) != FAULT_NONE)
		return ret;
	cr_expect_eq(
	    json_read(&reply_shape, answer, len, PACKET_MAX, &reply, &error),
	    FAULT_NONE, "%s", answer);
	snprintf(ret, REQUEST_MAX, "%s", verdict_name(reply.verdict));
	reply_done(&reply);
	free(answer);
	return ret;
}

/* Checks that the code is still valid: nobody has judged it. */
static void
expect_unspent(struct scene *s)
{
	char request[REQUEST_MAX];
	struct reply reply;

	make_request(s, "verify", request);
	ask(s, request, &reply);
	cr_expect_eq(
	    reply.verdict, VERDICT_PASS, "%s", reason_name(reply.reason));
	reply_done(&reply);
}

Test(keeper_serve, judges_one_verify_behind_a_login)
{
	struct scene s;
	char verify[REQUEST_MAX], said[REQUEST_MAX];
	int fd, report;
	pid_t pid;

	begin(&s);
	set_record(&s, enrolled);
	make_request(&s, "verify", verify);
	pid = serve_start(&s, &fd);
	cr_expect_str_eq(say(fd, login, said), "challenge");
	cr_expect_str_eq(say(fd, verify, said), "pass");
	cr_expect_str_eq(say(fd, verify, said), "");
	report = fixture_wait(pid);
	cr_expect_eq(report,
	    REPORTED | REPORTED_LINE | REPORTED_FOLLOWED | REPORTED_CLEAN,
	    "%#x", report);
	close(fd);
	fixture_remove(s.folder);
}

Test(keeper_serve, judges_only_the_first_of_two_behind_a_login)
{
	struct scene s;
	char verify[REQUEST_MAX], said[REQUEST_MAX];
	int fd;
	pid_t pid;

	begin(&s);
	set_record(&s, enrolled);
	make_request(&s, "verify", verify);
	pid = serve_start(&s, &fd);
	cr_expect_str_eq(say(fd, login, said), "challenge");
	cr_expect_str_eq(say(fd,
			     "{\"v\":1,\"request\":\"verify\","
			     "\"code\":\"nothing\"}",
			     said),
	    "deny");
	cr_expect_str_eq(say(fd, verify, said), "");
	cr_expect_eq(fixture_wait(pid),
	    REPORTED | REPORTED_LINE | REPORTED_REFUSAL | REPORTED_FOLLOWED |
		REPORTED_CLEAN);
	close(fd);
	expect_unspent(&s);
	fixture_remove(s.folder);
}

/* This includes requests that its peer, root here, may make otherwise. */
Test(keeper_serve, refuses_all_but_a_verify_behind_a_login)
{
	static const char *const others[] = {"login", "skip", "enroll_begin",
	    "enroll_confirm", "status", "device_begin", "device_confirm",
	    "device_remove", "recovery", "users", "revoke", "note", "verif",
	    ""};
	struct scene s;
	char request[REQUEST_MAX], said[REQUEST_MAX];

	begin(&s);
	for (size_t i = 0; i <= COUNT(others); i++) {
		int fd;
		pid_t pid;

		set_record(&s, enrolled);
		make_request(&s, i < COUNT(others) ? others[i] : "", request);
		if (i == COUNT(others))
			snprintf(request, sizeof(request), "verify");
		pid = serve_start(&s, &fd);
		cr_expect_str_eq(say(fd, login, said), "challenge");
		cr_expect_str_eq(say(fd, request, said), "deny", "%s", request);
		cr_expect_eq(fixture_wait(pid), REPORTED | REPORTED_FOLLOWED);
		close(fd);
		expect_unspent(&s);
	}
	fixture_remove(s.folder);
}

/* Nothing may follow an answer that was not a challenge. */
Test(keeper_serve, ends_with_an_answer_that_is_final)
{
	static const struct {
		enum change (*record)(struct record *, void *);
		const char *request, *verdict;
	} finals[] = {
	    {NULL, "login", "enroll"},
	    {NULL, "verify", "enroll"},
	    {NULL, "enroll_begin", "enroll"},
	    {enrolled, "verify", "pass"},
	    {enrolled, "skip", "challenge"},
	};
	struct scene s;
	char request[REQUEST_MAX], said[REQUEST_MAX];

	begin(&s);
	for (size_t i = 0; i < COUNT(finals); i++) {
		int fd;
		pid_t pid;

		set_record(&s, finals[i].record);
		make_request(&s, finals[i].request, request);
		pid = serve_start(&s, &fd);
		cr_expect_str_eq(say(fd, request, said), finals[i].verdict,
		    "%s: %s", finals[i].request, said);
		make_request(&s, "verify", request);
		cr_expect_str_eq(
		    say(fd, request, said), "", "%s", finals[i].request);
		cr_expect_eq(fixture_wait(pid) & REPORTED_FOLLOWED, 0);
		close(fd);
	}
	fixture_remove(s.folder);
}

/* A person who takes time to think holds no process, and neither does a slow
 * peer. */
Test(keeper_serve, waits_only_a_moment_behind_a_login)
{
	struct scene s;
	char verify[REQUEST_MAX], said[REQUEST_MAX];
	time_t begun_s = time(NULL);
	int fd;
	pid_t pid;

	begin(&s);
	set_record(&s, enrolled);
	make_request(&s, "verify", verify);
	pid = serve_start(&s, &fd);
	cr_expect_str_eq(say(fd, login, said), "challenge");
	cr_expect_eq(fixture_wait(pid), REPORTED | REPORTED_CLEAN);
	cr_expect_leq(time(NULL), begun_s + 2);
	cr_expect_str_eq(say(fd, verify, said), "");
	close(fd);
	expect_unspent(&s);
	pid = serve_start(&s, &fd);
	cr_expect_str_eq(say(fd, login, said), "challenge");
	close(fd);
	cr_expect_eq(fixture_wait(pid), REPORTED | REPORTED_CLEAN);
	fixture_remove(s.folder);
}

/* The failure may come from a lack of memory: the process must not refuse
 * others too. */
Test(keeper_serve, serves_no_other_after_a_group_could_not_be_looked_up)
{
	static const char groups[] =
	    "{\"version\":1,\"issuer\":\"Test\",\"rules\":[{\"name\":"
	    "\"some\",\"groups\":[\"daemon\"],\"mode\":\"required\"}],"
	    "\"otherwise\":\"optional\"}\n";
	static const struct conduct conduct;
	struct scene s;
	int found = 0;
	FILE *file;

	begin(&s);
	file = fopen(s.policy, "we");
	cr_assert_not_null(file);
	fputs(groups, file);
	fclose(file);
	for (int n = 1; n < 120; n++) {
		char *answer = NULL;
		size_t len = 0;
		int pair[2], report;
		pid_t pid;

		cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
		pid = fork();
		if (pid == 0) {
			close(pair[0]);
			inject_arm(n, ENOMEM);
			report = keeper_serve(&s.keeper, pair[1], &conduct);
			inject_disarm();
			_exit(report & REPORTED_CLEAN);
		}
		close(pair[1]);
		cr_assert_eq(packet_send(pair[0], login), FAULT_NONE);
		if (packet_receive(pair[0], 5000, &answer, &len) != FAULT_NONE)
			answer = strdup("");
		report = fixture_wait(pid);
		if (strstr(answer, "\"group_error\"") != NULL) {
			cr_expect_eq(report, 0, "call %d", n);
			found++;
		}
		free(answer);
		close(pair[0]);
	}
	cr_expect_gt(found, 0);
	fixture_remove(s.folder);
}

/* An alarm would end a worker that waits for the next connection. */
Test(keeper_serve, leaves_no_alarm)
{
	static const struct conduct conduct;
	struct scene s;
	char said[REQUEST_MAX];
	int pair[2];
	pid_t pid;

	begin(&s);
	set_record(&s, enrolled);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		keeper_serve(&s.keeper, pair[1], &conduct);
		_exit((int)alarm(0));
	}
	close(pair[1]);
	cr_expect_str_eq(say(pair[0], login, said), "challenge");
	close(pair[0]);
	cr_expect_eq(fixture_wait(pid), 0);
	fixture_remove(s.folder);
}

/* The policy at that moment decides. */
Test(keeper_serve, decides_anew_behind_a_login)
{
	struct scene s;
	char verify[REQUEST_MAX], said[REQUEST_MAX];
	int fd;
	pid_t pid;

	begin(&s);
	set_record(&s, enrolled);
	make_request(&s, "verify", verify);
	pid = serve_start(&s, &fd);
	cr_expect_str_eq(say(fd, login, said), "challenge");
	cr_assert_eq(truncate(s.policy, 10), 0);
	cr_expect_str_eq(say(fd, verify, said), "deny");
	cr_expect_eq(fixture_wait(pid),
	    REPORTED | REPORTED_LINE | REPORTED_REFUSAL | REPORTED_FOLLOWED);
	close(fd);
	fixture_remove(s.folder);
}

/* A request, and a string in it that its sender chooses. */
static const struct claim {
	const char *request, *key;
} claims[] = {
    {"login", "address"},
    {"login", "auth"},
    {"login", "auth_path"},
    {"login", "command"},
    {"verify", "code"},
    {"verify", "command"},
    {"enroll_begin", "enroll_code"},
    {"enroll_confirm", "code"},
    {"device_begin", "device"},
    {"device_remove", "device"},
    {"users", "user"},
    {"log", "file"},
    {"explain", "address"},
    {"revoke", "user"},
    {"unlock", "user"},
    {"code", "use"},
    {"note", "detail"},
    {"refuse", "reason"},
    {"connect", "target"},
    {"login", "no such key"},
};

/* As bytes and as JSON escapes: ESC, CSI, OSC, BEL, C1, bidi, line
 * separators. */
static const char *const steering[] = {
    "\x1b[2J",
    "\x1b]0;title\a",
    "\x9b\x33\x31m",
    "\302\23331m",
    "\302\235",
    "\302\205",
    "\302\237",
    "\x7f",
    "\b\r\n",
    "\u202egpj",
    "\u2066x\u2069",
    "\u200f\u061c",
    "\u2028",
    "\\u001b[2J",
    "\\u009b31m",
    "\\u0007",
    "\\u007f",
    "\\u202e",
    "\\u2067",
    "\\u2028",
    "\\b\\r\\n",
};

/* Returns the last packet of the answer.  A client, which reads as strictly
 * as the keeper, must be able to show it. */
static char *
calm_answer(struct scene *s, const char *request)
{
	static const struct conduct conduct;
	char clean[PACKET_MAX], *answer = NULL, *last = NULL;
	struct json_error error = {.line = 0};
	size_t len = 0;
	int pair[2];
	pid_t pid;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(packet_send(pair[0], request), FAULT_NONE);
	shutdown(pair[0], SHUT_WR);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		keeper_serve(&s->keeper, pair[1], &conduct);
		_exit(0);
	}
	close(pair[1]);
	cr_expect_eq(fixture_wait(pid), 0);
	while (packet_receive(pair[0], 0, &answer, &len) == FAULT_NONE) {
		utf8_clean(answer, len, clean, sizeof(clean));
		cr_expect_str_eq(answer, clean);
		cr_expect_eq(json_lex_check(answer, len, &error), FAULT_NONE,
		    "%s: %s", error.text, answer);
		free(last);
		last = answer;
	}
	close(pair[0]);
	return last;
}

static void
send_claim(struct scene *s, const struct claim *claim, const char *words)
{
	char request[REQUEST_MAX];

	snprintf(request, sizeof(request),
	    "{\"v\":1,\"request\":\"%s\",\"%s\":\"x%sy\"}", claim->request,
	    claim->key, words);
	free(calm_answer(s, request));
}

/* Returns how many lines there are; none may hold a control character. */
static int
expect_calm_lines(FILE *file)
{
	char line[AUDIT_LINE_MAX], clean[AUDIT_LINE_MAX];
	int n = 0;

	cr_assert_not_null(file);
	rewind(file);
	for (; fgets(line, sizeof(line), file) != NULL; n++) {
		line[strcspn(line, "\n")] = '\0';
		utf8_clean(line, strlen(line), clean, sizeof(clean));
		cr_expect_str_eq(line, clean);
		cr_expect(line[0] == '{' || strncmp(line, "uid ", 4) == 0 ||
			strncmp(line, "store: ", 7) == 0,
		    "not a line of ours: %s", line);
	}
	fclose(file);
	return n;
}

Test(keeper_serve, lets_no_claim_steer_a_terminal, .timeout = 60)
{
	struct scene s;
	FILE *syslog_file = tmpfile();
	char path[FOLDER_MAX + 16];

	begin(&s);
	set_record(&s, enrolled);
	cr_assert_not_null(syslog_file);
	inject_syslog_to(fileno(syslog_file));
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		for (size_t j = 0; j < sizeof(steering) / sizeof(steering[0]);
		     j++)
			send_claim(&s, &claims[i], steering[j]);
	/* One that is logged, so that the log is checked too. */
	send_claim(&s, &(const struct claim){"note", "detail"}, " and ");
	cr_expect_gt(expect_calm_lines(syslog_file), 300);
	snprintf(path, sizeof(path), "%s/%s", s.folder, AUDIT_FILE);
	cr_expect_gt(expect_calm_lines(fopen(path, "re")), 0);
	fixture_remove(s.folder);
}

#define REFUSED(word)                                                  \
	"{\"v\":1,\"request\":\"refuse\",\"address\":\"203.0.113.7\"," \
	"\"reason\":\"" word "\"}"

/* Returns what the worker reports to the parent about that uid's request;
 * ret: the answer's reason. */
static int
serve_as(struct scene *s, uid_t uid, const char *request, bool quiet,
    char ret_reason[static REASON_SENT])
{
	struct conduct conduct = {.quiet = quiet, .quiet_claims = quiet};
	struct reply reply = {.version = 0};
	char *answer = NULL;
	struct json_error e;
	size_t len = 0;
	int pair[2], report;
	pid_t pid;

	/* The kernel records who creates it. */
	cr_assert_eq(seteuid(uid), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(packet_send(pair[0], request), FAULT_NONE);
	pid = fork();
	if (pid == 0)
		_exit(keeper_serve(&s->keeper, pair[1], &conduct));
	close(pair[1]);
	report = fixture_wait(pid);
	cr_assert_eq(packet_receive(pair[0], 0, &answer, &len), FAULT_NONE);
	cr_assert_eq(
	    json_read(&reply_shape, answer, len, PACKET_MAX, &reply, &e),
	    FAULT_NONE, "%s", answer);
	snprintf(ret_reason, REASON_SENT, "%s", reason_name(reply.reason));
	reply_done(&reply);
	free(answer);
	close(pair[0]);
	return report;
}

static int
serve(struct scene *s, const char *request, bool quiet,
    char ret_reason[static REASON_SENT])
{
	return serve_as(s, 0, request, quiet, ret_reason);
}

/* The gate starts the shell named here and no other. */
Test(keeper_serve, names_home_and_shell_to_a_login)
{
	struct scene s;
	struct reply reply;

	begin(&s);
	set_record(&s, enrolled);
	ask(&s, login, &reply);
	cr_expect_str_eq(reply.user, "root");
	cr_expect_str_eq(reply.home, s.me->pw_dir);
	cr_expect_str_eq(reply.shell,
	    s.me->pw_shell[0] != '\0' ? s.me->pw_shell : "/bin/sh");
	reply_done(&reply);
	fixture_remove(s.folder);
}

/* The answer to a login of that account.  Returns true if its process may go
 * on. */
static bool
login_of_account(
    struct scene *s, const char *home, const char *shell, struct reply *ret)
{
	struct call call = {.keeper = &s->keeper,
	    .kind = keeper_kind(0),
	    .request.terminal = true,
	    .user = "root",
	    .home = strdup(home),
	    .shell = strdup(shell)};
	struct json_error error;
	char *answer = NULL;
	size_t len = 0;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(store_open(s->folder, true, &call.store), FAULT_NONE);
	cr_assert_eq(policy_builtin(&call.policy), FAULT_NONE);
	call.fd = pair[1];
	call.kind->serve(&call);
	cr_assert_eq(packet_receive(pair[0], 1000, &answer, &len), FAULT_NONE);
	*ret = (struct reply){.version = 0};
	cr_assert_eq(
	    json_read(&reply_shape, answer, len, PACKET_MAX, ret, &error),
	    FAULT_NONE);
	free(answer);
	free(call.home);
	free(call.shell);
	policy_done(&call.policy);
	store_close(&call.store);
	close(pair[0]);
	close(pair[1]);
	return !call.broken;
}

/* The log shows it too. */
Test(keeper_serve, refuses_an_account_that_is_no_text)
{
	char longest[ACCOUNT_MAX + 2];
	const struct {
		const char *home, *shell;
		bool is_text;
	} accounts[] = {{"/home/\xe9", "/bin/sh", false},
	    {"/home", "/bin/\xff", false}, {"/home\n", "/bin/sh", false},
	    {"/home", "/bin/\033[2J", false}, {longest, "/bin/sh", false},
	    {"/home", longest, false}, {longest + 1, longest + 1, true},
	    {"", "/bin/sh", true}};
	struct scene s;

	begin(&s);
	memset(longest, 'x', sizeof(longest));
	longest[ACCOUNT_MAX + 1] = '\0';
	for (size_t i = 0; i < COUNT(accounts); i++) {
		struct reply reply;

		cr_expect_eq(login_of_account(&s, accounts[i].home,
				 accounts[i].shell, &reply),
		    accounts[i].is_text, "%zu", i);
		cr_expect_eq(reply.reason == REASON_BAD_ACCOUNT,
		    !accounts[i].is_text, "%zu: %s", i,
		    reason_name(reply.reason));
		cr_expect_eq(reply.verdict == VERDICT_DENY,
		    !accounts[i].is_text, "%zu", i);
		reply_done(&reply);
	}
	cr_expect_eq(lines_with(&s, "\"reason\":\"bad_account\""), 6);
	fixture_remove(s.folder);
}

/* They are told apart, because all of them together count as one. */
Test(keeper_serve, refuses_a_uid_that_no_user_has)
{
	static const char *const asked[] = {"login", "status", "users", "no"};
	char request[REQUEST_MAX], reason[REASON_SENT];
	uid_t uid = 61234;
	struct scene s;

	begin(&s);
	while (getpwuid(uid) != NULL)
		uid++;
	for (size_t i = 0; i < COUNT(asked); i++) {
		make_request(&s, asked[i], request);
		cr_expect_eq(serve_as(&s, uid, request, false, reason),
		    REPORTED | REPORTED_STRANGER);
		cr_expect_str_eq(reason, "unknown_user", "%s", asked[i]);
		/* A uid that has a name is not a stranger, even if the
		 * account is unusable. */
		cr_expect_eq(
		    serve_as(&s, UID_NOBODY, request, false, reason), REPORTED);
		cr_expect_str_eq(reason, "unknown_user", "%s", asked[i]);
	}
	cr_expect_eq(lines_with(&s, "{"), 0);
	fixture_remove(s.folder);
}

/* A process that serves other users must not have held a secret or an
 * administrator's request in its memory, nor have met a failure. */
Test(keeper_serve, may_serve_another_after_a_login_alone)
{
	static const struct {
		const char *request;
		int clean;
	} all[] = {{"login", REPORTED_CLEAN}, {"verify", REPORTED_CLEAN},
	    {"skip", REPORTED_CLEAN}, {"enroll_begin", 0},
	    {"enroll_confirm", 0}, {"status", 0}, {"device_begin", 0},
	    {"device_confirm", 0}, {"device_remove", 0}, {"recovery", 0},
	    {"users", 0}, {"weigh", 0}, {"explain", 0}, {"revoke", 0},
	    {"unlock", 0}, {"forget", 0}, {"ended", 0}, {"code", 0},
	    {"enroll", 0}, {"import", 0}, {"log", 0}, {"note", 0},
	    {"policy_get", 0}, {"policy_put", 0}, {"no", 0}};
	char request[REQUEST_MAX], reason[REASON_SENT];
	struct scene s;
	char path[FOLDER_MAX + 32];
	pid_t pid;
	int fd;

	begin(&s);
	for (size_t i = 0; i < COUNT(all); i++) {
		set_record(&s, enrolled);
		make_request(&s, all[i].request, request);
		pid = serve_start(&s, &fd);
		cr_assert_eq(packet_send(fd, request), FAULT_NONE);
		shutdown(fd, SHUT_WR);
		cr_expect_eq(fixture_wait(pid) & REPORTED_CLEAN, all[i].clean,
		    "%s", all[i].request);
		close(fd);
	}
	snprintf(path, sizeof(path), "%s/users/root.json", s.folder);
	cr_assert_eq(truncate(path, 10), 0);
	cr_expect_eq(serve(&s, login, false, reason),
	    REPORTED | REPORTED_LINE | REPORTED_REFUSAL, "%s", reason);
	cr_assert_eq(truncate(s.policy, 10), 0);
	cr_expect_eq(serve(&s, login, false, reason),
	    REPORTED | REPORTED_LINE | REPORTED_REFUSAL, "%s", reason);
	fixture_remove(s.folder);
}

Test(keeper_serve, takes_down_what_a_gate_refuses)
{
	static const char *const of_gate[] = {REFUSED("key_unlisted"),
	    REFUSED("key_doubtful"), REFUSED("key_unknown"),
	    REFUSED("key_file"), REFUSED("key_spoilt"), REFUSED("key_several"),
	    REFUSED("key_odd"), REFUSED("key_commands"), REFUSED("key_tmp"),
	    REFUSED("needs_terminal"), REFUSED("device_terminal"),
	    REFUSED("no_code")};
	char reason[REASON_SENT];
	struct scene s;

	begin(&s);
	for (size_t i = 0; i < COUNT(of_gate); i++) {
		cr_expect_eq(serve(&s, of_gate[i], false, reason),
		    REPORTED | REPORTED_LINE | REPORTED_CLAIM | REPORTED_CLEAN);
		cr_expect_str_eq(reason, "done");
	}
	cr_expect_eq(lines_with(&s,
			 "\"event\":\"login\",\"user\":\"root\","
			 "\"verdict\":\"deny\",\"reason\":\"key_doubtful\","
			 "\"address\":\"203.0.113.7\""),
	    1);
	/* As with every other refusal, only up to a limit. */
	cr_expect_eq(serve(&s, of_gate[0], true, reason),
	    REPORTED | REPORTED_LEFT_OUT | REPORTED_CLAIM | REPORTED_CLEAN);
	cr_expect_eq(lines_with(&s, "\"event\""), COUNT(of_gate));
	fixture_remove(s.folder);
}

/* Nobody can write free text into the log: only findings of a gate. */
Test(keeper_serve, takes_down_no_other_words_of_a_gate)
{
	static const char *const others[] = {REFUSED("wrong_code"),
	    REFUSED("exempt"), REFUSED("done"), REFUSED("none"), REFUSED(""),
	    REFUSED("key_unlisted "), REFUSED("admin is a fool"),
	    "{\"v\":1,\"request\":\"refuse\"}"};
	char reason[REASON_SENT];
	struct scene s;

	begin(&s);
	for (size_t i = 0; i < COUNT(others); i++) {
		cr_expect_eq(serve(&s, others[i], false, reason), REPORTED);
		cr_expect_str_eq(reason, "bad_request", "%s", others[i]);
	}
	cr_expect_eq(lines_with(&s, "{"), 0);
	fixture_remove(s.folder);
}

#define CONNECT(rest) \
	"{\"v\":1,\"request\":\"connect\",\"address\":\"203.0.113.7\"" rest "}"
#define TARGET(text) ",\"target\":\"" text "\""

/* The spelling of a target is one in the log, whoever looks for it there. */
Test(keeper_serve, takes_down_where_tfa_connects_to)
{
	char reason[REASON_SENT];
	struct scene s;

	begin(&s);
	cr_expect_eq(serve(&s, CONNECT(TARGET("DB1:5432")), true, reason),
	    REPORTED | REPORTED_LINE | REPORTED_CLEAN);
	cr_expect_str_eq(reason, "done");
	cr_expect_eq(lines_with(&s,
			 "\"event\":\"connect\",\"user\":\"root\","
			 "\"verdict\":\"pass\",\"reason\":\"done\","
			 "\"address\":\"203.0.113.7\","
			 "\"target\":\"db1:5432\""),
	    1);
	cr_expect_eq(
	    serve(&s,
		CONNECT(TARGET(
		    "[2001:DB8:0::1]:22") ","
					  "\"reason\":\"target_closed\""),
		false, reason),
	    REPORTED | REPORTED_LINE | REPORTED_CLAIM);
	cr_expect_str_eq(reason, "target_closed");
	cr_expect_eq(lines_with(&s,
			 "\"verdict\":\"deny\","
			 "\"reason\":\"target_closed\","
			 "\"address\":\"203.0.113.7\","
			 "\"target\":\"[2001:db8::1]:22\""),
	    1);
	/* As with every other refusal, only up to a limit. */
	cr_expect_eq(
	    serve(&s,
		CONNECT(TARGET("db1:22") ","
					 "\"reason\":\"target_closed\""),
		true, reason),
	    REPORTED | REPORTED_LEFT_OUT | REPORTED_CLAIM);
	cr_expect_eq(lines_with(&s, "\"event\""), 2);
	fixture_remove(s.folder);
}

/* Nobody can write free text into the log: only a host and a port. */
Test(keeper_serve, takes_down_nothing_that_is_no_target)
{
	static const char *const others[] = {CONNECT(""), CONNECT(TARGET("")),
	    CONNECT(TARGET("db1")), CONNECT(TARGET("db1:ssh")),
	    CONNECT(TARGET("admin is a fool:22")), CONNECT(TARGET("::1:22")),
	    CONNECT(TARGET("fe80::1%x:22")),
	    CONNECT(TARGET("db1:22") ",\"reason\":\"exempt\""),
	    CONNECT(TARGET("db1:22") ",\"reason\":\"wrong_code\""),
	    CONNECT(TARGET("db1:22") ",\"reason\":\"no_code\"")};
	char reason[REASON_SENT];
	struct scene s;

	begin(&s);
	for (size_t i = 0; i < COUNT(others); i++) {
		cr_expect_eq(serve(&s, others[i], false, reason), REPORTED);
		cr_expect_str_eq(reason, "bad_request", "%s", others[i]);
	}
	cr_expect_eq(lines_with(&s, "{"), 0);
	fixture_remove(s.folder);
}

/* A directory service may have such a user; the others are still listed. */
Test(keeper_serve, lists_one_whose_name_steers_a_terminal)
{
	struct scene s;
	struct store store;
	char *last;
	int fd;

	begin(&s);
	set_record(&s, enrolled);
	cr_assert_eq(store_open(s.folder, true, &store), FAULT_NONE);
	fd = openat(store.users, "x%1B%5B2Jy.json", O_WRONLY | O_CREAT, 0600);
	cr_assert_geq(fd, 0);
	close(fd);
	store_close(&store);
	last = calm_answer(&s, "{\"v\":1,\"request\":\"users\"}");
	cr_assert_not_null(last);
	cr_expect_not_null(strstr(last, "\"end\":true"), "%s", last);
	free(last);
	fixture_remove(s.folder);
}
