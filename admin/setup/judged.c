/*
 * Says before the plan is carried out what doctor would say afterwards: its
 * checks run on the files of the plan, so setup promises nothing that doctor
 * denies later.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/doctor.h"
#include "admin/doctor/person.h"
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

/* *ret: sshd's lines with that drop-in; false where they cannot be read. */
static bool
read_with(const char *dropin, struct planned_file *file,
    struct planned *planned, struct doctor *ret)
{
	*file = (struct planned_file){CONFIG_DROP_IN, dropin};
	*planned = (struct planned){.files = {file, 1}};
	*ret = (struct doctor){.config = CONFIG_DEFAULT, .planned = planned};
	return doctor_read_config(ret, CONFIG_DEFAULT);
}

bool
judged_exempts(const char *dropin, const char *user)
{
	struct planned_file file;
	struct planned planned;
	struct doctor doctor;
	bool exempt = read_with(dropin, &file, &planned, &doctor) &&
	    config_exempts(&doctor.lines, user);

	doctor_done(&doctor);
	return exempt;
}

bool
judged_reach(const char *dropin, struct reach *ret)
{
	struct planned_file file;
	struct planned planned;
	struct doctor doctor;
	bool known = read_with(dropin, &file, &planned, &doctor);

	if (known) {
		scope_say(&doctor.lines, ret->whom, sizeof(ret->whom));
		scope_count(&doctor.lines, &ret->count);
		ret->partial = scope_is_partial(&doctor.lines);
	}
	doctor_done(&doctor);
	return known;
}

bool
judged_asks(const char *dropin, const char *user)
{
	struct planned_file file;
	struct planned planned;
	struct doctor doctor;
	bool asks = !read_with(dropin, &file, &planned, &doctor) ||
	    scope_has_name(&doctor.lines, user);

	doctor_done(&doctor);
	return asks;
}

bool
judged_somebody(const char *dropin, char *ret, size_t size)
{
	struct planned_file file;
	struct planned planned;
	struct doctor doctor;
	const struct passwd *pw;
	bool found = false;

	if (read_with(dropin, &file, &planned, &doctor)) {
		setpwent();
		while (!found && (pw = getpwent()) != NULL)
			if (shell_kind(pw->pw_shell) != SHELL_NO_LOGIN &&
			    scope_has(&doctor.lines, pw) &&
			    !config_exempts(&doctor.lines, pw->pw_name))
				found = strlen(pw->pw_name) < size &&
				    snprintf(ret, size, "%s", pw->pw_name) > 0;
		endpwent();
	}
	doctor_done(&doctor);
	return found;
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
