#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "admin/operands.h"

#define WORD_TEXT 64

struct reading {
	const char *at;
	char word[WORD_TEXT]; /* without brackets, dots and bars around it */
	bool is_option;       /* or an option's value */
	bool is_optional;
	bool is_many;
	bool is_alternative; /* of the word before */
	int depth;           /* of brackets */
	int option_depth;    /* of the brackets that began with an option */
	bool value;          /* the next word may be a value */
};

static size_t
take_brackets(struct reading *r)
{
	size_t n = 0;

	for (; r->at[n] == '['; n++)
		r->depth++;
	r->is_optional = r->depth > 0;
	if (r->at[n] == '-' && r->option_depth == 0 && r->depth > 0)
		r->option_depth = r->depth;
	return n;
}

static void
take_brackets_end(struct reading *r, size_t len)
{
	for (size_t i = 0; i < len; i++)
		r->depth -= r->at[i] == ']';
	if (r->depth < r->option_depth)
		r->option_depth = 0;
}

/* Reads the next word.  False at the end. */
static bool
next_operand(struct reading *r)
{
	size_t len, begin;
	bool in_option;

	r->is_alternative = false;
	while (*r->at != '\0' && strchr(" \n|", *r->at) != NULL) {
		r->is_alternative |= *r->at == '|';
		r->at++;
	}
	if (*r->at == '\0')
		return false;
	begin = take_brackets(r);
	in_option = r->option_depth > 0;
	len = strcspn(r->at, " \n");
	snprintf(r->word, sizeof(r->word), "%.*s",
	    (int)strcspn(r->at + begin, " \n]."), r->at + begin);
	r->is_many = memmem(r->at, len, "...", 3) != NULL;
	r->is_option = in_option || r->at[begin] == '-' ||
	    (r->value && !r->is_alternative && !r->is_optional);
	r->value = r->at[begin] == '-';
	take_brackets_end(r, len);
	r->at += len;
	return true;
}

struct wanted {
	int least, most;
	char missing[OPERANDS_WHY / 2]; /* the first that was not given */
	char choice[OPERANDS_WHY / 2];  /* words of which one stands first */
	bool chosen;                    /* one of these does */
	bool is_missing, is_choice;     /* these words are such ones */
};

static void
append_word(char *ret, size_t size, const char *before, const char *word)
{
	size_t len = strlen(ret);

	snprintf(ret + len, size - len, "%s%s", before, word);
}

static void
count_word(struct wanted *wanted, const struct reading *r, int argc)
{
	bool choice = islower((unsigned char)r->word[0]) != 0;

	if (!r->is_optional) {
		wanted->is_missing = wanted->least == argc;
		wanted->is_choice = choice && wanted->most == 0;
		wanted->least++;
	}
	wanted->most = r->is_many || wanted->most == INT_MAX ? INT_MAX
							     : wanted->most + 1;
	if (!r->is_optional && wanted->is_missing)
		append_word(wanted->missing, sizeof(wanted->missing),
		    choice ? "one of " : "a ", r->word);
	if (!r->is_optional && wanted->is_choice)
		append_word(
		    wanted->choice, sizeof(wanted->choice), "", r->word);
}

static void
take_alternative(struct wanted *wanted, const struct reading *r)
{
	if (wanted->is_missing)
		append_word(
		    wanted->missing, sizeof(wanted->missing), ", ", r->word);
	if (wanted->is_choice)
		append_word(
		    wanted->choice, sizeof(wanted->choice), ", ", r->word);
}

bool
operands_fit(const char *usage, int argc, char *const *argv,
    char ret_why[static OPERANDS_WHY])
{
	struct wanted wanted = {.least = 0};
	struct reading r = {.at = usage};

	while (next_operand(&r)) {
		if (r.is_option)
			continue;
		if (r.is_alternative)
			take_alternative(&wanted, &r);
		else
			count_word(&wanted, &r, argc);
		if (wanted.is_choice && argc > 0)
			wanted.chosen |= strcmp(argv[0], r.word) == 0;
	}
	if (argc < wanted.least)
		snprintf(ret_why, OPERANDS_WHY, "needs %s", wanted.missing);
	else if (wanted.choice[0] != '\0' && !wanted.chosen)
		snprintf(ret_why, OPERANDS_WHY,
		    "takes one of %s: not \"%.40s\"", wanted.choice, argv[0]);
	else if (argc > wanted.most)
		snprintf(ret_why, OPERANDS_WHY,
		    "was given a word too many: \"%.80s\"", argv[wanted.most]);
	else
		return true;
	return false;
}
