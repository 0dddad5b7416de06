/*
 * The options of a program as one table.  They are read by it, refused by it
 * and listed from it by --help, so that the three cannot differ.
 *
 *	struct mine { const char *socket; bool json; };
 *	static const struct option_row rows[] = {
 *		OPTION_VALUE(struct mine, socket, "socket", "PATH", "what for"),
 *		OPTION_FLAG(struct mine, json, "json", "what for"),
 *	};
 *	static const struct options options = OPTIONS_OF("mine", rows);
 *	struct mine mine = {.json = false};
 *
 *	switch (options_read(&options, &argc, argv, &mine, NULL)) ...
 *	argv[1] to argv[argc - 1]: the operands
 *
 * Options may stand behind operands, and "--" ends them.  An option that is not
 * in the table under its whole name, that lacks its value, or whose value is
 * given twice (the first would be lost without a word) is refused with a line on
 * stderr.  --help and --version are
 * in no table: every program has them.
 *
 * Several commands may have an option of one name.  Where it is a flag for one
 * and takes a value for another, it has to stand behind the command.
 */
#ifndef TFA_OPTIONS_H
#define TFA_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Without pointers, each of which the gate would relocate at each login. */
struct option_row {
	char name[16];
	char argument[10]; /* of its value, in --help; "": a flag */
	char help[80];     /* a line, or two with a newline between */
	char command[12];  /* that alone takes it; "": all do */
	char letter;       /* a short name, shown in place of the long; 0 */
	size_t offset;     /* of a const char *, or of a bool for a flag */
};

/* A longer text would lose its end. */
#define OPTION_FITS(text, size)                                        \
	(0 * sizeof(struct {                                           \
		_Static_assert(sizeof(text) <= (size), "a long text"); \
		char none;                                             \
	}))

#define OPTION_ROW(type, member, name_, argument_, help_, ...)             \
	{                                                                  \
		.name = name_, .argument = argument_, .help = help_,       \
		.offset = offsetof(type, member) + OPTION_FITS(help_, 80), \
		__VA_ARGS__                                                \
	}
#define OPTION_VALUE(type, member, name, argument, help) \
	OPTION_ROW(type, member, name, argument, help, )
#define OPTION_FLAG(type, member, name, help) \
	OPTION_ROW(type, member, name, "", help, )

#define OPTIONS_MAX 128

struct options {
	const char *program;
	const struct option_row *rows;
	size_t count; /* at most OPTIONS_MAX */
};

/* The options that were given, by their rows; of rows with one name, the
 * first. */
struct options_given {
	bool row[OPTIONS_MAX];
};

#define OPTIONS_OF(program_, rows_)                         \
	{                                                   \
		.program = (program_), .rows = (rows_),     \
		.count = sizeof(rows_) / sizeof((rows_)[0]) \
	}

enum options_end {
	OPTIONS_WRONG = 0, /* refused, and said why */
	OPTIONS_READ,
	OPTIONS_HELP,    /* --help was among them */
	OPTIONS_VERSION, /* --version was: what follows it is not read */
};

/*
 * Reads argv into *ret, the struct of the table, and leaves the operands in
 * argv and *argc; the values point into argv's words.  *ret_given, which may be
 * NULL, says which were given.
 */
enum options_end options_read(const struct options *options, int *argc,
    char **argv, void *ret, struct options_given *ret_given);

/* The first of the options given that this command does not take, or NULL. */
const char *options_unfit(const struct options *options, const char *command,
    const struct options_given *given);

/* Lists the options that this command alone takes, a line each; "": those that
 * all commands take.  How many there are. */
size_t
options_print(const struct options *options, const char *command, FILE *to);

#endif
