/*
 * doctor, as a process of its own: a check that waits for something must not
 * make the report wait for ever, and what was found until then is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/home.h"
#include "admin/report/examine.h"
#include "store/base/cleanup.h"
#include "store/system/child.h"

#define SELF       "/proc/self/exe"
#define EXAMINE_MS 60000
#define LINE_BYTES 32768 /* of one finding */
#define TEXT_BYTES 16384

static const struct json_field fields[] = {
    JSON_ROW_TEXT("check", JSON_REQUIRED, struct report_finding, check),
    JSON_ROW_TEXT("status", JSON_REQUIRED, struct report_finding, status),
    JSON_ROW_STRING(
	"detail", JSON_REQUIRED, struct report_finding, detail, TEXT_BYTES),
    JSON_ROW_STRING(
	"fix", JSON_REQUIRED, struct report_finding, fix, TEXT_BYTES),
};
static const struct json_shape finding_shape = JSON_SHAPE(fields, NULL);

/* Adds the finding of one line.  False if the line is none. */
static bool
add_finding(struct report *report, char *line, size_t len)
{
	struct report_finding finding = {.check = ""}, *slot;
	struct json_error error;

	line[len] = '\0';
	if (json_read(&finding_shape, line, len, LINE_BYTES, &finding,
		&error) == FAULT_NONE) {
		slot = list_add(&report->findings, sizeof(*slot));
		if (slot != NULL) {
			*slot = finding;
			return true;
		}
	}
	json_done(&finding_shape, &finding);
	return false;
}

/* Only whole lines count: the last one may have been cut. */
static bool
add_findings(struct report *report, char *text)
{
	bool whole = true;
	char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
		whole &= add_finding(report, text, (size_t)(end - text));
	return whole && text[0] == '\0';
}

static void
say_end(const struct child *child, bool whole, int limit_ms,
    char ret[static REPORT_WHY])
{
	if (child->end == CHILD_LATE)
		snprintf(ret, REPORT_WHY,
		    "doctor had not ended after %d seconds; this is what it "
		    "had found by then.",
		    limit_ms / 1000);
	else if (child->end != CHILD_EXITED ||
	    (child->status != ADMIN_DONE && child->status != ADMIN_NOT))
		snprintf(ret, REPORT_WHY, "doctor ended with status %d.",
		    child->status);
	else if (!whole)
		snprintf(ret, REPORT_WHY,
		    "doctor found more than this page has room for.");
}

bool
examine_run(const char *path, const char *const argv[], int limit_ms,
    struct report *report)
{
	const struct child_options options = {
	    .argv = argv, .program = path, .limit_ms = limit_ms};
	scoped_free struct child *child = malloc(sizeof(*child));
	bool whole;

	if (child == NULL)
		return false;
	child_run_as(&options, child);
	whole = add_findings(report, child->out.text);
	say_end(child, whole, limit_ms, report->findings_why);
	return true;
}

bool
report_examine(const struct admin *admin, struct report *report)
{
	const struct client_options *keeper = &admin->keeper;
	bool own = keeper->store != NULL;

	return examine_run(SELF,
	    (const char *const[]){"tfa-admin", "--json",
		own ? "--store" : "--socket",
		own ? keeper->store : keeper->socket, "--policy", admin->policy,
		"--keeper-user", keeper->keeper_user, "--fleet",
		admin->fleet != NULL ? admin->fleet : FLEET_CONFIG, "doctor",
		NULL},
	    EXAMINE_MS, report);
}
