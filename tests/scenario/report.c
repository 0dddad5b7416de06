/* The page that tfa-admin report makes. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(report);

/* tfa-admin report with args, and the page at DIR/page.html. */
static struct run *
report_to_file(const struct bastion *b, const char *more)
{
	return run(ARGV("sh", "-c",
		       text("exec %s/tfa-admin --socket %s --policy %s "
			    "--keeper-user %s report --output %s/page.html %s",
			   getenv("TFA_PROGRAMS"), b->socket, b->policy,
			   fixture_keeper_user(b), b->dir, more)),
	    NULL, 0);
}

static const char *
page_of(const struct bastion *b)
{
	char *page = read_text(text("%s/page.html", b->dir));

	cr_assert_not_null(page);
	cr_assert_gt(strlen(page), 5000);
	cr_assert_str_eq(page + strlen(page) - 8, "</html>\n");
	return page;
}

/* Adds lines to a file of the log, past the keeper; JSON with ' for ". */
static void
add_lines(const struct bastion *b, const char *file, const char *lines)
{
	char *quoted = text("%s", lines);
	const char *path = text("%s/%s", b->store, file);

	for (char *c = quoted; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	write_text(text("%s/lines", b->dir), quoted);
	assert_status(run(ARGV("sh", "-c",
			      "touch -a $1 && chmod 600 $1 && "
			      "chown --reference=$2 $1 && cat $3 >>$1",
			      "sh", path, b->store, text("%s/lines", b->dir)),
			  NULL, 0),
	    0);
}

/* Nothing but the page and what the bastion has lies there. */
static void
assert_no_half_page(const char *folder)
{
	struct run *r = run(
	    ARGV("find", folder, "-name", ".tfa-report*"), NULL, 0);

	cr_assert_str_empty(r->out);
}

Test(report, is_a_whole_page_for_its_owner_alone)
{
	struct bastion *b;
	struct stat st;
	const char *page;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	assert_status(ssh_run(b, "user149", NULL, "true", NULL), 0);
	assert_status(report_to_file(b, "--since 1d"), 0);
	page = page_of(b);
	cr_assert_eq(stat(text("%s/page.html", b->dir), &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	assert_no_half_page(b->dir);
	assert_says(
	    page, "In the period 1 login was let in and 0 were refused");
	assert_says(page, "user149");
	assert_says(page, "audit.jsonl");
	assert_says(page, "Its checks said");
}

Test(report, goes_to_standard_output)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	r = bastion_admin(b, ARGV("report"));
	assert_status(r, 0);
	cr_assert_eq(strncmp(r->out, "<!DOCTYPE html>", 15), 0);
	assert_says(r->out, "</html>\n");
}

Test(report, never_floods_a_terminal)
{
	struct bastion *b;
	struct session *s;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	s = session_start(ARGV(text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
	    "--socket", b->socket, "--policy", b->policy, "report"));
	cr_assert_eq(session_status(s), 2);
	assert_says(s->seen, "use --output FILE");
	assert_never_says(s->seen, "<html");
}

static const char full_disk[] =
    "dir=$1; shift\n"
    "mount -t tmpfs -o size=24k none $dir || exit 90\n"
    "echo old >$dir/page.html\n"
    "head -c 12000 /dev/zero >$dir/filler\n"
    "\"$@\" --output $dir/page.html; status=$?\n"
    "cat $dir/page.html; ls -A $dir; exit $status\n";

Test(report, a_full_disk_leaves_the_old_page)
{
	struct bastion *b;
	const char *folder;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	folder = text("%s/small", b->dir);
	cr_assert_eq(mkdir(folder, 0700), 0);
	r = run(ARGV("unshare", "-m", "sh", "-c", full_disk, "sh", folder,
		    text("%s/tfa-admin", getenv("TFA_PROGRAMS")), "--socket",
		    b->socket, "--policy", b->policy, "report"),
	    NULL, 0);
	assert_status(r, 1);
	assert_says(r->err, "No space left on device");
	cr_assert_str_eq(r->out, "old\nfiller\npage.html\n");
}

/* Root must not put a page in the place of a device. */
Test(report, replaces_nothing_but_a_plain_file)
{
	static const char *const targets[] = {
	    "mknod $1 c 1 3", "ln -s /dev/null $1", "mkdir $1", "mkfifo $1"};
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		const char *path = text("%s/page.html", b->dir);
		struct stat before, after;
		struct run *r;

		assert_status(
		    run(ARGV("sh", "-c", text("rm -rf $1; %s", targets[i]),
			    "sh", path),
			NULL, 0),
		    0);
		cr_assert_eq(lstat(path, &before), 0);
		r = report_to_file(b, "");
		assert_status(r, 1);
		assert_says(r->err, "no plain file");
		cr_assert_eq(lstat(path, &after), 0);
		cr_expect_eq(before.st_ino, after.st_ino);
		cr_expect_eq(before.st_mode, after.st_mode);
	}
	assert_status(
	    bastion_admin(b, ARGV("report", "--output", "/nowhere/page.html")),
	    1);
}

#define HOSTILE_LINE                                                        \
	"{'time':'%s','event':'login','user':'<script>alert(1)</script>',"  \
	"'verdict':'pass','reason':'exempt','rule':'<b>','address':"        \
	"'</td>','command':'<script>','actor':'<img src=x>'}\n"             \
	"{'time':'%s','event':'revoke','user':'<script>','verdict':'pass'," \
	"'actor':'<img src=x onerror=alert(1)>','detail':'</table>',"       \
	"'device':'<b>'}\n"

Test(report, words_of_users_and_clients_are_only_words)
{
	struct bastion *b;
	const char *page;

	needs_people();
	b = bastion_open(.rules = "{'name':'</h1><script>','users':['*'],"
				  "'mode':'exempt'}");
	assert_status(ssh_run(b, "user150", NULL, "echo '<script>'", NULL), 0);
	add_lines(b, "audit.jsonl",
	    text(HOSTILE_LINE, hours_from_now(-1), hours_from_now(-1)));
	assert_status(report_to_file(b, ""), 0);
	page = page_of(b);
	assert_never_says(page, "<script");
	assert_never_says(page, "<img");
	assert_never_says(page, "</h1><");
	assert_says(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
	assert_says(page, "&lt;img src=x onerror=alert(1)&gt;");
}

Test(report, damage_is_counted_and_what_is_unreadable_is_named)
{
	struct bastion *b;
	const char *page;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	assert_status(ssh_run(b, "user151", NULL, "true", NULL), 0);
	add_lines(b, "audit.jsonl", "{'time':\n\377\376\n");
	assert_status(report_to_file(b, ""), 0);
	assert_says(page_of(b), "damaged, and left out: 2.");
	add_lines(b, "audit.jsonl.2.gz", "this is not gzip\n");
	r = report_to_file(b, "");
	assert_status(r, 1);
	assert_says(r->err, "audit.jsonl.2.gz");
	page = page_of(b);
	assert_says(page, "audit.jsonl.2.gz");
	assert_says(page, "<b>not read:</b>");
	assert_says(page, "In the period 1 login was let in");
}

Test(report, a_clock_that_went_back_is_said)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	add_lines(b, "audit.jsonl",
	    text("{'time':'%s','event':'login','user':'user152',"
		 "'verdict':'pass','reason':'code'}\n"
		 "{'time':'%s','event':'login','user':'user152',"
		 "'verdict':'pass','reason':'code'}\n",
		hours_from_now(-2), hours_from_now(-9)));
	report_to_file(b, "");
	assert_says(page_of(b), "The clock went back");
	assert_says(page_of(b), "In the period 2 logins were let in");
}

Test(report, without_names_names_nobody)
{
	struct bastion *b;
	const char *page;

	needs_people();
	b = bastion_open(.rules = "{'name':'user152','users':['user152'],"
				  "'mode':'exempt'}," REQUIRED);
	fixture_enrol(b, "user153");
	assert_status(ssh_run(b, "user152", NULL, "true", NULL), 0);
	assert_status(ssh_run(b, "user154", NULL, "true", NULL), 77);
	assert_status(bastion_admin(b, ARGV("--yes", "revoke", "user153")), 0);
	assert_status(report_to_file(b, ""), 0);
	assert_says(page_of(b), "user152");
	assert_says(page_of(b), "user153");
	assert_says(page_of(b), "127.0.0.1");
	assert_status(report_to_file(b, "--no-names"), 0);
	page = page_of(b);
	assert_never_says(page, "user15");
	assert_never_says(page, "127.0.0.1");
	assert_never_says(page, "SHA256:");
	assert_says(page, "person 1");
	assert_says(page, "Names are left out");
}

Test(report, of_a_group_is_about_its_members)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	assert_status(ssh_run(b, "user150", NULL, "true", NULL), 0);
	assert_status(ssh_run(b, "user151", NULL, "true", NULL), 0);
	report_to_file(b, "");
	assert_says(page_of(b), "In the period 2 logins were let in");
	report_to_file(b, "--group user150");
	assert_says(page_of(b), "In the period 1 login was let in");
	assert_never_says(page_of(b), "user151");
	assert_status(report_to_file(b, "--group nosuchgroup"), 1);
}

Test(report, refuses_a_period_that_is_none)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	assert_status(report_to_file(b, "--since 1h --until 2h"), 2);
	assert_status(report_to_file(b, "--since 2000-01-01"), 2);
	assert_status(report_to_file(b, "--since yesterday"), 2);
	assert_status(report_to_file(b, "page"), 2);
	assert_status(bastion_admin(b, ARGV("--json", "report")), 2);
	cr_assert_null(read_text(text("%s/page.html", b->dir)));
}

Test(report, a_user_may_make_none)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	r = ssh_run(b, "user149", NULL,
	    text("%s/tfa-admin --socket %s --policy %s report",
		getenv("TFA_PROGRAMS"), b->socket, b->policy),
	    NULL);
	cr_assert_neq(r->status, 0);
	cr_assert_str_empty(r->out);
}
