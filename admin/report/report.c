/*
 * The command report: its options, and where the page goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/report/report.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"

#define PAGE_MODE     0600 /* it has names, and what an attacker would look for */
#define NAME_TEXT_MAX 256

/* Where the page goes: a file in an open folder, or stdout. */
struct target {
	const char *path; /* NULL: stdout */
	int folder;
	const char *name;
};

/* Opens the folder of the file, and refuses what is no plain file: root would
 * put the page in the place of a device. */
static bool
open_target(const char *path, struct target *ret)
{
	const char *slash = strrchr(path, '/');
	scoped_free char *folder = slash == NULL ? strdup(".")
	    : slash == path                      ? strdup("/")
			    : strndup(path, (size_t)(slash - path));
	struct stat st;

	ret->path = path;
	ret->name = slash != NULL ? slash + 1 : path;
	ret->folder = folder == NULL
	    ? -1
	    : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->folder < 0 || faccessat(ret->folder, ".", W_OK, AT_EACCESS)) {
		admin_say(
		    "%s: %s", folder != NULL ? folder : path, strerror(errno));
		return false;
	}
	if (ret->name[0] == '\0' ||
	    (fstatat(ret->folder, ret->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		!S_ISREG(st.st_mode))) {
		admin_say(
		    "%s: this is no plain file; nothing was written", path);
		return false;
	}
	return true;
}

static bool
write_target(const struct target *target, const char *text, size_t len)
{
	char new[NAME_TEXT_MAX];

	if (target->path == NULL)
		return fwrite(text, 1, len, stdout) == len;
	snprintf(new, sizeof(new), ".tfa-report.%ld", (long)getpid());
	if (file_replace(target->folder, target->name, new, PAGE_MODE,
		(uid_t)-1, (gid_t)-1, text, len) == FAULT_NONE)
		return true;
	admin_say("%s: %s; the report was not written", target->path,
	    strerror(errno));
	return false;
}

/* Draws the whole page before any of it is written. */
static int
write_page(const struct report *report, const struct target *target)
{
	scoped_free char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool drawn = out != NULL && report_draw(report, out);

	if (out != NULL && fclose(out) != 0)
		drawn = false;
	if (!drawn) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	return write_target(target, text, len) ? ADMIN_DONE : ADMIN_NOT;
}

/* Says what the page itself says, for those who only see the exit status. */
static int
say_incomplete(const struct report *report)
{
	if (report->findings_why[0] != '\0')
		admin_say("doctor's findings are not complete: %s",
		    report->findings_why);
	return report->findings_why[0] != '\0' || report->partial ? ADMIN_NOT
								  : ADMIN_DONE;
}

/* False after a message. */
static bool
set_period(const struct admin *admin, struct report *report)
{
	report->made_s = time(NULL);
	report->until_s = report->made_s + 1; /* this second, too */
	if (admin->until != NULL &&
	    !admin_time(admin->until, report->made_s, &report->until_s))
		return false;
	if (report->until_s > report->made_s + 1)
		report->until_s = report->made_s + 1;
	report->since_s = report->until_s - REPORT_DAYS * 86400;
	if (admin->since != NULL &&
	    !admin_time(admin->since, report->made_s, &report->since_s))
		return false;
	if (report->since_s >= report->until_s)
		admin_say("the period ends before it begins");
	else if (report->until_s - report->since_s >
	    (REPORT_DAYS_MAX - 2) * 86400LL)
		admin_say("a report covers at most ten years");
	else
		return true;
	return false;
}

/* False after a message. */
static bool
set_group(const struct admin *admin, struct report *report)
{
	const char *group = admin->group;

	if (group == NULL)
		return true;
	group += group[0] == '@';
	if (strlen(group) < sizeof(report->group) && getgrnam(group) != NULL) {
		snprintf(report->group, sizeof(report->group), "%s", group);
		return true;
	}
	admin_say("%s: there is no such group", group);
	return false;
}

static bool
is_usable(const struct admin *admin)
{
	if (admin->json)
		admin_say("the report is a page for people; users --json and "
			  "log --json are for programs");
	else if (admin->output == NULL && isatty(STDOUT_FILENO))
		admin_say("the report is a page for a browser: use --output "
			  "FILE");
	else
		return true;
	return false;
}

static int
make(struct admin *admin, struct report *report, struct target *target)
{
	int status;

	if (!set_group(admin, report))
		return ADMIN_NOT;
	if (admin->output != NULL && !open_target(admin->output, target))
		return ADMIN_NOT;
	status = report_collect(admin, report);
	if (status == ADMIN_DONE)
		status = write_page(report, target);
	return status == ADMIN_DONE ? say_incomplete(report) : status;
}

int
admin_report(struct admin *admin, int argc, char **argv)
{
	struct report report = {.no_names = admin->no_names};
	struct target target = {.folder = -1};
	int status;

	(void)argv;
	if (argc != 0)
		return ADMIN_MISUSED;
	if (!is_usable(admin) || !set_period(admin, &report))
		return ADMIN_USAGE;
	status = make(admin, &report, &target);
	if (target.folder >= 0)
		close(target.folder);
	report_done(&report);
	return status;
}
