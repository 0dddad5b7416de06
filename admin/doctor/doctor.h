/*
 * tfa-admin doctor: every way round the gate that sshd leaves open.
 *
 *	doctor.c       options, output, what stands in the way of setup
 *	library.h      all that doctor finds, as a list for other commands
 *	checks.c       the list of checks
 *	planned.c      the files that setup plans, in place of those on disk
 *	gather.c       reads the files, asks sshd -T about each connection
 *	questions.c    the connections that sshd is asked about
 *	sshd.c         the gate, channels and variables by sshd's answers
 *	scope_judge.c  the people before whom the gate stands: scope.h
 *	matters.c      the lines that are for one of them
 *	displaced.c    lines of the site's that our Match all displaces
 *	files.c        the files that decide, and the folders above them
 *	login_shells.c each login shell: shell_try.h; spared.c says whose are not
 *	               tried
 *	sftp_only.c    accounts that sshd itself serves: served.c
 *	account.h      whether sshd lets an account in at all
 *	users.c        uids
 *	keys.c         users' files of keys
 *	keyfiles.c     reads them, for every user and in every view
 *	keynames.c     the files that only one of gate and sshd reads
 *	certificates.c authorities, principals: authorities.h
 *	hardware.c     files of hardware keys that are enough: hardware.h
 *	running.c      the sshd that runs
 *	door.c         the door: door.h
 *	servers.c      other SSH servers: sockets.h
 *	pam.c          what PAM reads and starts: pam_stack.h
 *	tmp.c          /tmp, which sshd needs to name the key
 *	system.c       /proc, sshrc, sftp-server, OpenSSH's version
 *	directory.c    users whom a directory that is away would keep out
 *	keeper.c       the keeper, its folder, the clock, the policy
 *	fleet.c        the fleet: etcd, tfa-link, keys, bastions; fleet.h
 *	fleet_records.c  who gets in while etcd is away; the records
 *	fleet_judge.c  its judges, without any I/O
 *	keeper_process.c  the keeper's process, and the units that start it
 *	probe.c        --probe: logs in for real, and tries what must be closed:
 *	               probe.h
 *
 * and, without any I/O: order.c (configuration files), dump.c and values.c
 * (sshd -T), version.c, person.c, hardware_judge.c, door_methods.c, findings.c.
 *
 * A check that cannot be made says "warn" and why; none is left out.
 */
#ifndef TFA_DOCTOR_H
#define TFA_DOCTOR_H

#include "admin/admin.h"
#include "admin/progress.h"
#include "gate/sshd/title.h"
#include "admin/doctor/dump.h"
#include "admin/doctor/planned.h"
#include "admin/doctor/questions.h"
#include "store/core/policy.h"
#include "admin/read.h"
#include "store/folder/policy_file.h"

#define DOCTOR_SSHD "/usr/sbin/sshd"
#define DOCTOR_SSH  "/usr/bin/ssh"

struct doctor {
	const struct admin *admin;
	const char *config;            /* the file that sshd reads */
	const struct planned *planned; /* setup's files; NULL: none */
	struct planned_copy copy;      /* of config, with those in it */
	struct config lines;
	struct kinds kinds;
	struct views views;
	int door;           /* the port that the drop-in gives it; 0: none */
	bool door_is_sshds; /* sshd itself listens there: it is no door */
	size_t asked;       /* connections; several may have had one answer */
	char no_views[400]; /* why there are none; "" */
	char unread[400];   /* a file that could not be read; "" */
	struct client_options keeper; /* the one that the gate asks */
	const char *policy;
	struct findings findings;
	struct progress *progress; /* NULL: none is shown */
	char gate[CONFIG_WORD];    /* the gate's path; "" where unknown */
	char socket[CONFIG_WORD];  /* from ForceCommand's --socket; or "" */
};

/* Add a finding, or set the "ok" text: findings.h. */
#define doctor_warn(doctor, fix, ...) \
	findings_warn(&(doctor)->findings, fix, __VA_ARGS__)
#define doctor_fail(doctor, fix, ...) \
	findings_fail(&(doctor)->findings, fix, __VA_ARGS__)
#define doctor_ok(doctor, ...) findings_ok(&(doctor)->findings, __VA_ARGS__)

/* Done before any check, in words for the person who waits. */
#define DOCTOR_ASKS "asking sshd about each kind of connection"

/* A part of what takes long is done. */
static inline void
doctor_step(const struct doctor *doctor)
{
	if (doctor->progress != NULL)
		progress_step(doctor->progress, 1);
}

/* A check adds its findings.  If it adds none, it is "ok". */
typedef void doctor_check(struct doctor *doctor);

doctor_check doctor_accepted, doctor_scope, doctor_gate, doctor_channels,
    doctor_environment;
doctor_check doctor_order;
doctor_check doctor_drop_in, doctor_config_files, doctor_gate_file;
doctor_check doctor_policy_file, doctor_socket;
doctor_check doctor_running, doctor_servers, doctor_door;
doctor_check doctor_shells, doctor_sftp_only, doctor_uids, doctor_keys,
    doctor_certificates, doctor_hardware;
doctor_check doctor_pam, doctor_tmp, doctor_hidepid, doctor_sshrc, doctor_sftp;
doctor_check doctor_qr, doctor_openssh;
doctor_check doctor_keeper, doctor_store, doctor_fleet, doctor_clock;
doctor_check doctor_policy;
doctor_check doctor_probe;

/* The process of an sshd that listens with this configuration and is not the
 * door; 0 if none is seen. */
int doctor_sshd_pid(const struct doctor *doctor);

/* Judges the keeper's process and its units; whether it has answered. */
void doctor_keeper_process(struct doctor *doctor, bool answered);

/* *ret: the folder of the keeper that serves our socket.  False if no such
 * keeper is seen: then it is the usual folder. */
bool
doctor_store_folder(const struct doctor *doctor, char ret[static CONFIG_WORD]);

/*
 * Says which users the policy would deny while the directory of
 * /etc/nsswitch.conf is away, root and admins above all; or that there are
 * none.
 */
void doctor_directories(struct doctor *doctor, const struct policy *policy);

/* Reads the files and asks sshd; before any check.  doctor_done() in any
 * case. */
void doctor_gather(struct doctor *doctor);
void doctor_done(struct doctor *doctor);

/* Runs the checks, and calls found, unless it is NULL, with what each found. */
typedef void
doctor_found(const struct doctor *doctor, const struct finding *finding);
void doctor_run(struct doctor *doctor, doctor_found *found);

/*
 * Judges the machine's configuration as it would be with these files: *ret, for
 * findings_done().  Looks at what is planned, and not at what only runs after
 * setup: the keeper, its socket and its folder.  False without memory.
 */
bool doctor_judge_planned(const struct admin *admin,
    const struct planned *planned, struct findings *ret);

/* The file that sshd is asked about: config, or the copy. */
const char *doctor_asked(const struct doctor *doctor);

/* The policy, planned or as it lies there; as policy_file_load(). */
MUST_USE enum fault doctor_load_policy(const struct doctor *doctor,
    struct policy *ret, char ret_why[static POLICY_WHY_TEXT]);

/* Reads only the lines, of config, from the file at path, which may lie below
 * the root of another process.  False (errno) if it cannot. */
bool doctor_read_config(struct doctor *doctor, const char *path);

/* True if /proc shows users no processes of others: hidepid. */
#define DOCTOR_SHOW_PROC "mount -o remount,hidepid=0 /proc"
bool doctor_hides_processes(void);

/* sshd's answer about the groups that may write a file of keys. */
keyfile_group *doctor_sshd_groups(void);

/* True if both paths lead to one file. */
bool doctor_is_same_file(const char *a, const char *b);

/* True if root, or that uid, runs that process, and no user has started it as a
 * setuid program.  Any process can give itself a title, so only those of root's
 * are believed. */
bool doctor_is_roots(int pid);
bool doctor_runs_as(int pid, uid_t uid);

/* True if an sshd that runs reads the configuration that doctor examines. */
bool doctor_reads_config(
    int pid, const struct listener *listener, const char *config);

/* *ret_gate: whether another sshd's configuration has the gate in a Match all,
 * itself or in what it includes.  False where that cannot be read. */
bool doctor_has_gate(
    const struct doctor *doctor, int pid, const char *path, bool *ret_gate);

/* *ret: a setting that is the same for all connections, as sshd -T has it. */
bool doctor_setting(const struct doctor *doctor, const char *keyword,
    char ret[static CONFIG_WORD]);

/*
 * Adds a FAIL if others than root and the uid also can write the file at path
 * or a folder above it, or if that cannot be seen.  False if it is not known.
 */
bool doctor_guard(struct doctor *doctor, const char *path, uid_t also);

/* doctor_guard() for a file that need not be there: then a FAIL is about who
 * could make it, in its folder or where a link leads. */
void doctor_guard_absent(struct doctor *doctor, const char *path);

/* *ret: "OpenSSH_9.2p1 Debian-2+deb12u10", from sshd's own file; false if that
 * has none. */
bool doctor_version(char *ret, size_t size);

/* *ret: the first line of text, or of other if text is empty. */
void
doctor_first_line(const char *text, const char *other, char *ret, size_t size);

/* The uid that may own the policy beside root: one's own for a store of one's
 * own. */
uid_t doctor_policy_owner(const struct doctor *doctor);

/*
 * Judges of the files that sshd looks into for each user, in every view where
 * the gate stands and keys are taken, and of their lines.  judge_file and
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

/* Reads each file as the user whose it is; needs root. */
void doctor_each_file(struct doctor_lines *lines);

/* *ret: the next view, from *i on, that holds for this user, and where the gate
 * stands and keys are taken; false after the last. */
bool doctor_next_view(const struct doctor *doctor, const struct passwd *pw,
    size_t *i, const struct view **ret);

/* The start time of a process, in seconds since 1970; 0 if unknown. */
int64_t doctor_start_time(int pid);

/*
 * Calls each for every process, with its command line, the words parted by
 * blanks.
 */
void doctor_processes(
    void (*each)(void *ctx, int pid, const char *title), void *ctx);

#endif
