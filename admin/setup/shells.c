/*
 * Login shells that do not run the gate are found before sshd sends their
 * users to it: by the judge that doctor has, on the configuration to be.
 */
#include "admin/setup/site.h"
#include "admin/doctor/login_shells.h"

void
site_shells(struct setup *setup, const struct config *config, FILE *report)
{
	const struct shells shells = {
	    .gate = SETUP_GATE, .config = config, .home = true};
	struct findings findings = {.check = "shells"};

	shells_judge(&shells, &findings);
	if (findings_count(&findings, FINDING_FAIL) > 0 || findings.failed) {
		setup->site_blocks_us = true;
		fputs("Login shells that do not run the gate as sshd starts "
		      "it:\n",
		    report);
	}
	for (size_t i = 0; i < findings.list.count; i++) {
		const struct finding *finding = &findings.list.items[i];

		if (finding->status == FINDING_FAIL)
			fprintf(report, "    %s\n        %s\n", finding->detail,
			    finding->fix);
	}
	findings_done(&findings);
}
