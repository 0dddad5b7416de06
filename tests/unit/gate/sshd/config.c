#include "gate/sshd/config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

TestSuite(config, .timeout = 30);

#define FITS (CONFIG_WORD - 1)

/* The pattern that was asked for last, and how many. */
struct asked {
	char pattern[CONFIG_PATTERN];
	int count;
};

static void
note_pattern(void *ctx, const char *pattern,
    void (*each)(void *reader, const char *path, const char *text),
    void *reader)
{
	struct asked *asked = ctx;

	(void)each;
	(void)reader;
	snprintf(asked->pattern, sizeof(asked->pattern), "%s", pattern);
	asked->count++;
}

/* A line with a path, or a name, of that length. */
static struct config
read_long(const char *keyword, size_t length, struct asked *ret)
{
	struct config config;
	char word[2 * CONFIG_WORD], text[3 * CONFIG_WORD];

	memset(word, 'a', length);
	word[0] = '/';
	word[length] = '\0';
	snprintf(
	    text, sizeof(text), "Port 22\n%s %s # a\nPort 23\n", keyword, word);
	*ret = (struct asked){.count = 0};
	config_read("main", text, note_pattern, ret, &config);
	return config;
}

/* Half a path is another file's. */
Test(config, reads_no_path_of_an_include_that_is_too_long)
{
	static const char *const keywords[] = {
	    "Include", "Include \"/a b\"", "include = 'c'", "Include"};

	for (size_t i = 0; i < COUNT(keywords); i++) {
		struct asked asked;
		struct config config = read_long(keywords[i], FITS, &asked);
		int all = asked.count;

		cr_expect_not(config.failed, "%zu", i);
		cr_expect_eq(strlen(asked.pattern), FITS, "%zu", i);
		config_done(&config);
		config = read_long(keywords[i], FITS + 1, &asked);
		cr_expect(config.failed, "%zu", i);
		cr_expect_eq(asked.count, all - 1, "%zu", i);
		cr_expect_str_eq(config.long_file, "main", "%zu", i);
		cr_expect_eq(config.long_number, 2, "%zu", i);
		cr_expect_eq(config.lines.count, (size_t)3, "%zu", i);
		config_done(&config);
	}
}

/* Somebody behind the cut would be taken for one whom the block is not for. */
Test(config, knows_that_a_list_of_a_match_is_too_long)
{
	struct asked asked;
	struct config config = read_long("Match User", FITS, &asked);

	cr_expect_not(config.failed);
	config_done(&config);
	config = read_long("Match User", FITS + 1, &asked);
	cr_expect(config.failed);
	cr_expect_eq(config.long_number, 2);
	config_done(&config);
	config = read_long("AllowUsers", FITS + 1, &asked);
	cr_expect_not(config.failed);
	cr_expect_null(config.long_file);
	config_done(&config);
}
