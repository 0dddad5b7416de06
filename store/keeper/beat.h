/*
 * Once a minute a bastion of a fleet says of itself what bastion.h has, compares
 * its clock with those of the engine, and sees if there is another policy.  Once a
 * day it learns who has a record (learn.h).  No login waits for that, and none is
 * refused because it failed.
 */
#ifndef TFA_KEEPER_BEAT_H
#define TFA_KEEPER_BEAT_H

#include "store/keeper/keeper.h"

/* Does it once, in a process of its own. */
void keeper_beat(const struct keeper *keeper);

#endif
