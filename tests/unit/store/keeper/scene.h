/*
 * Runs a keeper's requests within the test's own process: a folder, a policy,
 * records in different states, and requests whose JSON is written with ' in
 * place of ".  The time is always NOW_S, fsync() does not wait for a disk, and
 * syslog lines are discarded.
 */
#ifndef TFA_KEEPER_SCENE_H
#define TFA_KEEPER_SCENE_H

#include "tests/unit/fixture.h"
#include "store/keeper/requests.h"

#define SCENE_HELPER "daemon" /* a delegate, where the policy has admins */
#define SCENE_HELPED "sys"
#define SCENE_GONE   "tfa-gone" /* no account has that name */

/* The code that replaces %s in a request. */
enum scene_code { NO_CODE, OF_DEVICE, OF_WAITING, WRONG };

struct keeper_scene {
	char folder[FOLDER_MAX];
	char policy[FOLDER_MAX + 16];
	struct keeper keeper;
	struct store store; /* open, for the test */
	char codes[WRONG + 1][OTP_DIGITS_MAX + 1];
	/* While a request is served, call number failing of that name fails
	 * (INJECT_ANY: of any name; 0: none). reached: it was reached. */
	const char *call;
	int failing;
	bool reached;
};

typedef void scene_state(struct record *record);

/* Begins a scene with that policy; needs root, or the test is skipped. */
void keeper_scene_begin(struct keeper_scene *s, const char *policy);
void keeper_scene_end(struct keeper_scene *s);

void keeper_scene_policy(struct keeper_scene *s, const char *policy);

/* Writes a file into one of the store's folders. */
void
keeper_scene_write(int folder, const char *name, mode_t mode, const char *text);

/* ret: the user's record in that state. */
void keeper_scene_make(const char *user, scene_state *make, struct record *ret);

/* Writes that record to disk, in place of any other; none for scene_new.  That
 * of SCENE_GONE has uid 4000. */
void
keeper_scene_put(struct keeper_scene *s, const char *user, scene_state *make);

uid_t keeper_scene_uid(const char *user);

/* ret: a packet of "'verify','code':'%s'": quoted, with the code. */
void keeper_scene_request(const struct keeper_scene *s, const char *text,
    enum scene_code code, char ret[static QUOTED_MAX]);

/* Serves a request of that uid; with follows, after a login on the same
 * connection.  Calls each with every answer. */
void keeper_scene_ask(struct keeper_scene *s, uid_t uid, const char *request,
    bool follows, void (*each)(void *ctx, const char *answer), void *ctx);

/* Reads an answer; reply_done() frees it. */
void keeper_scene_reply(const char *answer, struct reply *ret);

/* States of a record, and the codes that some of them have. */
#define SCENE_PASS     "PASS-0000-0000-0000"
#define SCENE_ENROLL   "ENR0-0000-0000-0000"
#define SCENE_RECOVERY "REC0-0000-0000-0000"
scene_state scene_new, scene_enrolled, scene_counted, scene_two_devices,
    scene_all_devices, scene_blocked, scene_anothers, scene_locked, scene_spent,
    scene_waiting, scene_another_waiting, scene_waiting_pass, scene_codes,
    scene_code_alone, scene_all_codes;

#endif
