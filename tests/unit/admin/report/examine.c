/* Doctor is run for a report: it may find much, fail, or never end. */
#include "admin/report/examine.h"

#include <criterion/criterion.h>
#include <string.h>

#include "store/base/clock.h"
#include "store/system/child.h"
#include "tests/unit/fixture.h"

#define FINDING(check)                                                         \
	"echo '{\"check\":\"" check "\",\"status\":\"warn\",\"detail\":\"d\"," \
	"\"fix\":\"\"}';"

static const struct {
	const char *script, *why;
	size_t findings;
} cases[] = {
    {FINDING("a") FINDING("b") "exit 1", "", 2},
    {FINDING("a") "sleep 100", "had not ended", 1},
    {FINDING("a") "sleep 100 & wait", "had not ended", 1},
    {FINDING("a") "printf '{\"check\":\"b'; kill -9 $$",
	"ended with status 137", 1},
    {FINDING("a") "exit 77", "ended with status 77", 1},
    {FINDING("a") "echo '<script>'", "more than", 1},
    {FINDING("a") "printf '{\"check\":'", "more than", 1},
    {FINDING("a") "head -c 100000 /dev/zero | tr '\\0' x", "more than", 1},
};

Test(report_examine, keeps_what_doctor_found_and_says_if_it_is_not_all)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report report = {.made_s = 0};
		long long begun = clock_ms();

		cr_assert(examine_run("/bin/sh",
		    (const char *const[]){"sh", "-c", cases[i].script, NULL},
		    1000, &report));
		cr_expect_lt(clock_ms() - begun, 20000);
		cr_expect_eq(report.findings.count, cases[i].findings,
		    "%s: %zu", cases[i].script, report.findings.count);
		if (cases[i].why[0] == '\0')
			cr_expect_str_empty(report.findings_why);
		else
			cr_expect_not_null(
			    strstr(report.findings_why, cases[i].why), "%s: %s",
			    cases[i].script, report.findings_why);
		report_done(&report);
	}
}

Test(report_examine, without_a_program_says_so)
{
	struct report report = {.made_s = 0};

	cr_assert(examine_run(
	    "/proc/none", (const char *const[]){"none", NULL}, 1000, &report));
	cr_expect_not_null(
	    strstr(report.findings_why, "ended with status 127"));
	report_done(&report);
}
