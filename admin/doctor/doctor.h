/*
 * tfa-admin doctor: every way round the gate that sshd leaves open.
 *
 *	doctor.c           the list of checks, options, output
 *	doctor_gather.c    reads the files, asks sshd -T about each connection
 *	doctor_questions.c which connections these are
 *	doctor_setup.c     whether setup was run, and confirmed
 *	doctor_sshd.c      what sshd makes of them: gate, channels, variables
 *	doctor_files.c     who may write what: files and every folder above
 *	doctor_shells.c    login shells: shells.h, shell_try.h
 *	doctor_users.c     uids
 *	doctor_keys.c      users' files of keys
 *	doctor_keyfiles.c  reads them, for every user and in every view
 *	doctor_places.c    whether the gate and sshd read the same ones
 *	doctor_certificates.c  authorities, principals
 *	doctor_running.c   the sshd that runs
 *	doctor_servers.c   other SSH servers; sockets.h
 *	doctor_pam.c       what PAM reads and starts; pam_stack.h
 *	doctor_tmp.c       /tmp, which sshd needs to say which key it was
 *	doctor_system.c    /proc, sshrc, sftp-server, OpenSSH's version
 *	doctor_directory.c whom a directory that is away would keep out
 *	doctor_keeper.c    the keeper, its folder, the clock, the policy
 *	doctor_probe.c     --probe: logs in for real; doctor_probe.h
 *
 * and, without any I/O: doctor_config.c and doctor_order.c (configuration
 * files), doctor_dump.c and doctor_values.c (sshd -T), doctor_daemon.c,
 * doctor_person.c, doctor_findings.c.
 *
 * A check that cannot be made says "warn" and why; it is never passed over.
 */
#ifndef TFA_DOCTOR_H
#define TFA_DOCTOR_H

#include "admin/admin.h"
#include "admin/doctor/daemon.h"
#include "admin/doctor/dump.h"
#include "admin/doctor/questions.h"
#include "store/core/policy.h"
#include "admin/read.h"

#define DOCTOR_SSHD "/usr/sbin/sshd"
#define DOCTOR_SSH  "/usr/bin/ssh"
#define DOCTOR_LINE 8192

struct doctor {
	const struct admin *admin;
	const char *config; /* the file that sshd reads */
	struct config lines;
	struct kinds kinds;
	struct views views;
	size_t asked;                 /* connections, of which some are alike */
	char no_views[400];           /* why there are none; "" */
	char unread[400];             /* a file that could not be read; "" */
	struct client_options keeper; /* the one that the gate asks */
	const char *policy;
	struct findings findings;
	char gate[CONFIG_WORD];   /* the gate's path; "" where unknown */
	char socket[CONFIG_WORD]; /* from ForceCommand's --socket; or "" */
};

/* A row of the table: adds what it finds; nothing found is the row's "ok". */
typedef void doctor_check(struct doctor *doctor);

doctor_check doctor_setup;
doctor_check doctor_accepted, doctor_gate, doctor_channels, doctor_environment;
doctor_check doctor_order;
doctor_check doctor_drop_in, doctor_config_files, doctor_gate_file;
doctor_check doctor_policy_file, doctor_socket;
doctor_check doctor_running, doctor_servers;
doctor_check doctor_shells, doctor_uids, doctor_keys, doctor_certificates;
doctor_check doctor_pam, doctor_tmp, doctor_hidepid, doctor_sshrc, doctor_sftp;
doctor_check doctor_qr, doctor_openssh;
doctor_check doctor_keeper, doctor_store, doctor_clock, doctor_policy;
doctor_check doctor_probe;

/* The process of an sshd that listens with this configuration; 0: none is
 * seen. */
int doctor_sshd_pid(const struct doctor *doctor);

/* The folder of the keeper that serves our socket; false where none is seen
 * that runs, and it is the usual one. */
bool
doctor_store_folder(const struct doctor *doctor, char ret[static CONFIG_WORD]);

/*
 * What the policy needs of a directory beside /etc/group: who would be denied
 * while it is away, root and admins above all.  Says so in any case.
 */
void doctor_directories(struct doctor *doctor, const struct policy *policy);

/* The line that brings the keeper back. */
const char *doctor_keeper_fix(const struct doctor *doctor);

/* Reads the files and asks sshd; before any check. */
void doctor_gather(struct doctor *doctor);

/* Reads only the lines, of config, from the file at path: that of another
 * process may be below its own root.  False (errno) where it cannot. */
bool doctor_read_config(struct doctor *doctor, const char *path);

/* Whether an sshd that runs reads the configuration that doctor examines. */
bool doctor_reads_config(
    int pid, const struct listener *listener, const char *config);

/* *ret_gate: whether another sshd's configuration has the gate in a Match all,
 * itself or in what it includes.  False where that cannot be read. */
bool doctor_has_gate(int pid, const char *path, bool *ret_gate);

/* A setting that is the same for all connections, as sshd -T has it. */
bool doctor_setting(const struct doctor *doctor, const char *keyword,
    char ret[static CONFIG_WORD]);

/*
 * FAIL where others than root, and also, can write the file at path, or a
 * folder above it; also where that cannot be seen.  False if it is not known.
 */
bool doctor_guard(struct doctor *doctor, const char *path, uid_t also);

/* "OpenSSH_9.2p1 Debian-2+deb12u10", from sshd's own file; false where that
 * has none. */
bool doctor_version(char *ret, size_t size);

/* The first line of text, or of other where that is empty. */
void
doctor_first_line(const char *text, const char *other, char *ret, size_t size);

/* Who may own the policy beside root: of a store of one's own, oneself. */
uid_t doctor_policy_owner(const struct doctor *doctor);

/*
 * What judges the files that sshd looks into for each user in every view where
 * the gate stands and keys are taken, and their lines.  judge_file and
 * judge_user may be NULL.
 */
struct doctor_lines {
	struct doctor *doctor;
	const char *keyword; /* that names the files */
	void (*judge)(struct doctor_lines *lines, const char *path, int number,
	    const char *line);
	void (*judge_file)(struct doctor_lines *lines, const struct passwd *pw,
	    const char *path, const struct keys_text *file);
	void (*judge_user)(struct doctor_lines *lines, const struct passwd *pw);
	bool pass;           /* the gate lets certificates in */
	size_t files, users; /* that were read */
};

/* Reads each as the user whose it is; needs root. */
void doctor_each_file(struct doctor_lines *lines);

/* The next view, from *i on, that is one for this user, and where the gate
 * stands and keys are taken; false after the last. */
bool doctor_next_view(const struct doctor *doctor, const struct passwd *pw,
    size_t *i, const struct view **ret);

/* Which groups this sshd lets write a file of keys. */
keyfile_group *doctor_sshd_groups(void);

/* When a process started, in seconds since 1970; 0 where unknown. */
int64_t doctor_start_time(int pid);

/*
 * Calls each for the processes that there are, with the command line, its
 * words parted by blanks.
 */
void doctor_processes(
    void (*each)(void *ctx, int pid, const char *title), void *ctx);

#endif
