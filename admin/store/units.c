#include "admin/store/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/read.h"
#include "admin/setup/host.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/json/out.h"
#include "store/system/systemd.h"

static bool
systemctl(const char *verb, const char *unit)
{
	if (command_works(COMMAND("systemctl", "--quiet", verb, unit)))
		return true;
	admin_say("systemctl %s%s%s failed", verb, unit != NULL ? " " : "",
	    unit != NULL ? unit : "");
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
	    "it starts, and lets nobody in until then",
	    FLEET_CONFIG);
	return ADMIN_DONE;
}

static bool
is_address(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 ||
	    inet_pton(AF_INET6, host, &address) == 1;
}

bool
units_text(const struct fleet_config *config, char **ret)
{
	struct json_out out = json_out_begin(1024);
	struct endpoint endpoint;

	json_out_text(&out,
	    "# Written by tfa-admin store join: the members of etcd. Run it\n"
	    "# again when their addresses change.\n"
	    "[Service]\n"
	    "IPAddressDeny=any\n");
	list_each(const struct fleet_url, url, config->endpoints) {
		if (!endpoint_parse_pair(
			url->text + strlen("https://"), &endpoint) ||
		    !is_address(endpoint.host)) {
			json_text_free(&out.text);
			*ret = strdup("");
			return *ret != NULL;
		}
		json_out_text(&out, "IPAddressAllow=");
		json_out_text(&out, endpoint.host);
		json_out_text(&out, "\n");
	}
	*ret = out.text;
	return out.text != NULL;
}

bool
units_limit_is_old(const struct fleet_config *config)
{
	scoped_free char *found = read_text(UNITS_LIMIT);
	scoped_free char *text = NULL;

	return found != NULL && units_text(config, &text) &&
	    strcmp(found, text) != 0;
}

static bool
write_drop_in(const char *text)
{
	scoped_fd int folder = -1;

	if (mkdir(UNITS_LIMIT_FOLDER, 0755) < 0 && errno != EEXIST) {
		admin_say(UNITS_LIMIT_FOLDER ": %s", strerror(errno));
		return false;
	}
	folder = open(UNITS_LIMIT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0 &&
	    file_replace(folder, UNITS_LIMIT_FILE, "." UNITS_LIMIT_FILE ".new",
		0644, 0, 0, text, strlen(text)) == FAULT_NONE)
		return true;
	admin_say(UNITS_LIMIT ": %s", strerror(errno));
	return false;
}

static bool
remove_drop_in(void)
{
	if (unlink(UNITS_LIMIT) < 0 && errno != ENOENT) {
		admin_say(UNITS_LIMIT ": %s", strerror(errno));
		return false;
	}
	(void)rmdir(UNITS_LIMIT_FOLDER);
	return true;
}

int
units_open_link(const struct fleet_config *config)
{
	scoped_free char *text = NULL;
	bool ok;

	if (!systemd_runs())
		return ADMIN_DONE;
	if (!units_text(config, &text)) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	ok = (*text != '\0' ? write_drop_in(text) : remove_drop_in()) &&
	    systemctl("daemon-reload", NULL) &&
	    systemctl("enable", "tfa-link.service") &&
	    systemctl("restart", "tfa-link.service");
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

void
units_close_link(void)
{
	if (!systemd_runs())
		return;
	(void)remove_drop_in();
	(void)systemctl("disable", "tfa-link.service");
	(void)systemctl("stop", "tfa-link.service");
	(void)systemctl("daemon-reload", NULL);
}
