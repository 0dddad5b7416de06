/*
 * Where cJSON has its memory while one text is read: bytes are handed out one
 * after the other, and wiped and freed all at once.  cJSON frees each string
 * and each node as it is, secrets too, and asks for three of them a value.
 */
#ifndef TFA_JSON_ARENA_H
#define TFA_JSON_ARENA_H

/* cJSON allocates here from now on.  Idempotent; before any use of it. */
void json_arena_init(void);

/* Wipes and frees all that cJSON has allocated: every tree is gone. */
void json_arena_clear(void);

#endif
