/*
 * fleet_many USERS UPDATES: what a fleet of many users costs, beside a bare client
 * of the same cluster.  bench.py starts it as it starts fleet.
 *
 * USERS records move from a folder into the fleet and back, and are listed in
 * between: by tfa-admin, and by a client that reads the same range in pages.  Then
 * UPDATES records are replaced while the link compacts etcd's history to the last
 * KEEP_S seconds, and the largest database is compared with what it must hold.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/base/base64.h"
#include "store/base/hash.h"
#include "store/base/list.h"
#include "store/core/record.h"
#include "tests/bench/bare.h"
#include "tests/support/bastion.h"
#include "tests/support/link.h"
#include "tests/support/session.h"
#include "tests/support/talk.h"

#define LISTS     3
#define FIRST_UID 100000
#define PAGE      256
#define HANDS     8
#define KEEP_S    20
#define LIVE      800  /* records that are replaced */
#define FIRST     4000 /* updates */
#define CODES     10
#define VALUE     2100

static struct cluster *c;
static struct link *l;
static char *folder, *policy;

static void
write_record(const char *user, uid_t uid)
{
	struct record record;
	struct device *device;
	char *json;
	int fd;

	record_init(&record, user, uid);
	device = list_add(&record.devices, sizeof(*device));
	snprintf(device->id, sizeof(device->id), "d1");
	snprintf(device->name, sizeof(device->name), "phone");
	device->digits = 6;
	device->period_s = 30;
	device->secret.len = 20;
	for (size_t i = 0; i < 20; i++)
		device->secret.bytes[i] = (uint8_t)(i * 7 +
		    (uint8_t)user[i % strlen(user)]);
	device->added_s = 1793000000;
	record.enrolled_once = true;
	record.first_seen_s = 1793000000;
	for (int i = 0; i < CODES; i++) {
		struct one_time *code = list_add(&record.codes, sizeof(*code));
		char *name = text("%s %d", user, i);

		code->use = CODE_RECOVER;
		if (!hash_hex(name, strlen(name), code->hash))
			fail("no hash");
		free(name);
	}
	if (record_format(&record, &json) != FAULT_NONE)
		fail("no record");
	fd = open(text("%s/users/%s.json", folder, user),
	    O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, json, strlen(json)) != (ssize_t)strlen(json))
		fail("%s cannot be written", user);
	close(fd);
	free(json);
	record_done(&record);
}

static void
make_folder(int users)
{
	FILE *passwd = fopen("/etc/passwd", "ae"); /* the private-root's */

	folder = text("%s/many", getenv("TFA_WORK"));
	if (passwd == NULL || mkdir(folder, 0700) != 0 ||
	    mkdir(text("%s/users", folder), 0700) != 0 ||
	    mkdir(text("%s/locks", folder), 0700) != 0)
		fail("%s cannot be made", folder);
	for (int i = 0; i < users; i++) {
		char *user = text("person%06d", i);

		write_record(user, (uid_t)(FIRST_UID + i));
		fprintf(passwd, "%s:x:%d:%d::/home/%s:/bin/sh\n", user,
		    FIRST_UID + i, FIRST_UID + i, user);
		free(user);
	}
	if (fclose(passwd) != 0)
		fail("/etc/passwd cannot be written");
	sync();
}

/* The highest VmHWM among a keeper's processes. */
static double
memory_of_children(pid_t keeper, double most)
{
	char *list = read_text(
	    text("/proc/%d/task/%d/children", (int)keeper, (int)keeper));

	for (char *at = list; at != NULL && *at >= '0';) {
		char *end;
		long pid = strtol(at, &end, 10);
		char *status = read_text(text("/proc/%ld/status", pid));
		const char *line = status != NULL ? strstr(status, "VmHWM:")
						  : NULL;
		double mb = line != NULL ? strtod(line + 6, NULL) / 1e3 : 0;

		most = mb > most ? mb : most;
		at = end + (*end == ' ');
	}
	return most;
}

/* Runs tfa-admin with these arguments, its output thrown away; returns the
 * milliseconds that it takes. */
static double
admin_ms(const char *const args[], pid_t keeper, double *ret_mb)
{
	const char *argv[24] = {text("%s/tfa-admin", getenv("TFA_PROGRAMS"))};
	double start = now_ms();
	int n = 1, status;
	pid_t pid;

	while (*args != NULL && n < 23)
		argv[n++] = *args++;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		usleep(20000);
		if (ret_mb != NULL)
			*ret_mb = memory_of_children(keeper, *ret_mb);
	}
	if (status != 0)
		fail("tfa-admin %s ends with %d", argv[n - 1], status);
	return now_ms() - start;
}

static double
migrate_ms(const char *to)
{
	return admin_ms(
	    ARGV("--yes", "--policy", policy, "store", "--fleet", l->config,
		"--link", l->socket, "--folder", folder, "migrate", "--to", to),
	    0, NULL);
}

/* A key that is behind the one in base64, and before each other one. */
static char *
next_key(const char *key)
{
	char plain[128] = "";
	size_t len = 0;

	if (base64_decode(key, strlen(key), (uint8_t *)plain, sizeof(plain) - 2,
		&len) != FAULT_NONE)
		fail("%s is no base64", key);
	memcpy(plain + len, "!", 2);
	return cluster_base64(plain);
}

/* All records of the prefix, in pages, at one revision. */
static double
bare_list_ms(struct bare *bare, int users)
{
	char *end = cluster_base64(CLUSTER_PREFIX "users0"); /* behind '/' */
	char *from = cluster_base64(CLUSTER_PREFIX "users/");
	char revision[64] = "";
	double start = now_ms();
	int rows = 0, got = PAGE;

	while (got == PAGE) {
		char *body = text("{\"key\":\"%s\",\"range_end\":\"%s\","
				  "\"limit\":%d%s}",
		    from, end, PAGE, revision);
		const char *at, *last;

		bare_ask(bare, "kv/range", body);
		free(body);
		if (revision[0] == '\0')
			snprintf(revision, sizeof(revision),
			    ",\"revision\":\"%s\"",
			    talk_word(bare->reply, "revision"));
		got = 0;
		last = NULL;
		for (at = bare->reply; (at = strstr(at, "{\"key\":\"")) != NULL;
		     got++)
			last = at += 8;
		free(from);
		from = last == NULL
		    ? NULL
		    : next_key(text("%.*s", (int)strcspn(last, "\""), last));
		rows += got;
	}
	if (rows < users)
		fail("the bare client has %d rows", rows);
	return now_ms() - start;
}

static void
list_all(struct bare *bare, const struct bastion *b, int users)
{
	double ours[LISTS], theirs[LISTS], memory = 0;

	for (int i = 0; i < LISTS; i++) {
		ours[i] = admin_ms(
		    ARGV("--socket", b->socket, "--policy", b->policy,
			"--fleet", l->config, "users", "--json"),
		    b->keeper, &memory);
		theirs[i] = bare_list_ms(bare, users);
	}
	print_row("users", ours, theirs, LISTS);
	print_row("users memory", &memory, NULL, 1);
}

/* How far the database of node 0 has grown, and what of it is in use. */
static void
database(double *ret_mb, double *ret_used_mb)
{
	struct cluster_answer answer = cluster_ask(
	    c, 0, "client", cluster_token(c, 0), "maintenance/status", "{}");

	*ret_mb = strtod(talk_word(answer.body, "dbSize"), NULL) / 1e6;
	*ret_used_mb = strtod(talk_word(answer.body, "dbSizeInUse"), NULL) /
	    1e6;
}

static void
replace(const struct link *link, int hand, int updates)
{
	int fd = link_dial(link);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < updates / HANDS; i++) {
		char *key = text("updates/h%du%d", hand, i % (LIVE / HANDS));
		char *value = text("%d %d %0*d", hand, i, VALUE, 0);
		struct link_answer a = link_get(fd, key);

		if (link_is(&a, "ok"))
			a = link_put(fd, key, a.mark, value);
		if (!link_is(&a, "ok"))
			fail("link: %s", a.all);
		free(value);
		free(key);
	}
	_exit(0);
}

/* Returns the seconds that they take.  The link looks at etcd's revision once a
 * minute, and keeps a quarter of an hour: here it is made to look as often in what
 * it keeps. */
static double
replace_all(const struct link *link, int updates, double *ret_most_mb)
{
	double begun = now_ms(), mb, used;
	pid_t pids[HANDS];
	int fd = link_dial(link), left = HANDS;

	for (int i = 0; i < HANDS; i++)
		if ((pids[i] = fork()) == 0)
			replace(link, i, updates);
	while (left > 0) {
		usleep(KEEP_S * 1000000 / 15);
		(void)link_ask(fd, "{'op':'status'}", 5000);
		database(&mb, &used);
		*ret_most_mb = mb > *ret_most_mb ? mb : *ret_most_mb;
		while (left > 0 && waitpid(-1, NULL, WNOHANG) > 0)
			left--;
	}
	close(fd);
	return (now_ms() - begun) / 1e3;
}

/* The first updates tell how much of the database one takes: none is removed
 * yet. */
static void
database_of_updates(int updates)
{
	struct link *link = link_open(.cluster = c, .keep = "20s");
	double before, after, most = 0, one_mb, must, times, took;

	database(&before, &after);
	(void)replace_all(link, FIRST, &most);
	sleep(1);
	database(&most, &after);
	one_mb = (most - before) / FIRST;
	took = replace_all(link, updates, &most);
	must = before + one_mb * (LIVE + updates * KEEP_S / took);
	times = most / must;
	print_row("database", &times, NULL, 1);
	print_row("database MB", &most, &must, 1);
	print_row("without compaction MB",
	    (double[]){before + one_mb * (updates + FIRST)}, NULL, 1);
	link_stop(link);
}

int
main(int argc, char **argv)
{
	static const char rule[] = "{'name':'all','users':['*'],"
				   "'mode':'required'}";
	int users = argc == 3 ? atoi(argv[1]) : 0;
	int updates = argc == 3 ? atoi(argv[2]) : 0;
	static struct bare bare;
	struct bastion *b;
	double took;

	if (users <= 0 || updates <= 0)
		fail("usage: fleet_many USERS UPDATES");
	c = cluster_open(.nodes = 3, .auth = true);
	database_of_updates(updates);
	l = link_open(.cluster = c);
	bare_begin(&bare, c, cluster_token(c, 0));
	make_folder(users);
	policy = text("%s/many.json", getenv("TFA_WORK"));
	b = bastion_open(.rules = rule, .fleet = l);
	took = migrate_ms("fleet") / users;
	print_row("migrate to fleet", &took, NULL, 1);
	list_all(&bare, b, users);
	bastion_close_all();
	took = migrate_ms("folder") / users;
	print_row("migrate to folder", &took, NULL, 1);
	link_close_all();
	cluster_close();
	return 0;
}
