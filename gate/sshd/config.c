#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/sshd/config.h"

bool
config_has_keyword(const struct config_line *line, const char *keyword)
{
	return strcasecmp(line->keyword, keyword) == 0;
}

struct reader {
	struct config *config;
	config_files *files;
	void *ctx;
	const char *match, *outer;
	int block;
	int depth;
};

/* A copy that lives as long as the config; NULL without memory. */
static char *
config_keep(struct config *config, const char *text)
{
	char **slot = list_add(&config->texts, sizeof(char *));

	if (slot != NULL)
		*slot = strdup(text);
	if (slot == NULL || *slot == NULL) {
		config->failed = true;
		return NULL;
	}
	return *slot;
}

static void config_read_file(void *arg, const char *path, const char *text);

/* The first one is named. */
static void
config_too_long(struct config *config, const struct config_line *line)
{
	config->failed = true;
	if (config->long_file == NULL) {
		config->long_file = line->file;
		config->long_number = line->number;
	}
}

static void
config_include(struct reader *reader, const struct config_line *line)
{
	struct reader inner = *reader;
	const char *rest = line->value;
	char pattern[CONFIG_PATTERN];

	if (++inner.depth > CONFIG_DEPTH) {
		reader->config->failed = true;
		return;
	}
	inner.outer = reader->match;
	while (config_pattern_of(&rest, pattern))
		inner.files(inner.ctx, pattern, config_read_file, &inner);
	if (config_has_pattern(rest))
		config_too_long(reader->config, line);
}

/* One line; a Match holds until the next one or the end of its file. */
static void
config_read_line(
    struct reader *reader, const char *file, int number, char *text)
{
	struct config *config = reader->config;
	struct config_line line = {.file = file, .number = number};
	struct config_line *slot;

	if (!config_split(text, &line.keyword, &line.value))
		return;
	if (config_has_keyword(&line, "match")) {
		reader->match = line.value;
		reader->block = ++config->blocks;
		if (!config_words_fit(line.value))
			config_too_long(config, &line);
	}
	line.match = reader->match;
	line.outer = reader->outer;
	line.block = reader->block;
	slot = config->lines.count < CONFIG_LINES
	    ? list_add(&config->lines, sizeof(line))
	    : NULL;
	if (slot == NULL)
		config->failed = true;
	else
		*slot = line;
	if (config_has_keyword(&line, "include"))
		config_include(reader, &line);
}

/* A file without a line is one, too: a line may be added to it. */
static void
config_add_file(struct config *config, const char *file)
{
	const char **slot;

	for (size_t i = 0; i < config->files.count; i++)
		if (strcmp(config->files.items[i], file) == 0)
			return;
	slot = list_add(&config->files, sizeof(*slot));
	if (slot != NULL)
		*slot = file;
	else
		config->failed = true;
}

static void
config_read_file(void *arg, const char *path, const char *text)
{
	struct reader reader = *(struct reader *)arg;
	const char *file = config_keep(reader.config, path);
	char *next = config_keep(reader.config, text);

	if (file != NULL)
		config_add_file(reader.config, file);
	for (int number = 1; file != NULL && next != NULL; number++) {
		char *line = next;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		config_read_line(&reader, file, number, line);
	}
}

void
config_read(const char *path, const char *text, config_files *files, void *ctx,
    struct config *ret)
{
	struct reader reader = {.config = ret, .files = files, .ctx = ctx};

	*ret = (struct config){.blocks = 0};
	config_read_file(&reader, path, text);
}

void
config_done(struct config *config)
{
	for (size_t i = 0; i < config->texts.count; i++)
		free(config->texts.items[i]);
	free(config->texts.items);
	free(config->files.items);
	free(config->lines.items);
	*config = (struct config){.blocks = 0};
}

bool
config_is_gate(const char *command)
{
	char word[CONFIG_WORD];
	size_t len;

	if (!config_word(&command, word) || word[0] != '/')
		return false;
	len = strlen(word);
	return len >= 9 && strcmp(word + len - 9, "/tfa-gate") == 0;
}

static bool
is_all(const char *match)
{
	return match != NULL && strcasecmp(match, "all") == 0;
}

static bool
is_in_file(const struct config_line *line, const char *name)
{
	const char *slash = strrchr(line->file, '/');

	return strcmp(slash != NULL ? slash + 1 : line->file, name) == 0;
}

/* True if the criteria are a list of groups, or one of users, by name. */
static bool
names_people(const char *match)
{
	char word[CONFIG_WORD];

	return match != NULL && config_word(&match, word) &&
	    (strcasecmp(word, "group") == 0 || strcasecmp(word, "user") == 0) &&
	    config_word(&match, word) && strpbrk(word, "*?!") == NULL &&
	    !config_word(&match, word);
}

static bool
is_unconditional_gate(const struct config_line *line)
{
	return config_has_keyword(line, "forcecommand") &&
	    config_is_gate(line->value) &&
	    (line->outer == NULL || is_all(line->outer));
}

static bool
is_partial_gate(const struct config_line *line)
{
	return is_unconditional_gate(line) && names_people(line->match) &&
	    is_in_file(line, CONFIG_OURS);
}

const struct config_line *
config_gate(const struct config *config)
{
	const struct config_line *of_site = NULL, *partial = NULL;

	list_each(const struct config_line, line, config->lines) {
		if (partial == NULL && is_partial_gate(line))
			partial = line;
		if (!is_unconditional_gate(line) || !is_all(line->match))
			continue;
		/* A gate that the site gives to everyone is not ours. */
		if (!is_in_file(line, CONFIG_SITE))
			return line;
		if (of_site == NULL)
			of_site = line;
	}
	return of_site != NULL ? of_site : partial;
}

bool
config_is_partial(const struct config_line *gate)
{
	return gate != NULL && !is_all(gate->match);
}

bool
config_is_of_gate(const struct config *config, const struct config_line *gate,
    const struct config_line *line)
{
	if (line->block == gate->block)
		return true;
	if (!config_is_partial(gate) || strcmp(line->file, gate->file) != 0)
		return false;
	list_each(const struct config_line, other, config->lines)
		if (other->block == line->block && is_partial_gate(other))
			return true;
	return false;
}

const char *
config_gate_match(
    const struct config *config, const struct config_line *gate, size_t i)
{
	if (!config_is_partial(gate))
		return i == 0 ? gate->match : NULL;
	list_each(const struct config_line, line, config->lines)
		if (is_partial_gate(line) && i-- == 0)
			return line->match;
	return NULL;
}

static bool
has_word(const char *value, const char *wanted)
{
	char word[CONFIG_WORD];

	while (config_word(&value, word))
		if (strcasecmp(word, wanted) == 0)
			return true;
	return false;
}

const struct config_line *
config_find(const struct config *config, const char *keyword, const char *value)
{
	const struct config_line *global = NULL;

	list_each(const struct config_line, line, config->lines) {
		if (!config_has_keyword(line, keyword) ||
		    (strcasecmp(line->value, value) != 0 &&
			!has_word(line->value, value)))
			continue;
		if (line->match != NULL)
			return line;
		if (global == NULL)
			global = line;
	}
	return global;
}

/* A criterion without a list behind it. */
static bool
stands_alone(const char *criterion)
{
	return strcasecmp(criterion, "all") == 0 ||
	    strcasecmp(criterion, "invalid-user") == 0;
}

/* Calls each for the words of one criterion in one Match line. */
static void
each_word(const char *match, const char *name,
    void (*each)(void *ctx, const char *word), void *ctx)
{
	char word[CONFIG_WORD], list[CONFIG_WORD];
	char *values, *value;

	while (config_word(&match, word)) {
		char *equals = strchr(word, '=');

		if (equals != NULL) {
			*equals = '\0';
			memmove(list, equals + 1, strlen(equals + 1) + 1);
		} else if (stands_alone(word) || !config_word(&match, list)) {
			continue;
		}
		if (strcasecmp(word, name) != 0)
			continue;
		values = list;
		while ((value = strsep(&values, ",")) != NULL)
			if (value[0] != '\0')
				each(ctx, value[0] == '!' ? value + 1 : value);
	}
}

void
config_criteria(const struct config *config, const char *name,
    void (*each)(void *ctx, const char *word), void *ctx)
{
	list_each(const struct config_line, line, config->lines)
		if (config_has_keyword(line, "match"))
			each_word(line->value, name, each, ctx);
}

/* Those that sshd -T can be asked about; of an invalid user there is no
 * session, and the version is always this sshd's. */
static bool
is_known_criterion(const char *criterion)
{
	static const char *const known[] = {"user", "group", "host", "address",
	    "localaddress", "localport", "rdomain", "version"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(criterion, known[i]) == 0)
			return true;
	return stands_alone(criterion);
}

const struct config_line *
config_strange_match(const struct config *config)
{
	list_each(const struct config_line, line, config->lines) {
		const char *rest = line->value;
		char word[CONFIG_WORD], list[CONFIG_WORD];

		if (!config_has_keyword(line, "match"))
			continue;
		while (config_word(&rest, word)) {
			char *equals = strchr(word, '=');

			if (equals != NULL)
				*equals = '\0';
			if (!is_known_criterion(word))
				return line;
			if (equals == NULL && !stands_alone(word) &&
			    !config_word(&rest, list))
				break;
		}
	}
	return NULL;
}
