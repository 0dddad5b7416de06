/*
 * Runs a program without a terminal and keeps apart what it wrote on standard
 * output, what on standard error, and how it ended.  Nothing is limited but
 * the time: a program that takes longer is killed and the test fails.
 *
 *	struct run *r = run(ARGV("oathtool", "--version"), NULL, 0);
 *	r->status == 0, r->out, r->err
 *
 * What is never freed lives as long as the test's process, which is short.
 */
#ifndef TFA_TESTS_RUN_H
#define TFA_TESTS_RUN_H

#include <stddef.h>
#include <sys/types.h>

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

#define RUN_LIMIT_MS 90000

struct run {
	pid_t pid;
	int out_fd, err_fd;
	char *out; /* NUL-terminated, as is err; valid after run_finish() */
	size_t out_len;
	char *err;
	int status; /* 0 to 255, or 128 + the signal that killed it */
};

/* Starts argv[0], found by PATH, with len bytes of input on standard input. */
struct run *run_start(const char *const argv[], const void *input, size_t len);

/* Waits for it, RUN_LIMIT_MS at most. */
void run_finish(struct run *r);

/* run_start() and run_finish() in one. */
struct run *run(const char *const argv[], const void *input, size_t len);

/*
 * Waits for a child and returns its status as struct run has it, or -1 if it
 * has not ended after limit_ms.
 */
int run_wait(pid_t pid, int limit_ms);

/*
 * Ends a process that a test forked: prints the message and exits with status
 * 1. In such a process fail() would go on with the test.
 */
_Noreturn void
run_child_fails(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Milliseconds of a clock that only goes forward. */
long long run_clock_ms(void);

/* Sleeps. */
void run_sleep_ms(int ms);

/* Formats a string. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A whole file as a string, or NULL where it cannot be opened. */
char *read_text(const char *path);

/* Replaces a file's content, or makes the file. */
void write_text(const char *path, const char *content);

#endif
