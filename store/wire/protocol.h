/*
 * Requests to the keeper and its replies: PROTOCOL.md as C.
 *
 * One JSON object a packet (SOCK_SEQPACKET), one request, one reply, close; a
 * login that was answered by a challenge may be followed by one verify.
 * Some requests are answered by a stream of packets; the last of a stream
 * says "end", so that a stream cut short is noticed.  In a stream a packet may
 * hold the bytes of a file.
 */
#ifndef TFA_PROTOCOL_H
#define TFA_PROTOCOL_H

#include "store/import/import.h"
#include "store/core/login.h"
#include "store/core/token.h"
#include "store/base/endpoint.h"

#define PROTOCOL_VERSION 1
#define PACKET_MAX       65536
#define PACKET_BYTES     '=' /* before a file's bytes: no JSON begins so */
#define REQUEST_TEXT     17
#define INPUT_TEXT       65 /* a code as typed */
#define PATH_TEXT        256
#define AUTH_SENT        32768 /* bytes of "publickey TYPE BLOB" */
#define MESSAGE_TEXT     512   /* a name fits, and a sentence around it */
#define NOTES_MAX        8
#define DETAIL_SENT      200
#define FILE_ID_TEXT     64
#define STATES_TEXT      128
#define ACCOUNT_MAX      4096   /* bytes of a home folder or a shell */
#define KEYS_NONE        "none" /* the key has not been judged yet */
#define MARK_TEXT        20     /* 1 to 19 digits */

/* A request's keys, in the order of request_shape's fields. */
enum request_field {
	FIELD_VERSION,
	FIELD_REQUEST,
	FIELD_ADDRESS,
	FIELD_AUTH,
	FIELD_AUTH_PATH,
	FIELD_COMMAND,
	FIELD_TERMINAL,
	FIELD_SHELL,
	FIELD_DOOR,
	FIELD_CODE,
	FIELD_ENROLL_CODE,
	FIELD_DEVICE,
	FIELD_USER,
	FIELD_BLOCK,
	FIELD_USE,
	FIELD_AT,
	FIELD_SINCE,
	FIELD_DETAIL,
	FIELD_REASON,
	FIELD_IMPORT,
	FIELD_TARGET,
	FIELD_FILE,
	FIELD_OFFSET,
	FIELD_STATES,
	FIELD_GROUP,
	FIELD_UNUSED,
	FIELD_NO_DEVICE,
	FIELD_BATCH,
	FIELD_KEYS,
	FIELD_JUDGED,
	FIELD_LAST,
	FIELD_MARK,
	FIELD_HARDWARE,
	FIELD_SERIAL,
	FIELD_TOKENS,
	FIELD_HOTP,
};

/*
 * A request.  What a user's own process says of its login is a claim: it is
 * logged as such, and decides nothing that another user could gain from.
 */
struct request {
	int64_t version;
	char request[REQUEST_TEXT];
	char address[ADDRESS_TEXT]; /* from SSH_CONNECTION */
	char *auth;                 /* "publickey TYPE BLOB", or NULL */
	char auth_path[PATH_TEXT];  /* names the connection: SSH_USER_AUTH, or
				     * connection_name() */
	char *command;              /* SSH_ORIGINAL_COMMAND, its start */
	bool terminal;
	bool shell;
	bool door;             /* at the door, before sshd opens any channel */
	char code[INPUT_TEXT]; /* as typed */
	char enroll_code[INPUT_TEXT]; /* an admin's code to enrol with */
	char device[NAME_TEXT];       /* an id, or a name */
	char user[USER_TEXT];         /* whom an admin means; "": everyone */
	bool block;                   /* revoke: no new enrolment */
	char use[12];                 /* of codes to be made */
	int64_t at_s;                 /* explain: as if it were then */
	int64_t since_s;              /* log: from then on */
	char detail[DETAIL_SENT];     /* note: what was changed */
	enum reason reason;           /* login, refuse, connect */
	struct import import;         /* import: the accounts */
	char target[ENDPOINT_TEXT];   /* connect: HOST:PORT */
	char file[FILE_ID_TEXT];      /* log: the first one, by its id */
	int64_t offset; /* log: the byte of it to begin at; tokens_put: how
			 * many tokens were sent before these */
	/* users: only those in one of these states (words with commas), in
	 * this group, without a login since then, without a device */
	char states[STATES_TEXT];
	char group[USER_TEXT];
	int64_t unused_s;
	bool no_device;
	bool batch; /* rows may come several in a packet, a line each */
	char keys[KEYS_NAME]; /* login: by which word of the policy on keys
			       * the gate has judged the key, or KEYS_NONE */
	bool judged;          /* login: it passed here, and was logged */
	int hardware; /* login: enum hardware, of a key that may be one */
	bool last;    /* a code that is wrong ends the login */
	bool hotp;    /* enroll: a device that counts its codes */
	char mark[MARK_TEXT]; /* policy_put: of the policy that is replaced, as
			       * policy_get gave it; "0": there is none */
	char serial[TOKEN_SERIAL]; /* assign, tokens_remove */
	/* tokens_put: some of those that are to come into the list */
	LIST_OF(struct token) tokens;
};

struct note {
	char text[MESSAGE_TEXT];
};

struct reply {
	int64_t version;
	enum verdict verdict; /* zero, and thus never set: deny */
	enum reason reason;
	char message[MESSAGE_TEXT]; /* for a person; one line, or "" */
	LIST_OF(struct note) notes; /* to be shown to a person */
	bool may_skip;
	bool may_renew;    /* this recovery code may set up a device */
	int64_t tries;     /* codes that one login may try */
	int64_t timeout_s; /* that a prompt may stand */
	int64_t left_s;    /* until a code becomes required */
	char secret[JSON_FORM_TEXT]; /* base32: enrolment only */
	char issuer[ISSUER_TEXT];
	char user[USER_TEXT];
	char *home;                     /* login: the peer's, by passwd */
	char *shell;                    /* likewise, and never empty */
	char device[DEVICE_ID_TEXT];    /* enroll: the new one */
	LIST_OF(struct note) devices;   /* import of several: all new ones */
	int64_t account;                /* that a denial is about, from 1 */
	LIST_OF(struct note) codes;     /* recovery codes, shown once */
	LIST_OF(struct note) key_files; /* where keys' commands stand */
	bool unlisted;                  /* a key in none of them may pass */
	/* where hardware keys may stand, and their authorities' keys */
	LIST_OF(struct note) hardware_files;
	LIST_OF(struct note) hardware_authorities;
	char keys[KEYS_NAME]; /* policy_keys_name() of all these */
	int64_t last_login_s; /* PASS, for a shell: the one before this */
	char last_from[ADDRESS_TEXT];
	int64_t added; /* tokens_put: how many are new */
	bool end;      /* of a stream */
};

extern const struct json_shape request_shape;
extern const struct json_shape reply_shape;

void request_done(struct request *request);
void reply_done(struct reply *reply);
#define scoped_request __attribute__((cleanup(request_done)))
#define scoped_reply   __attribute__((cleanup(reply_done)))

/*
 * Sends one packet.  FAULT_LIMIT: larger than PACKET_MAX; FAULT_IO: the peer
 * is gone, or took longer than the socket's time limit.
 */
MUST_USE enum fault packet_send(int fd, const char *text);

/*
 * Sends bytes of a file as a packet, PACKET_BYTES before them, at most
 * PACKET_MAX - 1.  FAULT_IO: the peer is gone, or took none for timeout_ms.
 */
MUST_USE enum fault
packet_send_bytes(int fd, int timeout_ms, const char *bytes, size_t len);

/*
 * *ret: the next packet, as text with a NUL, the caller wipes and frees.
 * Waits at most timeout_ms.  FAULT_ABSENT: the peer closed; FAULT_IO;
 * FAULT_LIMIT: too large; FAULT_MEMORY.
 */
MUST_USE enum fault
packet_receive(int fd, int timeout_ms, char **ret, size_t *ret_len);

/* Asks the kernel for the uid and pid at the other end; false: unknown. */
bool packet_peer(int fd, uid_t *ret_uid, pid_t *ret_pid);

/* The value as a packet.  Wiped afterwards: it may hold a code. */
MUST_USE enum fault
packet_send_value(int fd, const struct json_shape *shape, const void *value);

#endif
