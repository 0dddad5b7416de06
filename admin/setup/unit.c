#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/setup/unit.h"
#include "store/base/cleanup.h"

static const char blanks[] = " \t\r";

/* A command that grows; over means that it is too long, or not known. */
struct line {
	char *text; /* UNIT_COMMAND bytes */
	size_t length;
	bool over;
};

static void
line_add(struct line *line, const char *bytes, size_t n)
{
	if (n >= UNIT_COMMAND - line->length) {
		line->over = true;
		return;
	}
	memcpy(line->text + line->length, bytes, n);
	line->length += n;
	line->text[line->length] = '\0';
}

/* Another word, which config_word() reads as it is here. */
static void
line_add_word(struct line *line, const char *word)
{
	bool quoted = word[0] == '\0' || strpbrk(word, " \t\r\n") != NULL;

	if (strchr(word, '"') != NULL)
		line->over = true;
	if (line->length > 0)
		line_add(line, " ", 1);
	if (quoted)
		line_add(line, "\"", 1);
	line_add(line, word, strlen(word));
	if (quoted)
		line_add(line, "\"", 1);
}

/*
 * *ret: the next word, without quotes, which may stand in the middle of it.
 * False at the end.  *known: a backslash, or a quote without an end, makes it
 * false.
 */
static bool
next_word(const char **rest, char ret[static UNIT_COMMAND], bool *known)
{
	const char *p = *rest + strspn(*rest, " \t\r\n");
	char quote = '\0';
	size_t n = 0;

	if (*p == '\0')
		return false;
	for (; *p != '\0' && (quote || strchr(" \t\r\n", *p) == NULL); p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'') {
			quote = quote ? '\0' : *p;
			continue;
		}
		if (*p == '\\' || n + 1 == UNIT_COMMAND)
			*known = false;
		else
			ret[n++] = *p;
	}
	ret[n] = '\0';
	*known &= quote == '\0';
	*rest = p;
	return true;
}

static void
keep_text(struct unit *unit, void *list, const char *text)
{
	char *copy = strdup(text);
	char **slot = copy != NULL ? list_add(list, sizeof(*slot)) : NULL;

	if (slot != NULL)
		*slot = copy;
	else
		free(copy);
	unit->failed |= slot == NULL;
}

static void
drop_texts(void *list)
{
	struct list *texts = list;
	char **items = texts->items;

	for (size_t i = 0; i < texts->count; i++)
		free(items[i]);
	free(items);
	*texts = (struct list){.items = NULL};
}

/* value: NULL for one that is not known. */
static void
keep_variable(
    struct unit *unit, const char *name, size_t length, const char *value)
{
	struct unit_variable copy = {.name = strndup(name, length),
	    .value = value != NULL ? strdup(value) : NULL};
	struct unit_variable *slot = NULL;

	if (copy.name != NULL && (value == NULL || copy.value != NULL))
		slot = list_add(&unit->variables, sizeof(*slot));
	if (slot != NULL) {
		*slot = copy;
		return;
	}
	free(copy.name);
	free(copy.value);
	unit->failed = true;
}

static void
keep_command(struct unit *unit, const char *text, bool after)
{
	char *copy = strdup(text);
	struct unit_line *slot = copy != NULL
	    ? list_add(&unit->commands, sizeof(*slot))
	    : NULL;

	if (slot != NULL)
		*slot = (struct unit_line){.text = copy, .after = after};
	else
		free(copy);
	unit->failed |= slot == NULL;
}

/* after: those of ExecStartPost, too. */
static void
drop_commands(struct unit *unit, bool after)
{
	for (size_t i = unit->commands.count; i-- > 0;)
		if (after || !unit->commands.items[i].after) {
			free(unit->commands.items[i].text);
			list_drop(&unit->commands,
			    sizeof(unit->commands.items[0]), i);
		}
}

/* An empty value forgets those above, of its own setting. */
static void
add_command(struct unit *unit, const char *value, bool after)
{
	if (value[0] != '\0')
		keep_command(unit, value, after);
	else if (!after)
		drop_commands(unit, false);
}

/* The words of Environment.  A value without words forgets those above. */
static void
add_environment(struct unit *unit, const char *rest)
{
	char word[UNIT_COMMAND], *equals;
	bool known = true, any = false;

	while (next_word(&rest, word, &known)) {
		any = true;
		equals = strchr(word, '=');
		if (equals != NULL)
			keep_variable(unit, word, (size_t)(equals - word),
			    strchr(equals, '%') == NULL ? equals + 1 : NULL);
	}
	unit->unread |= !known;
	for (size_t i = 0; !any && i < unit->variables.count; i++) {
		free(unit->variables.items[i].value);
		unit->variables.items[i].value = strdup("");
	}
}

/* An empty value forgets those above. */
static void
add_to_list(struct unit *unit, void *list, const char *value)
{
	if (value[0] == '\0')
		drop_texts(list);
	else
		keep_text(unit, list, value);
}

static void
add_file_name(struct unit *unit, const char *value)
{
	unit->unread |= strpbrk(value, "\\%") != NULL;
	add_to_list(unit, &unit->files, value + (value[0] == '-'));
}

/* Settings by which a path is another file than it is here. */
static bool
moves_files(const char *name)
{
	static const char *const begins[] = {
	    "Root", "Bind", "TemporaryFile", "MountImages", "Extension"};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static void
add_setting(struct unit *unit, const char *name, const char *value)
{
	if (strcmp(name, "ExecStart") == 0)
		add_command(unit, value, false);
	else if (strcmp(name, "ExecStartPost") == 0)
		add_command(unit, value, true);
	else if (strcmp(name, "EnvironmentFile") == 0)
		add_file_name(unit, value);
	else if (strcmp(name, "Environment") == 0)
		add_environment(unit, value);
	else if (strcmp(name, "PassEnvironment") == 0)
		unit->unread |= value[0] != '\0';
	else if (moves_files(name))
		unit->elsewhere |= value[0] != '\0';
}

static void
trim_end(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(blanks, text[n - 1]) != NULL)
		n--;
	text[n] = '\0';
}

/* A whole line; in_service: it stands below [Service]. */
static void
add_line(struct unit *unit, char *line, bool *in_service)
{
	char *equals;

	line += strspn(line, blanks);
	trim_end(line);
	equals = strchr(line, '=');
	if (line[0] == '[') {
		*in_service = strcmp(line, "[Service]") == 0;
	} else if (*in_service && equals != NULL) {
		*equals++ = '\0';
		trim_end(line);
		add_setting(unit, line, equals + strspn(equals, blanks));
	}
}

static bool
is_comment(const char *line)
{
	char c = line[strspn(line, blanks)];

	return c == '#' || c == ';';
}

/* An odd number of backslashes at its end. */
static bool
line_goes_on(const char *line)
{
	size_t n = strlen(line), slashes = 0;

	while (slashes < n && line[n - 1 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 1;
}

/* A copy in which each line ends with a line feed: a carriage return ends one for
 * systemd, too. */
static char *
copy_lines(const char *text)
{
	char *copy = strdup(text), *to = copy;

	for (const char *at = copy; copy != NULL && *at != '\0'; at++) {
		if (at[0] == '\r' && at[1] == '\n')
			continue;
		*to++ = (char)(*at == '\r' ? '\n' : *at);
	}
	if (copy != NULL)
		*to = '\0';
	return copy;
}

/* Joins the lines that go on, in place, without the comments among them. */
void
unit_add(struct unit *unit, const char *text)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, left out */
	size_t skip = strncmp(text, mark, sizeof(mark) - 1) == 0
	    ? sizeof(mark) - 1
	    : 0;
	scoped_free char *copy = copy_lines(text + skip);
	char *next = copy, *end = copy;
	bool in_service = false;

	unit->failed |= copy == NULL;
	while (next != NULL) {
		char *line = next;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (is_comment(line))
			continue;
		memmove(end, line, strlen(line) + 1);
		if (line_goes_on(end) && next != NULL) {
			end += strlen(end);
			end[-1] = ' ';
			continue;
		}
		add_line(unit, copy, &in_service);
		end = copy;
	}
	if (end != copy)
		add_line(unit, copy, &in_service);
}

/* Takes the quotes off, in place.  NULL where systemd or a shell would change
 * more of it.  *ret_open: the value may go on in the next line. */
static char *
bare_value(char *value, bool *ret_open)
{
	char quote = value[0];
	size_t n = strlen(value);

	*ret_open = false;
	if (quote != '"' && quote != '\'')
		return strpbrk(value, "\\$`") == NULL ? value : NULL;
	if (n < 2 || strchr(value + 1, quote) == NULL) {
		*ret_open = true;
		return NULL;
	}
	if (strchr(value + 1, quote) != value + n - 1 ||
	    strpbrk(value, "\\$`") != NULL)
		return NULL;
	value[n - 1] = '\0';
	return value + 1;
}

/* systemd before 254 and later ones differ in where a comment ends that has a
 * backslash at its end. */
void
unit_add_variables(struct unit *unit, const char *text)
{
	scoped_free char *copy = copy_lines(text);
	char *next = copy;

	unit->failed |= copy == NULL;
	while (next != NULL) {
		char *line = next, *equals, *value;
		bool open;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		trim_end(line);
		unit->unread |= line_goes_on(line);
		line += strspn(line, blanks);
		equals = strchr(line, '=');
		if (is_comment(line) || equals == NULL)
			continue;
		*equals = '\0';
		trim_end(line);
		value = equals + 1 + strspn(equals + 1, blanks);
		value = bare_value(value, &open);
		unit->unread |= open;
		keep_variable(unit, line, strlen(line), value);
	}
}

bool
unit_is_plain(const char *text)
{
	scoped_free char *copy = strdup(text);
	char *next = copy;
	bool open;

	while (next != NULL) {
		char *line = next, *value;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		trim_end(line);
		if (line[0] == '\0' || is_comment(line))
			continue;
		value = line +
		    strspn(line,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			"0123456789_");
		if (value == line || *value++ != '=' ||
		    (value[0] != '"' && value[0] != '\'' &&
			strpbrk(value, " \t\"';&|<>()*?[~#{") != NULL) ||
		    bare_value(value, &open) == NULL)
			return false;
	}
	return copy != NULL;
}

static bool
goes_on_in_variable(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "" for a name that has no value; NULL for a value that is not known. */
static const char *
variable_value(const struct unit *unit, const char *name, size_t length)
{
	if (unit->unread)
		return NULL;
	for (size_t i = unit->variables.count; i-- > 0;) {
		const struct unit_variable *v = &unit->variables.items[i];

		if (strlen(v->name) == length &&
		    strncmp(v->name, name, length) == 0)
			return v->value;
	}
	return "";
}

/* A word that is $NAME alone stands for the words of the value. */
static void
add_words_of(struct line *line, const char *value)
{
	char word[UNIT_COMMAND];
	bool known = value != NULL;

	while (known && next_word(&value, word, &known))
		line_add_word(line, word);
	line->over |= !known;
}

/* Puts the values of each ${NAME} into a word. */
static void
add_word_with(const struct unit *unit, struct line *line, const char *word)
{
	char text[UNIT_COMMAND] = "";
	struct line whole = {.text = text};

	while (*word != '\0') {
		size_t plain = strcspn(word, "$%"), n = 0;
		const char *value;

		line_add(&whole, word, plain);
		word += plain;
		if (*word == '\0')
			break;
		if (word[1] == word[0]) { /* "$$", "%%" */
			line_add(&whole, word, 1);
			word += 2;
			continue;
		}
		if (strncmp(word, "${", 2) == 0)
			while (goes_on_in_variable(word[2 + n]))
				n++;
		value = n > 0 && word[2 + n] == '}'
		    ? variable_value(unit, word + 2, n)
		    : NULL;
		if (value == NULL) {
			line->over = true;
			return;
		}
		line_add(&whole, value, strlen(value));
		word += n + 3;
	}
	line->over |= whole.over;
	line_add_word(line, text);
}

static bool
is_variable(const char *word)
{
	size_t n = 1;

	if (word[0] != '$')
		return false;
	while (goes_on_in_variable(word[n]))
		n++;
	return n > 1 && word[n] == '\0';
}

bool
unit_command(const struct unit *unit, size_t i, char ret[static UNIT_COMMAND])
{
	const char *rest = unit->commands.items[i].text;
	struct line line = {.text = ret};
	char word[UNIT_COMMAND];
	bool known = true;

	ret[0] = '\0';
	rest += strspn(rest, "-+!|");
	line.over = unit->failed || rest[0] == '@' || rest[0] == ':';
	while (!line.over && next_word(&rest, word, &known)) {
		if (!known || strcmp(word, ";") == 0)
			line.over = true;
		else if (is_variable(word))
			add_words_of(&line,
			    variable_value(unit, word + 1, strlen(word + 1)));
		else
			add_word_with(unit, &line, word);
	}
	return !line.over;
}

/* *ret: the character of an escape, behind its backslash; a blank for one that is
 * not ASCII, or no text.  Returns the length of the escape. */
static size_t
undo_escape(const char *at, char *ret)
{
	static const char octal[] = "01234567";
	size_t digits = *at == 'x' ? 2 : *at == 'u' ? 4 : *at == 'U' ? 8 : 0;
	size_t letter = digits > 0, base = digits > 0 ? 16 : 8;
	char number[9] = "";
	unsigned long code;

	if (digits == 0 && *at != '\0' && strchr(octal, *at) != NULL)
		digits = 3;
	if (digits == 0) {
		*ret = (char)(*at != '\0' && strchr("abfnrstv", *at) ? ' '
								     : *at);
		return *at != '\0';
	}
	snprintf(number, sizeof(number), "%.*s", (int)digits, at + letter);
	code = strtoul(number, NULL, (int)base);
	*ret = (char)(code > ' ' && code < 127 ? code : ' ');
	return letter + strlen(number);
}

/* *ret: the value of $NAME or ${NAME} at at; NULL where it is not known.
 * Returns its length there. */
static size_t
find_value(const struct unit *unit, const char *at, const char **ret)
{
	size_t braces = at[1] == '{', n = 0;
	const char *name = at + 1 + braces;

	while (goes_on_in_variable(name[n]))
		n++;
	*ret = n > 0 ? variable_value(unit, name, n) : NULL;
	return 1 + braces + n + (braces && name[n] == '}');
}

void
unit_rough(const struct unit *unit, size_t i, char ret[static UNIT_COMMAND])
{
	const char *at = unit->commands.items[i].text, *value;
	struct line line = {.text = ret};
	size_t n;
	char c;

	ret[0] = '\0';
	while (*at != '\0') {
		if (*at == '\\') {
			at += 1 + undo_escape(at + 1, &c);
			line_add(&line, &c, c != '\0');
		} else if (*at == '$') {
			n = find_value(unit, at, &value);
			if (value == NULL)
				line_add(&line, at, n);
			else
				line_add(&line, value, strlen(value));
			at += n;
		} else {
			line_add(&line, at, *at != '"' && *at != '\'');
			at++;
		}
	}
}

void
unit_done(struct unit *unit)
{
	drop_commands(unit, true);
	free(unit->commands.items);
	drop_texts(&unit->files);
	for (size_t i = 0; i < unit->variables.count; i++) {
		free(unit->variables.items[i].name);
		free(unit->variables.items[i].value);
	}
	free(unit->variables.items);
	*unit = (struct unit){.unread = false};
}
