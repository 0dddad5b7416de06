#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/findings.h"
#include "admin/field.h"
#include "store/base/utf8.h"

#define FINDINGS_MAX 50
#define CHECK        13 /* columns of a check's name, */
#define START        20 /* and of all that stands before a finding's text */

/*
 * Two files in one bad folder are one finding, and what a user's own file can
 * fill does not bury the rest: a check says FINDINGS_MAX things at most.
 */
static bool
is_enough(const struct findings *findings, const char *detail)
{
	size_t count = 0;

	list_each(const struct finding, f, findings->list) {
		if (f->check != findings->check)
			continue;
		if (++count == FINDINGS_MAX || strcmp(f->detail, detail) == 0)
			return true;
	}
	return false;
}

/* The lines of a block stay lines. */
static void
clean_block(const char *block, char ret[static FINDING_FIX])
{
	size_t n = 0;

	while (*block != '\0' && n + 2 < FINDING_FIX) {
		size_t len = strcspn(block, "\n");

		utf8_clean(block, len, ret + n, FINDING_FIX - n - 1);
		n += strlen(ret + n);
		block += len;
		if (*block == '\n') {
			ret[n++] = '\n';
			block++;
		}
	}
	ret[n] = '\0';
}

/* NULL where it is not added. */
static struct finding *
findings_put(struct findings *findings, enum finding_status status,
    const char *format, va_list args)
{
	char text[FINDING_TEXT], clean[FINDING_TEXT];
	struct finding *finding;

	vsnprintf(text, sizeof(text), format, args);
	utf8_clean(text, strlen(text), clean, sizeof(clean));
	if (is_enough(findings, clean))
		return NULL;
	finding = list_add(&findings->list, sizeof(*finding));
	if (finding == NULL) {
		findings->failed = true;
		return NULL;
	}
	finding->check = findings->check;
	finding->status = status;
	memcpy(finding->detail, clean, sizeof(clean));
	return finding;
}

void
findings_add(struct findings *findings, enum finding_status status,
    const char *fix, const char *format, ...)
{
	struct finding *finding;
	va_list args;

	va_start(args, format);
	finding = findings_put(findings, status, format, args);
	va_end(args);
	if (finding != NULL && fix != NULL)
		utf8_clean(
		    fix, strlen(fix), finding->fix, sizeof(finding->fix));
}

void
findings_note(struct findings *findings, const char *format, ...)
{
	size_t count = findings->list.count;
	char text[FINDING_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	findings_add(findings, FINDING_OK, NULL, "note: %s", text);
	findings->before += findings->list.count - count;
}

void
findings_add_block(struct findings *findings, enum finding_status status,
    const char *block, const char *format, ...)
{
	struct finding *finding;
	va_list args;

	va_start(args, format);
	finding = findings_put(findings, status, format, args);
	va_end(args);
	if (finding == NULL)
		return;
	finding->block = true;
	clean_block(block, finding->fix);
}

void
findings_copy(struct findings *findings, const struct finding *finding)
{
	struct finding *copy = list_add(&findings->list, sizeof(*copy));

	if (copy != NULL)
		*copy = *finding;
	else
		findings->failed = true;
}

void
finding_fix(const struct finding *finding, char ret[static FINDING_FIX])
{
	const char *from = finding->fix;
	size_t n = 0;
	bool first = true;

	while (*from != '\0' && n + 4 < FINDING_FIX) {
		if (*from != '\n') {
			ret[n++] = *from++;
			continue;
		}
		from += 1 + strspn(from + 1, " ");
		n += (size_t)snprintf(
		    ret + n, FINDING_FIX - n, first ? " " : " / ");
		first = false;
	}
	ret[n] = '\0';
}

const char *
finding_word(enum finding_status status)
{
	static const char *const words[] = {[FINDING_OK] = "ok",
	    [FINDING_WARN] = "warn",
	    [FINDING_FAIL] = "FAIL"};

	return words[status];
}

static void
print_start(FILE *out, const struct finding *finding, bool colour)
{
	static const char *const colours[] = {[FINDING_OK] = "\033[32m",
	    [FINDING_WARN] = "\033[33m",
	    [FINDING_FAIL] = "\033[1;31m"};

	fprintf(out, "%s%-4s%s  %-13s ", colour ? colours[finding->status] : "",
	    finding_word(finding->status), colour ? "\033[0m" : "",
	    finding->check);
}

/* Prints the text behind that start. */
static void
print_text(FILE *out, const struct finding *finding, const char *text)
{
	size_t len = strlen(finding->check);

	field_fold(out, START + (len > CHECK ? len - CHECK : 0), START, text);
}

void
finding_print(FILE *out, const struct finding *finding, bool colour)
{
	char fix[FINDING_FIX], text[FINDING_TEXT + 8 + FINDING_FIX];

	print_start(out, finding, colour);
	finding_fix(finding, fix);
	snprintf(text, sizeof(text), "%s%s%s", finding->detail,
	    fix[0] != '\0' ? "; fix: " : "", fix);
	print_text(out, finding, text);
	putc('\n', out);
}

void
finding_print_block(FILE *out, const struct finding *finding)
{
	if (!finding->block) {
		finding_print(out, finding, false);
		return;
	}
	print_start(out, finding, false);
	print_text(out, finding, finding->detail);
	fprintf(out, "; fix: %s\n", finding->fix);
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

const char *
findings_s(size_t count)
{
	return count == 1 ? "" : "s";
}

void
findings_done(struct findings *findings)
{
	free(findings->list.items);
	*findings = (struct findings){.check = NULL};
}
