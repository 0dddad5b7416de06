/* tokens: the list that the keeper has; assign: one of them for a user. */
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/csv.h"
#include "store/base/when.h"

#define COLUMNS 6

struct listing {
	const struct admin *admin;
	struct token_row row;
	struct table *table;
	struct csv csv;
};

static bool
print_csv(struct listing *l)
{
	const struct token_row *row = &l->row;

	csv_text(&l->csv, row->serial);
	csv_text(&l->csv, record_type_names[row->type]);
	csv_text(&l->csv, record_algorithm_names[row->algorithm]);
	csv_number(&l->csv, row->digits);
	if (row->type == DEVICE_TOTP)
		csv_number(&l->csv, row->period_s);
	else
		csv_text(&l->csv, "");
	csv_text(&l->csv, token_state_names[row->state]);
	csv_text(&l->csv, row->user);
	csv_time(&l->csv, row->imported_s);
	csv_time(&l->csv, row->assigned_s);
	csv_end(&l->csv);
	return true;
}

static void
say_day(int64_t time_s, char ret[static WHEN_MINUTE])
{
	ret[0] = '\0';
	if (time_s != 0)
		when_say_minute(time_s, ret);
}

static bool
add_row(struct listing *l)
{
	const struct token_row *row = &l->row;
	char imported[WHEN_MINUTE], assigned[WHEN_MINUTE];
	const char *const cells[COLUMNS] = {row->serial,
	    record_type_names[row->type], token_state_names[row->state],
	    table_dash(row->user), imported,
	    row->assigned_s != 0 ? assigned : "-"};

	say_day(row->imported_s, imported);
	say_day(row->assigned_s, assigned);
	return table_row(l->table, cells);
}

static bool
show_token(void *ctx, const char *text)
{
	struct listing *l = ctx;

	if (l->admin->json)
		return puts(text) != EOF;
	return l->admin->csv ? print_csv(l) : add_row(l);
}

/* Returns an admin_exit. */
static int
list_tokens(const struct admin *admin)
{
	static const char *const headings[COLUMNS] = {
	    "SERIAL", "TYPE", "STATE", "USER", "IMPORTED", "ASSIGNED"};
	static const char *const names[] = {"serial", "type", "algorithm",
	    "digits", "period", "state", "user", "imported", "assigned"};
	const struct request request = {
	    .version = PROTOCOL_VERSION, .request = "tokens"};
	struct listing l = {.admin = admin,
	    .table = table_new(headings, COLUMNS),
	    .csv = {.to = stdout}};
	const struct client_rows rows = {
	    &token_row_shape, &l.row, sizeof(l.row), show_token, &l};
	int status = ADMIN_NOT;

	if (l.table == NULL) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	if (admin->csv && !admin->json)
		csv_header(&l.csv, names, sizeof(names) / sizeof(names[0]));
	status = admin_stream(admin, &request, "", &rows);
	if (!table_print(l.table))
		status = ADMIN_NOT;
	table_free(l.table);
	return status;
}

/* False, after a message, for what no token can be called. */
static bool
set_serial(struct request *request, const char *serial)
{
	if (!token_is_serial(serial)) {
		admin_say("\"%.60s\" is no serial number: tfa-admin tokens "
			  "lists them",
		    serial);
		return false;
	}
	memcpy(request->serial, serial, strlen(serial) + 1);
	return true;
}

/* Returns an admin_exit. */
static int
take_out(const struct admin *admin)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "tokens_remove"};
	int status;

	if (!set_serial(&request, admin->taken_out))
		return ADMIN_NOT;
	status = admin_ask(admin, &request, admin->taken_out, NULL);
	if (status == ADMIN_DONE)
		admin_done(admin, request.serial, "taken out of the list");
	return status;
}

int
admin_tokens(struct admin *admin, int argc, char **argv)
{
	(void)argv;
	if (argc > 0)
		return ADMIN_MISUSED;
	if (admin->csv && admin->taken_out != NULL) {
		admin_say("--csv is for the list, and --remove prints none");
		return ADMIN_MISUSED;
	}
	if (!admin_root_only(admin, "tokens"))
		return ADMIN_NOT_ALLOWED;
	return admin->taken_out != NULL ? take_out(admin) : list_tokens(admin);
}

static void
say_assigned(const struct admin *admin, const struct request *request,
    const struct reply *reply)
{
	if (!admin->json) {
		printf("%s: token %s is device %s; logins ask for its code "
		       "from now on\n",
		    reply->user, request->serial, reply->device);
		return;
	}
	admin_print_string("{\"user\":", reply->user);
	admin_print_string(",\"serial\":", request->serial);
	admin_print_string(",\"device\":", reply->device);
	puts("}");
}

int
admin_assign(struct admin *admin, int argc, char **argv)
{
	struct request request = {
	    .version = PROTOCOL_VERSION, .request = "assign"};
	scoped_reply struct reply reply = {.version = 0};
	int status;

	if (argc != 2)
		return ADMIN_MISUSED;
	if (!admin_root_only(admin, "assign"))
		return ADMIN_NOT_ALLOWED;
	if (!admin_is_user(argv[0]) || !set_serial(&request, argv[1]))
		return ADMIN_NOT;
	memcpy(request.user, argv[0], strlen(argv[0]) + 1);
	status = admin_ask(admin, &request, argv[0], &reply);
	if (status == ADMIN_DONE)
		say_assigned(admin, &request, &reply);
	return status;
}
