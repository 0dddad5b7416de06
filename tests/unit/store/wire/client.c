#include "store/wire/client.h"

#include <criterion/criterion.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/core/report.h"
#include "tests/unit/fixture.h"

#define ROW(user)                                                               \
	"{\"user\":\"" user "\",\"state\":\"enrolled\",\"rule\":null,"          \
	"\"mode\":null,\"deadline\":null,\"devices\":[],\"recovery_left\":7,"   \
	"\"last_login\":null,\"last_address\":null,\"failures\":0,\"spent\":0," \
	"\"locked_until\":null,\"problem\":null,\"problem_text\":null,"         \
	"\"exempt_until\":null,\"codes\":[]}"
#define END    "{\"v\":1,\"verdict\":\"pass\",\"reason\":\"done\",\"end\":true}"
#define DENIAL "{\"v\":1,\"verdict\":\"deny\",\"reason\":\"not_allowed\"}"

struct scene {
	char folder[FOLDER_MAX];
	char path[FOLDER_MAX + 8];
	struct client_options options;
	pid_t keeper;
	struct user_row row;
	char seen[64]; /* the names of the rows, each with a blank */
	size_t most;   /* rows that each() has room for */
};

/* Answers one client with these packets, whatever it asks. */
_Noreturn static void
answer(int listener, const char *const *packets)
{
	int fd = accept(listener, NULL, NULL);
	char *request = NULL;
	size_t len = 0;

	if (packet_receive(fd, 5000, &request, &len) != FAULT_NONE)
		_exit(1);
	while (*packets != NULL)
		if (packet_send(fd, *packets++) != FAULT_NONE)
			_exit(1);
	_exit(0);
}

static void
begin(struct scene *s, const char *const *packets)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	*s = (struct scene){.most = 9};
	fixture_folder(s->folder);
	snprintf(s->path, sizeof(s->path), "%s/socket", s->folder);
	memcpy(address.sun_path, s->path, strlen(s->path) + 1);
	cr_assert_eq(
	    bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	s->options = (struct client_options){.socket = s->path,
	    .keeper_user = getpwuid(geteuid())->pw_name,
	    .wait_ms = 5000};
	s->keeper = fork();
	if (s->keeper == 0)
		answer(listener, packets);
	close(listener);
}

static bool
see(void *ctx, const char *text)
{
	struct scene *s = ctx;
	size_t len = strlen(s->seen);

	cr_expect_not_null(strstr(text, s->row.user));
	snprintf(s->seen + len, sizeof(s->seen) - len, "%s ", s->row.user);
	return s->most-- > 0;
}

/* Reads these packets as the client does.  Returns its fault. */
static enum fault
stream(struct scene *s, struct reply *ret, char ret_why[static 320])
{
	static const struct request request = {
	    .version = PROTOCOL_VERSION, .request = "users"};
	const struct client_rows rows = {
	    &user_row_shape, &s->row, sizeof(s->row), see, s};
	enum fault fault;

	*ret = (struct reply){.version = 0};
	ret_why[0] = '\0';
	fault = client_stream(&s->options, &request, &rows, ret, ret_why, 320);
	kill(s->keeper, SIGKILL);
	fixture_wait(s->keeper);
	fixture_remove(s->folder);
	return fault;
}

Test(client, takes_each_row_of_a_stream)
{
	static const char *const packets[] = {
	    ROW("alice"), ROW("bob"), END, NULL};
	static const struct user_row none;
	struct reply reply;
	char why[320];
	struct scene s;

	begin(&s, packets);
	cr_expect_eq(stream(&s, &reply, why), FAULT_NONE, "%s", why);
	cr_expect_str_eq(s.seen, "alice bob ");
	cr_expect(reply.end);
	cr_expect_eq(reply.verdict, VERDICT_PASS);
	cr_expect_eq(memcmp(&s.row, &none, sizeof(none)), 0);
	reply_done(&reply);
}

Test(client, leaves_the_last_row_where_nobody_takes_it)
{
	static const struct request request = {
	    .version = PROTOCOL_VERSION, .request = "status"};
	static const char *const packets[] = {ROW("alice"), END, NULL};
	struct reply reply = {.version = 0};
	char why[320] = "";
	struct scene s;
	const struct client_rows rows = {
	    &user_row_shape, &s.row, sizeof(s.row), NULL, NULL};

	begin(&s, packets);
	cr_expect_eq(client_stream(
			 &s.options, &request, &rows, &reply, why, sizeof(why)),
	    FAULT_NONE, "%s", why);
	cr_expect_str_eq(s.row.user, "alice");
	cr_expect_eq(s.row.recovery_left, 7);
	user_row_done(&s.row);
	reply_done(&reply);
	fixture_wait(s.keeper);
	fixture_remove(s.folder);
}

Test(client, gives_a_denial_as_the_reply)
{
	static const char *const packets[] = {DENIAL, NULL};
	struct reply reply;
	char why[320];
	struct scene s;

	begin(&s, packets);
	cr_expect_eq(stream(&s, &reply, why), FAULT_NONE, "%s", why);
	cr_expect_str_empty(s.seen);
	cr_expect_eq(reply.verdict, VERDICT_DENY);
	cr_expect_eq(reply.reason, REASON_NOT_ALLOWED);
	cr_expect_not(reply.end);
}

/* Rows before the fault count, and no reply is made up. */
Test(client, says_what_is_wrong_with_a_stream)
{
	static const struct {
		const char *packets[4];
		size_t most;
		enum fault fault;
		const char *seen, *why;
	} cases[] = {
	    {{ROW("alice"), NULL}, 9, FAULT_IO, "alice ", "gave no answer"},
	    {{NULL}, 9, FAULT_IO, "", "gave no answer"},
	    {{ROW("alice"), "{\"user\":\"bob\"}", END}, 9, FAULT_FORMAT,
		"alice ", "is missing"},
	    {{"no JSON", END}, 9, FAULT_FORMAT, "", "bad answer"},
	    {{"{\"v\":1,\"verdict\":\"allow\",\"reason\":\"done\"}"}, 9,
		FAULT_FORMAT, "", "verdict"},
	    {{ROW("alice"), ROW("bob"), END}, 1, FAULT_MEMORY, "alice bob ",
		"memory"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		static const struct user_row none;
		struct reply reply;
		char why[320];
		struct scene s;

		begin(&s, cases[i].packets);
		s.most = cases[i].most;
		cr_expect_eq(
		    stream(&s, &reply, why), cases[i].fault, "%zu: %s", i, why);
		cr_expect_str_eq(s.seen, cases[i].seen, "%zu", i);
		cr_expect_not_null(strstr(why, cases[i].why), "%s", why);
		cr_expect_eq(reply.version, 0);
		cr_expect_eq(reply.verdict, VERDICT_DENY);
		cr_expect_eq(memcmp(&s.row, &none, sizeof(none)), 0);
	}
}
