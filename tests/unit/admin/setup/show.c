#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "admin/setup/setup.h"
#include "store/base/cleanup.h"

TestSuite(setup_show, .timeout = 30);

/* Reads back the output of plan_show() with --json. */
static void
show_as_json(const struct plan *plan, char *ret, size_t size)
{
	scoped_fd int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	ssize_t n;

	fflush(stdout);
	cr_assert(dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
	plan_show(plan, true);
	fflush(stdout);
	n = pread(fd, ret, size - 1, 0);
	cr_assert(n >= 0);
	ret[n] = '\0';
}

Test(setup_show, json_has_the_text_of_a_written_file_alone)
{
	scoped_plan struct plan plan = {.stages = {.count = 0}};
	char shown[1024];

	cr_assert(plan_add(&plan, STAGE_FILE_WRITE, "/etc/tfa/policy.json",
	    0644, "root", strdup("a \"b\"\n")));
	cr_assert(plan_add(&plan, STAGE_SSHD_BEFORE, "", 0, "", NULL));
	cr_assert(plan_add(
	    &plan, STAGE_SSHD_CHECK, "sshd -t", 0, "root", strdup(SETUP_GATE)));
	show_as_json(&plan, shown, sizeof(shown));
	cr_assert_str_eq(shown,
	    "{\"stage\":\"write file\",\"path\":\"/etc/tfa/policy.json\","
	    "\"text\":\"a \\\"b\\\"\\n\"}\n"
	    "{\"stage\":\"check sshd\",\"path\":\"sshd -t\"}\n");
}
