#include "gate/sshd/keyfile.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool group_is_own;

static bool
is_own(gid_t gid, const struct keypath_user *user)
{
	cr_expect_eq(user->uid, geteuid());
	(void)gid;
	return group_is_own;
}

struct place {
	char top[64], home[80], ssh[96], file[128], culprit[PATH_MAX];
	struct keypath_user user;
};

static struct place
make_place(void)
{
	struct place p = {.top = "/tmp/keyfile.XXXXXX"};
	int fd;

	cr_assert_not_null(mkdtemp(p.top));
	snprintf(p.home, sizeof(p.home), "%s/home", p.top);
	snprintf(p.ssh, sizeof(p.ssh), "%s/.ssh", p.home);
	snprintf(p.file, sizeof(p.file), "%s/keys", p.ssh);
	cr_assert_eq(mkdir(p.home, 0755), 0);
	cr_assert_eq(mkdir(p.ssh, 0700), 0);
	fd = open(p.file, O_CREAT | O_WRONLY, 0600);
	cr_assert_geq(fd, 0);
	close(fd);
	p.user = (struct keypath_user){
	    .name = "me", .uid = geteuid(), .gid = getegid()};
	return p;
}

static bool
is_sound(struct place *p, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool sound;

	cr_assert_geq(fd, 0, "%s", path);
	p->user.home = p->home;
	sound = keyfile_is_sound(
	    fd, path, &p->user, is_own, p->culprit, sizeof(p->culprit));
	close(fd);
	return sound;
}

/* Every file and folder that others can write, up to the home folder, but
 * not above it, such as /tmp. */
Test(keyfile, of_others_is_not_sound)
{
	struct place p = make_place();
	const char *const parts[] = {p.file, p.ssh, p.home};
	static const mode_t open_modes[] = {0777, 0702, 01777};

	cr_expect(is_sound(&p, p.file));
	for (size_t i = 0; i < COUNT(parts); i++) {
		for (size_t k = 0; k < COUNT(open_modes); k++) {
			cr_assert_eq(chmod(parts[i], open_modes[k]), 0);
			cr_expect_not(is_sound(&p, p.file), "%s", parts[i]);
			cr_expect_str_eq(p.culprit, parts[i]);
		}
		cr_assert_eq(chmod(parts[i], 0770), 0);
		group_is_own = false;
		cr_expect_not(is_sound(&p, p.file), "%s", parts[i]);
		group_is_own = true;
		cr_expect(is_sound(&p, p.file), "%s", parts[i]);
		cr_assert_eq(chmod(parts[i], 0700), 0);
	}
	/* The files belong to somebody else. */
	p.user.uid = 0;
	if (geteuid() != 0)
		cr_expect_not(is_sound(&p, p.file));
}

/* A file elsewhere is judged there, up to /; /tmp is writable for all. */
Test(keyfile, is_judged_where_it_lies)
{
	struct place p = make_place();
	char elsewhere[96], link_path[112];

	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", p.top);
	snprintf(link_path, sizeof(link_path), "%s/link", p.ssh);
	cr_assert_eq(rename(p.file, elsewhere), 0);
	cr_assert_eq(symlink(elsewhere, link_path), 0);
	cr_expect_not(is_sound(&p, link_path));
	cr_expect_str_eq(p.culprit, "/tmp");
	cr_expect_not(is_sound(&p, elsewhere));
	/* A folder is not a file. */
	cr_expect_not(is_sound(&p, p.ssh));
}

Test(keyfile, that_is_not_there_says_nothing)
{
	cr_expect(keyfile_is_absent(ENOENT));
	cr_expect(keyfile_is_absent(ENOTDIR));
	cr_expect_not(keyfile_is_absent(EACCES));
	cr_expect_not(keyfile_is_absent(ELOOP));
	cr_expect_not(keyfile_is_absent(EIO));
	cr_expect_not(keyfile_is_absent(0));
}

/* Returns when the way to path was changed, in ns. */
static long long
changed_at(struct place *p, const char *path)
{
	struct keyfile file = {.text = NULL};
	struct timespec changed = {0, 0};
	char why[WHY_TEXT];

	p->user.home = p->home;
	cr_assert_eq(keyfile_read(&p->user, path, &file, why), FAULT_NONE);
	cr_assert_eq(
	    keyfile_changed(&file, &p->user, &changed, why), FAULT_NONE);
	keyfile_done(&file);
	return changed.tv_sec * 1000000000LL + changed.tv_nsec;
}

static void
shell(const char *folder, const char *script)
{
	char command[1024];

	snprintf(command, sizeof(command), "sleep 0.03; cd %s && { %s; }",
	    folder, script);
	cr_assert_eq(system(command), 0, "%s", script);
}

/* Everything that redirects the path is a change, and nothing else is. */
Test(keyfile, was_changed_when_the_way_to_it_was)
{
	static const struct {
		const char *name, *script;
		bool changes;
	} cases[] = {
	    {"a/b/keys", "echo x >>a/b/keys", true},
	    {"a/b/keys", "mv a/b/keys k; cp -p k a/b/keys; mv k a/b/keys",
		true},
	    {"a/b/keys", "mv a/b b; mv b a/b", true},
	    {"a/b/keys", "mv a c; mv c a", true},
	    {"a/../a/b/./keys", "mv a c; mv c a", true},
	    {"a//b/keys", "rm a/b/keys", true},
	    {"a/b/keys", "rm -r a", true},
	    {"a/b/keys",
		"mv a c; touch c/b/keys; mkdir -p a/b; "
		"cp -a c/b/keys a/b/keys",
		true},
	    {"link/keys", "ln -sfn a/b link", true},
	    {"chain/keys", "ln -sfn a/b link", true},
	    {"chain/keys", "mv a c; mv c a", true},
	    {"dead", "mkdir -p a/new; touch a/new/keys", true},
	    {"dead", "rm -f dead", true},
	    {"absent/keys", "mkdir absent", true},
	    {"a/b/absent", "touch a/b/absent", true},
	    {"null", "rm null; ln -s /dev/null null", true},
	    {"a/b/keys", "cat a/b/keys >/dev/null; ls a >/dev/null", false},
	    {"null", "echo x >null; touch beside", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct place p = make_place();
		long long before;

		shell(p.home,
		    "mkdir -p a/b; echo k >a/b/keys; ln -s a/b link; "
		    "ln -s $PWD/link chain; ln -s a/new/keys dead; "
		    "ln -s /dev/null null");
		before = changed_at(&p, cases[i].name);
		shell(p.home, cases[i].script);
		cr_expect_eq(changed_at(&p, cases[i].name) > before,
		    cases[i].changes, "%s: %s", cases[i].name, cases[i].script);
	}
}

/* A home in a folder of root's alone, as root: other users have no such
 * home. */
Test(keyfile, was_not_changed_with_its_busy_home_folder)
{
	struct place p = make_place();
	long long before;

	cr_assert_eq(chmod(p.top, 0755), 0);
	before = changed_at(&p, ".ssh/keys");
	shell(p.home, "touch beside");
	cr_expect_eq(changed_at(&p, ".ssh/keys") == before, geteuid() == 0);
	/* A file directly in the home folder. */
	shell(p.home, "mv .ssh/keys keys");
	before = changed_at(&p, "keys");
	shell(p.home, "touch beside2");
	cr_expect_eq(changed_at(&p, "keys") == before, geteuid() == 0);
	/* Anyone who can rename the home folder can swap it. */
	cr_assert_eq(chmod(p.top, 0777), 0);
	shell(p.top, "mv home h; mv h home");
	cr_expect_gt(changed_at(&p, "keys"), before);
	/* A file that was moved out of the home folder. */
	cr_assert_eq(chmod(p.top, 0755), 0);
	before = changed_at(&p, "keys");
	shell(p.home, "rm keys");
	cr_expect_gt(changed_at(&p, "keys"), before);
}
