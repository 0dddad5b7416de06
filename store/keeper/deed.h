/*
 * A request that changes the record of the user who asks.  It is one locked
 * update of the record; the answer goes out only after that, and a pass only
 * after it is logged.  The order:
 *
 *	struct deed deed;
 *
 *	deed_begin(&deed, call);   all zero, which denies, but for the login
 *	do
 *		deed_update(&deed);        random bytes; kind->change() under
 *		                           the lock; the audit
 *	while (deed_is_again(&deed));
 *	deed_fill(&deed);          the outcome as deed.reply
 *	answer_send(call, &deed.reply);
 *	deed_done(&deed);          what is secret is wiped
 *
 * deed_serve() does all of it.
 */
#ifndef TFA_DEED_H
#define TFA_DEED_H

#include "store/core/enroll.h"
#include "store/keeper/call.h"

struct deed {
	struct call *call;
	const char *event; /* in the audit: kind->logged, unless changed */
	struct login login;
	bool decides; /* a final outcome decides a login: AUDIT_LOGIN */
	/* The change sets what follows. */
	struct decision decision; /* of the policy, where it was asked */
	struct outcome outcome;
	char pending[DEVICE_ID_TEXT]; /* the id under which the secret waits */
	char name[NAME_TEXT];         /* proof: a device, for the log */
	bool recovers;                /* the codes became the recovery codes */
	enum reason paid_by; /* the code that was spent to begin an enrolment;
			      * REASON_NONE: none was */
	bool knows_secret;   /* whoever asks was shown the device's secret */
	bool claimed;        /* the denial is the client's own finding */
	/* Decides without a record, while the fleet's engine is away; false, or
	 * NULL: it is refused. */
	bool (*decide_away)(struct deed *deed);
	bool away;      /* it did */
	bool overtaken; /* the policy was replaced: decide anew */
	int policies;   /* how many were replaced meanwhile */
	struct drawn {
		uint8_t secret[ENROLL_SECRET_BYTES];
		struct recovery recovery;
	} drawn;
	struct reply reply;
};

/* A deed with the login that the request claims. */
void deed_begin(struct deed *deed, struct call *call);

/* Answers a request that needs nothing but its kind->change(). */
void deed_serve(struct call *call);

/* The outcome is a denial from now on; the record stays as it was. */
void deed_deny(struct deed *deed, enum reason reason);

/*
 * Draws the random bytes, but for WHO_LOGIN.  Then has kind->change() change
 * the user's record, which is written if outcome.changed says so.  The change
 * may be called several times, each time with an outcome that denies and
 * nothing else set.  It is not called with a record of another uid, which is
 * denied.  Then logs the outcome; a pass, or a code spent, that cannot be
 * logged becomes a denial.
 */
void deed_update(struct deed *deed);

/*
 * True if deed_update() did nothing, since the fleet's policy was replaced after
 * this request began.  The new one is loaded by now, and the deed is to be
 * decided anew.
 */
bool deed_is_again(struct deed *deed);

/*
 * Logs an outcome that is a pass or a denial, and a code that was spent to begin
 * an enrolment, as a pass: it is gone, whether a device follows or not.  The
 * event is AUDIT_LOGIN if the outcome decides the login, or AUDIT_SESSION in a
 * connection of the door, and else the request's own.  A device that was set up
 * has a line besides.  False where that failed.
 */
bool deed_audit(struct deed *deed);

/* Puts the outcome into deed->reply, and with it what the change has set. */
void deed_fill(struct deed *deed);

void deed_done(struct deed *deed);

#endif
