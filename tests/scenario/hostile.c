#include "tests/scenario/hostile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

/* clang-format off */
const struct hostile hostile_table[] = {
	/* ld.so(8) */
	{{"LD_PRELOAD=@/hostile.so"}, HOSTILE_RUNS},
	{{"LD_AUDIT=@/hostile.so"}, HOSTILE_RUNS},
	{{"LD_LIBRARY_PATH=@"}, HOSTILE_RUNS},
	{{"LD_ASSUME_KERNEL=2.4.1"}, HOSTILE_LOADER},
	{{"LD_DEBUG=all"}, HOSTILE_LOADER},
	{{"LD_DEBUG_OUTPUT=@/debug", "LD_DEBUG=all"}, HOSTILE_LOADER},
	{{"LD_DYNAMIC_WEAK=1"}, HOSTILE_LOADER},
	{{"LD_PROFILE=libc.so.6", "LD_PROFILE_OUTPUT=@"}, HOSTILE_LOADER},
	{{"LD_SHOW_AUXV=1"}, HOSTILE_LOADER},
	{{"LD_TRACE_LOADED_OBJECTS=1", "LD_VERBOSE=1", "LD_WARN=1"},
	    HOSTILE_LOADER},
	{{"LD_BIND_NOT=1"}, HOSTILE_PLAIN},
	{{"LD_BIND_NOW=1"}, HOSTILE_PLAIN},
	{{"LD_HWCAP_MASK=0"}, HOSTILE_PLAIN},
	{{"LD_ORIGIN_PATH=@"}, HOSTILE_PLAIN},
	{{"LD_PREFER_MAP_32BIT_EXEC=1"}, HOSTILE_PLAIN},
	{{"LD_USE_LOAD_BIAS=1"}, HOSTILE_PLAIN},
	{{"GLIBC_TUNABLES=glibc.malloc.perturb=85"}, HOSTILE_PLAIN},
	/* libc: characters, languages, time */
	{{"GCONV_PATH=@", "LC_ALL=C.UTF-8"}, HOSTILE_RUNS},
	{{"LOCPATH=@", "LC_ALL=hostile"}, HOSTILE_PLAIN},
	{{"NLSPATH=@/%N.cat"}, HOSTILE_PLAIN},
	{{"LANGUAGE=../../../@"}, HOSTILE_PLAIN},
	{{"OUTPUT_CHARSET=UTF-7"}, HOSTILE_PLAIN},
	{{"CHARSET=UTF-7"}, HOSTILE_PLAIN},
	{{"TZ=:@/hostile.so"}, HOSTILE_PLAIN},
	{{"TZDIR=@"}, HOSTILE_PLAIN},
	{{"DATEMSK=@/script"}, HOSTILE_PLAIN},
	/* libc: memory */
	{{"MALLOC_ARENA_MAX=1"}, HOSTILE_PLAIN},
	{{"MALLOC_ARENA_TEST=1"}, HOSTILE_PLAIN},
	{{"MALLOC_CHECK_=3"}, HOSTILE_PLAIN},
	{{"MALLOC_MMAP_MAX_=65536"}, HOSTILE_PLAIN},
	{{"MALLOC_MMAP_THRESHOLD_=1"}, HOSTILE_PLAIN},
	{{"MALLOC_PERTURB_=90"}, HOSTILE_PLAIN},
	{{"MALLOC_TOP_PAD_=1"}, HOSTILE_PLAIN},
	{{"MALLOC_TRACE=@/trace"}, HOSTILE_PLAIN},
	{{"MALLOC_TRIM_THRESHOLD_=1"}, HOSTILE_PLAIN},
	{{"LIBC_FATAL_STDERR_=1"}, HOSTILE_PLAIN},
	/* libc: names of hosts and users */
	{{"HOSTALIASES=@/aliases"}, HOSTILE_PLAIN},
	{{"LOCALDOMAIN=evil.example"}, HOSTILE_PLAIN},
	{{"RES_OPTIONS=timeout:30 attempts:5 debug"}, HOSTILE_PLAIN},
	{{"RESOLV_HOST_CONF=@/aliases"}, HOSTILE_PLAIN},
	{{"RESOLV_ADD_TRIM_DOMAINS=.example"}, HOSTILE_PLAIN},
	{{"RESOLV_MULTI=on"}, HOSTILE_PLAIN},
	{{"RESOLV_OVERRIDE_TRIM_DOMAINS=.example"}, HOSTILE_PLAIN},
	{{"RESOLV_REORDER=on"}, HOSTILE_PLAIN},
	{{"RESOLV_SPOOF_CHECK=off"}, HOSTILE_PLAIN},
	{{"NIS_PATH=@"}, HOSTILE_PLAIN},
	/* libc: the rest */
	{{"POSIXLY_CORRECT=1"}, HOSTILE_PLAIN},
	{{"ARGP_HELP_FMT=width=1"}, HOSTILE_PLAIN},
	{{"GETCONF_DIR=@"}, HOSTILE_PLAIN},
	{{"TMPDIR=@"}, HOSTILE_PLAIN},
	/* OpenSSL */
	{{"OPENSSL_CONF=@/openssl.cnf"}, HOSTILE_PLAIN},
	{{"OPENSSL_CONF_INCLUDE=@"}, HOSTILE_PLAIN},
	{{"OPENSSL_ENGINES=@"}, HOSTILE_PLAIN},
	{{"OPENSSL_MODULES=@"}, HOSTILE_PLAIN},
	{{"OPENSSL_MALLOC_FAILURES=1"}, HOSTILE_PLAIN},
	{{"OPENSSL_TRACE=ALL"}, HOSTILE_PLAIN},
	{{"OPENSSL_ia32cap=0"}, HOSTILE_PLAIN},
	{{"CTLOG_FILE=@/script"}, HOSTILE_PLAIN},
	{{"RANDFILE=@/script"}, HOSTILE_PLAIN},
	{{"SSL_CERT_DIR=@"}, HOSTILE_PLAIN},
	{{"SSL_CERT_FILE=@/script"}, HOSTILE_PLAIN},
	{{"SSLKEYLOGFILE=@/keys"}, HOSTILE_PLAIN},
	/* libsmartcols, terminals */
	{{"LIBSMARTCOLS_DEBUG=all"}, HOSTILE_PLAIN},
	{{"LIBSMARTCOLS_DEBUG_PADDING=on"}, HOSTILE_PLAIN},
	{{"COLUMNS=1"}, HOSTILE_PLAIN},
	{{"LINES=1"}, HOSTILE_PLAIN},
	{{"TERMINFO=@"}, HOSTILE_PLAIN},
	{{"TERMCAP=@/script"}, HOSTILE_PLAIN},
	{{"INPUTRC=@/script"}, HOSTILE_PLAIN},
	/* Shells */
	{{"BASH_ENV=@/script"}, HOSTILE_RUNS},
	{{"BASH_ENV=$(: >@/ran)"}, HOSTILE_RUNS},
	{{"SHELLOPTS=xtrace", "PS4=$(: >@/ran)"}, HOSTILE_RUNS},
	{{"HOME=@", "SHLVL=0", "SSH_CLIENT=192.0.2.1 1 22"}, HOSTILE_RUNS},
	{{"ENV=@/script"}, HOSTILE_PLAIN},
	{{"BASHOPTS=extdebug"}, HOSTILE_PLAIN},
	{{"BASH_COMPAT=31"}, HOSTILE_PLAIN},
	{{"BASH_LOADABLES_PATH=@"}, HOSTILE_PLAIN},
	{{"BASH_XTRACEFD=1"}, HOSTILE_PLAIN},
	{{"BASH_FUNC_exec%%=() { : >@/ran; }"}, HOSTILE_PLAIN},
	{{"BASH_FUNC_/usr/sbin/tfa-gate%%=() { : >@/ran; }"}, HOSTILE_PLAIN},
	{{"BASH_FUNC_x%%=() { :; }; : >@/ran"}, HOSTILE_PLAIN},
	{{"PROMPT_COMMAND=: >@/ran"}, HOSTILE_PLAIN},
	{{"CDPATH=@"}, HOSTILE_PLAIN},
	{{"FPATH=@"}, HOSTILE_PLAIN},
	{{"GLOBIGNORE=*"}, HOSTILE_PLAIN},
	{{"HISTFILE=@/history"}, HOSTILE_PLAIN},
	{{"IFS=/"}, HOSTILE_PLAIN},
	{{"MAILPATH=@/script?$(: >@/ran)"}, HOSTILE_PLAIN},
	{{"TMOUT=1"}, HOSTILE_PLAIN},
	{{"ZDOTDIR=@"}, HOSTILE_PLAIN},
	{{"XDG_CONFIG_HOME=@"}, HOSTILE_PLAIN},
	{{"XDG_DATA_HOME=@"}, HOSTILE_PLAIN},
	{{"XDG_DATA_DIRS=@"}, HOSTILE_PLAIN},
	/* Facts about the login, which only sshd and passwd may say */
	{{"HOME=@"}, HOSTILE_PLAIN},
	{{"LOGNAME=root"}, HOSTILE_PLAIN},
	{{"OLDPWD=@"}, HOSTILE_PLAIN},
	{{"PATH=@:/usr/bin:/bin"}, HOSTILE_PLAIN},
	{{"PWD=@"}, HOSTILE_PLAIN},
	{{"SHELL=@/script"}, HOSTILE_PLAIN},
	{{"USER=root"}, HOSTILE_PLAIN},
	{{"SSH_AUTH_INFO_0=publickey"}, HOSTILE_PLAIN},
	{{"SSH_AUTH_SOCK=@/agent"}, HOSTILE_PLAIN},
	{{"SSH_CLIENT=192.0.2.1 1 22"}, HOSTILE_PLAIN},
	{{"SSH_ASKPASS=@/script", "SSH_ASKPASS_REQUIRE=force"}, HOSTILE_PLAIN},
	/* systemd's, and names that somebody might take for ours */
	{{"LISTEN_PID=1", "LISTEN_FDS=1"}, HOSTILE_PLAIN},
	{{"NOTIFY_SOCKET=@/notify"}, HOSTILE_PLAIN},
	{{"TFA_DEBUG=1"}, HOSTILE_PLAIN},
	{{"TFA_EXEMPT=1"}, HOSTILE_PLAIN},
	{{"TFA_KEEPER=@/script"}, HOSTILE_PLAIN},
	{{"TFA_KEEPER_USER=root"}, HOSTILE_PLAIN},
	{{"TFA_POLICY=@/policy.json"}, HOSTILE_PLAIN},
	{{"TFA_SOCKET=@/keeper.sock"}, HOSTILE_PLAIN},
	{{"TFA_STORE=@/store"}, HOSTILE_PLAIN},
	{{"TFA_USER=root"}, HOSTILE_PLAIN},
	{{"TFA_VERDICT=pass"}, HOSTILE_PLAIN},
};
/* clang-format on */

const size_t hostile_count = sizeof(hostile_table) / sizeof(hostile_table[0]);

/* Puts the library under each name by which a program might load it. */
static void
put_library(const char *folder)
{
	static const char *const names[] = {"hostile.so", "libtinfo.so.6",
	    "libqrencode.so.4", "libsmartcols.so.1"};
	const char *library = getenv("TFA_HOSTILE");

	if (library == NULL)
		fail("TFA_HOSTILE is not set: use tests/scenario/run");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_status(
		    run(ARGV("cp", library, text("%s/%s", folder, names[i])),
			NULL, 0),
		    0);
}

char *
hostile_folder(const struct bastion *b)
{
	char *folder = text("%s/hostile", b->dir);
	char *script = text(": >%s/ran\n", folder);

	cr_assert_eq(mkdir(folder, 0777), 0);
	cr_assert_eq(chmod(folder, 0777), 0);
	put_library(folder);
	write_text(text("%s/script", folder), script);
	write_text(text("%s/.bashrc", folder), script);
	write_text(text("%s/gconv-modules", folder),
	    "module UTF-8// INTERNAL hostile 1\n"
	    "module INTERNAL UTF-8// hostile 1\n");
	write_text(text("%s/openssl.cnf", folder),
	    text("openssl_conf = all\n[all]\nproviders = list\n[list]\n"
		 "hostile = one\ndefault = two\n"
		 "[one]\nmodule = %s/hostile.so\nactivate = 1\n"
		 "[two]\nactivate = 1\n",
		folder));
	write_text(text("%s/aliases", folder), "bastion evil.example\n");
	return folder;
}

char *
hostile_text(const char *set, const char *folder)
{
	const char *at = strchr(set, '@');

	if (at == NULL)
		return text("%s", set);
	return hostile_text(
	    text("%.*s%s%s", (int)(at - set), set, folder, at + 1), folder);
}

bool
hostile_ran(const char *folder)
{
	return unlink(text("%s/ran", folder)) == 0;
}
