/*
 * Spend before open: the keeper's workers judge one code of one user, each
 * under the user's lock, as store_update() and file_replace() do.  Each step
 * may fail.  The machine may stop at any moment; what was not synced is then
 * on disk, or not, and workers begin anew.  It is a model by reading: kills.c
 * and fail.c in tests/scenario drive the code itself.
 *
 * spin: -DWORKERS=3 -DCRASHES=2 3 workers, 2 crashes
 */
mtype = { nothing, no_lock, early, no_fsync, no_folder };
byte lock, passes, crashes, epoch; /* lock: who holds it; 0: nobody */
bool seen, kept, lost; /* as spent: when read; on disk; nobody can read it */
bool renamed, text;    /* a rename is not synced; the text of that file is */

/* A step of a worker, begun anew if the machine stopped; one that may fail. */
#define STEP(x) atomic { if :: epoch != born -> goto again :: else -> x fi }
#define TRY(x)  STEP(if :: x :: goto unlock fi)

inline answer(now) {
    passes = passes + now;
    assert(passes <= 1);              /* "1a: a code passes once" */
    assert(!(now) || kept || lost)    /* "1b: by then it is spent on disk" */
}

active [WORKERS] proctype worker() {
    byte born;
    bool synced;

again:  atomic { born = epoch; synced = false };
    atomic { !lock || epoch != born || BROKEN == no_lock;
        STEP(lock = _pid + 1) };
    STEP(if :: seen || lost -> goto unlock :: else fi);
    TRY(answer((BROKEN == early)));                       /* write */
    TRY(synced = (BROKEN != no_fsync));                   /* fsync */
    TRY(seen = true; renamed = true; text = synced);      /* rename */
    TRY(kept = kept || (text && BROKEN != no_folder);
        renamed = (BROKEN == no_folder));                 /* its folder */
    STEP(answer((BROKEN != early)));
unlock: STEP(if :: lock == _pid + 1 -> lock = 0 :: else fi)
}

active proctype machine() {
    do
    :: crashes < CRASHES -> atomic {
        crashes++; epoch++; lock = 0;
        if :: renamed -> if :: kept = true :: !text -> lost = true :: true fi
        :: else fi;
        renamed = false; seen = kept }
    :: break
    od
}
