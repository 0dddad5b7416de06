/*
 * The words of one line of sshd's configuration, as sshd cuts them.
 */
#ifndef TFA_CONFIG_WORDS_H
#define TFA_CONFIG_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_WORD    1024 /* bytes of one word, with its NUL */
#define CONFIG_FOLDER  "/etc/ssh"
#define CONFIG_PATTERN (CONFIG_WORD + sizeof(CONFIG_FOLDER))

/*
 * Cuts a line into keyword and value, in place: "Keyword value",
 * "keyword=value".  Before the keyword blanks, or one "=", may stand.  False for
 * a line without a keyword.
 */
bool config_split(char *line, const char **ret_keyword, const char **ret_value);

/* *ret: the next word of *rest, without quotes, cut after CONFIG_WORD - 1
 * bytes; false if there is none. */
bool config_word(const char **rest, char ret[static CONFIG_WORD]);

/* True if config_word() cuts no word of the value. */
bool config_words_fit(const char *value);

/*
 * *ret: the next pattern for files in the value of an Include, from / on.  False
 * if there is none, and where one is longer than CONFIG_WORD - 1 bytes, which a
 * cut would make another: then config_has_pattern() is still true.
 */
bool config_pattern_of(const char **rest, char ret[static CONFIG_PATTERN]);
bool config_has_pattern(const char *rest);

/* True if the text fits a pattern of sshd's, with * and ?. */
bool config_pattern(const char *pattern, const char *text);

#endif
