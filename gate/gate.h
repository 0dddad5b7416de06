/*
 * One login on its way through the gate.
 *
 *	main.c       the story
 *	options.c    what the administrator wrote behind ForceCommand
 *	facts.c      who comes, from where, for what
 *	restrict.c   what the key may run
 *	hardware.c   if its touch may stand for a code
 *	look.c       which files say that
 *	ask.c        what the keeper says
 *	unknown.c    sshd could not say which key it was
 *	sshd/        what sshd's settings and files of keys say
 *	challenge.c  a code
 *	enroll.c     a first device
 *	renew.c      a further one, after a recovery code
 *	motd.c       the words before a login shell
 *	session.c    the shell or command, with a pass in hand
 */
#ifndef TFA_GATE_H
#define TFA_GATE_H

#include "store/wire/client.h"
#include "gate/facts.h"
#include "gate/sshd/keyfile.h"
#include "gate/screen/show.h"
#include "gate/sshd/keys.h"
#include "gate/term.h"

struct gate {
	struct client_options keeper;
	struct client client; /* open between a login and the code at hand */
	const char *command;  /* run this whatever is asked, or NULL */
	char *key_command;    /* the key may run this alone, or NULL */
	char why[WHY_TEXT];   /* the file or fact for which a key is refused */
	enum reason refusal;  /* of the key, by the gate; REASON_NONE: none */
	enum hardware hardware; /* what its touch proves; UNSAID: it is no
				 * hardware key, or this keeper knows none */
	bool hardware_unknown;  /* this keeper knows none */
	struct facts facts;
	struct reply look;            /* the keeper's on files of keys, or 0 */
	struct reply reply;           /* the keeper's last */
	char enroll_code[INPUT_TEXT]; /* an admin's code that was accepted */
	char recovery_code[INPUT_TEXT]; /* that was typed and let in */
	char pending[DEVICE_ID_TEXT];   /* of the enrolment in this window */
	const char *device; /* a device's name or id, or pending; or NULL */
	bool code_tried;    /* the code in TFA_CODE was sent to the keeper */
	bool last;          /* a code that is wrong ends the login */
	int exit;           /* the status of a refusal */
};

extern const char gate_prompt[]; /* VERDICT_PROMPT */

/* Reads argv.  Bad usage ends the process: GATE_EXIT_CONFIG. */
void gate_options(int argc, char **argv, struct gate *ret);

/*
 * *ret: the request of that name, with the claims of this login; request_done()
 * frees it in any case.  code may be NULL.  FAULT_MEMORY.
 */
MUST_USE enum fault gate_claim(const struct gate *gate, const char *request,
    const char *code, struct request *ret);

/*
 * Asks the keeper; code may be NULL.  Returns the verdict, and sets gate->reply
 * and gate->exit.  gate->last goes with a code.  VERDICT_DENY if the keeper
 * cannot be reached or understood, which is then said on the terminal.
 */
enum verdict gate_ask(struct gate *gate, const char *request, const char *code);

/* Shows the reply's message and notes, if any. */
void gate_say(const struct gate *gate);

/*
 * Shows the reply to a code that came in TFA_CODE: names the variable, and the
 * way out.  True where a person may be asked in its place: it was no code or a
 * spent one, so nothing was counted, and there is a terminal.
 */
bool gate_say_environment(const struct gate *gate);

/* Says why login_read() found no user, by its fault; the exit status. */
int gate_no_user(const struct gate *gate, enum fault fault);

/* Says why this gate itself refuses, gate->why in place of %N; VERDICT_DENY. */
enum verdict gate_refuse(struct gate *gate, enum reason reason);

/*
 * Has the keeper log that this gate ends a login, which the keeper let go on.
 * It changes nothing if the keeper cannot be told; that takes 2 seconds at
 * most.
 */
void gate_report(struct gate *gate, enum reason reason);

/* gate_report(), then gate_refuse(): whoever is told may hang up at once. */
enum verdict gate_turn_away(struct gate *gate, enum reason reason);

/*
 * Decides the login: judges the key, and asks the keeper, who is told of that
 * judgement, so that one line in the log has all of it.  Says the reply to a
 * denial and to a pass.
 */
enum verdict gate_login(struct gate *gate);

/*
 * Judges if the touch of the key that was used may stand for a code, and sets
 * gate->hardware.  The keeper must have named the files first; before that the
 * answer for a hardware key is HARDWARE_NONE.
 */
void gate_judge_hardware(struct gate *gate);

/* The files of keys in which gate_restrict() looks, and the policy's word on
 * other keys: as the keeper named them, or else the default. */
struct keypath_list gate_key_files(const struct gate *gate);
bool gate_takes_unlisted(const struct gate *gate);

/*
 * Looks up what the key that was used may run, and sets gate->command, or else
 * gate->refusal.
 */
void gate_restrict(struct gate *gate);

/*
 * gate_restrict() if sshd did not say which key was used.  REASON_NONE: no key
 * that sshd takes from this user has a restriction, so a code opens as much as
 * with any of them.  Any other reason refuses, with gate->why.  sshd's
 * configuration, which is root's, tells whether sshd could not write to /tmp or
 * was not told to: the state of /tmp itself is in any user's hands.
 */
MUST_USE enum reason gate_judge_unknown(struct gate *gate);

/*
 * Asks for codes until one passes, the keeper says no, or the policy's number
 * of tries is used up; shows what the reply to the last one says.  TFA_CODE is
 * tried once, in place of asking; if it is spent, or no code at all, a person
 * at a terminal is asked.  If the code may be left for later and is, or no code
 * was right, "skip" decides: VERDICT_CHALLENGE as of gate_enroll().
 */
enum verdict gate_challenge(struct gate *gate);

/*
 * Shows the secret of the reply, as show_device() does, and wipes it.  False
 * where that cannot be done, which is then said.
 */
bool gate_show(struct gate *gate, const struct showing *showing);

/*
 * True if that answer puts an offer off that may be put off.  Enter does.  No
 * answer does if a command was asked for: a command may have a terminal and no
 * person behind it.
 */
bool gate_is_put_off(const struct gate *gate, enum answer answer);

/*
 * The user left an offer to enrol, or typed no right code for it.  Asks the
 * keeper whether they may do it later.  VERDICT_CHALLENGE means what it means
 * in gate_enroll(); the message of any other answer is shown.
 */
enum verdict gate_put_off(struct gate *gate);

/*
 * Shows the recovery codes of the reply, and waits until they are kept.  False
 * where nobody is there to keep them; gate->exit is set.
 */
bool gate_keep(struct gate *gate);

/*
 * Sets up a device on the terminal: QR code, its first code, recovery codes.
 * Passes also where it may be put off and is.  VERDICT_CHALLENGE: another
 * window set one up meanwhile, and its code is to be asked for.
 */
enum verdict gate_enroll(struct gate *gate);

/*
 * Sets up the further device that the reply to "device_begin" has: QR code, its
 * first code.  may_skip: the person may put it off, which is then not said.
 * PASS: it is set up; DENY: it is not, and gate->exit is set.
 */
enum verdict gate_add_device(struct gate *gate, bool may_skip);

/*
 * To be called with a pass in hand, before the session.  If the keeper lets the
 * recovery code that was typed set up a device, offers that; Enter, or nobody's
 * answer, is "later".  Wipes the code.
 */
void gate_renew(struct gate *gate);

#endif
