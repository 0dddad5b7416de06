#include "admin/metrics/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "admin/admin.h"
#include "tests/unit/fixture.h"
#include "tests/unit/inject.h"

static char folder[FOLDER_MAX], path[FOLDER_MAX + 32];

static void
set_up(void)
{
	fixture_folder(folder);
	snprintf(path, sizeof(path), "%s/tfa.prom", folder);
	cr_assert_not_null(freopen("/dev/null", "w", stderr));
}

static void
tear_down(void)
{
	fixture_remove(folder);
}

TestSuite(metrics_output, .init = set_up, .fini = tear_down, .timeout = 60);

static size_t
files_there(void)
{
	char command[FOLDER_MAX + 32], count[16] = "";
	FILE *ls;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", folder);
	ls = popen(command, "r");
	cr_assert_not_null(ls);
	cr_assert_not_null(fgets(count, sizeof(count), ls));
	pclose(ls);
	return (size_t)strtoul(count, NULL, 10);
}

static void
assert_text(const char *wanted)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file);
	cr_assert_not_null(fgets(text, sizeof(text), file));
	fclose(file);
	cr_assert_str_eq(text, wanted);
}

Test(metrics_output, is_for_everybody_and_its_state_for_us)
{
	struct kept kept = {.counts = {.wrong_codes = 3}}, again;
	struct output output;
	char state[FOLDER_MAX + 32];
	struct stat st;

	umask(077);
	cr_assert_eq(output_open(path, &output), ADMIN_DONE);
	cr_assert_eq(output_read_kept(&output, &again), ADMIN_DONE);
	cr_assert_eq(again.counts.wrong_codes, 0);
	cr_assert_eq(output_write_kept(&output, &kept), ADMIN_DONE);
	cr_assert_eq(output_write(&output, "x 1\n", 4), ADMIN_DONE);
	cr_assert_eq(output_read_kept(&output, &again), ADMIN_DONE);
	cr_assert_eq(again.counts.wrong_codes, 3);
	output_close(&output);
	assert_text("x 1\n");
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0644u);
	snprintf(state, sizeof(state), "%s/.tfa.prom.state", folder);
	cr_assert_eq(stat(state, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600u);
	cr_assert_eq(files_there(), 3u); /* with the lock */
}

/* Whatever fails, the old file is whole, and nothing is left beside it. */
Test(metrics_output, full_disk_leaves_the_old_file)
{
	static const int errors[] = {ENOSPC, EIO};
	struct output output;
	int n = 1;

	cr_assert_eq(output_open(path, &output), ADMIN_DONE);
	cr_assert_eq(output_write(&output, "x 1\n", 4), ADMIN_DONE);
	for (bool reached = true; reached; n++) {
		int status;

		inject_arm(n, errors[n % 2]);
		status = output_write(&output, "x 2\n", 4);
		reached = inject_disarm();
		if (status == ADMIN_DONE)
			continue;
		assert_text("x 1\n");
		cr_assert_eq(files_there(), 2u, "call %d", n);
	}
	cr_assert_gt(n, 3);
	assert_text("x 2\n");
	output_close(&output);
}

Test(metrics_output, state_that_is_damaged_begins_anew)
{
	char state[FOLDER_MAX + 32];
	struct kept kept = {.counts = {.skip = 1}};
	struct output output;
	FILE *file;

	snprintf(state, sizeof(state), "%s/.tfa.prom.state", folder);
	file = fopen(state, "w");
	cr_assert_not_null(file);
	fputs("{\"version\":1,", file);
	fclose(file);
	cr_assert_eq(output_open(path, &output), ADMIN_DONE);
	cr_assert_eq(output_read_kept(&output, &kept), ADMIN_DONE);
	cr_assert_eq(kept.counts.skip, 0);
	/* a link may lead anywhere: it is not followed */
	cr_assert_eq(unlink(state), 0);
	cr_assert_eq(symlink("/etc/passwd", state), 0);
	cr_assert_neq(output_read_kept(&output, &kept), ADMIN_DONE);
	output_close(&output);
}

Test(metrics_output, name_must_be_one_that_node_exporter_reads)
{
	static const char *const names[] = {
	    "tfa", "tfa.prom.new", ".prom", "tfa.prom/", ""};
	char wrong[FOLDER_MAX + 32];
	struct output output;

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(wrong, sizeof(wrong), "%s/%s", folder, names[i]);
		cr_expect_eq(
		    output_open(wrong, &output), ADMIN_USAGE, "%s", names[i]);
		output_close(&output);
	}
	cr_assert_eq(files_there(), 0u);
}

/* Others who may write there could have root write in another folder. */
Test(metrics_output, folder_of_others_is_refused)
{
	static const mode_t modes[] = {0777, 01777, 0775, 0757};
	struct output output;

	for (size_t i = 0; i < COUNT(modes); i++) {
		cr_assert_eq(chmod(folder, modes[i]), 0);
		cr_expect_eq(output_open(path, &output), ADMIN_NOT);
		output_close(&output);
	}
	cr_assert_eq(files_there(), 0u);
	cr_assert_eq(chmod(folder, 0755), 0);
	cr_assert_eq(output_open(path, &output), ADMIN_DONE);
	output_close(&output);
	if (geteuid() != 0)
		return;
	cr_assert_eq(chown(folder, 12345, 0), 0);
	cr_expect_eq(output_open(path, &output), ADMIN_NOT);
	output_close(&output);
}

/* Each adds 1 to what it finds. */
Test(metrics_output, runs_at_one_time_take_turns)
{
	enum { RUNS = 20 };
	struct output output;
	struct kept kept;
	pid_t pids[RUNS];

	for (int i = 0; i < RUNS; i++) {
		pids[i] = fork();
		cr_assert_geq(pids[i], 0);
		if (pids[i] > 0)
			continue;
		if (output_open(path, &output) != ADMIN_DONE ||
		    output_read_kept(&output, &kept) != ADMIN_DONE)
			_exit(1);
		kept.counts.wrong_codes++;
		if (output_write_kept(&output, &kept) != ADMIN_DONE)
			_exit(1);
		output_close(&output);
		_exit(0);
	}
	for (int i = 0; i < RUNS; i++)
		cr_expect_eq(fixture_wait(pids[i]), 0);
	cr_assert_eq(output_open(path, &output), ADMIN_DONE);
	cr_assert_eq(output_read_kept(&output, &kept), ADMIN_DONE);
	cr_assert_eq(kept.counts.wrong_codes, RUNS);
	output_close(&output);
}
