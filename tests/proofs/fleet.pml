/*
 * A fleet: bastions judge one code of one user, and each writes the record by a
 * compare-and-swap of its revision in the store.  A put is carried out and
 * answered, lost, carried out with its answer lost, or carried out at any later
 * time, even after its sender gave up; it may be sent again, and a doubled one
 * is answered twice.  STALE with our own bytes means that an earlier try was
 * carried out; STALE with others' means to judge again.  An outcome that stays
 * unknown is a denial.  A bastion may die at any moment.  Somebody else writes
 * the record, too.  The store may be restored from a snapshot once: then a
 * bastion denies that saw a later serial, and late puts may meet a revision that
 * came back.
 *
 * Bytes: a number that each try draws anew, as the salt makes each sealed record
 * another one; with -DNO_SALT all who write the same have the same bytes.
 *
 * After a restore a code may pass once more, at a bastion that had not seen its
 * spend: nobody can know better there, which is why "store accept-restore" voids
 * the codes.  So the claim is then made for each bastion, and only until somebody
 * else's writes raise the serial to what it had seen: serials cannot show that.
 *
 * spin: -DBASTIONS=3 -DTRIES=2 -DJUDGES=1 -DOTHERS=1 -DRESTORES=0 3 bastions, another writer
 * spin: -DBASTIONS=2 -DTRIES=2 -DJUDGES=2 -DOTHERS=0 -DRESTORES=1 2 bastions, a restore
 * broken no_salt: -DBASTIONS=2 -DTRIES=2 -DJUDGES=1 -DOTHERS=0 -DRESTORES=0 -DNO_SALT equal bytes at two bastions
 * broken unknown: -DBASTIONS=2 -DTRIES=1 -DJUDGES=1 -DOTHERS=0 -DRESTORES=0 -DUNKNOWN_PASSES an unknown outcome passes
 * broken no_compare: -DBASTIONS=2 -DTRIES=1 -DJUDGES=1 -DOTHERS=0 -DRESTORES=0 -DNO_COMPARE a put that does not compare
 * broken no_serials: -DBASTIONS=2 -DTRIES=1 -DJUDGES=2 -DOTHERS=0 -DRESTORES=1 -DNO_SERIALS no serials after a restore
 * broken caught_up: -DBASTIONS=2 -DTRIES=1 -DJUDGES=2 -DOTHERS=1 -DRESTORES=1 a write after a restore: serials reach what a bastion saw
 */
byte revision, bytes, serial; /* of the record in the store */
bool spent;
byte drawn = 1;               /* the last number drawn */
bool restored;
byte passes, others, restores;
byte passed[BASTIONS];
bool late[BASTIONS];          /* a put that will be carried out, or not */
byte late_revision[BASTIONS], late_bytes[BASTIONS], late_serial[BASTIONS];

#ifdef NO_COMPARE
#define SAME(r) true
#else
#define SAME(r) (revision == (r))
#endif

/* The store carries a put out, if it compares. */
inline put(r, b, s) {
	revision++;
	bytes = b;
	serial = s;
	spent = true
}

inline pass(me) {
	passes++;
	passed[me]++;
	assert(passed[me] <= 1);               /* "1: a code passes once at a bastion" */
	assert(passes <= 1 || restored);       /* "2: and once in the fleet" */
	assert(spent || restored)              /* "3: by then the store has it spent" */
}

proctype bastion(byte me) {
	byte old, mine, next, high, tries, judges;
	bool known;

judge:	do
	:: judges == JUDGES -> goto end
	:: else -> judges++;
		atomic { old = revision; next = serial + 1;
			if
#ifndef NO_SERIALS
			:: serial < high -> goto end /* it was rolled back: deny */
#endif
			:: else -> high = serial
			fi;
			if :: spent -> goto end :: else fi;
#ifdef NO_SALT
			mine = 1
#else
			drawn++; mine = drawn
#endif
		};
		tries = 0; known = false;
		do
		:: tries == TRIES -> break
		:: else -> tries++;
			if
			:: atomic { SAME(old) -> put(old, mine, next);
				high = next; known = true } /* answered */
			:: atomic { !SAME(old) && bytes == mine ->
				high = next; known = true } /* an earlier try was done */
			:: atomic { !SAME(old) && bytes != mine -> goto judge }
			:: atomic { SAME(old) -> put(old, mine, next) } /* answer lost */
			:: true                                        /* lost */
			:: atomic { !late[me] -> late[me] = true;
				late_revision[me] = old; late_bytes[me] = mine;
				late_serial[me] = next }
			:: goto end                                    /* it dies */
			fi;
			if :: known -> break :: else fi
		od;
#ifdef UNKNOWN_PASSES
		known = true;
#endif
		if :: known -> atomic { pass(me) } :: else fi
	od;
end:	skip
}

active proctype network() {
	byte i;

	do
	:: atomic { i < BASTIONS && late[i] ->
		if
		:: SAME(late_revision[i]) ->
			put(late_revision[i], late_bytes[i], late_serial[i])
		:: else
		fi;
		late[i] = false }
	:: atomic { i = (i + 1) % BASTIONS }
#if OTHERS
	:: atomic { others < OTHERS -> others++; revision++; serial++;
		drawn++; bytes = drawn }
#endif
#if RESTORES
	:: atomic { restores < RESTORES && spent -> restores++; restored = true;
		/* a snapshot from before: revision and bytes come back */
		revision = 0; serial = 0; bytes = 0; spent = false }
#endif
	:: break
	od
}

init {
	byte i;

	atomic { do :: i < BASTIONS -> run bastion(i); i++ :: else -> break od }
}
