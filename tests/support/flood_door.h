/*
 * Floods as in flood.h, but at a bastion's door: many connections at the prompt
 * of one user, while another user logs in at the door and at the ordinary port.
 * The user may have no record yet, and the policy must let both forward after a
 * code.
 */
#ifndef TFA_TESTS_FLOOD_DOOR_H
#define TFA_TESTS_FLOOD_DOOR_H

#include "tests/support/flood.h"

/* 200 connections stand at the prompt. */
void flood_door_hold(const struct bastion *b, const char *user,
    const char *other, struct flood_figures *sum);

/* 1,000 wrong codes over 50 connections at a time; see flood_guess(). */
void flood_door_guess(struct bastion *b, const char *user, const char *other,
    struct flood_figures *sum);

#endif
