/*
 * Says before the plan is carried out what doctor would say afterwards: its
 * checks run on the files of the plan, so setup promises nothing that doctor
 * denies later.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/doctor.h"
#include "admin/setup/setup.h"

/* Collects the files that the plan writes and the folders that it makes.  The
 * plan keeps their texts. */
static bool
collect_planned(const struct plan *plan, struct planned *ret)
{
	*ret = (struct planned){.files = {.count = 0}};
	for (size_t i = 0; i < plan->stages.count; i++) {
		const struct stage *stage = &plan->stages.items[i];
		struct planned_file *file;

		if (stage->kind != STAGE_FILE_WRITE &&
		    stage->kind != STAGE_FOLDER_MAKE)
			continue;
		file = list_add(&ret->files, sizeof(*file));
		if (file == NULL)
			return false;
		*file = (struct planned_file){stage->path, stage->text};
	}
	return true;
}

bool
judged_plan(
    const struct admin *admin, const struct plan *plan, struct findings *ret)
{
	struct planned planned;
	bool ok = collect_planned(plan, &planned) &&
	    doctor_judge_planned(admin, &planned, ret);

	free(planned.files.items);
	return ok;
}

bool
judged_say(const struct findings *findings)
{
	for (size_t i = 0; i < findings->list.count; i++)
		if (findings->list.items[i].status != FINDING_OK)
			finding_print_block(stderr, &findings->list.items[i]);
	return findings_count(findings, FINDING_FAIL) == 0;
}

bool
judged_exempts(const char *dropin, const char *user)
{
	struct planned_file file = {CONFIG_DROP_IN, dropin};
	struct planned planned = {.files = {&file, 1}};
	struct doctor doctor = {.config = CONFIG_DEFAULT, .planned = &planned};
	bool exempt = doctor_read_config(&doctor, CONFIG_DEFAULT) &&
	    config_exempts(&doctor.lines, user);

	doctor_done(&doctor);
	return exempt;
}

void
judged_say_gates(void)
{
	struct doctor doctor = {.config = CONFIG_DEFAULT};

	if (!doctor_read_config(&doctor, CONFIG_DEFAULT))
		admin_say(CONFIG_DEFAULT " cannot be read");
	for (size_t i = 0; i < doctor.lines.lines.count; i++) {
		const struct config_line *line = &doctor.lines.lines.items[i];

		if (strcasecmp(line->keyword, "ForceCommand") == 0 &&
		    config_is_gate(line->value) &&
		    strcmp(line->file, CONFIG_DROP_IN) != 0)
			admin_say("%s:%d still names the gate: remove that "
				  "line, or the users of its Match cannot log "
				  "in",
			    line->file, line->number);
	}
	doctor_done(&doctor);
}
