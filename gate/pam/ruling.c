#include <stdio.h>
#include <string.h>

#include "gate/pam/ruling.h"
#include "store/base/utf8.h"

static void
set_line(char ret[static RULING_TEXT], const char *text)
{
	utf8_clean(text, strlen(text), ret, RULING_TEXT);
}

void
ruling_deny(struct ruling *ret, enum ruling_then then, const char *text)
{
	memset(ret, 0, sizeof(*ret));
	ret->then = then;
	set_line(ret->message, text);
}

static enum ruling_then
then_of(enum reason reason)
{
	return reason_may_try_again(reason) ? RULING_RETRY : RULING_ENDS;
}

static void
deny_enrolment(struct ruling *ret)
{
	struct reason_facts facts = {.name = ""};
	char text[MESSAGE_TEXT];

	reason_say(REASON_SETUP_TERMINAL, &facts, text, sizeof(text));
	ruling_deny(ret, RULING_ENDS, text);
}

void
ruling_of_reply(const struct reply *reply, struct ruling *ret)
{
	switch (reply->verdict) {
	case VERDICT_ENROLL:
		deny_enrolment(ret);
		return;
	case VERDICT_DENY:
		ruling_deny(ret, then_of(reply->reason), reply->message);
		return;
	case VERDICT_CHALLENGE:
	case VERDICT_PASS:
		ruling_deny(ret, RULING_ENDS, reply->message);
		for (size_t i = 0; i < reply->notes.count && i < NOTES_MAX; i++)
			set_line(ret->note[ret->notes++],
			    reply->notes.items[i].text);
		ret->verdict = reply->verdict;
		return;
	}
	ruling_deny(ret, RULING_ENDS, "");
}

static bool
is_sound_line(const char line[static RULING_TEXT])
{
	return memchr(line, '\0', RULING_TEXT) != NULL && utf8_is_clean(line);
}

bool
ruling_is_sound(const struct ruling *ruling)
{
	if (ruling->verdict != VERDICT_DENY &&
	    ruling->verdict != VERDICT_CHALLENGE &&
	    ruling->verdict != VERDICT_PASS)
		return false;
	if (ruling->then != RULING_ENDS && ruling->then != RULING_RETRY &&
	    ruling->then != RULING_UNASKED)
		return false;
	if (ruling->verdict != VERDICT_DENY && ruling->then != RULING_ENDS)
		return false;
	if (ruling->notes > NOTES_MAX || !is_sound_line(ruling->message))
		return false;
	for (size_t i = 0; i < NOTES_MAX; i++)
		if (!is_sound_line(ruling->note[i]))
			return false;
	return true;
}
