#include "admin/report/html.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "admin/escape.h"
#include "store/base/when.h"

void
html_put(struct html *html, const char *markup)
{
	fputs(markup, html->out);
}

void
html_text(struct html *html, const char *text)
{
	escape_html(html->out, text);
}

static void
say_text(struct html *html, const char *format, va_list ap)
{
	char text[HTML_SAY];

	vsnprintf(text, sizeof(text), format, ap);
	html_text(html, text);
}

void
html_say(struct html *html, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_text(html, format, ap);
	va_end(ap);
}

void
html_paragraph(struct html *html, const char *format, ...)
{
	va_list ap;

	html_mark(html, "<p>");
	va_start(ap, format);
	say_text(html, format, ap);
	va_end(ap);
	html_mark(html, "</p>\n");
}

void
html_word(struct html *html, const char *text)
{
	html_mark(html, "<bdi>");
	html_text(html, text);
	html_mark(html, "</bdi>");
}

/* Numbers begin at 1 and follow the order of the page; 0 without memory. */
static size_t
number_of(struct html *html, const char *name)
{
	struct name *known;

	for (size_t i = 0; i < html->people.count; i++)
		if (strcmp(html->people.items[i].text, name) == 0)
			return i + 1;
	known = list_add(&html->people, sizeof(*known));
	if (known == NULL) {
		html->failed = true;
		return 0;
	}
	snprintf(known->text, sizeof(known->text), "%s", name);
	return html->people.count;
}

void
html_person(struct html *html, const char *name)
{
	if (name[0] == '\0')
		html_mark(html, "nobody");
	else if (html->no_names)
		html_say(html, "person %zu", number_of(html, name));
	else
		html_word(html, name);
}

void
html_group(struct html *html, const char *name)
{
	for (size_t i = 0; html->no_names && i < html->of_people_count; i++)
		if (strcmp(html->of_people[i].text, name) == 0) {
			html_mark(html, "the group of ");
			html_person(html, name);
			return;
		}
	html_word(html, name);
}

void
html_rule(struct html *html, const char *name)
{
	if (name[0] == '\0') {
		html_mark(html, "otherwise");
		return;
	}
	if (!html->no_names) {
		html_word(html, name);
		return;
	}
	for (size_t i = 0; i < html->policy->rules.count; i++)
		if (strcmp(html->policy->rules.items[i].name, name) == 0) {
			html_say(html, "rule %zu", i + 1);
			return;
		}
	html_mark(html, "a former rule");
}

void
html_private(struct html *html, const char *text)
{
	if (html->no_names && text[0] != '\0')
		html_mark(html, "(left out)");
	else
		html_word(html, text);
}

void
html_address(struct html *html, const char *address)
{
	html_private(html, address[0] != '\0' ? address : "-");
}

void
html_number(struct html *html, int64_t number)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)number);

	for (int i = 0; i < len; i++) {
		fputc(digits[i], html->out);
		if (digits[i] != '-' && i + 1 < len && (len - i - 1) % 3 == 0)
			fputc(',', html->out);
	}
}

void
html_time(struct html *html, int64_t time_s, const char *instead)
{
	char exact[WHEN_TEXT], minute[WHEN_MINUTE];

	if (time_s == 0) {
		html_text(html, instead);
		return;
	}
	when_format(time_s, exact);
	when_say_minute(time_s, minute);
	fprintf(html->out, "<time datetime=\"%s\">%s</time>", exact, minute);
}

void
html_say_day(int64_t day, char ret[static HTML_DAY])
{
	char text[WHEN_TEXT];

	when_format(day * 86400, text);
	memcpy(ret, text, HTML_DAY - 1);
	ret[HTML_DAY - 1] = '\0';
}

void
html_day(struct html *html, int64_t day)
{
	char text[HTML_DAY];

	html_say_day(day, text);
	fputs(text, html->out);
}

void
html_heading(struct html *html, const char *id, const char *text)
{
	html_mark(html, "<h2 id=\"");
	html_text(html, id);
	html_mark(html, "\">");
	html_text(html, text);
	html_mark(html, "</h2>\n");
}

static void
begin_table(struct html *html, const char *caption, const char *const *heads)
{
	html->heads = heads;
	html_mark(html, "><caption>");
	html_text(html, caption);
	html_mark(html, "</caption><thead><tr>");
	for (html->columns = 0; heads[html->columns] != NULL; html->columns++) {
		html_mark(html, "<th scope=\"col\">");
		html_text(html, heads[html->columns]);
		html_mark(html, "</th>");
	}
	html_mark(html, "</tr></thead><tbody>");
	html->column = 0;
}

void
html_table(struct html *html, const char *caption, const char *const *heads)
{
	html_mark(html, "<table class=\"wide\"");
	begin_table(html, caption, heads);
}

void
html_table_narrow(
    struct html *html, const char *caption, const char *const *heads)
{
	html_mark(html, "<table");
	begin_table(html, caption, heads);
}

/* Closes the cell that is open, as it was opened. */
static void
end_cell(struct html *html)
{
	if (html->column == 1)
		html_mark(html, "</th>");
	else if (html->column > 1)
		html_mark(html, "</td>");
}

static void
end_row(struct html *html)
{
	end_cell(html);
	if (html->column > 0)
		html_mark(html, "</tr>");
	html->column = 0;
}

void
html_row(struct html *html)
{
	end_row(html);
	html_mark(html, "\n<tr>");
}

void
html_cell(struct html *html)
{
	const char *head = html->column < html->columns
	    ? html->heads[html->column]
	    : "";

	end_cell(html);
	html_put(html,
	    html->column == 0 ? "<th scope=\"row\" data-h=\""
			      : "<td data-h=\"");
	html_text(html, head);
	html_mark(html, "\">");
	html->column++;
}

void
html_table_end(struct html *html)
{
	end_row(html);
	html_mark(html, "</tbody></table>\n");
}

void
html_more(struct html *html, size_t left_out, const char *command)
{
	if (left_out == 0)
		return;
	html_mark(html, "<p>and ");
	html_number(html, (int64_t)left_out);
	html_mark(html, " more; ");
	if (command[0] != '\0') {
		html_mark(html, "<code>");
		html_text(html, command);
		html_mark(html, "</code> lists all.");
	}
	html_mark(html, "</p>\n");
}

void
html_done(struct html *html)
{
	free(html->people.items);
	html->people.items = NULL;
	html->people.count = 0;
}
