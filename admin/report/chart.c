#include "admin/report/chart.h"

#define WIDTH  640
#define HEIGHT 100
#define SHARE  160 /* wide */

static const char *const part_class[CHART_PARTS] = {
    "done", "waiting", "late", "rest"};

void
chart_patterns(struct html *html)
{
	html_mark(html,
	    "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\">"
	    "<defs><pattern id=\"stripes\" width=\"6\" height=\"6\" "
	    "patternUnits=\"userSpaceOnUse\"><path class=\"hatch\" "
	    "d=\"M0 6L6 0M-1 1L1 -1M5 7L7 5\"/></pattern>"
	    "<pattern id=\"dots\" width=\"4\" height=\"4\" "
	    "patternUnits=\"userSpaceOnUse\"><path class=\"dot\" "
	    "d=\"M0 0h2v2h-2zM2 2h2v2h-2z\"/></pattern></defs></svg>\n");
}

size_t
chart_step(size_t days)
{
	size_t weeks;

	if (days <= CHART_BARS)
		return 1;
	weeks = (days + 7 * CHART_BARS - 1) / (7 * CHART_BARS);
	return 7 * weeks;
}

static int64_t
bar_sum(const struct chart *chart, size_t from, size_t step)
{
	int64_t sum = 0;

	for (size_t i = from; i < from + step && i < chart->count; i++)
		sum += chart->values[i];
	return sum;
}

/* The value at the end of a step of a line. */
static int64_t
line_value(const struct chart *chart, size_t from, size_t step)
{
	size_t last = from + step - 1;

	return chart->values[last < chart->count ? last : chart->count - 1];
}

typedef int64_t
chart_value(const struct chart *chart, size_t from, size_t step);

static int64_t
highest(const struct chart *chart, size_t step, chart_value *value,
    size_t *ret_from)
{
	int64_t most = 0;

	*ret_from = 0;
	for (size_t i = 0; i < chart->count; i += step)
		if (value(chart, i, step) > most) {
			most = value(chart, i, step);
			*ret_from = i;
		}
	return most;
}

/* The figure's head: title, and in words what the drawing shows. */
static void
figure_begin(struct html *html, const struct chart *chart, const char *about,
    int64_t most, int64_t top)
{
	html_mark(html, "<figure><figcaption>");
	html_text(html, chart->title);
	html_mark(html, "</figcaption><p class=\"y\">");
	html_number(html, top);
	html_mark(html,
	    "</p><svg viewBox=\"0 0 640 100\" role=\"img\" "
	    "aria-labelledby=\"");
	html_say(html, "%s-t %s-d", chart->id, chart->id);
	html_mark(html, "\"><title id=\"");
	html_say(html, "%s-t", chart->id);
	html_mark(html, "\">");
	html_text(html, chart->title);
	html_mark(html, "</title><desc id=\"");
	html_say(html, "%s-d", chart->id);
	html_mark(html, "\">");
	html_say(
	    html, "From 0 to %lld %s. %s", (long long)most, chart->unit, about);
	html_mark(html,
	    "</desc><path class=\"axis\" "
	    "d=\"M0 .5H640M0 50H640M0 99.5H640\"/>");
}

static void
figure_end(struct html *html, const struct chart *chart, const char *about)
{
	int64_t last = chart->first_day + (int64_t)chart->count - 1;

	html_mark(html, "</svg><p class=\"x\"><span>");
	html_day(html, chart->first_day);
	html_mark(html, "</span><span>");
	if (chart->count > 2) {
		html_day(
		    html, chart->first_day + (last - chart->first_day) / 2);
		html_mark(html, "</span><span>");
	}
	html_day(html, last);
	html_mark(html, "</span></p><p class=\"about\">");
	html_text(html, about);
	html_mark(html, "</p></figure>\n");
}

static double
height_of(int64_t value, int64_t top)
{
	if (value <= 0 || top <= 0)
		return 0;
	return (double)value * (HEIGHT - 1) / (double)top;
}

static void
say_bars(const struct chart *chart, size_t step, int64_t most, size_t from,
    char *ret, size_t size)
{
	int64_t sum = bar_sum(chart, 0, chart->count);
	char each[64] = "a day", when[HTML_DAY];

	html_say_day(chart->first_day + (int64_t)from, when);
	if (step > 1)
		snprintf(each, sizeof(each), "%zu days", step);
	if (most == 0)
		snprintf(ret, size, "Each bar is %s. There were none.", each);
	else
		snprintf(ret, size,
		    "Each bar is %s. The highest, of %lld, begins on %s. "
		    "All: %lld %s.",
		    each, (long long)most, when, (long long)sum, chart->unit);
}

void
chart_bars(struct html *html, const struct chart *chart)
{
	size_t step = chart_step(chart->count), from;
	size_t bars = (chart->count + step - 1) / step;
	int64_t most = highest(chart, step, bar_sum, &from);
	double width = bars > 0 ? (double)WIDTH / (double)bars : WIDTH;
	double gap = width > 4 ? 1 : width / 5;
	char about[256];

	say_bars(chart, step, most, from, about, sizeof(about));
	figure_begin(html, chart, about, most, most);
	html_mark(html, "<path class=\"bar\" d=\"");
	for (size_t i = 0; i < bars; i++) {
		double h = height_of(bar_sum(chart, i * step, step), most);

		if (h > 0)
			fprintf(html->out, "M%.1f 99v-%.1fh%.1fv%.1fz",
			    (double)i * width, h, width - gap, h);
	}
	html_mark(html, "\"/>");
	figure_end(html, chart, about);
}

static void
line_path(struct html *html, const struct chart *chart, size_t step,
    int64_t top, double width)
{
	for (size_t i = 0; i < chart->count; i += step)
		fprintf(html->out, "%s%.1f %.1f", i == 0 ? "" : "L",
		    (double)(i / step) * width,
		    HEIGHT - 1 - height_of(line_value(chart, i, step), top));
}

void
chart_line(struct html *html, const struct chart *chart)
{
	size_t step = chart_step(chart->count), from;
	size_t points = (chart->count + step - 1) / step;
	int64_t most = highest(chart, step, line_value, &from);
	int64_t top = chart->top > 0 ? chart->top : most;
	double width = points > 1 ? (double)WIDTH / (double)(points - 1) : 0;
	char about[256];

	if (chart->count == 0)
		return;
	snprintf(about, sizeof(about), "At first %lld %s, at the end %lld%s.",
	    (long long)chart->values[0], chart->unit,
	    (long long)chart->values[chart->count - 1],
	    chart->top > 0 ? "; the top of the scale is everybody" : "");
	figure_begin(html, chart, about, most, top);
	html_mark(html, "<path class=\"area\" d=\"M0 99L");
	line_path(html, chart, step, top, width);
	fprintf(html->out, "V99z\"/>");
	html_mark(html, "<path class=\"line\" d=\"M");
	line_path(html, chart, step, top, width);
	html_mark(html, "\"/>");
	figure_end(html, chart, about);
}

static void
share_part(struct html *html, const char *class, double x, double width)
{
	if (width > 0)
		fprintf(html->out,
		    "<path class=\"%s\" d=\"M%.1f .5h%.1fv13h-%.1fz\"/>", class,
		    x + .5, width, width);
}

void
chart_share(struct html *html, const size_t parts[static CHART_PARTS],
    const char *words)
{
	size_t all = 0;
	double x = 0;

	for (int i = 0; i < CHART_PARTS; i++)
		all += parts[i];
	html_mark(html,
	    "<svg class=\"share\" viewBox=\"0 0 161 14\" "
	    "role=\"img\"><title>");
	html_text(html, words);
	html_mark(html, "</title>");
	for (int i = 0; all > 0 && i < CHART_PARTS; i++) {
		double width = (double)parts[i] * SHARE / (double)all;

		share_part(html, part_class[i], x, width);
		x += width;
	}
	html_mark(html, "</svg>");
}

void
chart_sample(struct html *html, enum chart_part part)
{
	html_mark(html,
	    "<svg class=\"sample\" viewBox=\"0 0 25 14\" "
	    "aria-hidden=\"true\">");
	share_part(html, part_class[part], 0, 24);
	html_mark(html, "</svg>");
}
