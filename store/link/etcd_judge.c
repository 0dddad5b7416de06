#include <string.h>

#include "store/link/etcd.h"
#include "store/link/tree.h"

/* etcd's words, which say more than the status: it uses one status for many
 * things, and others in other versions. */
static const struct {
	const char *words;
	enum etcd_outcome outcome;
} known[] = {
    {"invalid auth token", ETCD_TOKEN_BAD},
    {"revision of auth store is old", ETCD_TOKEN_BAD},
    {"user name is empty", ETCD_TOKEN_BAD},
    {"database space exceeded", ETCD_FULL},
    {"required revision has been compacted", ETCD_COMPACTED},
    {"no leader", ETCD_BUSY},
    {"leader changed", ETCD_BUSY},
    {"not leader", ETCD_BUSY},
    {"timed out", ETCD_BUSY},
    {"server stopped", ETCD_BUSY},
    {"permission denied", ETCD_REFUSED},
    {"authentication failed", ETCD_REFUSED},
    {"authentication is not enabled", ETCD_REFUSED},
    {"CommonName of client", ETCD_REFUSED},
    {"request is too large", ETCD_REFUSED},
};

/* The message of an error, or NULL. */
static const char *
error_words(const cJSON *object)
{
	const char *words = cJSON_GetStringValue(
	    tree_member(object, "message"));

	return words != NULL
	    ? words
	    : cJSON_GetStringValue(tree_member(object, "error"));
}

static enum etcd_outcome
by_words(const char *words)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(words, known[i].words) != NULL)
			return known[i].outcome;
	return ETCD_ODD;
}

/* 404, for one, is a server that is no etcd: nothing is known of it. */
static enum etcd_outcome
by_status(long status)
{
	if (status == 401)
		return ETCD_TOKEN_BAD;
	if (status == 400 || status == 403 || status == 412)
		return ETCD_REFUSED;
	return status == 429 || status >= 500 ? ETCD_BUSY : ETCD_ODD;
}

enum etcd_outcome
etcd_judge(
    long status, const char *body, size_t len, char ret_why[static LINK_WHY])
{
	/* etcd says this before its gateway, which alone answers in JSON. */
	static const char name[] = "CommonName of client sending a request "
				   "against gateway will be ignored";
	scoped_tree cJSON *object = NULL;
	enum etcd_outcome outcome;
	const char *words;

	ret_why[0] = '\0';
	if (status == 200)
		return ETCD_OK;
	object = tree_read(body, len);
	words = error_words(object);
	if (words == NULL && body != NULL &&
	    memmem(body, len, name, strlen(name)) != NULL)
		words = name;
	if (words == NULL) {
		link_plain("it answers, but not as etcd 3.4 or later does",
		    ret_why, LINK_WHY);
		return status >= 500 ? ETCD_BUSY : ETCD_ODD;
	}
	link_plain(words, ret_why, LINK_WHY);
	outcome = by_words(words);
	return outcome != ETCD_ODD ? outcome : by_status(status);
}
