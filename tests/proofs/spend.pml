/*
 * Spend before open: the keeper's workers judge one code of one user, each under
 * the user's lock, as store_update() and file_replace() do: read, write a new
 * file, fsync, rename, fsync the folder, answer, unlock.  Each step may fail (no
 * room, an error of the disk).  The machine may stop at any moment; text and a
 * rename that were not synced are then on disk, or not, and workers begin anew.
 *
 * It is a model by reading; tests/scenario/kills.c and fail.c drive the code
 * itself.  A single worker that is killed is not in it, apart from its errors.
 *
 * spin: -DWORKERS=3 -DCRASHES=2 3 workers, 2 crashes
 * broken no_lock: -DWORKERS=2 -DCRASHES=0 -DNO_LOCK without the lock
 * broken early: -DWORKERS=2 -DCRASHES=1 -DEARLY answered before it is written
 * broken no_fsync: -DWORKERS=2 -DCRASHES=1 -DNO_FSYNC without fsync of the file
 * broken no_folder: -DWORKERS=2 -DCRASHES=1 -DNO_FOLDER without that of the folder
 */
#define NOBODY 255

byte lock = NOBODY, passes, crashes, epoch;
bool seen;    /* the record that is read has the code as spent */
bool kept;    /* and so it has on disk, whatever happens */
bool broken;  /* its text was lost: nobody can read it, and all are denied */
bool renamed; /* a rename that is not synced */
bool text;    /* the text of that file is synced */

/* One step of a worker, which ends if the machine stopped meanwhile. */
#define STEP(what) atomic { if :: epoch != born -> goto again :: else -> what fi }

inline pass() {
	passes++;
	assert(passes <= 1);    /* "1: a code passes once" */
	assert(kept || broken)  /* "2: by then it is on disk that it is spent" */
}

proctype worker(byte me) {
	byte born;
	bool synced;

again:	atomic { born = epoch; synced = false }
#ifndef NO_LOCK
	atomic { lock == NOBODY || epoch != born;
		if :: epoch != born -> goto again :: else -> lock = me fi }
#endif
	STEP(if :: seen || broken -> goto unlock :: else fi)
#ifdef EARLY
	STEP(pass())
#endif
	STEP(if :: true :: goto unlock fi)                  /* write */
#ifndef NO_FSYNC
	STEP(if :: synced = true :: goto unlock fi)         /* fsync */
#endif
	STEP(if :: seen = true; renamed = true; text = synced
	        :: goto unlock fi)                          /* rename */
#ifndef NO_FOLDER
	STEP(if :: kept = text; renamed = false
	        :: goto unlock fi)                          /* fsync of the folder */
#endif
#ifndef EARLY
	STEP(pass())
#endif
unlock:	STEP(if :: lock == me -> lock = NOBODY :: else fi)
}

active proctype machine() {
	do
	:: crashes < CRASHES -> atomic {
		crashes++;
		epoch++;
		lock = NOBODY;
		if
		:: renamed -> if              /* carried out, with its text */
			:: kept = true
			:: !text -> broken = true /* without it */
			:: true               /* not carried out */
			fi
		:: else
		fi;
		renamed = false;
		seen = kept }
	:: break
	od
}

init {
	byte i;

	atomic { do :: i < WORKERS -> run worker(i); i++ :: else -> break od }
}
