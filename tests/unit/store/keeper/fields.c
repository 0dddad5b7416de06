/*
 * The table of requests in PROTOCOL.md, row by row, against the keeper's: who
 * may make a request, what it may carry, under which event it is logged.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/base/file.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"
#include "store/keeper/requests.h"

#define PAGE      "store/wire/PROTOCOL.md"
#define ROWS_MAX  48
#define CELL_TEXT 200
#define ASKED_MAX 1024

static const char policy_text[] =
    "{\"version\":1,\"issuer\":\"Test\",\"rules\":[],"
    "\"otherwise\":\"required\",\"enrollment\":{\"self\":\"always\"}}\n";

#define TOKEN                                                         \
	"{'serial':'T1','type':'totp','algorithm':'SHA1','digits':6," \
	"'period':30,'secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}"

/* A key that a request may have, with a value for it. */
static const struct {
	const char *key, *value, *zero;
} fields[] = {
    {"address", "'203.0.113.7'", "''"},
    {"auth", "'publickey ssh-ed25519 AAAA'", "''"},
    {"auth_path", "'/tmp/sshauth.x'", "''"},
    {"command", "'id'", "''"},
    {"terminal", "true", "false"},
    {"shell", "true", "false"},
    {"door", "true", "false"},
    {"code", "'000000'", "''"},
    {"enroll_code", "'0000-0000-0000-0000'", "''"},
    {"device", "'d1'", "''"},
    {"user", "'root'", "''"},
    {"block", "true", "false"},
    {"use", "'enroll'", "''"},
    {"at", "'2026-11-01T00:00:00Z'", "'1970-01-01T00:00:00Z'"},
    {"since", "'2026-11-01T00:00:00Z'", "'1970-01-01T00:00:00Z'"},
    {"detail", "'x'", "''"},
    {"reason", "'no_code'", "''"},
    {"import",
	"{'algorithm':'SHA1','digits':6,'period':30,"
	"'secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA','last_step':'0'}",
	NULL},
    {"target", "'db1:5432'", "''"},
    {"file", "'1-2-3'", "''"},
    {"offset", "1", "0"},
    {"states", "'enrolled,locked'", "''"},
    {"group", "'root'", "''"},
    {"unused_s", "1", "0"},
    {"no_device", "true", "false"},
    {"batch", "true", "false"},
    {"keys", "'default'", "''"},
    {"judged", "true", "false"},
    {"last", "true", "false"},
    {"mark", "'7'", "''"},
    {"hardware", "'touch'", "'none'"},
    {"serial", "'T1'", "''"},
    {"tokens", "[" TOKEN "]", "[]"},
    {"hotp", "true", "false"},
};
#define FIELDS COUNT(fields)

/* Without these fields a handler refuses the request, as it should. */
static const struct {
	const char *request, *rest;
} needed[] = {
    {"code", ",'use':'enroll'"},
    {"enroll", ",'use':'recover'"},
    {"refuse", ",'reason':'no_code'"},
    {"connect", ",'target':'db1:5432'"},
    {"policy_put", ",'mark':'7'"},
    {"tokens_put", ",'tokens':[" TOKEN "]"},
    {"tokens_remove", ",'serial':'T1'"},
    {"assign", ",'serial':'T1'"},
    {"import",
	",'import':{'algorithm':'SHA1','digits':6,'period':30,"
	"'secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA','last_step':'0'}"},
};

struct row {
	char request[REQUEST_TEXT];
	char who[12];
	char fields[CELL_TEXT];
	char logged[CELL_TEXT];
};

/* Returns the cell that begins at *at, without the blanks around it. */
static void
take_cell(char **at, char *ret, size_t size)
{
	char *cell = strsep(at, "|");
	size_t len;

	cr_assert_not_null(cell);
	cell += strspn(cell, " ");
	len = strlen(cell);
	while (len > 0 && cell[len - 1] == ' ')
		len--;
	cr_assert_lt(len, size, "%s", cell);
	snprintf(ret, size, "%.*s", (int)len, cell);
}

/* Reads the rows of the table of requests.  Returns how many there are. */
static size_t
read_page(struct row ret[static ROWS_MAX])
{
	FILE *page = fopen(PAGE, "re");
	char line[512], request[CELL_TEXT];
	bool in_table = false;
	size_t n = 0;

	cr_assert_not_null(page, PAGE ": run this from the top of the tree");
	while (fgets(line, sizeof(line), page) != NULL) {
		char *at = line + 1;

		if (strncmp(line, "| request | who |", 17) == 0)
			in_table = true;
		else if (in_table && line[0] != '|')
			break;
		else if (in_table && line[2] == '`') {
			cr_assert_lt(n, ROWS_MAX);
			take_cell(&at, request, sizeof(request));
			sscanf(request, "`%16[a-z_]`", ret[n].request);
			take_cell(&at, ret[n].who, sizeof(ret[n].who));
			take_cell(&at, ret[n].fields, sizeof(ret[n].fields));
			take_cell(&at, ret[n].logged, sizeof(ret[n].logged));
			n++;
		}
	}
	fclose(page);
	return n;
}

/* Returns true if PROTOCOL.md lets a request of that row carry the field. */
static bool
is_taken(const struct row *row, size_t field)
{
	char word[REQUEST_TEXT + 2];

	if (field <= 5 && strncmp(row->fields, "claims", 6) == 0)
		return true;
	snprintf(word, sizeof(word), "`%s`", fields[field].key);
	return strstr(row->fields, word) != NULL;
}

/* True if the page says that the request may log a line of that event. */
static bool
is_logged(const struct row *row, const char *event)
{
	char word[CELL_TEXT];

	snprintf(word, sizeof(word), "`%s`", event);
	return strstr(row->logged, word) != NULL;
}

struct scene {
	char folder[FOLDER_MAX];
	char policy[FOLDER_MAX + 16];
	struct keeper keeper;
	FILE *log;
};

static void
begin(struct scene *s)
{
	int fd;

	if (geteuid() != 0)
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
	s->log = tmpfile();
	cr_assert_not_null(s->log);
	inject_syslog_to(fileno(s->log));
}

static void
end(struct scene *s)
{
	inject_syslog_to(-1);
	fclose(s->log);
	fixture_remove(s->folder);
}

/* ret: the reason in the last answer to the request, sent by uid. */
static void
ask(struct scene *s, uid_t uid, const char *request,
    char ret[static REASON_SENT])
{
	static const struct conduct conduct;
	char quoted[QUOTED_MAX], *answer = NULL;
	struct reply reply = {.version = 0};
	struct json_error error;
	size_t len = 0;
	int pair[2];

	fixture_quote(request, quoted);
	cr_assert_eq(seteuid(uid), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(packet_send(pair[0], quoted), FAULT_NONE);
	shutdown(pair[0], SHUT_WR);
	keeper_serve(&s->keeper, pair[1], &conduct);
	close(pair[1]);
	ret[0] = '\0';
	while (packet_receive(pair[0], 0, &answer, &len) == FAULT_NONE) {
		if (json_read(&reply_shape, answer, len, PACKET_MAX, &reply,
			&error) == FAULT_NONE)
			snprintf(
			    ret, REASON_SENT, "%s", reason_name(reply.reason));
		reply_done(&reply);
		reply = (struct reply){.version = 0};
		free(answer);
	}
	close(pair[0]);
}

/* Writes a request of that row, with the fields it needs and one more. */
static void
make(const struct row *row, const char *key, const char *value,
    char ret[static ASKED_MAX])
{
	const char *rest = "", *user = strstr(row->fields, "`user`");
	char more[ASKED_MAX / 2] = "";

	for (size_t i = 0; i < COUNT(needed); i++)
		if (strcmp(needed[i].request, row->request) == 0 &&
		    strncmp(needed[i].rest + 2, key, strlen(key)) != 0)
			rest = needed[i].rest;
	if (strcmp(key, "user") == 0)
		user = NULL;
	/* A code to enrol with belongs to other requests. */
	if (strcmp(key, "use") == 0 && strcmp(row->request, "enroll") == 0)
		value = strcmp(value, "''") == 0 ? value : "'recover'";
	/* The one reason that a target may be closed for. */
	if (strcmp(key, "reason") == 0 && strcmp(row->request, "connect") == 0)
		value = "'target_closed'";
	if (key[0] != '\0')
		snprintf(more, sizeof(more), ",'%s':%s", key, value);
	snprintf(ret, ASKED_MAX, "{'v':1,'request':'%s'%s%s%s}", row->request,
	    user != NULL ? ",'user':'root'" : "", rest, more);
}

/* A handler's own fields must not all be zero. */
static bool
may_be_zero(const struct row *row, const char *key)
{
	if (strcmp(key, "import") == 0 || strcmp(key, "reason") == 0)
		return false;
	for (size_t i = 0; i < COUNT(needed); i++)
		if (strcmp(needed[i].request, row->request) == 0 &&
		    strncmp(needed[i].rest + 2, key, strlen(key)) == 0)
			return strcmp(row->request, "enroll") == 0;
	return true;
}

static void
expect_as_the_page_says(
    struct scene *s, const struct row *row, size_t field, const char *value)
{
	char request[ASKED_MAX], reason[REASON_SENT];
	bool taken = is_taken(row, field), refused;

	make(row, fields[field].key, value, request);
	ask(s, 0, request, reason);
	refused = strcmp(reason, "bad_request") == 0;
	cr_expect_str_not_empty(reason, "%s", request);
	cr_expect_eq(refused, !taken, "%s: %s, and the page says %s", request,
	    reason, taken ? "taken" : "refused");
}

/* Reads the lines that were logged since, and forgets them. */
static void
expect_logged_as_the_page_says(struct scene *s, const struct row *row)
{
	char path[FOLDER_MAX + 32], line[AUDIT_LINE_MAX];
	struct audit entry;
	FILE *file;

	snprintf(path, sizeof(path), "%s/" AUDIT_FILE, s->folder);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		cr_assert(audit_parse(line, strcspn(line, "\n"), &entry));
		cr_expect(is_logged(row, entry.event), "%s: %s, and %s",
		    row->request, line, row->logged);
	}
	fclose(file);
	cr_assert_eq(truncate(path, 0), 0);
}

Test(keeper_fields, are_those_of_the_page, .timeout = 60)
{
	struct row rows[ROWS_MAX] = {{.who = ""}};
	size_t count = read_page(rows);
	struct scene s;

	begin(&s);
	for (size_t i = 0; i < count; i++) {
		for (size_t f = 0; f < FIELDS; f++) {
			expect_as_the_page_says(
			    &s, &rows[i], f, fields[f].value);
			if (may_be_zero(&rows[i], fields[f].key))
				expect_as_the_page_says(
				    &s, &rows[i], f, fields[f].zero);
		}
		expect_logged_as_the_page_says(&s, &rows[i]);
	}
	end(&s);
}

Test(keeper_fields, belong_to_the_requests_of_the_page)
{
	struct row rows[ROWS_MAX] = {{.who = ""}};
	size_t count = read_page(rows);

	cr_expect_null(keeper_kind(count));
	/* No field is missing from this test. */
	cr_expect_eq(request_shape.count, FIELDS + 2);
	for (size_t f = 0; f < FIELDS; f++)
		cr_expect_str_eq(
		    request_shape.fields[f + 2].key, fields[f].key);
}

/* The page's word for who may make a request of that kind. */
static const char *
word_for(enum who who)
{
	switch (who) {
	case WHO_SELF:
	case WHO_LOGIN:
	case WHO_OWN:
		return "self";
	case WHO_READER:
		return "read";
	case WHO_HELPER:
		return "help";
	case WHO_ROOT:
	case WHO_REPAIRER:
		return "root";
	case WHO_NOBODY:
		break;
	}
	return "nobody";
}

static void
expect_same_row(const struct kind *kind, const struct row *row)
{
	uint64_t takes = TAKES(VERSION) | TAKES(REQUEST);

	for (size_t f = 0; f < FIELDS; f++)
		if (is_taken(row, f))
			takes |= UINT64_C(1) << (f + 2);
	cr_expect_str_eq(kind->name, row->request);
	cr_expect_str_eq(word_for(kind->who), row->who, "%s", kind->name);
	cr_expect_eq(kind->takes, takes, "%s: %#lx, not %#lx", kind->name,
	    (unsigned long)kind->takes, (unsigned long)takes);
	if (kind->logged != NULL)
		cr_expect(is_logged(row, kind->logged), "%s", kind->name);
	else
		cr_expect_str_eq(row->logged, "", "%s", kind->name);
}

/* The table itself, beside what the requests do. */
Test(keeper_fields, stand_in_the_table_as_on_the_page)
{
	struct row rows[ROWS_MAX] = {{.who = ""}};
	size_t count = read_page(rows);

	cr_assert_gt(count, 0);
	for (size_t i = 0; i < count; i++) {
		cr_assert_not_null(keeper_kind(i), "%s", rows[i].request);
		expect_same_row(keeper_kind(i), &rows[i]);
	}
	cr_expect_null(keeper_kind(count));
}

/* The page says who may send each request. */
Test(keeper_fields, leave_to_whom_the_page_says)
{
	struct row rows[ROWS_MAX] = {{.who = ""}};
	size_t count = read_page(rows);
	const struct passwd *other = getpwnam("daemon");
	char request[ASKED_MAX], reason[REASON_SENT];
	struct scene s;

	begin(&s);
	cr_assert_not_null(other);
	for (size_t i = 0; i < count; i++) {
		make(&rows[i], "", "", request);
		ask(&s, other->pw_uid, request, reason);
		cr_expect_eq(strcmp(reason, "not_allowed") != 0,
		    strcmp(rows[i].who, "self") == 0, "%s: %s", request,
		    reason);
	}
	end(&s);
}

/* The record is unchanged, and the log names the key. */
Test(keeper_fields, of_another_request_do_nothing)
{
	static const char *const asked[] = {
	    "{'v':1,'request':'revoke','user':'root','use':'pass'}",
	    "{'v':1,'request':'revoke','user':'root','block':true,"
	    "'use':'enroll'}",
	    "{'v':1,'request':'revoke','user':'root','since':"
	    "'2026-11-01T00:00:00Z'}",
	    "{'v':1,'request':'unlock','user':'root','use':'pass'}",
	    "{'v':1,'request':'enroll','user':'root','use':'pass'}",
	    "{'v':1,'request':'enroll','user':'root','block':false}",
	    "{'v':1,'request':'note','detail':'x','user':'root'}",
	    "{'v':1,'request':'login','user':'root'}",
	    "{'v':1,'request':'enroll_begin','use':''}"};
	char reason[REASON_SENT], path[FOLDER_MAX + 32], line[256];
	struct scene s;
	size_t lines = 0;

	begin(&s);
	for (size_t i = 0; i < COUNT(asked); i++) {
		ask(&s, 0, asked[i], reason);
		cr_expect_str_eq(reason, "bad_request", "%s", asked[i]);
	}
	snprintf(path, sizeof(path), "%s/users/root.json", s.folder);
	cr_expect_neq(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/" AUDIT_FILE, s.folder);
	cr_expect_neq(access(path, F_OK), 0);
	rewind(s.log);
	while (fgets(line, sizeof(line), s.log) != NULL) {
		cr_expect_eq(
		    strncmp(line, "uid 0: request: ", 16), 0, "%s", line);
		lines++;
	}
	cr_expect_eq(lines, COUNT(asked));
	end(&s);
}

static enum change
enrolled(struct record *record, void *arg)
{
	(void)arg;
	fixture_device(record);
	return CHANGE_WRITE;
}

/* The verify that follows a login is checked like any other request. */
Test(keeper_fields, are_looked_at_behind_a_login_too)
{
	static const struct conduct conduct;
	char verify[QUOTED_MAX], *answer = NULL, all[4096] = "";
	struct store store;
	struct scene s;
	size_t len = 0;
	int pair[2];

	begin(&s);
	cr_assert_eq(store_open(s.folder, true, &store), FAULT_NONE);
	cr_assert_eq(
	    store_update(&store, "root", 0, enrolled, NULL), FAULT_NONE);
	store_close(&store);
	fixture_quote(
	    "{'v':1,'request':'verify','code':'000000','use':''}", verify);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(packet_send(pair[0], "{\"v\":1,\"request\":\"login\"}"),
	    FAULT_NONE);
	cr_assert_eq(packet_send(pair[0], verify), FAULT_NONE);
	keeper_serve(&s.keeper, pair[1], &conduct);
	while (packet_receive(pair[0], 0, &answer, &len) == FAULT_NONE) {
		strncat(all, answer, sizeof(all) - strlen(all) - 1);
		free(answer);
	}
	cr_expect_not_null(strstr(all, "\"challenge\""), "%s", all);
	cr_expect_not_null(strstr(all, "\"bad_request\""), "%s", all);
	cr_expect_null(strstr(all, "\"wrong_code\""), "%s", all);
	close(pair[0]);
	close(pair[1]);
	end(&s);
}
