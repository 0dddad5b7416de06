/*
 * A fleet: bastions judge one code of one user, and put its record into the
 * store if its revision is as it was.  A put is carried out and answered;
 * lost; carried out, with the answer lost; or carried out at any later time.
 * It may be sent again.  If it compares no more, our own bytes mean that an
 * earlier try was carried out, and others' that it has to be judged again.
 * What stays unknown is denied.  A bastion may die; others write the record,
 * too.  Once a snapshot may be restored: a bastion that saw a later serial
 * denies.  Each sealed record has bytes of its own, by its salt.
 *
 * After a restore a code may pass at a bastion that had not seen it spent,
 * until "store accept-restore" voids it, and where others' writes raise the
 * serial to what was seen: serials cannot show that ("caught_up").
 *
 * spin: -DBASTIONS=3 -DJUDGES=1 -DOTHERS=1 -DRESTORES=0 -DBROKEN=nothing 3 bastions, another writer
 * spin: -DBASTIONS=2 -DJUDGES=2 -DOTHERS=0 -DRESTORES=1 -DBROKEN=nothing 2 bastions, a restore
 * broken no_salt: -DBASTIONS=2 -DJUDGES=1 -DOTHERS=0 -DRESTORES=0 -DBROKEN=no_salt equal bytes at two bastions
 * broken unknown: -DBASTIONS=2 -DJUDGES=1 -DOTHERS=0 -DRESTORES=0 -DBROKEN=unknown an unknown outcome passes
 * broken no_compare: -DBASTIONS=2 -DJUDGES=1 -DOTHERS=0 -DRESTORES=0 -DBROKEN=no_compare a put that does not compare
 * broken no_serials: -DBASTIONS=2 -DJUDGES=2 -DOTHERS=0 -DRESTORES=1 -DBROKEN=no_serials no serials after a restore
 * broken caught_up: -DBASTIONS=2 -DJUDGES=2 -DOTHERS=1 -DRESTORES=1 -DBROKEN=nothing a write after a restore
 */
#define TRIES 2
mtype = { nothing, no_salt, unknown, no_compare, no_serials };
byte revision, bytes, serial, drawn = 1; /* of the record; the last bytes drawn */
byte passes, others, restores, passed[BASTIONS];
bool spent, late[BASTIONS]; /* late: a put that is on its way */
byte late_revision[BASTIONS], late_bytes[BASTIONS], late_serial[BASTIONS];

#define SAME(r) (revision == (r) || BROKEN == no_compare)

inline put(b, s) {
	revision++; bytes = b; serial = s; spent = true
}

inline pass(me) {
	passes++; passed[me]++;
	assert(passed[me] <= 1);             /* "1a: a code passes once here" */
	assert(passes <= 1 || restores > 0); /* "1b: and once in the fleet" */
	assert(spent || restores > 0)        /* "1c: and is spent in the store" */
}

proctype bastion(byte me) {
	byte old, mine, next, high, tries, judges;
	bool known;

judge:	do
	:: judges == JUDGES -> break
	:: else -> atomic {
		judges++; tries = 0; known = false; old = revision; next = serial + 1;
		if
		:: spent || (serial < high && BROKEN != no_serials) -> goto end
		:: else -> high = serial; drawn++;
			mine = (BROKEN == no_salt -> 1 : drawn)
		fi };
		do
		:: tries == TRIES || known -> break
		:: else -> tries++;
			if
			:: atomic { SAME(old) -> put(mine, next); high = next; known = true }
			:: atomic { !SAME(old) && bytes == mine -> high = next; known = true }
			:: atomic { !SAME(old) && bytes != mine -> goto judge }
			:: atomic { SAME(old) -> put(mine, next) } /* answer lost */
			:: true                                    /* it is lost */
			:: atomic { !late[me] -> late[me] = true; late_revision[me] = old;
				late_bytes[me] = mine; late_serial[me] = next }
			:: goto end                                /* it dies */
			fi
		od;
		if :: known || BROKEN == unknown -> atomic { pass(me) } :: else fi
	od;
end:	skip
}

active proctype network() {
	byte i;

	do
	:: atomic { i < BASTIONS && late[i] -> late[i] = false;
		if :: SAME(late_revision[i]) -> put(late_bytes[i], late_serial[i])
		:: else fi }
	:: atomic { i = (i + 1) % BASTIONS }
#if OTHERS
	:: atomic { others < OTHERS -> others++;
		revision++; serial++; drawn++; bytes = drawn }
#endif
#if RESTORES
	:: atomic { restores < RESTORES && spent -> restores++;
		revision = 0; serial = 0; bytes = 0; spent = false }
#endif
	:: break
	od
}

init {
	byte i;
	atomic { do :: i < BASTIONS -> run bastion(i); i++ :: else -> break od }
}
