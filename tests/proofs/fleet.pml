/*
 * A fleet: bastions judge one code of one user, and put its record into the
 * store if its revision is as it was.  A put is carried out and answered; lost;
 * carried out, with the answer lost; or carried out at any later time.  It may
 * be sent again.  If it compares no more, our own bytes mean that one was
 * carried out, and others' that it has to be judged again.  What stays unknown
 * is denied.  A bastion may die; others write the record, too.  Once a snapshot
 * may be restored: a bastion that saw a later serial denies.  Each sealed
 * record has bytes of its own, by its salt.
 *
 * After a restore a code may pass at a bastion that had not seen it spent,
 * until "store accept-restore" voids it, and where others' writes raise the
 * serial to what was seen: serials cannot show that ("caught_up").
 *
 * spin: -DBASTIONS=3 -DJUDGES=1 -DOTHERS=1 3 bastions, another writer
 * spin: -DBASTIONS=2 -DJUDGES=2 -DRESTORES=1 2 bastions, a restore
 */
mtype = { nothing, no_salt, unknown, no_compare, no_serials, caught_up };
byte revision, bytes, serial, drawn = 1; /* of the record; bytes drawn last */
byte passes, others, restores, passed[BASTIONS];
bool spent;
chan late[BASTIONS] = [1] of { byte, byte, byte }; /* puts on their way */

#define SAME(r) (revision == (r) || BROKEN == no_compare)
inline put(b, s) { revision++; bytes = b; serial = s; spent = true }

active [BASTIONS] proctype bastion() {
    byte old, mine, next, high, tries, judges;
    bool known;

judge:  do
    :: judges == JUDGES -> break
    :: else -> atomic {
        judges++; tries = 0; known = false; old = revision; next = serial + 1;
        if
        :: spent || (serial < high && BROKEN != no_serials) -> goto end
        :: else -> high = serial; drawn++;
            mine = (BROKEN == no_salt -> 1 : drawn)
        fi };
        do
        :: tries == 2 || known -> break
        :: else -> tries++;
            if
            :: atomic { SAME(old) -> put(mine, next); known = true }
            :: atomic { !SAME(old) && bytes == mine -> known = true }
            :: atomic { !SAME(old) && bytes != mine -> goto judge }
            :: atomic { SAME(old) -> put(mine, next) } /* answer lost */
            :: true                                    /* it is lost */
            :: late[_pid]!old, mine, next
            :: goto end                                /* it dies */
            fi
        od;
        if :: known || BROKEN == unknown -> atomic {
            high = next; passes++; passed[_pid]++;
            assert(passed[_pid] <= 1);          /* "1a: a code passes once" */
            assert(passes <= 1 || restores);    /* "1b: in the fleet, too" */
            assert(spent || restores) }         /* "1c: then it is spent" */
        :: else fi
    od;
end:    skip
}

active proctype network() {
    byte i, r, b, s;

    do
    :: atomic { late[i]?r, b, s -> if :: SAME(r) -> put(b, s) :: else fi;
        r = 0; b = 0; s = 0 }
    :: i = (i + 1) % BASTIONS
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
