/*
 * Copies between standard input and output and a connection, until both
 * directions have ended.
 *
 * Each direction has one buffer, and reads nothing while that is full, so that
 * a side that is slow holds up the other.  Where one side has ended, the other
 * is told (a half-close), and its own direction goes on.
 *
 * The end of out's reader ends everything: nobody is there any more.  So does a
 * client that stays silent after the host has ended: ssh tells its own reader
 * of that end only when this process is gone.
 */
#ifndef TFA_RELAY_H
#define TFA_RELAY_H

#define RELAY_SILENT_MS 3000

/*
 * net does not block; in and out may, and keep their flags, which other
 * programs share.  out is closed when net has ended; silent_ms: in may be
 * silent for so long after that, -1 for ever.  Returns 0, or errno if the
 * connection broke off while in was open.  Ignores SIGPIPE from now on.
 */
int relay(int in, int out, int net, int silent_ms);

#endif
