#include <string.h>

#include "gate/sshd/methods.h"

char *
methods_key(const char *text, size_t *ret_count)
{
	static const char method[] = "publickey ";
	char *line = NULL;

	for (*ret_count = 0; *text != '\0';) {
		size_t n = strcspn(text, "\n");

		if (strncmp(text, method, sizeof(method) - 1) == 0 &&
		    (*ret_count)++ == 0)
			line = strndup(text, n);
		text += n + (text[n] == '\n');
	}
	return line;
}

bool
methods_asked(const char *text)
{
	static const char method[] = "keyboard-interactive";

	while (*text != '\0') {
		if (strncmp(text, method, sizeof(method) - 1) == 0)
			return true;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return false;
}
