#include "tests/unit/store/fleet/liar.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINES  32
#define KEYS   512
#define PACKET 98304

struct text {
	char *key;
	char *first, *now; /* base64; NULL: removed */
	long mark;
};

static struct text texts[KEYS];
static size_t count;
static struct liar_shared *shared;

/* One that was started anew goes on from there. */
static long
revision(void)
{
	return LIAR_REVISION + shared->puts;
}

static struct text *
find_text(const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(texts[i].key, key) == 0)
			return &texts[i];
	return NULL;
}

static void
put_text(const char *key, const char *value)
{
	struct text *text = find_text(key);

	if (text == NULL) {
		if (count == KEYS)
			_exit(3);
		text = &texts[count++];
		*text = (struct text){
		    .key = strdup(key), .first = strdup(value)};
	}
	free(text->now);
	text->now = value != NULL ? strdup(value) : NULL;
	shared->puts++;
	text->mark = revision();
}

static const char *
word_of(const cJSON *request, const char *key)
{
	const char *text = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(request, key));

	return text != NULL ? text : "";
}

static void
add_number(cJSON *object, const char *key, long number)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%ld", number);
	cJSON_AddStringToObject(object, key, digits);
}

static bool
lies(enum lie lie)
{
	return shared->lie == lie;
}

/* A lie that is told once. */
static bool
lies_once(enum lie lie)
{
	bool told = lies(lie);

	if (told) {
		shared->lie = shared->then;
		shared->then = LIE_NOT;
	}
	return told;
}

/* Another byte stands in the middle. */
static void
damage(char *value)
{
	char *at = value + strlen(value) / 2;

	*at = *at == 'A' ? 'B' : 'A';
}

static bool
is_about(const char *key)
{
	return strncmp(key, shared->about, strlen(shared->about)) == 0;
}

static void
add_value(cJSON *answer, const struct text *text)
{
	const struct text *other = find_text(shared->other);
	const char *value = text->now;
	char *damaged;

	if (lies(LIE_OLD) && is_about(text->key))
		value = text->first;
	if (lies(LIE_SWAPPED) && is_about(text->key) && other != NULL)
		value = other->now;
	damaged = strdup(value);
	if (lies(LIE_DAMAGED) && is_about(text->key))
		damage(damaged);
	cJSON_AddStringToObject(answer, "value", damaged);
	free(damaged);
}

static void
add_state(cJSON *answer, const cJSON *request, const char *key)
{
	const struct text *text = lies(LIE_GONE) && is_about(key)
	    ? NULL
	    : find_text(key);
	const cJSON *asked = cJSON_GetObjectItemCaseSensitive(request, "with");
	const cJSON *one;
	cJSON *with;
	bool there = text != NULL && text->now != NULL;

	if (there && is_about(key) && lies_once(LIE_DAMAGED_ONCE))
		damage(text->now);
	if (asked == NULL)
		asked = cJSON_GetObjectItemCaseSensitive(request, "if");
	add_number(
	    answer, "mark", there && !lies(LIE_MARK_ZERO) ? text->mark : 0);
	if (there)
		add_value(answer, text);
	with = cJSON_AddObjectToObject(answer, "with");
	cJSON_ArrayForEach(one, asked)
	{
		const char *name = cJSON_IsString(one) && one->string == NULL
		    ? one->valuestring
		    : one->string;
		const struct text *beside = find_text(name);

		add_number(with, name, beside != NULL ? beside->mark : 0);
	}
	if (lies(LIE_MORE_WITH))
		add_number(with, "policy", 1);
}

static bool
holds(const cJSON *request)
{
	const cJSON *conditions = cJSON_GetObjectItemCaseSensitive(
	    request, "if");
	const cJSON *one;
	const struct text *text = find_text(word_of(request, "key"));

	if (atol(word_of(request, "mark")) !=
	    (text != NULL && text->now != NULL ? text->mark : 0))
		return false;
	cJSON_ArrayForEach(one, conditions)
	{
		const struct text *beside = find_text(one->string);

		if (atol(one->valuestring) !=
		    (beside != NULL ? beside->mark : 0))
			return false;
	}
	return true;
}

static const char *
answer_put(const cJSON *request, cJSON *answer)
{
	const char *key = word_of(request, "key");
	struct text *text = find_text(key);

	if (lies_once(LIE_OTHER_FIRST) && text != NULL)
		put_text(key, text->first);
	if (!holds(request)) {
		add_state(answer, request, key);
		return "stale";
	}
	put_text(key, word_of(request, "value"));
	add_number(answer, "mark", revision());
	return "ok";
}

static const char *
answer_remove(const cJSON *request, cJSON *answer)
{
	const char *key = word_of(request, "key");
	struct text *text = find_text(key);

	if (!holds(request)) {
		add_state(answer, request, key);
		return "stale";
	}
	if (text != NULL)
		put_text(key, NULL);
	return "ok";
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(
	    ((const struct text *)a)->key, ((const struct text *)b)->key);
}

/* At most ten rows, so that a list has pages. */
static const char *
answer_scan(const cJSON *request, cJSON *answer)
{
	const char *prefix = word_of(request, "prefix");
	const char *after = word_of(request, "after");
	const char *until = word_of(request, "until");
	bool keys_only = cJSON_IsTrue(
	    cJSON_GetObjectItemCaseSensitive(request, "keys_only"));
	cJSON *rows = cJSON_AddArrayToObject(answer, "rows");
	bool more = false;

	qsort(texts, count, sizeof(texts[0]), compare_texts);
	for (size_t i = 0; i < count && !lies(LIE_ENDLESS); i++) {
		cJSON *row;

		if (strncmp(texts[i].key, prefix, strlen(prefix)) != 0 ||
		    strcmp(texts[i].key, after) <= 0 ||
		    (*until != '\0' && strcmp(texts[i].key, until) > 0) ||
		    texts[i].now == NULL)
			continue;
		more = cJSON_GetArraySize(rows) == 10;
		if (more)
			break;
		row = cJSON_CreateObject();
		cJSON_AddStringToObject(row, "key", texts[i].key);
		add_number(row, "mark", texts[i].mark);
		if (!keys_only)
			add_value(row, &texts[i]);
		if (lies(LIE_BACKWARDS))
			cJSON_InsertItemInArray(rows, 0, row);
		else
			cJSON_AddItemToArray(rows, row);
	}
	cJSON_AddBoolToObject(answer, "more", more || lies(LIE_ENDLESS));
	return "ok";
}

static cJSON *
answer_true(const cJSON *request)
{
	const char *op = word_of(request, "op");
	cJSON *answer = cJSON_CreateObject();
	const char *status = "ok";
	const char *pinned = word_of(request, "revision");

	if (strcmp(op, "put") == 0)
		status = answer_put(request, answer);
	else if (strcmp(op, "remove") == 0)
		status = answer_remove(request, answer);
	else if (strcmp(op, "scan") == 0)
		status = answer_scan(request, answer);
	else
		add_state(answer, request, word_of(request, "key"));
	if (atol(pinned) > 0)
		cJSON_AddStringToObject(answer, "revision", pinned);
	else
		add_number(
		    answer, "revision", lies(LIE_REVISION) ? 7 : revision());
	cJSON_AddStringToObject(
	    answer, "status", lies(LIE_STALE_READ) ? "stale" : status);
	return answer;
}

static cJSON *
answer_word(void)
{
	static const char *const words[] = {[LIE_AWAY] = "away",
	    [LIE_UNSURE] = "unsure",
	    [LIE_FULL] = "full",
	    [LIE_REFUSED] = "refused",
	    [LIE_COMPACTED] = "compacted"};
	cJSON *answer = cJSON_CreateObject();

	cJSON_AddStringToObject(answer, "status", words[shared->lie]);
	if (!lies(LIE_COMPACTED))
		cJSON_AddStringToObject(answer, "why", "so it was told");
	return answer;
}

static void
bend(cJSON *answer)
{
	if (lies(LIE_KEY_MORE))
		cJSON_AddStringToObject(answer, "more_of_it", "1");
	if (lies(LIE_NO_MARK))
		cJSON_DeleteItemFromObject(answer, "mark");
	if (lies(LIE_NO_REVISION))
		cJSON_DeleteItemFromObject(answer, "revision");
	if (lies(LIE_KEY_TWICE))
		cJSON_AddStringToObject(answer, "mark", "2000");
	if (lies(LIE_MARK_LONG))
		cJSON_ReplaceItemInObject(
		    answer, "mark", cJSON_CreateString("10000000000000000000"));
}

static void
send_large(int fd)
{
	static char large[PACKET + 2];

	send(
	    fd, memset(large, ' ', sizeof(large)), sizeof(large), MSG_NOSIGNAL);
}

/* Sends the answer, bent as the lie has it. */
static void
send_answer(int fd, cJSON *answer)
{
	char *text;
	size_t len;

	bend(answer);
	text = cJSON_PrintUnformatted(answer);
	len = strlen(text);
	if (lies(LIE_CUT))
		len /= 2;
	if (lies(LIE_BYTE) && (size_t)shared->at < len)
		text[shared->at] = (char)shared->byte;
	if (lies(LIE_NOISE))
		send(fd, "\x01\x02\xff", 3, MSG_NOSIGNAL);
	else if (lies(LIE_LARGE))
		send_large(fd);
	else if (lies(LIE_EMPTY))
		send(fd, "{}", 2, MSG_NOSIGNAL);
	else
		send(fd, text, len, MSG_NOSIGNAL);
	free(text);
	cJSON_Delete(answer);
}

/* False: the line is to be closed. */
static bool
serve(int fd, const cJSON *request)
{
	bool put = strcmp(word_of(request, "op"), "put") == 0;
	enum lie lie = shared->lie;

	shared->asked++;
	if (lie >= LIE_AWAY && lie <= LIE_COMPACTED) {
		send_answer(fd, answer_word());
		return true;
	}
	if (lie == LIE_SILENT)
		return true;
	if (lie == LIE_CLOSES)
		return false;
	if (put && lies_once(LIE_LOST_CLOSES))
		return false;
	if (put && lies_once(LIE_DONE_CLOSES)) {
		cJSON_Delete(answer_true(request));
		return false;
	}
	if (put && lies_once(LIE_DONE_SILENT)) {
		cJSON_Delete(answer_true(request));
		return true;
	}
	if (put && lies_once(LIE_DONE_LARGE)) {
		cJSON_Delete(answer_true(request));
		send_large(fd);
		return true;
	}
	send_answer(fd, answer_true(request));
	return true;
}

static bool
hear(int fd)
{
	static char packet[PACKET + 1];
	ssize_t n = recv(fd, packet, PACKET, 0);
	cJSON *request;
	bool stays;

	if (n <= 0)
		return false;
	packet[n] = '\0';
	request = cJSON_Parse(packet);
	if (request == NULL)
		_exit(4);
	stays = serve(fd, request);
	cJSON_Delete(request);
	return stays;
}

_Noreturn static void
listen_for_ever(int listener)
{
	struct pollfd fds[LINES] = {{.fd = listener, .events = POLLIN}};
	nfds_t n = 1;

	for (;;) {
		if (poll(fds, n, -1) < 0)
			_exit(5);
		for (nfds_t i = n; i-- > 1;)
			if (fds[i].revents != 0 && !hear(fds[i].fd)) {
				close(fds[i].fd);
				fds[i] = fds[--n];
			}
		if (fds[0].revents != 0 && n < LINES) {
			fds[n] = (struct pollfd){
			    .fd = accept(listener, NULL, NULL),
			    .events = POLLIN};
			n += fds[n].fd >= 0;
		}
	}
}

void
liar_start(struct liar *liar)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	unlink(liar->path);
	memcpy(address.sun_path, liar->path, strlen(liar->path));
	cr_assert_eq(
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, LINES), 0);
	liar->pid = fork();
	cr_assert_geq(liar->pid, 0);
	if (liar->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		shared = liar->shared;
		listen_for_ever(fd);
	}
	close(fd);
}

void
liar_kill(struct liar *liar)
{
	kill(liar->pid, SIGKILL);
	(void)fixture_wait(liar->pid);
}

void
liar_begin(struct liar *liar)
{
	*liar = (struct liar){.pid = 0};
	fixture_folder(liar->folder);
	snprintf(liar->path, sizeof(liar->path), "%s/link.sock", liar->folder);
	liar->shared = mmap(NULL, sizeof(*liar->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq((void *)liar->shared, MAP_FAILED);
	liar_start(liar);
}

void
liar_end(struct liar *liar)
{
	liar_kill(liar);
	munmap(liar->shared, sizeof(*liar->shared));
	fixture_remove(liar->folder);
}
