/*
 * Writes HTML.  Markup is a literal of the program, which the compiler checks;
 * all other text is escaped (escape.h), whoever chose it.
 *
 *	html_mark(html, "<p>");
 *	html_say(html, "%zu users", count);
 *	html_mark(html, "</p>\n");
 *
 * A name of a person goes through html_person(), an address through
 * html_address(), and text that may have either through html_private(): with
 * no_names none of them is written.
 */
#ifndef TFA_REPORT_HTML_H
#define TFA_REPORT_HTML_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "store/core/policy.h"

#define HTML_SAY 2048 /* bytes of one html_say() */

struct html {
	FILE *out;
	bool no_names;
	bool failed;                  /* out of memory */
	const struct policy *policy;  /* its rules have numbers */
	LIST_OF(struct name) people;  /* in the order of their numbers */
	const struct name *of_people; /* groups with the names of users */
	size_t of_people_count;
	/* the table that is open */
	const char *const *heads;
	size_t columns, column;
};

void html_put(struct html *html, const char *markup);
#define html_mark(html, markup) html_put(html, "" markup)

/* Escaped for an element and for an attribute; control characters, and those
 * that reorder text, become question marks. */
void html_text(struct html *html, const char *text);
void html_say(struct html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes a text that somebody chose, kept apart from the text around it. */
void html_word(struct html *html, const char *text);

/* Writes the name of a user; with no_names "person N", always the same N for
 * one name.  Nothing is "nobody". */
void html_person(struct html *html, const char *name);

/* Writes a Unix group; with no_names one that has the name of a user is called
 * after that person. */
void html_group(struct html *html, const char *name);

/* Writes a rule by its name, or "otherwise" for "".  A name may be a person's:
 * with no_names it is "rule N", the Nth of the policy. */
void html_rule(struct html *html, const char *name);

void html_address(struct html *html, const char *address);

/* Writes text that may name somebody; with no_names "(left out)". */
void html_private(struct html *html, const char *text);

/* With digits in groups of three: "12,345". */
void html_number(struct html *html, int64_t number);

/* Writes a time to the minute; instead is for 0, none. */
void html_time(struct html *html, int64_t time_s, const char *instead);

/* A day by its number from 1 January 1970: "2026-11-29". */
#define HTML_DAY 11
void html_say_day(int64_t day, char ret[static HTML_DAY]);
void html_day(struct html *html, int64_t day);

/* <h2 id="ID">TEXT</h2>; <p>TEXT</p> */
void html_heading(struct html *html, const char *id, const char *text);
void html_paragraph(struct html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A table; the first cell of a row is its head.  On a narrow screen a row
 * becomes a block, with the column's head before each cell.
 *
 *	static const char *const heads[] = {"User", "Logins", NULL};
 *
 *	html_table(html, "Who logged in", heads);
 *	for (...) {
 *		html_row(html);
 *		html_cell(html);
 *		html_person(html, name);
 *		html_cell(html);
 *		html_number(html, logins);
 *	}
 *	html_table_end(html);
 */
void
html_table(struct html *html, const char *caption, const char *const *heads);

/* A table of few and short columns, which stays one on a narrow screen. */
void html_table_narrow(
    struct html *html, const char *caption, const char *const *heads);
void html_row(struct html *html);
void html_cell(struct html *html);
void html_table_end(struct html *html);

/* Says how many a list does not show, and which command does.  Nothing for 0. */
void html_more(struct html *html, size_t left_out, const char *command);

/* Frees what it holds, but not out. */
void html_done(struct html *html);

#endif
