#include "admin/report/words.h"

#include <string.h>

#include "store/base/address.h"
#include "store/base/when.h"

/* A list of names that grows: "alice, bob and the group ops". */
struct enumeration {
	struct html *html;
	size_t written, left_out;
};

/* True if there is room for one more, after its comma. */
static bool
enumerate(struct enumeration *names)
{
	if (names->written == WORDS_NAMES) {
		names->left_out++;
		return false;
	}
	if (names->written++ > 0)
		html_mark(names->html, ", ");
	return true;
}

static void
end_enumeration(struct enumeration *names)
{
	if (names->left_out > 0)
		html_say(names->html, " and %zu more", names->left_out);
}

/* Users and groups, those that are excluded or those that are not. */
static void
write_who(struct html *html, const struct name *users, size_t user_count,
    const struct name *groups, size_t group_count, bool excluded)
{
	struct enumeration names = {.html = html};

	for (size_t i = 0; i < user_count; i++) {
		const char *user = users[i].text;

		if ((user[0] == '!') != excluded || !enumerate(&names))
			continue;
		if (strcmp(user, "*") == 0)
			html_mark(html, "everyone");
		else
			html_person(html, user + excluded);
	}
	for (size_t i = 0; i < group_count; i++) {
		const char *group = groups[i].text;

		if ((group[0] == '!') != excluded || !enumerate(&names))
			continue;
		html_mark(html, "members of ");
		html_group(html, group + excluded);
	}
	end_enumeration(&names);
}

static bool
has_excluded(const struct name *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].text[0] == '!')
			return true;
	return false;
}

static void
write_from(struct html *html, const struct rule *rule)
{
	struct enumeration names = {.html = html};

	if (rule->from.count == 0)
		return;
	html_mark(html, ", for logins from ");
	if (html->no_names) {
		html_say(html, "%zu network%s", rule->from.count,
		    rule->from.count == 1 ? "" : "s");
		return;
	}
	for (size_t i = 0; i < rule->from.count; i++) {
		char text[PREFIX_TEXT];

		prefix_format(&rule->from.items[i], text);
		if (enumerate(&names))
			html_text(html, text);
	}
	end_enumeration(&names);
}

static void
write_grace(struct html *html, const struct rule *rule, int64_t now_s)
{
	char text[64];

	html_put(html,
	    rule->grace.until_s > now_s
		? " Those who never had a device are let in without a code "
		: " Those who never had a device were let in without a code ");
	if (rule->grace.for_s > 0) {
		duration_say(rule->grace.for_s, text, sizeof(text));
		html_say(html,
		    "for %s from their first login%s, and never "
		    "after ",
		    text, rule->since_s > 0 ? " or the rule's beginning" : "");
	} else {
		html_mark(html, "until ");
	}
	html_time(html, rule->grace.until_s, "-");
	html_mark(html, ".");
}

static void
write_exempt(struct html *html, const struct rule *rule, int64_t now_s)
{
	if (rule != NULL && rule->until_s > 0 && rule->until_s <= now_s) {
		html_mark(html, "This rule counts no more: it ended on ");
		html_time(html, rule->until_s, "-");
		html_mark(html, ".");
		return;
	}
	html_mark(html, "They are never asked for a code");
	if (rule != NULL && rule->until_s > 0) {
		html_mark(html, ", until ");
		html_time(html, rule->until_s, "-");
	}
	html_mark(html, ".");
}

static void
write_required(struct html *html, const struct rule *rule, int64_t now_s)
{
	bool begun = rule->since_s <= now_s;

	html_mark(html, "They must give a code.");
	if (rule->since_s > 0) {
		html_put(html, begun ? " This began on " : " This begins on ");
		html_time(html, rule->since_s, "-");
		html_put(html,
		    begun ? "."
			  : "; until then those without a device are let in "
			    "without a code.");
	}
	if (rule->grace.present)
		write_grace(html, rule, now_s);
}

static void
write_mode(struct html *html, int mode, const struct rule *rule, int64_t now_s)
{
	switch ((enum mode)mode) {
	case MODE_EXEMPT:
		write_exempt(html, rule, now_s);
		break;
	case MODE_OPTIONAL:
		html_mark(html,
		    "They may set up a device. Those who have one "
		    "are asked for its code, the others are let in "
		    "without.");
		break;
	case MODE_REQUIRED:
		if (rule != NULL)
			write_required(html, rule, now_s);
		else
			html_mark(html, "They must give a code.");
		break;
	case MODE_NONE:
		html_mark(html, "They are refused.");
		break;
	}
}

static void
write_forwarding(struct html *html, int forwarding)
{
	switch ((enum forwarding)forwarding) {
	case FORWARDING_CLOSED:
		html_mark(html, " The door opens to none of them.");
		break;
	case FORWARDING_AFTER_CODE:
		html_mark(html, " The door opens to those who give a code.");
		break;
	case FORWARDING_OPEN:
		html_mark(html,
		    " The door opens to all of them who are let "
		    "in.");
		break;
	case FORWARDING_UNSAID:
		break;
	}
}

/* Said only where the policy names files for such keys: elsewhere none is
 * enough. */
static void
write_hardware(
    struct html *html, const struct policy *policy, const struct rule *rule)
{
	const struct decision decision = {
	    .mode = (enum mode)rule->mode, .rule = rule};

	switch (policy_hardware(policy, &decision)) {
	case HARDWARE_KEYS_ENOUGH:
		html_mark(html,
		    " A hardware key that is touched is enough in "
		    "place of a code.");
		break;
	case HARDWARE_KEYS_WITH_PIN:
		html_mark(html,
		    " A hardware key that is touched, and wants its "
		    "PIN, is enough in place of a code.");
		break;
	case HARDWARE_KEYS_UNSAID:
	case HARDWARE_KEYS_ASKED:
		break;
	}
}

static void
write_rule_item(struct html *html, const struct policy *policy,
    const struct rule *rule, int64_t now_s)
{
	html_mark(html, "<li><b>");
	html_rule(html, rule->name);
	html_mark(html, "</b>: ");
	write_who(html, rule->users.items, rule->users.count,
	    rule->groups.items, rule->groups.count, false);
	if (has_excluded(rule->users.items, rule->users.count) ||
	    has_excluded(rule->groups.items, rule->groups.count)) {
		html_mark(html, ", but not ");
		write_who(html, rule->users.items, rule->users.count,
		    rule->groups.items, rule->groups.count, true);
	}
	write_from(html, rule);
	html_mark(html, ". ");
	write_mode(html, rule->mode, rule, now_s);
	write_hardware(html, policy, rule);
	write_forwarding(html, rule->forwarding);
	html_mark(html, "</li>\n");
}

static void
write_admins(struct html *html, const struct admins *admins)
{
	html_mark(html, "<li>Beside root, ");
	if (admins->users.count + admins->groups.count == 0) {
		html_mark(html, "nobody helps users as an administrator.</li>");
		return;
	}
	write_who(html, admins->users.items, admins->users.count,
	    admins->groups.items, admins->groups.count, false);
	html_mark(html, " may help users as administrators");
	if (has_excluded(admins->users.items, admins->users.count) ||
	    has_excluded(admins->groups.items, admins->groups.count)) {
		html_mark(html, ", but not ");
		write_who(html, admins->users.items, admins->users.count,
		    admins->groups.items, admins->groups.count, true);
	}
	html_mark(html, ".</li>\n");
}

static const char *
enrollment_words(int self)
{
	switch ((enum self_enroll)self) {
	case SELF_ALWAYS:
		return "Users set up their first device themselves, at any "
		       "time.";
	case SELF_CODE:
		return "Users set up their first device with a one-time code "
		       "from an administrator.";
	case SELF_GRACE:
		break;
	}
	return "Users set up their first device themselves while a code is "
	       "optional, in grace, or within 24 hours after an administrator "
	       "revoked the old one.";
}

static void
write_attempts(struct html *html, const struct attempts *attempts)
{
	char first[64], longest[64];

	duration_say(attempts->backoff_s, first, sizeof(first));
	duration_say(attempts->backoff_max_s, longest, sizeof(longest));
	html_say(html,
	    "A login may try %lld codes. After %lld wrong codes in a row a "
	    "user waits %s, then twice as long each time, up to %s; %lld wrong "
	    "codes shut the account to codes for longer.",
	    (long long)attempts->per_login, (long long)attempts->free, first,
	    longest, (long long)attempts->stop);
}

static void
write_remember(struct html *html, const struct remember *remember)
{
	char text[64];

	if (remember->connection_s > 0) {
		duration_say(remember->connection_s, text, sizeof(text));
		html_say(
		    html, "A code counts for %s on the same connection", text);
	} else {
		html_mark(html, "Each session asks for a code anew");
	}
	if (remember->for_s > 0) {
		duration_say(remember->for_s, text, sizeof(text));
		html_say(html,
		    ", and for %s with the same key from the same address",
		    text);
	}
	html_mark(html, ".");
}

static void
write_policy_settings(struct html *html, const struct policy *policy)
{
	html_mark(html, "<ul>");
	write_admins(html, &policy->admins);
	html_mark(html, "<li>");
	html_text(html, enrollment_words(policy->enrollment.self));
	html_say(html, " A user may have %lld device%s.",
	    (long long)policy->enrollment.max_devices,
	    policy->enrollment.max_devices == 1 ? "" : "s");
	html_mark(html, "</li>\n<li>");
	write_attempts(html, &policy->attempts);
	html_mark(html, "</li>\n<li>");
	write_remember(html, &policy->remember);
	html_mark(html, "</li>\n<li>");
	html_text(html,
	    policy->keys.unlisted == UNLISTED_ALLOW
		? "A key that is in none of the files of keys is let in."
		: "A key that is in none of the files of keys is refused.");
	html_mark(html, "</li>\n");
	if (policy_names_hardware(&policy->keys))
		html_mark(html,
		    "<li>Only such hardware keys count as stand in "
		    "files that root alone can write, or whose authority "
		    "stands there.</li>\n");
	if (!policy_may_forward(policy))
		html_mark(html,
		    "<li>sshd forwards for nobody: the door opens "
		    "to no one.</li>");
	html_mark(html, "</ul>\n");
}

void
words_policy(struct html *html, const struct policy *policy, int64_t now_s)
{
	html_paragraph(html,
	    "The rules are read from the top, and the first one that is for a "
	    "login decides. If it is not known whether a rule is for a login, "
	    "the login is refused.");
	if (policy->rules.count > 0) {
		html_mark(html, "<ol>");
		for (size_t i = 0; i < policy->rules.count; i++)
			write_rule_item(
			    html, policy, &policy->rules.items[i], now_s);
		html_mark(html, "</ol>\n");
	}
	html_mark(html, "<p>");
	html_put(html,
	    policy->rules.count > 0 ? "<b>Everyone else</b>: "
				    : "<b>Everyone</b>: ");
	write_mode(html, policy->otherwise, NULL, now_s);
	if (policy_may_forward(policy))
		write_forwarding(html, policy->forwarding);
	html_mark(html, "</p>\n");
	write_policy_settings(html, policy);
}
