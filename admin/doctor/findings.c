#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/findings.h"
#include "store/base/utf8.h"

#define FINDINGS_MAX 50

/*
 * Two files in one bad folder are one finding, and what a user's own file can
 * fill does not bury the rest: a check says FINDINGS_MAX things at most.
 */
static bool
is_enough(const struct findings *findings, const char *detail)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->list.count; i++) {
		const struct finding *f = &findings->list.items[i];

		if (f->check != findings->check)
			continue;
		if (++count == FINDINGS_MAX || strcmp(f->detail, detail) == 0)
			return true;
	}
	return false;
}

void
findings_add(struct findings *findings, enum finding_status status,
    const char *fix, const char *format, ...)
{
	char text[FINDING_TEXT], clean[FINDING_TEXT];
	struct finding *finding;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	utf8_clean(text, strlen(text), clean, sizeof(clean));
	if (is_enough(findings, clean))
		return;
	finding = json_list_add(&findings->list, sizeof(*finding));
	if (finding == NULL) {
		findings->failed = true;
		return;
	}
	finding->check = findings->check;
	finding->status = status;
	memcpy(finding->detail, clean, sizeof(clean));
	if (fix != NULL)
		utf8_clean(
		    fix, strlen(fix), finding->fix, sizeof(finding->fix));
}

void
findings_begin(struct findings *findings, const char *check)
{
	findings->check = check;
	findings->before = findings->list.count;
	findings->ok[0] = '\0';
}

void
findings_ok(struct findings *findings, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(findings->ok, sizeof(findings->ok), format, args);
	va_end(args);
}

void
findings_end(struct findings *findings, const char *ok)
{
	if (findings->list.count == findings->before)
		findings_add(findings, FINDING_OK, NULL, "%s",
		    findings->ok[0] != '\0' ? findings->ok : ok);
}

size_t
findings_count(const struct findings *findings, enum finding_status status)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->list.count; i++)
		count += findings->list.items[i].status == status;
	return count;
}

void
findings_done(struct findings *findings)
{
	free(findings->list.items);
	*findings = (struct findings){.check = NULL};
}
