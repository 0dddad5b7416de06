#include "gate/screen/show.h"

#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "gate/screen/qr.h"

#define GAP          2  /* columns between the code and the words beside it */
#define BESIDE_LEAST 26 /* columns of words beside a code */
#define BESIDE_GOOD  30 /* columns of words for which a window is asked */
#define DIGITS       8  /* columns in which a code is typed */

#define APPS                                                  \
	"Google Authenticator, Duo Mobile, Authy, Microsoft " \
	"Authenticator or another authenticator app"

/* Many of the others know no codes that are counted. */
#define APPS_THAT_COUNT                                        \
	"Google Authenticator, FreeOTP, Aegis or another app " \
	"for counted codes (HOTP)"

enum place {
	PLACE_TEXT = 0, /* no QR code */
	PLACE_BESIDE,
	PLACE_MARGIN, /* beside; the prompt too, in the code's margin */
	PLACE_ABOVE,
};

/* Ways to show a device, the best first. */
static const struct layout {
	enum place place;
	bool brief; /* a short explanation */
	bool uri;
} layouts[] = {
    {PLACE_BESIDE, false, false},
    {PLACE_BESIDE, true, false},
    {PLACE_MARGIN, false, false},
    {PLACE_MARGIN, true, false},
    {PLACE_ABOVE, false, false},
    {PLACE_ABOVE, true, false},
    {PLACE_TEXT, false, true},
    {PLACE_TEXT, true, true},
    {PLACE_TEXT, true, false},
};
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

struct device_page {
	const struct reply *reply;
	const struct scan *scan;
	const struct display *display;
	const struct showing *showing;
	struct qr code;
	int side; /* 0: there is no code */
	enum qr_blocks blocks;
};

static void
say_start(const struct device_page *page, const struct layout *layout,
    char *ret, size_t size)
{
	bool scans = layout->place != PLACE_TEXT;
	const char *apps = scan_counts(page->scan) ? APPS_THAT_COUNT : APPS;

	if (layout->brief)
		snprintf(ret, size, "%s",
		    scans ? "Scan this with your authenticator app, or enter "
			    "the key"
			  : "Enter this key in your authenticator app");
	else
		snprintf(ret, size, "Set up two-step verification: %s %s%s",
		    scans ? "scan this with" : "enter the key below in", apps,
		    scans ? ", or enter the key" : "");
}

static void
say_lead(const struct device_page *page, const struct layout *layout,
    struct sheet *ret)
{
	bool prompt = page->showing->prompt[0] != '\0';
	char start[400], line[512];

	say_start(page, layout, start, sizeof(start));
	snprintf(line, sizeof(line), "%s%s", start,
	    prompt ? "; then type the six digits that the app shows."
		   : ". Logins ask for the six digits that the app shows.");
	sheet_say(ret, line);
}

/* Says which window would show a QR code. */
static void
say_window(const struct device_page *page, struct sheet *ret)
{
	char line[160];

	snprintf(line, sizeof(line),
	    "For a QR code begin again (^C) in a window of %d columns by %d "
	    "lines.",
	    qr_columns(page->blocks, page->side) + GAP + BESIDE_GOOD,
	    qr_rows(page->blocks, page->side));
	sheet_say(ret, line);
}

static int
columns_of(const struct device_page *page, enum place place)
{
	int columns = page->display->columns;

	if (place == PLACE_BESIDE || place == PLACE_MARGIN)
		return columns - GAP - qr_columns(page->blocks, page->side);
	return columns;
}

/* The words of a layout; empty lines between them where there is room. */
static void
compose(const struct device_page *page, const struct layout *layout, bool loose,
    struct sheet *ret)
{
	const struct showing *showing = page->showing;
	bool is_text = layout->place == PLACE_TEXT;

	*ret = (struct sheet){.columns = columns_of(page, layout->place)};
	if (is_text && loose)
		sheet_say(ret, "");
	say_lead(page, layout, ret);
	if (is_text && !layout->brief && showing->prompt[0] != '\0' &&
	    page->display->columns > 0 && page->side > 0)
		say_window(page, ret);
	if (loose)
		sheet_say(ret, "");
	if (layout->uri) {
		sheet_line(ret, page->scan->uri);
		if (loose)
			sheet_say(ret, "");
	}
	sheet_groups(ret, "Key:", page->reply->secret);
	if (showing->message[0] == '\0')
		return;
	if (loose)
		sheet_say(ret, "");
	sheet_say(ret, showing->message);
}

/* The first row of a code is margin, and may scroll out of sight; its last row
 * is margin too, and may have the prompt beside it. */
static bool
page_fits(
    const struct device_page *page, enum place place, const struct sheet *words)
{
	const struct display *display = page->display;
	int rows = sheet_rows(words);
	int code = page->side > 0 ? qr_rows(page->blocks, page->side) : 0;
	size_t typed = strlen(page->showing->prompt);
	int prompt = typed > 0 ? sheet_rows_of(typed + DIGITS, display->columns)
			       : 1; /* the cursor */

	if (place == PLACE_TEXT)
		return display->rows == 0 || rows + prompt <= display->rows;
	if (page->side == 0 || display->rows == 0)
		return false;
	if (place == PLACE_ABOVE)
		return qr_columns(page->blocks, page->side) <=
		    display->columns &&
		    rows + code + prompt <= display->rows;
	if (words->columns < BESIDE_LEAST)
		return false;
	if (place == PLACE_BESIDE)
		return rows <= code - 1 && code - 1 + prompt <= display->rows;
	return typed > 0 && (int)typed + DIGITS <= words->columns &&
	    rows <= code - 2 && code - 1 <= display->rows;
}

/* Finds the best layout that fits; the last one if none does. */
static const struct layout *
choose(const struct device_page *page, struct sheet *ret)
{
	for (size_t i = 0; i < LAYOUTS; i++) {
		for (int tight = 0; tight < 2; tight++) {
			compose(page, &layouts[i], tight == 0, ret);
			if (page_fits(page, layouts[i].place, ret))
				return &layouts[i];
		}
	}
	return &layouts[LAYOUTS - 1];
}

/* Writes a line of words behind each row of the code, but for the first row. */
static void
write_beside(FILE *out, const char *code, const char *words, bool prompt)
{
	for (bool first = true; *code != '\0'; first = false) {
		size_t row = strcspn(code, "\n");
		size_t line = first ? 0 : strcspn(words, "\n");
		bool last = code[row + 1] == '\0';

		fwrite(code, 1, row, out);
		if (line > 0 || (last && prompt))
			fprintf(out, "%*s", GAP, "");
		fwrite(words, 1, line, out);
		if (!last || !prompt)
			fputs("\n", out);
		if (!first)
			words += line + (words[line] == '\n');
		code += row + 1;
	}
}

static enum fault
write_device(FILE *out, const struct device_page *page)
{
	scoped_sheet struct sheet words = {.columns = 0};
	const struct layout *layout = choose(page, &words);
	scoped_json_text char *drawn = NULL;
	enum fault fault;

	if (layout->place == PLACE_TEXT) {
		fputs(words.text, out);
		return FAULT_NONE;
	}
	fault = qr_draw(&page->code, page->blocks, &drawn);
	if (fault != FAULT_NONE)
		return fault;
	if (layout->place == PLACE_ABOVE)
		fprintf(out, "%s%s", words.text, drawn);
	else
		write_beside(
		    out, drawn, words.text, layout->place == PLACE_MARGIN);
	return FAULT_NONE;
}

enum fault
show_device(const struct reply *reply, const struct scan *scan,
    const struct display *display, const struct showing *showing, char **ret)
{
	struct device_page page = {.reply = reply,
	    .scan = scan,
	    .display = display,
	    .showing = showing,
	    .blocks = display->utf8 ? QR_HALF : QR_FULL};
	scoped_json_text char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	enum fault fault;

	if (out == NULL)
		return FAULT_MEMORY;
	if (scan->modules != NULL && qr_read(scan->modules, &page.code))
		page.side = qr_side(&page.code);
	fault = write_device(out, &page);
	if (fault == FAULT_NONE && ferror(out))
		fault = FAULT_MEMORY;
	if (fclose(out) != 0)
		fault = FAULT_MEMORY;
	if (fault == FAULT_NONE)
		*ret = take(text);
	return fault;
}

/* A code of four groups needs 19 columns; in less it stands on two lines. */
static void
add_code(struct sheet *sheet, const char *code)
{
	size_t half = strlen(code) / 2 + 1;
	char line[32] = "";

	if (sheet->columns >= (int)strlen(code) || sheet->columns == 0) {
		sheet_line(sheet, code);
		return;
	}
	memcpy(line, code, half < sizeof(line) ? half : sizeof(line) - 1);
	sheet_line(sheet, line);
	sheet_line(sheet, code + strlen(line));
	explicit_bzero(line, sizeof(line));
}

void
show_recovery(const struct reply *reply, struct sheet *sheet)
{
	bool wide = sheet->columns == 0 || sheet->columns >= 44;
	char line[64];

	sheet_say(sheet,
	    "Recovery codes, each good for one login without your phone. Keep "
	    "them safe:");
	sheet_say(sheet, "");
	for (size_t i = 0; i < reply->codes.count; i += wide ? 2 : 1) {
		const char *code = reply->codes.items[i].text;

		if (!wide) {
			add_code(sheet, code);
			continue;
		}
		snprintf(line, sizeof(line), "  %.24s    %.24s", code,
		    i + 1 < reply->codes.count ? reply->codes.items[i + 1].text
					       : "");
		sheet_line(sheet, line);
	}
	sheet_say(sheet, "");
	explicit_bzero(line, sizeof(line));
}
