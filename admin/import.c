#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/given.h"
#include "store/base/cleanup.h"
#include "store/import/import.h"
#include "admin/read.h"

#define READ_MS 10000

/*
 * Reads the file as the user, so that no link and no pipe makes root read what
 * the user may not read; or else a file of the caller's own. NULL with errno.
 */
static char *
read_for(const struct passwd *pw, const char *path, size_t *ret_len)
{
	char *text = NULL;

	if (geteuid() == 0) {
		text = read_whole_as(pw, path, READ_MS, ret_len);
		if (text != NULL || errno != EACCES)
			return text;
	}
	return read_whole_own(path, ret_len);
}

/* Reads path, or standard input for "-".  Returns an admin_exit. */
static int
import_read(
    const char *user, const char *path, char **ret_text, size_t *ret_len)
{
	const struct passwd *pw = getpwnam(user);
	char foreign[USER_TEXT + 64];

	if (pw == NULL) {
		admin_say("%s: there is no such user", user);
		return ADMIN_NOT;
	}
	if (given_is_stdin(path))
		return given_read_stdin(IMPORT_FILE_MAX, ret_text, ret_len);
	snprintf(foreign, sizeof(foreign),
	    "must be a file that %s may read, or a file of root", user);
	*ret_text = read_for(pw, path, ret_len);
	if (*ret_text != NULL)
		return ADMIN_DONE;
	return given_refuse(path, foreign);
}

/* Lists what an export has, for the admin to choose. */
static void
say_accounts(const struct import_report *report)
{
	size_t count = report->listed_count;
	size_t said = count < IMPORT_LISTED_MAX ? count : IMPORT_LISTED_MAX;

	for (size_t i = 0; i < said; i++)
		admin_say("  \"%s\"", report->listed[i]);
	if (count > said)
		admin_say("  and %zu more", count - said);
}

/* Reads and parses the file, and wipes its text.  Returns an admin_exit. */
static int
load(const struct admin *admin, const char *user, const char *path,
    struct import *ret, struct import_report *ret_report)
{
	scoped_json_text char *text = NULL;
	size_t len = 0;
	int status = import_read(user, path, &text, &len);
	enum fault fault;

	if (status != ADMIN_DONE)
		return status;
	fault = import_parse(
	    text, len, user, admin->account, time(NULL), ret, ret_report);
	explicit_bzero(text, len);
	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault != FAULT_FORMAT)
		admin_say("%s: out of memory", path);
	else if (ret_report->line > 0)
		admin_say(
		    "%s:%d: %s", path, ret_report->line, ret_report->error);
	else
		admin_say("%s: %s", path, ret_report->error);
	if (fault == FAULT_FORMAT)
		say_accounts(ret_report);
	return ADMIN_NOT;
}

/*
 * Reminds the admin of the old file: it has the secrets, and every program of
 * the user can read it.
 */
static void
say_what_is_left(const char *user, const char *path, size_t count,
    const struct import_report *report)
{
	for (size_t i = 0; i < report->notes_count; i++)
		admin_say("%s: %s", user, report->notes[i]);
	if (strcmp(path, "-") == 0)
		admin_say("%s: once a login works, delete the old file", user);
	else if (report->form == IMPORT_OATH)
		admin_say(
		    "%s: once a login works, remove the line%s of %s from %s",
		    user, count == 1 ? "" : "s", user, path);
	else if (strchr(path, '\'') != NULL)
		admin_say("%s: once a login works, delete %s", user, path);
	else
		admin_say(
		    "%s: once a login works, delete the old file: rm -- '%s'",
		    user, path);
}

/* The id of new device number i: a keeper that got one account sends no
 * list. */
static const char *
new_device(const struct reply *reply, size_t i)
{
	return i < reply->devices.count ? reply->devices.items[i].text
					: reply->device;
}

static void
import_print_json(const struct reply *reply, const struct import *import,
    const struct import_report *report)
{
	admin_print_string("{\"user\":", reply->user);
	admin_print_string(",\"device\":", reply->device);
	printf(",\"scratch\":%zu,\"notes\":[", import->scratch.count);
	for (size_t i = 0; i < report->notes_count; i++)
		admin_print_string(i > 0 ? "," : "", report->notes[i]);
	fputs("],\"devices\":[", stdout);
	for (size_t i = 0; i < import_count(import); i++)
		admin_print_string(i > 0 ? "," : "", new_device(reply, i));
	puts("]}");
}

/* Says which devices there are now; where several are, by their lines. */
static void
import_print(const struct reply *reply, const struct import *import,
    const struct import_report *report)
{
	size_t count = import_count(import);

	printf("%s: imported as ", reply->user);
	for (size_t i = 0; i < count; i++) {
		printf("%s%s",
		    i == 0              ? ""
			: i + 1 < count ? ", "
					: " and ",
		    new_device(reply, i));
		if (count > 1)
			printf(" (line %d)", report->lines[i]);
	}
	printf(", with %zu scratch codes\n", import->scratch.count);
}

/* Before a denial stands the user, and the line of an account that is known
 * already. */
static int
import_judge(const struct reply *reply, const char *user, const char *path,
    const struct import_report *report)
{
	char where[USER_TEXT + IMPORT_TEXT];
	size_t account = reply->account > 0 ? (size_t)reply->account - 1 : 0;

	if (reply->reason != REASON_KNOWN_SECRET || account >= IMPORT_MAX)
		return admin_judge(reply, user);
	snprintf(where, sizeof(where), "%s: %.300s:%d", user, path,
	    report->lines[account]);
	return admin_judge(reply, where);
}

static int
import(const struct admin *admin, const char *user, const char *path)
{
	scoped_request struct request request = {
	    .version = PROTOCOL_VERSION, .request = "import"};
	scoped_reply struct reply reply = {.version = 0};
	struct import_report report;
	char why[320] = "";
	int status = load(admin, user, path, &request.import, &report);

	if (status != ADMIN_DONE)
		return status;
	memcpy(request.user, user, strlen(user) + 1);
	if (client_call(&admin->keeper, &request, &reply, why, sizeof(why)) !=
	    FAULT_NONE)
		return admin_no_keeper(admin, why);
	status = import_judge(&reply, user, path, &report);
	if (status != ADMIN_DONE)
		return status;
	if (admin->json)
		import_print_json(&reply, &request.import, &report);
	else
		import_print(&reply, &request.import, &report);
	say_what_is_left(user, path, import_count(&request.import), &report);
	return ADMIN_DONE;
}

int
admin_import(struct admin *admin, int argc, char **argv)
{
	if (admin->csv)
		return admin_import_tokens(admin, argc, argv);
	if (admin->secrets != NULL) {
		admin_say("--secrets goes with --csv");
		return ADMIN_MISUSED;
	}
	if (argc != 2) {
		admin_say("import needs a USER and a FILE, or --csv and a FILE "
			  "of tokens");
		return ADMIN_MISUSED;
	}
	if (argv[1][0] == '\0')
		return ADMIN_MISUSED;
	if (!admin_root_only(admin, "import"))
		return ADMIN_NOT_ALLOWED;
	if (!admin_is_user(argv[0]))
		return ADMIN_NOT;
	return import(admin, argv[0], argv[1]);
}
