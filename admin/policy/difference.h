/*
 * How two policies differ, key by key, for the audit and for a person.
 */
#ifndef TFA_DIFFERENCE_H
#define TFA_DIFFERENCE_H

#include "store/core/policy.h"

struct changes;

/*
 * Adds a line for each key whose value differs: "otherwise: optional ->
 * required", "rules.staff.users: none -> alice".  Long keys and values are cut,
 * at whole characters, with "...".  A rule that is new, gone or at another place
 * among the others has a line of its own.  Two texts that mean the same have no
 * line.  False without memory.
 */
bool difference_add(const struct policy *old, const struct policy *new,
    struct changes *changes);

#endif
