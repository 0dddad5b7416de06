#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/base/cleanup.h"
#include "admin/doctor/pam_stack.h"
#include "admin/read.h"

#define ALL_TYPES (-1)

static const char blanks[] = " \t\r\n";

struct reader {
	struct pam_stack *stack;
	const struct planned *planned;
	const char *root, *service;
	const char *file;
	int wanted; /* the type that an include asks for; ALL_TYPES */
	int depth;
	bool in_other;    /* /etc/pam.d/other, or its lines of pam.conf */
	bool has_service; /* pam.conf: the service comes first */
	bool seen[4];     /* the types that the service has lines for */
};

static void read_service(struct reader *reader, const char *name);

/* A copy that lives as long as the stack; NULL without memory. */
static char *
stack_keep(struct pam_stack *stack, const char *text, size_t len)
{
	char **slot = list_add(&stack->texts, sizeof(char *));

	if (slot != NULL)
		*slot = strndup(text, len);
	if (slot != NULL && *slot != NULL)
		return *slot;
	snprintf(stack->why, sizeof(stack->why), "out of memory");
	return NULL;
}

bool
pam_word(const char **rest, char ret[static PAM_WORD])
{
	const char *p = *rest + strspn(*rest, blanks);
	bool bracket = *p == '[';
	size_t n = 0;

	if (*p == '\0')
		return false;
	for (p += bracket; *p != '\0'; p++) {
		if (bracket && p[0] == '\\' && p[1] == ']')
			p++;
		else if (bracket ? *p == ']' : strchr(blanks, *p) != NULL)
			break;
		if (n + 1 < PAM_WORD)
			ret[n++] = *p;
	}
	ret[n] = '\0';
	*rest = p + (bracket && *p == ']');
	return true;
}

/*
 * Puts one line together from those of the file at *next, as libpam does: a #
 * ends it, a backslash at its end continues it, and an empty line or a comment
 * in between is skipped.  Returns how many lines of the file it took.  ret has
 * room for the whole text, and is "" if they say nothing.
 */
static int
assemble(const char **next, char *ret)
{
	size_t used = 0;
	int count = 0;

	while (**next != '\0') {
		const char *line = *next;
		size_t whole = strcspn(line, "\n"), len = strcspn(line, "#\n");
		size_t skip = strspn(line, " \t\r");
		bool cut = len < whole;

		*next = line + whole + (line[whole] == '\n');
		count++;
		if (skip >= len && used == 0)
			break;
		if (skip >= len)
			continue;
		while (strchr(blanks, line[len - 1]) != NULL)
			len--;
		memcpy(ret + used, line + skip, len - skip);
		used += len - skip;
		if (cut || ret[used - 1] != '\\')
			break;
		ret[used - 1] = ' ';
	}
	ret[used] = '\0';
	return count;
}

/* "-session" only keeps libpam quiet where the module is missing. */
static bool
parse_type(const char *word, enum pam_type *ret)
{
	static const char *const names[] = {[PAM_AUTH] = "auth",
	    [PAM_ACCOUNT] = "account",
	    [PAM_SESSION] = "session",
	    [PAM_PASSWORD] = "password"};

	word += word[0] == '-';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(word, names[i]) == 0) {
			*ret = (enum pam_type)i;
			return true;
		}
	return false;
}

/* The files of an include are for this type alone. */
static void
stack_include(struct reader *reader, const char *name, int type)
{
	struct reader inner = *reader;

	if (reader->wanted != ALL_TYPES && type == ALL_TYPES)
		type = reader->wanted;
	inner.wanted = type;
	inner.has_service = false;
	if (++inner.depth >= PAM_DEPTH) {
		snprintf(reader->stack->why, sizeof(reader->stack->why),
		    "%.300s: too many files include one another", name);
		return;
	}
	read_service(&inner, name);
	memcpy(reader->seen, inner.seen, sizeof(inner.seen));
}

static void
stack_add_line(struct reader *reader, struct pam_line *line, const char *rest,
    const char *control, const char *module)
{
	struct pam_stack *stack = reader->stack;
	struct pam_line *slot = NULL;

	/* Lines of "other" count for a type of which the service has none. */
	if (reader->in_other && reader->seen[line->type])
		return;
	line->control = stack_keep(stack, control, strlen(control));
	line->module = stack_keep(stack, module, strlen(module));
	line->args = stack_keep(stack, rest, strlen(rest));
	if (stack->lines.count < PAM_LINES && line->control != NULL &&
	    line->module != NULL && line->args != NULL && line->text != NULL)
		slot = list_add(&stack->lines, sizeof(*line));
	if (slot != NULL)
		*slot = *line;
	else if (stack->why[0] == '\0')
		snprintf(stack->why, sizeof(stack->why),
		    "there are more than %d lines", PAM_LINES);
}

/* True if a line of pam.conf, which names its service first, concerns this
 * one. */
static bool
is_for_session(const struct reader *reader, const char **rest)
{
	char service[PAM_WORD];

	if (!reader->has_service)
		return true;
	return pam_word(rest, service) &&
	    strcasecmp(service, reader->in_other ? "other" : reader->service) ==
	    0;
}

/* Reads one line that was put together; text is what the file has. */
static void
stack_read_line(struct reader *reader, int number, int count, const char *rest,
    const char *text, size_t len)
{
	struct pam_line line = {
	    .file = reader->file, .number = number, .count = count};
	char word[PAM_WORD], control[PAM_WORD], module[PAM_WORD];

	if (!is_for_session(reader, &rest) || !pam_word(&rest, word))
		return;
	if (strcasecmp(word, "@include") == 0) {
		if (pam_word(&rest, module))
			stack_include(reader, module, ALL_TYPES);
		return;
	}
	/* A login fails at a line that libpam cannot read, so it is no way
	 * in. */
	if (!parse_type(word, &line.type) || !pam_word(&rest, control) ||
	    !pam_word(&rest, module) ||
	    (reader->wanted != ALL_TYPES && reader->wanted != (int)line.type))
		return;
	if (strcasecmp(control, "include") == 0 ||
	    strcasecmp(control, "substack") == 0) {
		stack_include(reader, module, (int)line.type);
		return;
	}
	line.text = stack_keep(reader->stack, text, len);
	stack_add_line(
	    reader, &line, rest + strspn(rest, blanks), control, module);
	reader->seen[line.type] |= !reader->in_other;
}

static void
stack_read_text(struct reader *reader, const char *text)
{
	scoped_free char *assembled = malloc(strlen(text) + 1);
	int number = 1;

	if (assembled == NULL) {
		snprintf(reader->stack->why, sizeof(reader->stack->why),
		    "out of memory");
		return;
	}
	while (*text != '\0') {
		const char *start = text;
		int count = assemble(&text, assembled);

		stack_read_line(reader, number, count, assembled, start,
		    (size_t)(text - start));
		number += count;
	}
}

/* Adds a file to the list, and returns its name for its lines. */
static const char *
stack_add_file(struct pam_stack *stack, const char *path)
{
	char **slot;

	for (size_t i = 0; i < stack->files.count; i++)
		if (strcmp(stack->files.items[i], path) == 0)
			return stack->files.items[i];
	slot = list_add(&stack->files, sizeof(char *));
	if (slot != NULL)
		*slot = strdup(path);
	if (slot != NULL && *slot == NULL)
		stack->files.count--;
	return slot != NULL ? *slot : NULL;
}

/* False if there is no such file.  A file that cannot be read is reported. */
static bool
stack_read_file(struct reader *reader, const char *path)
{
	scoped_free char *text = planned_read(reader->planned, path);
	const char *outer = reader->file;

	if (text == NULL && (errno == ENOENT || errno == ENOTDIR))
		return false;
	reader->file = text != NULL ? stack_add_file(reader->stack, path)
				    : NULL;
	if (reader->file == NULL)
		snprintf(reader->stack->why, sizeof(reader->stack->why),
		    "%.300s: %s", path,
		    strerror(text == NULL ? errno : ENOMEM));
	else
		stack_read_text(reader, text);
	reader->file = outer;
	return true;
}

const char *const pam_folders[] = {"/etc/pam.d", "/usr/lib/pam.d", NULL};

static void
read_service(struct reader *reader, const char *name)
{
	char path[PATH_MAX];

	if (name[0] == '/') {
		snprintf(path, sizeof(path), "%s%s", reader->root, name);
		if (stack_read_file(reader, path))
			return;
	}
	for (size_t i = 0; name[0] != '/' && pam_folders[i] != NULL; i++) {
		snprintf(path, sizeof(path), "%s%s/%s", reader->root,
		    pam_folders[i], name);
		if (stack_read_file(reader, path))
			return;
	}
	/* Without a file of its own a service has the lines of "other". */
	if (reader->depth > 0)
		snprintf(reader->stack->why, sizeof(reader->stack->why),
		    "%.200s includes %.100s, which is not there",
		    reader->file != NULL ? reader->file : "", name);
}

static bool
has_folder(const char *root)
{
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; pam_folders[i] != NULL; i++) {
		snprintf(path, sizeof(path), "%s%s", root, pam_folders[i]);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return true;
	}
	return false;
}

static void
read_stack(const char *root, const struct planned *planned, const char *service,
    struct pam_stack *ret)
{
	const char *slash = strrchr(service, '/');
	struct reader reader = {.stack = ret,
	    .root = root,
	    .planned = planned,
	    .service = slash != NULL ? slash + 1 : service,
	    .wanted = ALL_TYPES};
	bool folder = has_folder(root);
	char path[PATH_MAX];

	*ret = (struct pam_stack){.why = ""};
	reader.has_service = !folder;
	snprintf(path, sizeof(path), "%s/etc/pam.conf", root);
	for (int other = 0; other < 2; other++) {
		reader.in_other = other == 1;
		if (folder)
			read_service(
			    &reader, other == 1 ? "other" : reader.service);
		else
			stack_read_file(&reader, path);
	}
	if (ret->files.count == 0 && ret->why[0] == '\0')
		snprintf(ret->why, sizeof(ret->why),
		    "there is neither /etc/pam.d/%.80s nor /etc/pam.d/other",
		    reader.service);
}

void
pam_read(const char *root, const char *service, struct pam_stack *ret)
{
	read_stack(root, NULL, service, ret);
}

void
pam_read_planned(
    const struct planned *planned, const char *service, struct pam_stack *ret)
{
	read_stack("", planned, service, ret);
}

void
pam_done(struct pam_stack *stack)
{
	for (size_t i = 0; i < stack->texts.count; i++)
		free(stack->texts.items[i]);
	for (size_t i = 0; i < stack->files.count; i++)
		free(stack->files.items[i]);
	free(stack->texts.items);
	free(stack->files.items);
	free(stack->lines.items);
	*stack = (struct pam_stack){.why = ""};
}
