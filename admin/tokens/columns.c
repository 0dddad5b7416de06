#include <string.h>

#include "admin/tokens/columns.h"

#define NAME 64

/* A name of a column, in small letters and without anything between them. */
static const struct {
	const char *name;
	enum column column;
	enum secrets_form secrets;
} names[] = {
    {"serial", COLUMN_SERIAL, SECRETS_GUESS},
    {"serialnumber", COLUMN_SERIAL, SECRETS_GUESS},
    {"serialno", COLUMN_SERIAL, SECRETS_GUESS},
    {"sn", COLUMN_SERIAL, SECRETS_GUESS},
    {"tokenserial", COLUMN_SERIAL, SECRETS_GUESS},
    {"tokenserialnumber", COLUMN_SERIAL, SECRETS_GUESS},
    {"secret", COLUMN_SECRET, SECRETS_GUESS},
    {"secretkey", COLUMN_SECRET, SECRETS_GUESS},
    {"seed", COLUMN_SECRET, SECRETS_GUESS},
    {"tokenseed", COLUMN_SECRET, SECRETS_GUESS},
    {"key", COLUMN_SECRET, SECRETS_GUESS},
    {"otpkey", COLUMN_SECRET, SECRETS_GUESS},
    {"secrethex", COLUMN_SECRET, SECRETS_HEX},
    {"seedhex", COLUMN_SECRET, SECRETS_HEX},
    {"secretkeyhex", COLUMN_SECRET, SECRETS_HEX},
    {"secretbase32", COLUMN_SECRET, SECRETS_BASE32},
    {"seedbase32", COLUMN_SECRET, SECRETS_BASE32},
    {"secretkeybase32", COLUMN_SECRET, SECRETS_BASE32},
    {"type", COLUMN_TYPE, SECRETS_GUESS},
    {"tokentype", COLUMN_TYPE, SECRETS_GUESS},
    {"otptype", COLUMN_TYPE, SECRETS_GUESS},
    {"digits", COLUMN_DIGITS, SECRETS_GUESS},
    {"otplen", COLUMN_DIGITS, SECRETS_GUESS},
    {"otplength", COLUMN_DIGITS, SECRETS_GUESS},
    {"length", COLUMN_DIGITS, SECRETS_GUESS},
    {"period", COLUMN_PERIOD, SECRETS_GUESS},
    {"timeinterval", COLUMN_PERIOD, SECRETS_GUESS},
    {"interval", COLUMN_PERIOD, SECRETS_GUESS},
    {"timestep", COLUMN_PERIOD, SECRETS_GUESS},
    {"counter", COLUMN_COUNTER, SECRETS_GUESS},
    {"movingfactor", COLUMN_COUNTER, SECRETS_GUESS},
    {"algorithm", COLUMN_ALGORITHM, SECRETS_GUESS},
    {"hash", COLUMN_ALGORITHM, SECRETS_GUESS},
    {"hashalgorithm", COLUMN_ALGORITHM, SECRETS_GUESS},
    {"hashlib", COLUMN_ALGORITHM, SECRETS_GUESS},
};

/* These say nothing of how codes are made.  Whose a token is assign says. */
static const char *const aside[] = {"upn", "user", "username", "manufacturer",
    "maker", "vendor", "model", "description", "comment", "name", "batch"};

static const char *const wanted[COLUMNS] = {
    "serial", "secret", "type", "digits", "period", "counter", "algorithm"};

/* ret: the letters and digits of a column's name, in small letters. */
static void
bare_name(const char *text, char ret[static NAME])
{
	size_t len = 0;

	for (; *text != '\0' && len < NAME - 1; text++) {
		if (*text >= 'A' && *text <= 'Z')
			ret[len++] = (char)(*text - 'A' + 'a');
		else if ((*text >= 'a' && *text <= 'z') ||
		    (*text >= '0' && *text <= '9'))
			ret[len++] = *text;
	}
	ret[len] = '\0';
}

static bool
is_aside(const char *name)
{
	for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++)
		if (strcmp(aside[i], name) == 0)
			return true;
	return false;
}

static void
take_column(struct seeds *seeds, const struct csv_row *row, size_t cell,
    size_t known, struct columns *ret)
{
	enum column column = names[known].column;

	if (ret->at[column] >= 0)
		seeds_refuse(seeds, row->line,
		    "the columns \"%.40s\" and \"%.40s\" mean the same: take "
		    "one of them out",
		    row->cells[ret->at[column]], row->cells[cell]);
	ret->at[column] = (int)cell;
	if (column == COLUMN_SECRET)
		ret->secrets = names[known].secrets;
}

static void
name_column(struct seeds *seeds, const struct csv_row *row, size_t cell,
    struct columns *ret)
{
	const size_t count = sizeof(names) / sizeof(names[0]);
	char name[NAME];
	size_t i = 0;

	bare_name(row->cells[cell], name);
	while (i < count && strcmp(names[i].name, name) != 0)
		i++;
	if (i < count)
		take_column(seeds, row, cell, i, ret);
	else if (is_aside(name))
		seeds_note(seeds, row->line,
		    "the column \"%.40s\" is left aside", row->cells[cell]);
	else
		seeds_refuse(seeds, row->line,
		    "\"%.40s\" is no column that tfa knows: the first line "
		    "names the columns, serial and secret, and of type, "
		    "digits, period, counter and algorithm those that there "
		    "are; take any other out",
		    seeds_quote(row->cells[cell]));
}

/* A type that is guessed would make a token that does not work. */
static void
judge_columns(
    struct seeds *seeds, const struct csv_row *row, const struct columns *c)
{
	for (int i = 0; i <= COLUMN_SECRET; i++)
		if (c->at[i] < 0)
			seeds_refuse(seeds, row->line,
			    "no column is called \"%s\"", wanted[i]);
	if (c->at[COLUMN_TYPE] < 0 && c->at[COLUMN_PERIOD] < 0 &&
	    c->at[COLUMN_COUNTER] < 0)
		seeds_refuse(seeds, row->line,
		    "nothing says if the tokens go by time or count: add a "
		    "column type, with totp or hotp in it");
}

/* Says what is taken for granted. */
static void
note_defaults(
    struct seeds *seeds, const struct csv_row *row, const struct columns *c)
{
	if (c->at[COLUMN_DIGITS] < 0)
		seeds_note(
		    seeds, row->line, "no column says digits: codes have 6");
	if (c->at[COLUMN_ALGORITHM] < 0)
		seeds_note(
		    seeds, row->line, "no column says algorithm: it is SHA1");
}

bool
columns_read(
    struct seeds *seeds, const struct csv_row *row, struct columns *ret)
{
	size_t before = seeds->wrong_count;

	*ret = (struct columns){.count = row->count};
	for (int i = 0; i < COLUMNS; i++)
		ret->at[i] = -1;
	for (size_t i = 0; i < row->count; i++)
		name_column(seeds, row, i, ret);
	if (seeds->wrong_count == before)
		judge_columns(seeds, row, ret);
	if (seeds->wrong_count == before)
		note_defaults(seeds, row, ret);
	return seeds->wrong_count == before;
}

const char *
columns_cell(const struct columns *columns, const struct csv_row *row,
    enum column column)
{
	int at = columns->at[column];

	return at >= 0 && (size_t)at < row->count ? row->cells[at] : "";
}
