/* The claim of a hardware key at the door. */
#include "gate/pam/claim.h"

#include <criterion/criterion.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "tests/unit/gate/sshd/hardware.h"

#define TOKEN "pam/0123456789abcdef0123456789abcdef"
#define FROM  "192.0.2.7 40000 192.0.2.1 2222"
#define SAID  2048

/* Somebody at the door, with methods as sshd names them. */
static struct inquiry
at_door(const char *methods)
{
	return (struct inquiry){.door = true,
	    .request = "login",
	    .token = TOKEN,
	    .ssh_connection = FROM,
	    .ssh_auth_info = methods,
	    .user = "alice",
	    .home = "/home/alice",
	    .uid = 2001,
	    .gid = 2001};
}

/* "HARDWARE KEYS" of the request. */
static void
begin(const struct inquiry *inquiry, char ret[static 64])
{
	struct request request;

	cr_assert_null(inquiry_fill(inquiry, &request));
	claim_begin(inquiry, &request);
	snprintf(ret, 64, "%d %s", request.hardware, request.keys);
	request_done(&request);
}

Test(claim, is_made_of_the_one_hardware_key_at_the_door)
{
	char line[HARDWARE_LINE], other[HARDWARE_LINE], said[64];
	char methods[2 * HARDWARE_LINE + 64];
	struct inquiry inquiry = at_door(methods);
	struct inquiry not_so[5];

	hardware_key(HARDWARE_TYPE, 'k', line);
	snprintf(methods, sizeof(methods), "publickey %s\n", line);
	begin(&inquiry, said);
	cr_expect_str_eq(said, "1 default");
	for (size_t i = 0; i < COUNT(not_so); i++)
		not_so[i] = inquiry;
	not_so[0].request = "verify";
	not_so[1].unknown = true;
	not_so[2].home = NULL;
	not_so[3].user = NULL;
	not_so[4].door = false;
	not_so[4].service = "sudo";
	for (size_t i = 0; i < COUNT(not_so); i++) {
		begin(&not_so[i], said);
		cr_expect_str_eq(said, "0 ", "%zu", i);
	}
	/* Two keys: which of them was touched? */
	hardware_key("ssh-ed25519", 's', other);
	snprintf(methods, sizeof(methods), "publickey %s\npublickey %s\n", line,
	    other);
	begin(&inquiry, said);
	cr_expect_str_eq(said, "0 ");
	snprintf(methods, sizeof(methods), "publickey %s\npublickey %s\n", line,
	    line);
	begin(&inquiry, said);
	cr_expect_str_eq(said, "0 ");
	snprintf(methods, sizeof(methods), "publickey %s\n", other);
	begin(&inquiry, said);
	cr_expect_str_eq(said, "0 ");
	snprintf(methods, sizeof(methods), "publickey a b\n");
	begin(&inquiry, said);
	cr_expect_str_eq(said, "0 ");
}

/* A keeper that answers one client after the other, and tells what they
 * asked. */
struct false_keeper {
	char folder[FOLDER_MAX];
	char path[FOLDER_MAX + 8];
	int told;
	pid_t pid;
};

static void
serve(int listener, int told, const char *const *answers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int fd = accept(listener, NULL, NULL);
		char *request;
		size_t n;

		if (packet_receive(fd, 5000, &request, &n) != FAULT_NONE)
			_exit(1);
		(void)!write(told, request, n);
		(void)!send(fd, answers[i], strlen(answers[i]), MSG_NOSIGNAL);
		free(request);
		close(fd);
	}
	_exit(0);
}

static void
keeper_begin(struct false_keeper *k, const char *const *answers, size_t count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int ends[2];

	fixture_folder(k->folder);
	snprintf(k->path, sizeof(k->path), "%s/socket", k->folder);
	memcpy(address.sun_path, k->path, strlen(k->path) + 1);
	cr_assert_eq(
	    bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(pipe(ends), 0);
	k->pid = fork();
	if (k->pid == 0)
		serve(listener, ends[1], answers, count);
	close(ends[1]);
	close(listener);
	k->told = ends[0];
}

/* ret: all requests, one behind the other. */
static void
keeper_end(struct false_keeper *k, char ret[static SAID])
{
	size_t len = 0;
	ssize_t n;

	/* It tells what it was asked before it answers. */
	kill(k->pid, SIGKILL);
	fixture_wait(k->pid);
	while ((n = read(k->told, ret + len, SAID - 1 - len)) > 0)
		len += (size_t)n;
	ret[len] = '\0';
	close(k->told);
	fixture_remove(k->folder);
}

#define LOOK(files)                                          \
	"{\"v\":1,\"verdict\":\"deny\",\"reason\":\"look\"," \
	"\"keys\":\"0123456789abcdef\",\"hardware_files\":[" files "]}"
#define REPLY(verdict, reason) \
	"{\"v\":1,\"verdict\":\"" verdict "\",\"reason\":\"" reason "\"}"

static struct ruling
ask(struct inquiry *inquiry, const char *const *answers, size_t count,
    char ret[static SAID])
{
	struct false_keeper keeper;
	struct ruling ruling;

	keeper_begin(&keeper, answers, count);
	inquiry->keeper = (struct client_options){
	    .socket = keeper.path, .keeper_user = getpwuid(geteuid())->pw_name};
	inquiry_ask(inquiry, &ruling);
	keeper_end(&keeper, ret);
	return ruling;
}

static struct inquiry
with_key(const char *type, char methods[static HARDWARE_LINE + 16])
{
	char line[HARDWARE_LINE];

	hardware_key(type, 'k', line);
	snprintf(methods, HARDWARE_LINE + 16, "publickey %s\n", line);
	return at_door(methods);
}

/* The door asks once, but for a hardware key that the policy has files for. */
Test(claim, is_judged_only_where_the_keeper_names_files)
{
	static const char *const at_once[] = {REPLY("challenge", "ask")};
	static const char *const after_look[] = {
	    LOOK("\"/nonexistent/%u\""), REPLY("challenge", "ask")};
	char methods[HARDWARE_LINE + 16], said[SAID];
	struct inquiry inquiry = with_key(HARDWARE_TYPE, methods);
	struct ruling ruling = ask(&inquiry, at_once, 1, said);

	cr_expect_eq(ruling.verdict, VERDICT_CHALLENGE);
	cr_expect_not_null(strstr(said, "\"keys\":\"default\""), "%s", said);
	cr_expect_not_null(strstr(said, "\"hardware\":\"none\""), "%s", said);
	ruling = ask(&inquiry, after_look, 2, said);
	cr_expect_eq(ruling.verdict, VERDICT_CHALLENGE);
	cr_expect_not_null(
	    strstr(said, "\"keys\":\"0123456789abcdef\""), "%s", said);
	cr_expect_null(strstr(said, "touch"), "%s", said);
	inquiry = with_key("ssh-ed25519", methods);
	ruling = ask(&inquiry, at_once, 1, said);
	cr_expect_eq(ruling.verdict, VERDICT_CHALLENGE);
	cr_expect_null(strstr(said, "hardware"), "%s", said);
	cr_expect_null(strstr(said, "keys"), "%s", said);
}

/* The keeper is of an older release, for as long as an upgrade takes. */
Test(claim, is_taken_back_where_the_keeper_does_not_know_it)
{
	static const char *const answers[] = {
	    REPLY("deny", "bad_request"), REPLY("challenge", "ask")};
	char methods[HARDWARE_LINE + 16], said[SAID];
	struct inquiry inquiry = with_key(HARDWARE_TYPE, methods);
	struct ruling ruling = ask(&inquiry, answers, 2, said);
	const char *second = strstr(said, "}{");

	cr_expect_eq(ruling.verdict, VERDICT_CHALLENGE);
	cr_assert_not_null(second, "%s", said);
	cr_expect_null(strstr(second, "hardware"), "%s", said);
	cr_expect_null(strstr(second, "keys"), "%s", said);
}

/* Nothing was claimed that could be taken back. */
Test(claim, of_another_key_is_not_asked_again)
{
	static const char *const answers[] = {
	    REPLY("deny", "bad_request"), REPLY("pass", "exempt")};
	char methods[HARDWARE_LINE + 16], said[SAID];
	struct inquiry inquiry = with_key("ssh-ed25519", methods);
	struct ruling ruling = ask(&inquiry, answers, 2, said);

	cr_expect_eq(ruling.verdict, VERDICT_DENY);
	cr_expect_null(strstr(said, "}{"), "%s", said);
}

/* A keeper that sends the module to look for ever, or elsewhere, denies. */
Test(claim, second_look_is_a_denial)
{
	static const char *const answers[] = {LOOK(""), LOOK("")};
	char methods[HARDWARE_LINE + 16], said[SAID];
	struct inquiry inquiry = with_key(HARDWARE_TYPE, methods);
	struct ruling ruling = ask(&inquiry, answers, 2, said);

	cr_expect_eq(ruling.verdict, VERDICT_DENY);
	cr_expect_eq(ruling.then, RULING_ENDS);
}

/* Asks with the key listed in that file, and returns what the module claims. */
static void
claim_with(const char *file, char said[static SAID])
{
	char methods[HARDWARE_LINE + 16], look[512];
	struct inquiry inquiry = with_key(HARDWARE_TYPE, methods);
	const char *const answers[] = {look, REPLY("pass", "hardware_key")};

	snprintf(look, sizeof(look), LOOK("\"%.200s\""), file);
	(void)ask(&inquiry, answers, 2, said);
}

Test(claim, is_of_a_key_in_a_file_of_roots)
{
	char top[] = "/run/claim.XXXXXX", path[64], line[HARDWARE_LINE];
	char name[64], said[SAID];
	FILE *file;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(chmod(top, 0755), 0);
	snprintf(path, sizeof(path), "%s/alice", top);
	snprintf(name, sizeof(name), "%s/%%u", top);
	file = fopen(path, "w");
	hardware_key(HARDWARE_TYPE, 'k', line);
	fprintf(file, "%s\n", line);
	fclose(file);
	claim_with(name, said);
	cr_expect_not_null(strstr(said, "\"hardware\":\"touch\""), "%s", said);
	cr_assert_eq(chown(path, 2001, 2001), 0);
	claim_with(name, said);
	cr_expect_null(strstr(said, "touch"), "%s", said);
	cr_assert_eq(chown(path, 0, 0), 0);
	cr_assert_eq(chmod(top, 0775), 0);
	claim_with(name, said);
	cr_expect_null(strstr(said, "touch"), "%s", said);
	fixture_remove(top);
}
