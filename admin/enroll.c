#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/letter.h"
#include "store/base/cleanup.h"
#include "gate/screen/show.h"

enum form { FORM_TERMINAL = 0, FORM_SVG, FORM_URI, FORM_JSON, FORM_LETTER };

/*
 * False, after a message, for an unknown form, or one that cannot go to this
 * output.
 */
static bool
choose_form(const struct admin *admin, const char *user, enum form *ret)
{
	const char *qr = admin->qr != NULL ? admin->qr : "terminal";

	if (admin->letter != NULL) {
		*ret = FORM_LETTER;
		if (admin->qr == NULL && !admin->json)
			return true;
		admin_say("--letter excludes --qr and --json");
		return false;
	}
	if (strcmp(qr, "terminal") == 0)
		*ret = FORM_TERMINAL;
	else if (strcmp(qr, "svg") == 0)
		*ret = FORM_SVG;
	else if (strcmp(qr, "uri") == 0)
		*ret = FORM_URI;
	else {
		admin_say("%s: not terminal, svg or uri", qr);
		return false;
	}
	if (*ret == FORM_SVG && (admin->json || isatty(STDOUT_FILENO))) {
		admin_say("write the SVG to a file of its own: (umask 077; "
			  "tfa-admin enroll %s --qr svg >%s.svg)",
		    user, user);
		return false;
	}
	if (admin->json)
		*ret = FORM_JSON;
	return true;
}

/*
 * Without a QR code a terminal still gets the key, but an SVG would be empty:
 * false, after a message, if the code cannot be drawn.
 */
static bool
can_draw(enum form form)
{
	if ((form != FORM_SVG && form != FORM_LETTER) || scan_works())
		return true;
	admin_say("the QR code cannot be drawn: tfa-qr or libqrencode is not "
		  "installed; --qr uri needs neither");
	return false;
}

/*
 * Warns if stdout is a file that others can read: it is about to get the
 * secret.
 */
static void
warn_of_readers(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 077) != 0)
		admin_say("the output file has the secret, and others can read "
			  "it: chmod 600 the file, and delete it soon");
}

/* Keeps the recovery codes from pushing the QR code off the screen.  Only where
 * somebody sees the code and can press a key. */
static void
wait_for_enter(void)
{
	int c;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return;
	fputs("Press Enter for the recovery codes: ", stdout);
	fflush(stdout);
	do
		c = getchar();
	while (c != '\n' && c != EOF);
}

static enum fault
print_terminal(const struct reply *reply, const struct scan *scan)
{
	struct display display;
	scoped_json_text char *shown = NULL;
	scoped_sheet struct sheet codes = {.columns = 0};
	const struct showing showing = {"", ""};
	enum fault fault;

	display_size(STDOUT_FILENO, &display);
	display.utf8 = display_is_utf8(
	    getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG"));
	fault = show_device(reply, scan, &display, &showing, &shown);
	if (fault != FAULT_NONE)
		return fault;
	fputs(shown, stdout);
	if (reply->codes.count == 0)
		return FAULT_NONE;
	wait_for_enter();
	display_size(STDOUT_FILENO, &display);
	codes.columns = display.columns;
	show_recovery(reply, &codes);
	printf("\n%s", codes.text);
	return FAULT_NONE;
}

static void
enroll_print_json(const struct reply *reply, const char *uri)
{
	admin_print_string("{\"user\":", reply->user);
	admin_print_string(",\"uri\":", uri);
	admin_print_string(",\"secret\":", reply->secret);
	admin_print_string(",\"device\":", reply->device);
	fputs(",\"recovery\":[", stdout);
	for (size_t i = 0; i < reply->codes.count; i++)
		admin_print_string(
		    i > 0 ? "," : "", reply->codes.items[i].text);
	puts("]}");
}

static enum fault
print_svg(const struct scan *scan)
{
	scoped_json_text char *svg = NULL;
	struct qr code;
	enum fault fault;

	if (scan->modules == NULL || !qr_read(scan->modules, &code))
		return FAULT_ABSENT;
	fault = qr_svg(&code, &svg);
	if (fault == FAULT_NONE)
		fputs(svg, stdout);
	return fault;
}

static enum fault
print_letter(const struct reply *reply, const struct scan *scan,
    struct letter_file *file)
{
	char host[SCAN_HOST];
	const struct letter letter = {reply, scan, host};
	scoped_json_text char *text = NULL;

	scan_host(reply->user, host);
	text = letter_text(&letter);
	if (text == NULL)
		return FAULT_MEMORY;
	return letter_put(file, text) ? FAULT_NONE : FAULT_IO;
}

static enum fault
enroll_print(const struct reply *reply, enum device_type type, enum form form,
    struct letter_file *file)
{
	scoped_scan struct scan scan = {.modules = NULL};
	enum fault fault = scan_make(reply, type, &scan);

	if (fault != FAULT_NONE)
		return fault;
	switch (form) {
	case FORM_TERMINAL:
		fault = print_terminal(reply, &scan);
		break;
	case FORM_SVG:
		fault = print_svg(&scan);
		break;
	case FORM_URI:
		puts(scan.uri);
		break;
	case FORM_LETTER:
		fault = print_letter(reply, &scan, file);
		break;
	case FORM_JSON:
		enroll_print_json(reply, scan.uri);
		break;
	}
	return fault;
}

/* Recovery codes are asked for only in the forms that can show them. */
static bool
shows_recovery(enum form form)
{
	return form != FORM_SVG && form != FORM_URI;
}

static int
enroll(const struct admin *admin, const char *user, enum form form,
    struct letter_file *file)
{
	struct request request = {.version = PROTOCOL_VERSION,
	    .request = "enroll",
	    .hotp = admin->hotp};
	enum device_type type = admin->hotp ? DEVICE_HOTP : DEVICE_TOTP;
	scoped_reply struct reply reply = {.version = 0};
	int status;

	memcpy(request.user, user, strlen(user) + 1);
	if (shows_recovery(form))
		memcpy(request.use, "recover", sizeof("recover"));
	status = admin_ask(admin, &request, user, &reply);
	if (status != ADMIN_DONE)
		return status;
	if (form != FORM_LETTER || strcmp(admin->letter, "-") == 0)
		warn_of_readers();
	if (enroll_print(&reply, type, form, file) != FAULT_NONE) {
		admin_say("%s: device %s is set up, but cannot be shown: void "
			  "it with tfa-admin revoke",
		    user, reply.device);
		return ADMIN_NOT;
	}
	admin_say(
	    "%s: device %s is set up; logins ask for its code from now on",
	    user, reply.device);
	if (!shows_recovery(form))
		admin_say(
		    "%s: no recovery codes were made, since this form "
		    "has no place for them: --letter has them, and so has "
		    "tfa recovery for the user",
		    user);
	return ADMIN_DONE;
}

int
admin_enroll(struct admin *admin, int argc, char **argv)
{
	scoped_letter struct letter_file file = {.fd = -1, .temporary = ""};
	enum form form = FORM_TERMINAL;

	if (argc != 1)
		return ADMIN_MISUSED;
	if (!admin_root_only(admin, "enroll"))
		return ADMIN_NOT_ALLOWED;
	if (!admin_is_user(argv[0]))
		return ADMIN_NOT;
	if (!choose_form(admin, argv[0], &form))
		return ADMIN_MISUSED;
	if (!can_draw(form))
		return ADMIN_NOT;
	if (form == FORM_LETTER && !letter_open(admin->letter, &file))
		return ADMIN_NOT;
	return enroll(admin, argv[0], form, &file);
}
