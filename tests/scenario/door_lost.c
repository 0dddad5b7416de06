/*
 * The door when a part of it is lost: the PAM service, the module, the line
 * AuthenticationMethods, the name of the service. A thief with the key alone
 * gets nothing then, on any way, and nobody gets a session. One case is left
 * open, and said in the manual: where PAM finds another service than ours, the
 * key and the Unix password together may forward. user14 has a password.
 */
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/scenario/probes.h"
#include "tests/scenario/site.h"
#include "tests/support/server.h"

Scenarios(door_lost);

#define USER     "user14"
#define PASSWORD "correct-horse"

static struct bastion *
with_door(void)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'forwarding':'after-code'", .passwords = true,
	    .door = true);

	fixture_enrol(b, USER);
	return b;
}

/* Somebody who tries the password wherever something is asked. */
static struct visit
visit_with(const struct bastion *b, const char *answers)
{
	return visit_of(b, "door", USER, answers);
}

/* By every way that a client can choose: with the key, without, and both. */
static const char *const authentications[] = {
    "PreferredAuthentications=publickey",
    "PreferredAuthentications=publickey,keyboard-interactive",
    "PreferredAuthentications=publickey,password",
    "PreferredAuthentications=password,keyboard-interactive",
    "PreferredAuthentications=keyboard-interactive",
    "PreferredAuthentications=password",
};
#define WAYS (sizeof(authentications) / sizeof(authentications[0]))

static void
assert_session_shut(struct visit v)
{
	for (size_t i = 0; i < WAYS; i++) {
		v.option = authentications[i];
		cr_assert_not(probe_session(&v), "%s", v.option);
	}
}

static void
assert_shut(struct visit v)
{
	for (size_t i = 0; i < WAYS; i++) {
		v.option = authentications[i];
		cr_assert_not(probe_stdio(&v), "%s", v.option);
	}
	assert_session_shut(v);
}

/* Nothing, with the key alone, with the password, and after wrong codes. */
static void
assert_shut_to_thieves(const struct bastion *b)
{
	assert_shut(visit_with(b, NULL));
	assert_shut(visit_with(b, PASSWORD "\n" PASSWORD "\n" PASSWORD));
	assert_shut(visit_with(b, "123456"));
}

/* While nothing is lost, the door lets its user in. */
static void
assert_works(const struct bastion *b)
{
	struct visit v = visit_with(b, visit_new_code(b, USER));

	cr_assert(probe_stdio(&v));
}

static void
edit(const char *path, const char *script)
{
	assert_status(run(ARGV("sed", "-i", script, path), NULL, 0), 0);
}

Test(door_lost, nothing)
{
	struct bastion *b;

	needs_door();
	b = with_door();
	assert_works(b);
	assert_shut_to_thieves(b);
	assert_works(b);
}

/* A folder of modules without it, which only this test and its sshd see. */
Test(door_lost, module)
{
	struct bastion *b;

	needs_door();
	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	b = with_door();
	assert_works(b);
	assert_status(
	    site_shell(text("m=$(find /lib /usr/lib -name pam_tfa.so -print "
			    "-quit); cp -a ${m%%/*} %s/modules; "
			    "rm %s/modules/pam_tfa.so; "
			    "mount --bind %s/modules ${m%%/*}",
		b->dir, b->dir, b->dir)),
	    0);
	assert_shut_to_thieves(b);
}

/* A module that is there, and empty. */
Test(door_lost, module_is_empty)
{
	struct bastion *b;

	needs_door();
	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	b = with_door();
	assert_works(b);
	assert_status(
	    site_shell(text("m=$(find /lib /usr/lib -name pam_tfa.so -print "
			    "-quit); : >%s/empty; mount --bind %s/empty $m",
		b->dir, b->dir)),
	    0);
	assert_shut_to_thieves(b);
}

Test(door_lost, argument_is_misspelt)
{
	struct bastion *b;

	needs_door();
	b = with_door();
	assert_works(b);
	edit(door_pam_path(b), "s/socket=/sockets=/");
	assert_shut_to_thieves(b);
	edit(door_pam_path(b), "s/sockets=/socket=/");
	assert_works(b);
}

/*
 * Then the key alone passes sshd's part, and account denies it: nobody was
 * asked. The user is shut out, too.
 */
Test(door_lost, authentication_methods)
{
	struct bastion *b;
	char *config;

	needs_door();
	b = with_door();
	assert_works(b);
	config = text("%s/sshd_config", b->dir);
	edit(config, "/AuthenticationMethods/d");
	door_restart(b);
	assert_shut_to_thieves(b);
	assert_says(read_text(b->door_log), "Accepted key");
	edit(config,
	    "s/^Match LocalPort.*/&\\n    AuthenticationMethods "
	    "publickey,keyboard-interactive:pam/");
	door_restart(b);
	assert_works(b);
}

/* A code without a key is one thing that somebody has, and not two. */
Test(door_lost, authentication_methods_with_a_code_alone)
{
	static const char *const alone[] = {
	    "PreferredAuthentications=keyboard-interactive",
	    "PreferredAuthentications=password"};
	struct bastion *b;
	struct visit v;

	needs_door();
	b = with_door();
	edit(text("%s/sshd_config", b->dir), "/AuthenticationMethods/d");
	door_restart(b);
	for (size_t i = 0; i < 2; i++) {
		v = visit_with(b, visit_new_code(b, USER));
		v.option = alone[i];
		cr_assert_not(probe_stdio(&v), "%s", alone[i]);
		cr_assert_not(probe_session(&v), "%s", alone[i]);
		/* The code was good, and it still is. */
		assert_status(ssh_with_code(b, USER, v.answers, "true"), 0);
	}
}

/* The one case: beside it, each of the two alone, and a session. */
static void
assert_open_with_key_and_password(const struct bastion *b)
{
	struct visit v = visit_with(b, NULL);

	assert_shut(v);
	v.answers = "wrong-horse";
	assert_shut(v);
	v.answers = PASSWORD "\n" PASSWORD "\n" PASSWORD;
	assert_session_shut(v);
	v.option = "PreferredAuthentications=keyboard-interactive";
	cr_assert_not(probe_stdio(&v), "the password alone");
	v.option = "PreferredAuthentications=password";
	cr_assert_not(probe_stdio(&v), "the password alone");
	v.option = NULL;
	cr_assert(probe_stdio(&v), "the manual says that this is open");
}

Test(door_lost, pam_file)
{
	struct bastion *b;

	needs_door();
	b = with_door();
	assert_works(b);
	cr_assert_eq(unlink(door_pam_path(b)), 0);
	assert_open_with_key_and_password(b);
}

/* An sshd that was started by another name than the link's. */
Test(door_lost, service_name)
{
	struct bastion *b;
	char *service;

	needs_door();
	b = with_door();
	assert_works(b);
	service = b->door_service;
	b->door_service = text("%s", "sshd");
	door_restart(b);
	b->door_service = service;
	assert_open_with_key_and_password(b);
	door_restart(b);
	assert_works(b);
}

/* An sshd without PAM has nobody who could ask. */
Test(door_lost, use_of_pam)
{
	struct bastion *b;
	char *config;

	needs_door();
	b = with_door();
	assert_works(b);
	config = text("%s/sshd_config", b->dir);
	server_stop(&b->door_sshd);
	b->door_sshd = server_start(
	    ARGV(bastion_sshd(), "-D", "-e", "-f", config, "-p",
		text("%d", b->door), "-o", "UsePAM=no"),
	    text("%s/second.log", b->dir));
	cr_assert(server_says(text("%s/second.log", b->dir),
	    "Server listening on 127.0.0.1", &b->door_sshd));
	assert_shut_to_thieves(b);
	assert_shut(visit_with(b, visit_new_code(b, USER)));
	door_restart(b);
	assert_works(b);
}
