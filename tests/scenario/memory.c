/*
 * A worker that may serve the next login must have no secret and no code in its
 * memory. The test traces the keeper, as root can, and looks twice: while the
 * record is written, when the secret must be there, or the search proves
 * nothing; and while the worker waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/talk.h"
#include "store/base/base32.h"
#include "tests/scenario/scenario.h"

Scenarios(memory);

#define RAW           20
#define LARGEST       (256UL << 20) /* a sanitizer's shadow is larger */
#define EVENT(status) ((status) >> 16)

struct search {
	const char *secret; /* base32 */
	uint8_t raw[RAW];
	const char *code;
	char *memory;
	size_t size;
	int as_text, as_bytes, as_code;
};

static bool
has(const struct search *s, size_t len, const void *what, size_t what_len)
{
	return memmem(s->memory, len, what, what_len) != NULL;
}

/*
 * Searches one mapping for the second half of each secret: free() overwrites
 * the first bytes.
 */
static void
search_range(struct search *s, int mem, unsigned long from, unsigned long to)
{
	size_t len = to - from;
	ssize_t got;

	if (len > s->size) {
		s->memory = realloc(s->memory, len);
		s->size = len;
	}
	cr_assert_not_null(s->memory);
	got = pread(mem, s->memory, len, (off_t)from);
	if (got <= 0)
		return;
	s->as_text += has(s, (size_t)got, s->secret + 16, 16);
	s->as_bytes += has(s, (size_t)got, s->raw + RAW / 2, RAW / 2);
	s->as_code += has(s, (size_t)got, s->code, 6);
}

/* Searches all writable mappings: heap, stack, data. */
static void
search_memory(struct search *s, pid_t pid)
{
	char *maps = read_text(text("/proc/%d/maps", pid));
	int mem = open(text("/proc/%d/mem", pid), O_RDONLY | O_CLOEXEC);
	char *line, *rest = maps;

	cr_assert_not_null(maps);
	cr_assert_geq(mem, 0);
	s->as_text = s->as_bytes = s->as_code = 0;
	while ((line = strtok_r(rest, "\n", &rest)) != NULL) {
		unsigned long from, to;
		char mode[5];

		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 &&
		    mode[1] == 'w' && to - from <= LARGEST)
			search_range(s, mem, from, to);
	}
	close(mem);
}

/*
 * Follows a new worker until it waits for the next login. Returns the largest
 * counts that the search found on the way.
 */
static void
follow(pid_t child, struct search *s, int *ret_text, int *ret_bytes)
{
	int status;

	*ret_text = *ret_bytes = 0;
	for (;;) {
		cr_assert_eq(waitpid(child, &status, __WALL), child);
		cr_assert(WIFSTOPPED(status), "it died: %x", status);
		cr_assert_neq(EVENT(status), PTRACE_EVENT_EXIT);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			struct __ptrace_syscall_info info;

			cr_assert_gt(ptrace(PTRACE_GET_SYSCALL_INFO, child,
					 sizeof(info), &info),
			    0);
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY &&
			    info.entry.nr == SYS_recvmsg)
				break;
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY &&
			    info.entry.nr == SYS_fsync) {
				search_memory(s, child);
				*ret_text += s->as_text;
				*ret_bytes += s->as_bytes;
			}
		}
		cr_assert_eq(ptrace(PTRACE_SYSCALL, child, 0, 0), 0);
	}
	search_memory(s, child);
	ptrace(PTRACE_DETACH, child, 0, 0);
}

/* The keeper's next child, which stops before it does anything. */
static pid_t
next_child(pid_t keeper)
{
	unsigned long child = 0;
	int status;

	for (;;) {
		cr_assert_eq(waitpid(keeper, &status, __WALL), keeper);
		if (EVENT(status) == PTRACE_EVENT_FORK)
			break;
		ptrace(PTRACE_CONT, keeper, 0,
		    EVENT(status) != 0 ? 0 : WSTOPSIG(status));
	}
	cr_assert_eq(ptrace(PTRACE_GETEVENTMSG, keeper, 0, &child), 0);
	ptrace(PTRACE_DETACH, keeper, 0, 0);
	return (pid_t)child;
}

/*
 * Lets a worker serve one request of user with these fields, and searches it.
 */
static void
look_at_request(const struct bastion *b, const char *user, const char *fields,
    struct search *s, int *ret_text, int *ret_bytes)
{
	pid_t asking;
	long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT |
	    PTRACE_O_TRACESYSGOOD;

	cr_assert_eq(ptrace(PTRACE_SEIZE, b->keeper, 0, options), 0, "%s",
	    strerror(errno));
	asking = fork();
	if (asking == 0) {
		char *answer = talk_ask(b, user, fields);

		_exit(talk_is(answer, "pass") ? 0 : 1);
	}
	follow(next_child(b->keeper), s, ret_text, ret_bytes);
	cr_assert_eq(run_wait(asking, 30000), 0, "it did not pass");
}

Test(memory, of_a_verify_has_no_secret_left_for_the_next)
{
	struct search s = {.size = 0};
	struct bastion *b;
	int as_text, as_bytes;
	size_t len = 0;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	s.secret = fixture_enrol(b, "alice");
	s.code = code_at(s.secret, step_now());
	cr_assert_eq(base32_decode(s.secret, strlen(s.secret), s.raw,
			 sizeof(s.raw), &len),
	    FAULT_NONE);
	look_at_request(b, "alice",
	    text("'request':'verify','terminal':true,'code':'%s'", s.code), &s,
	    &as_text, &as_bytes);
	cr_expect_gt(as_text, 0, "the search finds nothing at all");
	cr_expect_gt(as_bytes, 0, "the search finds nothing at all");
	cr_expect_eq(s.as_text, 0, "base32 in %d mappings", s.as_text);
	cr_expect_eq(s.as_bytes, 0, "bytes in %d mappings", s.as_bytes);
	cr_expect_eq(s.as_code, 0, "the code in %d mappings", s.as_code);
}
