/*
 * The values that each name is given. %D is the hostile folder, %M a command
 * that leaves the marker, %G the gate, %N the name itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/envfuzz/envfuzz.h"

static const struct {
	const char *name; /* "%N", or the name of an exported function */
	const char *value;
} payloads[] = {
    /* Read, sourced or run as a file; searched as a folder; loaded. */
    {"%N", "%D/script"},
    {"%N", "%D"},
    {"%N", "%D:%D/bin:/usr/bin:/bin"},
    {"%N", "%D/hostile.so"},
    {"%N", "%D/"},
    /* Expanded. */
    {"%N", "$(%M)"},
    {"%N", "`%M`"},
    {"%N", "x[$(%M)]"},
    {"%N", "(%M)"},
    /* Evaluated. */
    {"%N", "%M"},
    {"%N", "; %M; |%M"},
    {"%N", "-c %M"},
    /* A function, as bash, rc and es export one. */
    {"%N", "() { :; }; %M"},
    {"BASH_FUNC_%N%%", "() { %M; }"},
    {"fn_%N", "{%M}"},
    {"fn-%N", "{%M}"},
    {"fn#%N", "fn %N {%M}\n"},
    /* Switches that make another variable count. */
    {"%N", "1"},
    {"%N", "xtrace"},
    {"%N", "C.UTF-8"},
};

const size_t payload_count = sizeof(payloads) / sizeof(payloads[0]);

static const char *
part(const struct folder *folder, char letter, const char *name, char *command)
{
	switch (letter) {
	case 'D':
		return folder->hostile;
	case 'G':
		return folder->gate;
	case 'M':
		snprintf(command, PATH_MAX + 20, "/usr/bin/touch %s",
		    folder->marker);
		return command;
	case 'N':
		return name;
	default:
		return "%";
	}
}

static char *
fill(const struct folder *folder, const char *pattern, const char *name)
{
	char command[PATH_MAX + 20], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		abort();
	for (; *pattern != '\0'; pattern++)
		if (*pattern == '%' && pattern[1] != '\0')
			fputs(part(folder, *++pattern, name, command), out);
		else
			fputc(*pattern, out);
	fclose(out);
	return text;
}

void
payload_make(const struct folder *folder, size_t i, const char *name,
    char **ret_name, char **ret_value)
{
	*ret_name = fill(folder, payloads[i].name, name);
	*ret_value = fill(folder, payloads[i].value, name);
}

size_t
payload_of(const char *value)
{
	size_t i = 0;

	while (i < payload_count - 1 && strcmp(payloads[i].value, value) != 0)
		i++;
	return i;
}
