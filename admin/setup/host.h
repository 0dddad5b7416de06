/*
 * The machine that setup works on: its programs, sshd, the keeper, and the ssh
 * login that a process belongs to.
 */
#ifndef TFA_SETUP_HOST_H
#define TFA_SETUP_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "admin/doctor/door.h"
#include "store/base/address.h"
#include "store/system/systemd.h"

/*
 * Runs a program of the system's own folders, with an environment of its own;
 * argv ends in NULL.  Returns its exit status, or -1 where it cannot be run,
 * was killed, or had not ended after half a minute, which is then said.
 * ret_out, unless it is NULL: the first 64 KiB of its stdout, the caller frees;
 * else that goes to our stderr.
 */
int command_run(const char *const argv[], char **ret_out);
bool command_works(const char *const argv[]); /* True if that is 0. */
bool command_exists(const char *name);
#define COMMAND(...) ((const char *const[]){__VA_ARGS__, NULL})

/* True if sshd -t accepts the configuration; its messages go to stderr. */
bool sshd_test(void);

/* The output of sshd -T for a user who comes from that address, and the
 * ForceCommand in it; the caller frees.  NULL where sshd cannot be asked. */
char *sshd_dump(const char *user, const char *address);
char *sshd_force_command(const char *user);

/* The process that the file of PidFile names, if that is an sshd; or 0. */
pid_t sshd_running(const char *pid_file);

/* The command that reloads sshd. */
void sshd_reload_how(char *ret, size_t size);

/*
 * The door, a second sshd.  door_is_process(): a process of root's has its
 * name.  door_runs(): it listens at that port and, with
 * systemd, starts with the machine.  door_is_there(): a process, or a unit that
 * would start one.  door_how(): what starts it.  door_reload(): of one that
 * systemd did not start, true where there is none.  door_run() runs its
 * launcher with an option; what that says goes to stderr.
 */
#define DOOR_UNIT     DOOR_SERVICE ".service"
#define DOOR_PID_FILE "/run/" DOOR_SERVICE ".pid"
bool door_is_process(pid_t pid);
bool door_runs(int port);
bool door_is_there(void);
const char *door_how(void);
bool door_reload(void);
bool door_run(const char *option);

/* True if a keeper listens. */
bool keeper_answers(void);

/*
 * The ssh login that this process belongs to: its sshd process, and when that
 * began, in ticks since boot.  False where there is none: a console, cron, or
 * a tmux that outlived its login.
 */
struct ssh_login {
	pid_t pid;
	int64_t began;
	char name[64];              /* both, as the journal has it */
	char address[ADDRESS_TEXT]; /* "" where it is not known */
};
bool ssh_login_find(struct ssh_login *ret);

#endif
