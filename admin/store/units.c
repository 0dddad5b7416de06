#include "admin/store/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/read.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/json/out.h"
#include "store/system/child.h"
#include "store/system/systemd.h"

#define FOLDER   "/etc/systemd/system/tfa-link.service.d"
#define FILE_    "addresses.conf"
#define LIMIT_MS 30000

static bool
systemctl(const char *verb, const char *unit)
{
	const char *const argv[] = {"systemctl", verb, unit, NULL};
	scoped_free struct child *child = calloc(1, sizeof(*child));

	if (child == NULL)
		return false;
	child_run(argv, LIMIT_MS, child);
	if (child->end == CHILD_EXITED && child->status == 0)
		return true;
	admin_say("systemctl %s %s: %.200s", verb, unit != NULL ? unit : "",
	    child->err.text);
	return false;
}

int
units_restart_keeper(void)
{
	if (systemd_runs())
		return systemctl("try-restart", "tfa-keeper.service")
		    ? ADMIN_DONE
		    : ADMIN_NOT;
	admin_say(
	    "restart the keeper now: it reads %s and the fleet's keys when "
	    "it starts, and lets nobody in before",
	    FLEET_CONFIG);
	return ADMIN_DONE;
}

bool
units_text(const char *addresses, char **ret)
{
	struct json_out out = json_out_begin(1024);

	json_out_text(&out,
	    "# Written by tfa-admin store join: the members of etcd, and the\n"
	    "# name servers where they have names. Run it again when an address\n"
	    "# changes.\n"
	    "[Service]\n");
	while (*addresses != '\0') {
		size_t len = strcspn(addresses, " ");

		json_out_text(&out, "IPAddressAllow=");
		json_out_put(&out, addresses, len);
		json_out_text(&out, "\n");
		addresses += len + strspn(addresses + len, " ");
	}
	*ret = out.text;
	return out.text != NULL;
}

static void
add_word(struct json_out *out, const char *word, size_t len)
{
	json_out_put(out, word, len);
	json_out_text(out, " ");
}

/* *ret_named: whether the endpoint has a name, which must be looked up. */
static bool
add_endpoint(struct json_out *out, const char *url, bool *ret_named)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	struct endpoint endpoint;
	char host[NI_MAXHOST];
	int error;

	if (!endpoint_parse_pair(url + strlen("https://"), &endpoint))
		return false;
	error = getaddrinfo(endpoint.host, endpoint.port, &hints, &list);
	if (error != 0) {
		admin_say("%s: %s", url, gai_strerror(error));
		return false;
	}
	for (struct addrinfo *one = list; one != NULL; one = one->ai_next)
		if (getnameinfo(one->ai_addr, one->ai_addrlen, host,
			sizeof(host), NULL, 0, NI_NUMERICHOST) == 0) {
			add_word(out, host, strlen(host));
			*ret_named |= strcmp(host, endpoint.host) != 0;
		}
	freeaddrinfo(list);
	return true;
}

/* resolv.conf(5): a server an line. */
static void
add_servers(struct json_out *out)
{
	scoped_free char *text = read_text("/etc/resolv.conf");

	for (char *line = text; line != NULL && *line != '\0';) {
		if (strncmp(line, "nameserver", 10) == 0) {
			char *word = line + 10 + strspn(line + 10, " \t");

			add_word(out, word, strcspn(word, " \t\n%"));
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

static bool
write_drop_in(const char *text)
{
	scoped_fd int folder = -1;

	if (mkdir(FOLDER, 0755) < 0 && errno != EEXIST) {
		admin_say(FOLDER ": %s", strerror(errno));
		return false;
	}
	folder = open(FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0 &&
	    file_replace(folder, FILE_, "." FILE_ ".new", 0644, 0, 0, text,
		strlen(text)) == FAULT_NONE)
		return true;
	admin_say(FOLDER "/" FILE_ ": %s", strerror(errno));
	return false;
}

int
units_open_link(const struct site *site)
{
	struct json_out addresses = json_out_begin(256);
	scoped_free char *text = NULL;
	bool named = false, ok = true;

	if (!systemd_runs()) {
		json_text_free(&addresses.text);
		return ADMIN_DONE;
	}
	list_each(const struct fleet_url, url, site->config.endpoints)
		ok = ok && add_endpoint(&addresses, url->text, &named);
	if (named)
		add_servers(&addresses);
	ok = ok && addresses.text != NULL &&
	    units_text(addresses.text, &text) && write_drop_in(text) &&
	    systemctl("daemon-reload", NULL) &&
	    systemctl("enable", "tfa-link.service") &&
	    systemctl("restart", "tfa-link.service");
	json_text_free(&addresses.text);
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

void
units_close_link(void)
{
	if (!systemd_runs())
		return;
	if (unlink(FOLDER "/" FILE_) < 0 && errno != ENOENT)
		admin_say(FOLDER "/" FILE_ ": %s", strerror(errno));
	(void)rmdir(FOLDER);
	(void)systemctl("disable", "tfa-link.service");
	(void)systemctl("stop", "tfa-link.service");
	(void)systemctl("daemon-reload", NULL);
}
