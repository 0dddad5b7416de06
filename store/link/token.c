#include "store/link/token.h"

#include <string.h>

bool
token_ask_now(struct token *token, int64_t now_ms)
{
	if (!token->wanted || token->asking || token->text[0] != '\0' ||
	    (token->asked_ms != 0 && now_ms - token->asked_ms < TOKEN_GAP_MS))
		return false;
	token->asking = true;
	token->asked_ms = now_ms;
	return true;
}

void
token_got(
    struct token *token, const char text[static ETCD_TOKEN], int64_t now_ms)
{
	memcpy(token->text, text, ETCD_TOKEN);
	token->asking = false;
	token->got_ms = now_ms;
	token->refused[0] = '\0';
	token->serial++;
}

void
token_refused(struct token *token, const char *why)
{
	token->asking = false;
	link_plain(why, token->refused, sizeof(token->refused));
}

void
token_lost(struct token *token)
{
	token->asking = false;
	token->refused[0] = '\0';
}

void
token_is_bad(struct token *token, unsigned serial, int64_t now_ms)
{
	if (serial == token->serial && now_ms - token->got_ms >= TOKEN_GAP_MS)
		explicit_bzero(token->text, sizeof(token->text));
}

void
token_is_doubtful(struct token *token, int64_t since_ms)
{
	if (token->got_ms < since_ms)
		explicit_bzero(token->text, sizeof(token->text));
}

bool
token_is_ready(const struct token *token)
{
	return !token->wanted || token->text[0] != '\0';
}
