#include <stdarg.h>
#include <string.h>

#include "store/base/options.h"

/* Options of every program, behind the rows of its table. */
static const struct option_row common[] = {
    {.name = "help"}, {.name = "version"}};
#define COMMON (sizeof(common) / sizeof(common[0]))

struct reading {
	const struct options *options;
	char **argv;
	const char *command; /* the first operand so far, or NULL */
	int at;              /* of the word that is read */
	void *ret;
	struct options_given given;
};

/* Returns the first row with the name of row i. */
static size_t
first_row(const struct options *options, size_t i)
{
	size_t first = 0;

	while (strcmp(options->rows[first].name, options->rows[i].name) != 0)
		first++;
	return first;
}

static bool
takes(const struct option_row *row, const char *command)
{
	return row->command[0] == '\0' || strcmp(row->command, command) == 0;
}

/*
 * Returns the row of that command with the name of this row.  The command is
 * the first operand: before it has been read, returns this row.  A command
 * without such an option is refused later, by name: until then it is a flag, so
 * that no value is asked for.
 */
static const struct option_row *
row_of_command(const struct reading *r, const struct option_row *row)
{
	const struct option_row *flag = row;

	for (size_t i = 0; r->command != NULL && i < r->options->count; i++) {
		const struct option_row *one = &r->options->rows[i];

		if (strcmp(one->name, row->name) != 0)
			continue;
		if (takes(one, r->command))
			return one;
		flag = one->argument[0] == '\0' ? one : flag;
	}
	return flag;
}

static enum options_end __attribute__((format(printf, 2, 3)))
refuse_option(const struct options *options, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", options->program);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return OPTIONS_WRONG;
}

/* Returns the row of that name; NULL after a message.  A shortened name is
 * refused: doctor, and whoever else reads a command line, looks for the whole
 * one, and the next version may have two that begin so. */
static const struct option_row *
find_long(const struct options *options, const char *name, size_t len)
{
	const char *meant = NULL;

	for (size_t i = 0; i < options->count + COMMON; i++) {
		const struct option_row *row = i < options->count
		    ? &options->rows[i]
		    : &common[i - options->count];

		if (len >= sizeof(row->name) ||
		    memcmp(row->name, name, len) != 0)
			continue;
		if (row->name[len] == '\0')
			return row;
		meant = meant != NULL ? meant : row->name;
	}
	if (meant != NULL && len > 0)
		refuse_option(options,
		    "--%.*s: there is no such option; is it --%s?", (int)len,
		    name, meant);
	else
		refuse_option(
		    options, "--%.*s: there is no such option", (int)len, name);
	return NULL;
}

static const struct option_row *
find_letter(const struct options *options, char letter)
{
	for (size_t i = 0; i < options->count; i++)
		if (options->rows[i].letter == letter)
			return &options->rows[i];
	refuse_option(options, "-%c: there is no such option", letter);
	return NULL;
}

/* Stores the option.  value: the rest of its word, or NULL. */
static enum options_end
store_option(struct reading *r, const struct option_row *row, char *value)
{
	size_t i = (size_t)(row - r->options->rows);
	bool *given = &r->given.row[first_row(r->options, i)];
	char *at = (char *)r->ret + row->offset;

	if (row->argument[0] == '\0' && value != NULL)
		return refuse_option(
		    r->options, "--%s takes no value", row->name);
	if (row->argument[0] != '\0' && value == NULL)
		value = r->argv[++r->at];
	if (row->argument[0] == '\0')
		*(bool *)at = true;
	else if (value == NULL)
		return refuse_option(
		    r->options, "--%s needs a value", row->name);
	else if (*given)
		return refuse_option(
		    r->options, "--%s is given twice", row->name);
	else
		*(const char **)(void *)at = value;
	*given = true;
	return OPTIONS_READ;
}

static enum options_end
read_long(struct reading *r, char *word)
{
	const struct option_row *row;
	size_t len = 0;
	char *value;

	while (word[len] != '\0' && word[len] != '=')
		len++;
	value = word[len] == '=' ? word + len + 1 : NULL;
	row = find_long(r->options, word, len);
	if (row == NULL)
		return OPTIONS_WRONG;
	if (row < common || row >= common + COMMON)
		return store_option(r, row_of_command(r, row), value);
	if (value != NULL)
		return refuse_option(
		    r->options, "--%s takes no value", row->name);
	return row == common ? OPTIONS_HELP : OPTIONS_VERSION;
}

static enum options_end
read_word(struct reading *r, char *word)
{
	const struct option_row *row;

	if (word[1] == '-')
		return read_long(r, word + 2);
	row = find_letter(r->options, word[1]);
	if (row == NULL)
		return OPTIONS_WRONG;
	return store_option(r, row, word[2] != '\0' ? word + 2 : NULL);
}

/* Operands move up to argv[1], over the options that were read. */
enum options_end
options_read(const struct options *options, int *argc, char **argv, void *ret,
    struct options_given *ret_given)
{
	struct reading r = {.options = options, .argv = argv, .ret = ret};
	enum options_end all = OPTIONS_READ;
	bool over = false;
	int operands = 0;

	for (r.at = 1; r.at < *argc; r.at++) {
		char *word = argv[r.at];
		enum options_end one;

		if (over || word[0] != '-' || word[1] == '\0') {
			argv[++operands] = word;
			r.command = argv[1];
		} else if (strcmp(word, "--") == 0) {
			over = true;
		} else {
			one = read_word(&r, word);
			if (one == OPTIONS_WRONG || one == OPTIONS_VERSION)
				return one;
			all = one == OPTIONS_HELP ? one : all;
		}
	}
	*argc = operands + 1;
	if (ret_given != NULL)
		*ret_given = r.given;
	return all;
}

/* Returns true if the command takes an option with the name of row i. */
static bool
fits(const struct options *options, size_t i, const char *command)
{
	for (size_t j = i; j < options->count; j++)
		if (strcmp(options->rows[j].name, options->rows[i].name) == 0 &&
		    takes(&options->rows[j], command))
			return true;
	return false;
}

const char *
options_unfit(const struct options *options, const char *command,
    const struct options_given *given)
{
	for (size_t i = 0; i < options->count; i++)
		if (given->row[i] && !fits(options, i, command))
			return options->rows[i].name;
	return NULL;
}

static void
print_option(const struct option_row *row, FILE *to)
{
	size_t first = strcspn(row->help, "\n");
	char text[40];

	snprintf(text, sizeof(text), "%s%s%s", row->letter != 0 ? "-" : "--",
	    row->letter != 0 ? (const char[]){row->letter, '\0'} : row->name,
	    row->argument[0] != '\0' ? " " : "");
	fprintf(to, "  %s%-*s %.*s\n", text, 19 - (int)strlen(text),
	    row->argument, (int)first, row->help);
	if (row->help[first] != '\0')
		fprintf(to, "%22s%s\n", "", row->help + first + 1);
}

size_t
options_print(const struct options *options, const char *command, FILE *to)
{
	size_t count = 0;

	for (size_t i = 0; i < options->count; i++) {
		if (strcmp(options->rows[i].command, command) != 0)
			continue;
		print_option(&options->rows[i], to);
		count++;
	}
	return count;
}
