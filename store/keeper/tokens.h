/*
 * The list of tokens while a request changes it.
 *
 *	scoped_token_list struct token_list list = {.lock = -1};
 *
 *	if (!token_list_open(call, &list))
 *		return;                         it is answered
 *	...change list.now
 *	reason = token_list_write(call, &list.now);
 */
#ifndef TFA_KEEPER_TOKENS_H
#define TFA_KEEPER_TOKENS_H

#include "store/folder/tokens_file.h"
#include "store/keeper/call.h"

struct token_list {
	int lock;
	struct tokens now;
};

/* *ret: the list, locked.  False: the request is answered. */
bool token_list_open(struct call *call, struct token_list *ret);

void token_list_close(struct token_list *list);
#define scoped_token_list __attribute__((cleanup(token_list_close)))

/* REASON_NONE, or why it was not written. */
enum reason token_list_write(struct call *call, const struct tokens *tokens);

/* The token of the request's serial number; NULL: the request is answered. */
struct token *token_list_find(struct call *call, const struct token_list *list);

/* Answers that the token is a user's: their name, and since when. */
void token_answer_user(
    struct call *call, enum reason reason, const struct token *token);

#endif
