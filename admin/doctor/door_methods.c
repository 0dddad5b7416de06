#include <string.h>
#include <strings.h>

#include "admin/doctor/door.h"
#include "gate/sshd/config.h"

/* A method that PAM does not judge at the door. */
static bool
is_first_factor(const char *method)
{
	static const char *const names[] = {
	    "publickey", "hostbased", "gssapi-with-mic"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(method, names[i]) == 0)
			return true;
	return false;
}

/* One alternative: "publickey,keyboard-interactive:pam". */
static bool
alternative_asks(char *methods)
{
	const char *method, *last = "";
	bool first = false;

	while ((method = strsep(&methods, ",")) != NULL) {
		first |= is_first_factor(last);
		last = method;
	}
	return first && strcasecmp(last, "keyboard-interactive:pam") == 0;
}

bool
door_asks(const char *methods)
{
	char word[CONFIG_WORD];
	bool any = false;

	/* config_word() cuts a longer one, and dump.h the line. */
	if (strlen(methods) >= CONFIG_WORD - 1)
		return false;
	while (config_word(&methods, word)) {
		if (!alternative_asks(word))
			return false;
		any = true;
	}
	return any;
}

bool
door_is_named(const struct listener *listener)
{
	return strcmp(title_name(listener), DOOR_SERVICE) == 0 ||
	    listener->pam_service[0] != '\0';
}

/* "[::1]:22" and "host:22" have one; "::1" has none. */
bool
door_loses_port(const char *address)
{
	char word[CONFIG_WORD];
	const char *colon;

	if (!config_word(&address, word))
		return false;
	if (word[0] == '[')
		return strstr(word, "]:") != NULL;
	colon = strchr(word, ':');
	return colon != NULL && strchr(colon + 1, ':') == NULL;
}
