/*
 * Drawings in SVG, without text in them: numbers and dates stand beside them,
 * so that they stay readable on a narrow screen.  Each has a title and a
 * description for those who cannot see it.
 */
#ifndef TFA_REPORT_CHART_H
#define TFA_REPORT_CHART_H

#include "admin/report/html.h"

#define CHART_BARS 100 /* about as many; further days share one */

/* Values of successive days; their sum, or for a line the last, is one bar. */
struct chart {
	const char *id;    /* unlike that of any other chart */
	const char *title; /* "Logins, by day" */
	const char *unit;  /* "logins" */
	const int64_t *values;
	size_t count;
	int64_t first_day;
	int64_t top; /* of the scale; 0: the highest value */
};

/* Patterns that the other drawings use; once on a page, before them. */
void chart_patterns(struct html *html);

/* The value of each day, or of as many days as a bar stands for, as a bar. */
void chart_bars(struct html *html, const struct chart *chart);

/* A value at the end of each day, as a line over a filled area. */
void chart_line(struct html *html, const struct chart *chart);

/* A part of a whole, in a pattern: 0 to 3, from dark to none. */
enum chart_part {
	CHART_DONE,
	CHART_WAITING,
	CHART_LATE,
	CHART_REST,
	CHART_PARTS
};

/* One bar of parts, which may all be 0; words say the same. */
void chart_share(struct html *html, const size_t parts[static CHART_PARTS],
    const char *words);

/* A sample of a part's pattern, for a legend. */
void chart_sample(struct html *html, enum chart_part part);

/* How many days one bar stands for: 1, 7, or more weeks. */
size_t chart_step(size_t days);

#endif
