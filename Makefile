# tfa: a second lock on SSH bastions
#
#   make            the programs, into build/
#   make demo       enrol, log in, be refused: on a private sshd, as a story
#   make demo-fleet a code that is good once at two bastions, on a real etcd
#   make test       unit and scenario tests, with a closing count;
#                   TEST=suite/name for one, TEST='suite/*' for some
#   make check-fast formatting and unit tests
#   make test-asan  most of it under AddressSanitizer and UBSan; a leak fails
#   make test-debian RELEASE=trixie
#                   demo and test on a fresh Debian: bookworm, trixie or forky;
#                   with SHORT=1 only what depends on the release
#   make test-machines
#                   build for arm64, armhf and i386; arm64's unit tests by qemu.
#                   MACHINES='i386 --build armhf' chooses
#   make test-portable
#                   builds on older systems, and with musl
#   make test-container
#                   the example of a bastion in a container, with podman
#   make test-packages RELEASE=trixie
#                   packages on fresh, booted Debians, while people log in
#   make test-build-deps RELEASE=trixie
#                   make and make install on a fresh Debian with build-deps alone
#   make test-reproducible
#                   two builds in two places have the same bytes; with PACKAGES=1
#                   the Debian packages, too
#   make soak       kills and floods for SOAK_SECONDS=600, then figures
#   make fuzz       each parser under libFuzzer, FUZZ_SECONDS=10 of it
#   make bench      what it costs, beside what people use today
#   make envfuzz    the search for variables that run something before the gate
#   make prove      claims for all inputs up to a bound, by cbmc and spin;
#   make prove-mutants
#                   and how they fail when the code is broken
#   make odds       what guessing codes is worth, a year, as a table
#   make lint       formatting, static analysis, direction of includes, hardening
#   make format     let clang-format decide
#   make browser    the report's page in headless Chromium, where there is one
#   make pictures   draw examples/*.svg anew, from a real terminal
#   make build-deps what building and installing needs, on Debian: compiler and
#                   libraries; where nothing is missing, nothing is installed
#   make deps       build-deps, and what the tests need: some 140 packages
#   make door       the PAM module, into build/; needs libpam0g-dev
#   make fleet      tfa-link, for a fleet of bastions on etcd, into build/; needs
#                   libcurl4-openssl-dev, 7.87 or later, and libcjson-dev
#   make install    DESTDIR= PREFIX=/usr; nothing setuid
#   make install-door
#                   what a door needs besides: LIBDIR=, PAMDIR= of PAM's modules
#   make install-fleet
#                   what a bastion in a fleet needs besides
#   make uninstall
#   make dist       what is committed, as build/tfa-VERSION.tar.gz
#   make deb        Debian packages of what is committed, in build/deb/
#   make sbom       which library is linked into which program, as a table and as
#                   build/tfa.spdx.json (SPDX 2.3); on Debian
#   make clean
#
# V=1 shows the commands.

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/tfa
SSHD_CONFIGS ?= /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf
DOORDIR ?= $(LIBDIR)/tfa
SSHD ?= /usr/sbin/sshd
# Where libpam looks for modules: beside pam_unix.so, where there is one.
PAMDIR ?= $(or $(patsubst %/,%,$(dir $(firstword $(wildcard \
	$(LIBDIR)/$(TARGET)/security/pam_unix.so \
	$(LIBDIR)64/security/pam_unix.so $(LIBDIR)/security/pam_unix.so)))), \
	$(LIBDIR)/security)
PAM_CONFIGS ?= /etc/pam.conf /etc/pam.d/*
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
BUILD ?= build
CC ?= cc
TARGET := $(shell $(CC) -print-multiarch 2>/dev/null)
WERROR ?= -Werror

VERSION := 0.4.0
Q := $(if $(V),,@)
comma := ,
HASH := \#

# Flags.  What a compiler may not know is asked first.
probe = $(shell $(CC) $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && \
	echo '$(1)')
WARN := -Wall -Wextra -Wpedantic -Wformat=2 -Wconversion -Wshadow -Wvla \
	-Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum $(WERROR)
FORTIFY_PLAIN := -U_FORTIFY_SOURCE $(or $(call probe,-D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2)
HARDEN_PLAIN := -fstack-protector-strong $(call probe,-fstack-clash-protection) \
	$(call probe,-fcf-protection) $(call probe,-mbranch-protection=standard) \
	$(call probe,-ftrivial-auto-var-init=zero)
ifeq ($(SAN),)
FORTIFY := $(FORTIFY_PLAIN)
HARDEN := $(HARDEN_PLAIN)
else
SANITIZE := -fsanitize=address,undefined$(if $(filter fuzz,$(SAN)),$(comma)fuzzer-no-link)
HARDEN := $(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# A build with sanitizers takes half as long by -O1 -g1; reports have their lines.
# By -O1 gcc also warns of what it sees to be right by -O2.
OPT ?= $(if $(filter 1,$(SAN)),-O1 -g1 -Wno-error,-O2 -g)
CFLAGS ?= $(OPT)
# Programs are the same wherever they are built.
HERE := -ffile-prefix-map=$(CURDIR)=.
# On 32 bits glibc has times after 2038 only if it is asked.
TIME64 := $(shell echo 'int bits[sizeof(long) == 4 ? 1 : -1];' | \
	$(CC) -x c -c - -o /dev/null 2>/dev/null && \
	echo -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64)
BASE := -std=c11 -D_GNU_SOURCE $(TIME64) $(HERE) -fPIE -ffunction-sections -fdata-sections \
	-MMD -MP -iquote . -iquote $(BUILD)/obj \
	-DTFA_VERSION='"$(VERSION)"' -DTFA_SBINDIR='"$(SBINDIR)"' \
	-DTFA_DOORDIR='"$(DOORDIR)"'
COMPILE = $(CC) $(BASE) $(FORTIFY) $(HARDEN) $(WARN) $(CFLAGS)
LINK_PLAIN := -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code \
	-Wl,--as-needed
LINK := -pie $(LINK_PLAIN) $(SANITIZE)
# What the linker took, and from where.
MAP = -Wl,-Map=$@.map

# Sources, by folder.  A main.c is a program, and all else can be tested.
KEEPER_SRC := $(wildcard store/keeper/*.c)
LINK_SRC := $(wildcard store/link/*.c)
LIB_SRC := $(filter-out $(KEEPER_SRC) $(LINK_SRC),$(wildcard store/*/*.c)) \
	$(wildcard gate/sshd/*.c gate/screen/*.c)
GATE_SRC := $(wildcard gate/*.c)
OWN_SRC := $(wildcard gate/own/*.c)
QR_SRC := $(wildcard gate/qr/*.c)
ADMIN_SRC := $(wildcard admin/*.c admin/*/*.c)
PAM_SRC := $(wildcard gate/pam/*.c)
PRODUCT_SRC := $(LIB_SRC) $(KEEPER_SRC) $(GATE_SRC) $(OWN_SRC) $(QR_SRC) \
	$(ADMIN_SRC) $(PAM_SRC) $(LINK_SRC)
UNIT_SRC := $(wildcard $(addprefix tests/unit/,*.c */*.c */*/*.c))
DOOR := $(if $(call probe,-include security/pam_appl.h),door)
# "fleet" where the link's libraries are, and new enough.
FLEET := $(shell printf '%s\n' '$(HASH)include <curl/curl.h>' \
	'$(HASH)include <cjson/cJSON.h>' \
	'char new_enough[LIBCURL_VERSION_NUM >= 0x075700 ? 1 : -1];' | \
	$(CC) -x c -c - -o /dev/null 2>/dev/null && echo fleet)
# These talk to PAM themselves.
PAM_TESTS := tests/scenario/pam.c tests/support/apply.c
SCENARIO_SRC := $(wildcard tests/scenario/*.c)
SUPPORT_SRC := $(filter-out $(PAM_TESTS),$(wildcard tests/support/*.c))
SOAK_SRC := $(wildcard tests/soak/*.c)
ODDS_SRC := $(wildcard tests/odds/*.c)
ENVFUZZ_SRC := $(wildcard tests/envfuzz/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
FUZZ_SUPPORT_SRC := $(wildcard tests/fuzz/support/*.c)
BENCH_SRC := $(wildcard tests/bench/*.c)
HOSTILE_SRC := tests/hostile/library.c
AHEAD_SRC := tests/clock/ahead.c
SK_SRC := tests/sk/provider.c
EXAMPLE_SRC := $(wildcard examples/*.c)
GATE_PARTS := $(filter-out gate/main.c,$(GATE_SRC))
OWN_PARTS := $(filter-out gate/own/main.c,$(OWN_SRC))
ADMIN_PARTS := $(filter-out admin/main.c,$(ADMIN_SRC))
PAM_PARTS := $(filter-out gate/pam/pam_tfa.c,$(PAM_SRC))
# These neither open a file nor talk to anybody.
LINK_PARTS := $(addprefix store/link/,request.c tree.c etcd.c etcd_judge.c \
	etcd_read.c endpoints.c token.c history.c certificate.c)
SEEDS_PARTS := $(addprefix admin/tokens/,columns.c csv_text.c key_text.c \
	maker_file.c pskc.c pskc_key.c seeds.c seeds_csv.c)
KEEPER_PARTS := $(filter-out store/keeper/main.c,$(KEEPER_SRC))
ALL_C := $(PRODUCT_SRC) $(UNIT_SRC) $(SCENARIO_SRC) $(SOAK_SRC) $(ODDS_SRC) \
	$(ENVFUZZ_SRC) $(SUPPORT_SRC) $(EXAMPLE_SRC) $(FUZZ_SRC) \
	$(FUZZ_SUPPORT_SRC) $(BENCH_SRC) $(HOSTILE_SRC) $(AHEAD_SRC) \
	$(SK_SRC) $(PAM_TESTS)
PROOF_SRC := $(wildcard tests/proofs/*.c)
ALL_H := $(shell find store gate admin tests examples -name '*.h')
# Sorted: wildcard of an old make is not, and the linker keeps the order.
obj = $(sort $(patsubst %.c,$(BUILD)/obj/%.o,$(1)))

PROGRAMS := $(BUILD)/tfa-gate $(BUILD)/tfa $(BUILD)/tfa-qr \
	$(BUILD)/tfa-keeper $(BUILD)/tfa-admin

all: $(PROGRAMS)

help:
	@sed -n '/^$$/q; s/^#\( \|$$\)//p' $(firstword $(MAKEFILE_LIST))

# Drop unused functions: the loader would resolve their symbols at every login.
$(PROGRAMS): LINK += -Wl,--gc-sections

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo '  CC    $<'
	$(Q)$(COMPILE) -c $< -o $@

# What "setup" installs is built in: each line as a C string.
$(BUILD)/obj/etc/%.inc: etc/%
	@mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@

$(BUILD)/obj/admin/setup/text.o: $(patsubst %,$(BUILD)/obj/etc/%.inc, \
    policy.json tfa-keeper.service tfa-keeper.socket tfa-setup.service \
    tfa-sshd.pam tfa-sshd.service ssh_config-door)

$(BUILD)/obj/admin/doctor/door_files.o: BASE += -DTFA_PAMDIR='"$(PAMDIR)"'

# "q": two folders may have a file of one name.
$(BUILD)/libtfa.a: $(call obj,$(LIB_SRC))
	@echo '  AR    $@'
	$(Q)rm -f $@ && $(AR) qcs $@ $^

# The gate is loaded at each login: a static program, which loads nothing else,
# and of musl, since glibc asks the processor some seventy questions before
# main(), which a virtual machine answers so slowly that it is most of a login.
# What needs libcrypto, libqrencode or statx(2) is not in it.  GATE_LIBC= makes an
# ordinary program, as does a machine without a musl-gcc for what CC builds for.
MUSL_GCC := $(shell for gcc in musl-gcc $(subst -gnu,-musl,$(TARGET))-gcc; do \
	command -v $$gcc >/dev/null 2>&1 && \
	test "$$($$gcc -print-multiarch)" = '$(TARGET)' && echo $$gcc && break; done)
GATE_LIBC ?= $(if $(SAN),,$(if $(MUSL_GCC),musl))
ifeq ($(GATE_LIBC),musl)
$(if $(MUSL_GCC),,$(error GATE_LIBC=musl needs a musl-gcc for $(TARGET)))
MUSL_LIB := /usr/lib/$(subst -gnu,-musl,$(TARGET))
musl = $(sort $(patsubst %.c,$(BUILD)/obj-musl/%.o,$(1)))
MUSL_SRC := $(shell grep -L 'openssl/\|qrencode\.h\|statx' $(LIB_SRC))
GATE_OBJ := $(call musl,gate/main.c $(GATE_PARTS)) $(BUILD)/libtfa-musl.a
GATE_LINK := -nostdlib -static-pie -Wl,-z,text $(MUSL_LIB)/rcrt1.o \
	$(MUSL_LIB)/crti.o
GATE_LIBS := -L$(MUSL_LIB) -lc -lgcc -lc $(MUSL_LIB)/crtn.o

$(BUILD)/obj-musl/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo '  CC    $< (musl)'
	$(Q)$(MUSL_GCC) $(BASE) $(HARDEN) $(WARN) $(CFLAGS) -c $< -o $@

$(BUILD)/libtfa-musl.a: $(call musl,$(MUSL_SRC))
	@echo '  AR    $@'
	$(Q)rm -f $@ && $(AR) qcs $@ $^

-include $(patsubst %.o,%.d,$(call musl,gate/main.c $(GATE_PARTS) $(MUSL_SRC)))
else
GATE_OBJ := $(call obj,gate/main.c $(GATE_PARTS)) $(BUILD)/libtfa.a
endif

# Of two gates the one that is there says which it is.
GATE_MARK := $(BUILD)/gate-of-$(or $(GATE_LIBC),libc)
$(GATE_MARK):
	@mkdir -p $(@D)
	$(Q)rm -f $(BUILD)/gate-of-* && touch $@

$(BUILD)/tfa-gate: $(GATE_OBJ) $(GATE_MARK)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $(GATE_LINK) $(GATE_OBJ) -o $@ $(GATE_LIBS) $(MAP)

$(BUILD)/tfa: $(call obj,$(OWN_SRC) $(GATE_PARTS)) $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ $(MAP)

$(BUILD)/tfa-qr: $(call obj,$(QR_SRC)) $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lqrencode $(MAP)

$(BUILD)/tfa-keeper: $(call obj,$(KEEPER_SRC)) $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lcrypto $(MAP)

$(BUILD)/tfa-admin: $(call obj,$(ADMIN_SRC)) $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lsmartcols -lcrypto -lz -lexpat $(MAP)

# The link of a fleet, the only program with a network: where it is not wanted,
# neither is libcurl.
LINK_KEEPER := $(addprefix store/keeper/,confine.c filter.c start.c)
fleet: $(BUILD)/tfa-link

$(BUILD)/tfa-link: LINK += -Wl,--gc-sections
$(BUILD)/tfa-link: $(call obj,$(LINK_SRC) $(LINK_KEEPER)) $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lcurl -lcjson -lcrypto $(MAP)

# The door's module, which sshd, sudo and su load: of libpam and libc alone, and
# without sanitizers, which those programs have not.  PAM_LIB is all that it
# takes of the library.
PAM_LIB := $(addprefix gate/sshd/,config.c config_words.c guard.c hardware.c \
	hardware_search.c key.c keyfile.c keyfile_changed.c keyline.c keypath.c \
	methods.c rootfile.c started.c title.c) \
	$(wildcard store/json/*.c) \
	$(addprefix store/base/,address.c base32.c clock.c descriptor.c endpoint.c \
	fault.c file.c list.c utf8.c when.c) \
	$(addprefix store/core/,record.c record_check.c token.c typed.c verdict.c) \
	store/import/import.c store/system/passwd.c \
	$(addprefix store/wire/,connection.c dial.c protocol.c)
pic = $(sort $(patsubst %.c,$(BUILD)/obj-pic/%.o,$(1)))

door: $(BUILD)/pam_tfa.so

$(BUILD)/obj-pic/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo '  CC    $< (shared)'
	$(Q)$(CC) $(BASE) $(FORTIFY_PLAIN) $(HARDEN_PLAIN) $(WARN) $(CFLAGS) \
	    -fPIC -fvisibility=hidden -c $< -o $@

$(BUILD)/libtfa-pic.a: $(call pic,$(PAM_LIB))
	@echo '  AR    $@'
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(BUILD)/pam_tfa.so: $(call pic,$(PAM_SRC)) $(BUILD)/libtfa-pic.a
	@echo '  LINK  $@'
	$(Q)$(CC) -shared $(LINK_PLAIN) -Wl,-z,defs,--gc-sections $^ -o $@ -lpam $(MAP)

-include $(patsubst %.o,%.d,$(call pic,$(PAM_SRC) $(PAM_LIB)))

# The programs without their main.c: a test takes what it needs.
$(BUILD)/libparts.a: $(call obj,$(KEEPER_PARTS) $(GATE_PARTS) $(OWN_PARTS) \
    $(PAM_PARTS) $(ADMIN_PARTS) $(LINK_PARTS))
	@echo '  AR    $@'
	$(Q)rm -f $@ && $(AR) qcs $@ $^

# Tests.  What tests/unit/inject.c makes fail, or looks at.
WRAPPED := malloc calloc strdup free open openat read __read_chk write send fsync \
	flock fchmod fstat lseek mkdirat renameat accept4 unlinkat pread ftruncate \
	close recv __recv_chk poll getrandom fopen fdopen fdopendir readdir \
	getline __getdelim getpwent getpwuid getpwnam getgrnam_r getsockopt \
	time store_update \
	syslog __syslog_chk EVP_MAC_init
ifneq ($(TIME64),)
WRAPPED += open64 openat64 lseek64 pread64 __fstat64_time64 ftruncate64 \
	fopen64 readdir64 __time64 __getsockopt64
endif
$(BUILD)/unit: LINK += $(WRAPPED:%=-Wl,--wrap=%)
$(BUILD)/unit: $(call obj,$(UNIT_SRC)) $(BUILD)/libparts.a $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lcriterion -lcjson -lcrypto -lqrencode \
	    -lsmartcols -lz -lexpat

# Sanitizers look at the programs that the scenarios start; what starts them is
# an ordinary program, of the ordinary build.
DRIVER := $(if $(SAN),build,$(BUILD))/scenario
ifneq ($(SAN),)
.PHONY: $(DRIVER)
$(DRIVER):
	$(Q)$(MAKE) $@ BUILD=build SAN=
endif

$(BUILD)/scenario: $(call obj,$(SUPPORT_SRC) $(if $(DOOR),$(PAM_TESTS)) \
    $(filter-out $(PAM_TESTS),$(SCENARIO_SRC))) $(BUILD)/libtfa.a \
    | $(BUILD)/hostile.so $(BUILD)/ahead.so $(BUILD)/sk.so
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lcriterion -lcrypto $(if $(DOOR),-lpam)

# What the scenarios have others try to load into the programs.
$(BUILD)/hostile.so: $(HOSTILE_SRC)
$(BUILD)/ahead.so: $(AHEAD_SRC)
$(BUILD)/hostile.so $(BUILD)/ahead.so:
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(HERE) $(WARN) $(OPT) -shared -fPIC $^ -o $@

# The hardware key of the scenarios, which ssh loads.
$(BUILD)/sk.so: $(SK_SRC)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(HERE) $(WARN) $(OPT) -shared -fPIC $^ -o $@ \
	    -lcrypto

-include $(patsubst %.o,%.d,$(call obj,$(ALL_C)))

# With TEST only the program that holds that test is built.
test: deps
	$(Q)programs=$$([ -z "$$TEST" ] && echo tests || tests/named "$$TEST") && \
	    $(MAKE) $$(printf 'build-%s ' $$programs)
	BUILD=$(BUILD) DRIVER=$(DRIVER) $(if $(SAN),SCENARIOS='$(SAN_SCENARIOS)') \
	    tests/run $(if $(SAN),unit scenario)

build-unit: $(BUILD)/unit
build-scenario: all $(DOOR) $(FLEET) $(BUILD)/hostile.so $(BUILD)/ahead.so \
    $(BUILD)/sk.so $(DRIVER)
# What envfuzz starts are shells, which no sanitizer sees; demo is no test.
build-tests: build-unit build-scenario \
    $(if $(SAN),,$(BUILD)/demo $(BUILD)/envfuzz)

check-fast: deps
	@tests/deps clang-format
	$(MAKE) build-unit
	$(Q)clang-format --dry-run -Werror $(ALL_C) $(PROOF_SRC) $(ALL_H)
	BUILD=$(BUILD) tests/run unit

# Other suites ask of our programs the same as those that are left out, whose
# clients, shells and PAM files have no sanitizer, or which mostly wait: for a
# machine to boot, for a setup to end, for an sshd that does not answer.
NOT_SAN = clients clients_desktop doctor_system doctor_systemd door_clients \
	door_lost login_shells pam setup_door setup_judged setup_late shells \
	sudo systemd systemd_link
SAN_SCENARIOS := !($(subst $() $(),|,$(strip $(NOT_SAN))))/*
test-asan:
	$(MAKE) test BUILD=build-asan SAN=1

# As root; MIRROR= and DEBIAN_ROOTS= are explained there.
test-debian:
	tests/debian $(if $(SHORT),--short) $(RELEASE)

test-build-deps:
	tests/build-deps $(RELEASE)

# As root, too.  A machine behind --build is only built for.
MACHINES ?= arm64 --build armhf i386
test-machines:
	LIBRARIES='$(filter %-dev,$(BUILD_DEPS) $(TEST_DEPS))' \
	    tests/machines $(MACHINES)

# Not with sanitizers, which older systems and musl do not have.
test-portable: deps
	@tests/deps binutils
	$(MAKE) all door $(FLEET) build-unit
	BUILD=$(BUILD) tests/portable

objects: $(call obj,$(filter-out $(if $(FLEET),,$(LINK_SRC)),$(PRODUCT_SRC)))

# As root, for a second build by another user.
test-reproducible:
	@tests/deps faketime
	FLEET=$(FLEET) tests/reproducible $(if $(PACKAGES),--packages)

# As root, from the packages; MIRROR= and DEBIAN_ROOTS= as above.
test-container: deb
	DEBS=$(BUILD)/deb tests/container

# As root. PACKAGES= keeps what is built, for another run.
test-packages:
	tests/packages/run $(RELEASE)

# As root, for people of its own and a keeper to kill.
SOAK_SECONDS ?= 600
soak: deps
	$(MAKE) all door $(BUILD)/soak
	BUILD=$(BUILD) SOAK_SECONDS=$(SOAK_SECONDS) tests/scenario/run --soak

$(BUILD)/soak: $(call obj,$(SOAK_SRC) $(SUPPORT_SRC)) $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lcrypto

# Of each shell that Debian offers in /etc/shells; SHELLS= names others.
# yash is in Debian 12 only.
ENVFUZZ_DEPS = bash-static zsh-static elvish xonsh 9base \
	$(shell apt-cache show yash >/dev/null 2>&1 && echo yash)
ENVFUZZ_SECONDS ?= 60
envfuzz: deps
	@tests/deps $(ENVFUZZ_DEPS)
	$(MAKE) all $(BUILD)/envfuzz
	BUILD=$(BUILD) $(BUILD)/envfuzz --seconds $(ENVFUZZ_SECONDS) $(SHELLS)

$(BUILD)/envfuzz: $(call obj,$(ENVFUZZ_SRC) admin/doctor/person.c) \
    | $(BUILD)/envfuzz.so
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@

$(BUILD)/envfuzz.so: $(HOSTILE_SRC)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(HERE) $(WARN) $(OPT) -DTRACE='"../marks/ran"' \
	    -shared -fPIC $^ -o $@

odds: deps
	$(MAKE) $(BUILD)/odds
	$(BUILD)/odds

$(BUILD)/odds: $(call obj,$(ODDS_SRC)) $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lcrypto

# tests/fuzz/NAME.c is a harness; its seeds are in tests/fuzz/corpus/NAME.
FUZZ_SECONDS ?= 10
FUZZ_BUILD = $(BUILD)-fuzz
fuzz: deps
	@tests/deps clang libclang-rt-dev
	$(MAKE) build-fuzz BUILD=$(FUZZ_BUILD) SAN=fuzz CC=clang
	BUILD=$(FUZZ_BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run

.PRECIOUS: $(BUILD)/obj/tests/fuzz/%.o
build-fuzz: $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(call obj,$(FUZZ_SUPPORT_SRC) \
    $(PAM_PARTS) $(LINK_PARTS) $(SEEDS_PARTS)) $(BUILD)/libtfa.a
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) -fsanitize=fuzzer $^ -o $@ -lcjson -lcrypto -lexpat

demo: deps
	$(MAKE) all $(BUILD)/demo
	BUILD=$(BUILD) examples/demo

$(BUILD)/demo: $(call obj,examples/demo.c examples/story.c $(SUPPORT_SRC)) \
    $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lcrypto

# As root, for people and a network of its own.
demo-fleet: deps
	$(MAKE) all fleet $(BUILD)/demo-fleet
	BUILD=$(BUILD) tests/scenario/run --demo-fleet

$(BUILD)/demo-fleet: $(call obj,examples/fleet.c examples/story.c \
    $(SUPPORT_SRC)) $(BUILD)/libtfa.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lcrypto

# Skipped where there is no Chromium, which is no dependency.
browser:
	tests/browser examples/report.html || [ $$? -eq 77 ]

# As root, for a bastion with a keeper and people.
pictures: deps
	$(MAKE) all $(BUILD)/demo
	BUILD=$(BUILD) examples/pictures

# Against the peers that Debian has.  SECTIONS= runs only some of it; see
# tests/bench/run.
BENCH_DEPS := python3 pamtester libpam-google-authenticator libpam-oath \
	valgrind strace
BENCH := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(BENCH_SRC))
bench: deps
	@tests/deps $(BENCH_DEPS)
	$(MAKE) all door fleet $(BENCH)
	BUILD=$(BUILD) tests/bench/run $(SECTIONS)

# These are clients of etcd beside the link.
$(BUILD)/bench/fleet $(BUILD)/bench/fleet_many: $(BUILD)/bench/%: \
    $(BUILD)/obj/tests/bench/%.o $(call obj,$(SUPPORT_SRC)) $(BUILD)/libtfa.a
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LINK) $^ -o $@ -lcurl -lcrypto

$(filter-out %/fleet %/fleet_many,$(BENCH)): $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) $(if $(filter landing,$*),-static,$(LINK)) $^ -o $@

# With cbmc, which is in Debian 13, and spin.  PROOFS= runs some of them: files
# in tests/proofs, or functions in there.
prove:
	$(Q)tests/proofs/run $(PROOFS)

prove-mutants:
	$(Q)tests/proofs/run --mutants $(PROOFS)

# FOLDER= an installed system, whose programs may have lost their symbols.
sbom: all door $(FLEET)
	$(Q)BUILD=$(BUILD) tests/sbom $(FOLDER)

# Debian's packages: what to build and install with, what else to test with.
BUILD_DEPS := gcc musl-tools libssl-dev libqrencode-dev libsmartcols-dev \
	zlib1g-dev libexpat1-dev libpam0g-dev
FLEET_DEPS := libcurl4-openssl-dev libcjson-dev
TEST_DEPS := python3 $(FLEET_DEPS) libcriterion-dev \
	openssh-server openssh-client openssh-sftp-server \
	oathtool zbar-tools tmux rsync mandoc openssl git ansible-core mosh \
	netcat-openbsd libpam-google-authenticator logrotate systemd fish tcsh zsh \
	gpg gpg-agent xauth mksh ksh93u+m csh rc sash screen \
	iproute2 sudo putty-tools dropbear-bin python3-paramiko \
	python3-asyncssh python3-cryptography etcd-server etcd-client curl
DEB_DEPS := build-essential dpkg-dev debhelper po-debconf lintian
build-deps:
	@tests/deps $(BUILD_DEPS)
deps:
	@tests/deps $(BUILD_DEPS) $(TEST_DEPS)

lint:
	@tests/deps clang-format cppcheck python3 libpam0g-dev $(FLEET_DEPS)
	$(MAKE) all door fleet
	$(Q)clang-format --dry-run -Werror $(ALL_C) $(PROOF_SRC) $(ALL_H)
	$(Q)cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,performance,portability -I . \
	    --suppress=missingInclude --suppress=toomanyconfigs \
	    $(PRODUCT_SRC)
	$(Q)BUILD=$(BUILD) tests/house
	$(Q)tests/words
	$(Q)BUILD=$(BUILD) tests/hardening
	@echo lint: clean

# What a file says of where things are follows PREFIX and SBINDIR.
LINK_MANUALS := $(wildcard store/link/*.8)
MANUALS := $(filter-out $(LINK_MANUALS),$(wildcard */tfa*.[1578] */*/tfa*.[1578]))
DOOR_MANUALS := $(wildcard gate/pam/*.8)
put = sed 's|/usr/sbin/tfa|$(SBINDIR)/tfa|g; s|/usr/share/doc/tfa|$(DOCDIR)|g; \
	s|/usr/lib/tfa|$(DOORDIR)|g; s|/usr/lib/security|$(PAMDIR)|g' \
	$(1) | install -D -m 0644 /dev/stdin $(DESTDIR)$(2)

manuals = $(foreach page,$(1),$(call put,$(page),$(MANDIR)/man$(subst \
	.,,$(suffix $(page)))/$(notdir $(page))) &&) true

METRICS_UNITS := $(notdir $(wildcard etc/tfa-metrics*))

# Puts a file in place of another one in one step: there is no moment without
# it, in which a login would be refused, also where the disk is full.
replace = install -D -m $(1) $(2) $(DESTDIR)$(3).new && \
	mv -f $(DESTDIR)$(3).new $(DESTDIR)$(3)

# tfa is for everybody, the rest for sshd and administrators.  The keeper comes
# first: it answers an older gate, too.
KEEPER_FIRST = $(filter %/tfa-keeper,$(PROGRAMS)) \
	$(filter-out %/tfa-keeper $(BUILD)/tfa,$(PROGRAMS))
install: all
	$(Q)install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(BINDIR) \
	    $(DESTDIR)$(DOCDIR)/examples/policies $(DESTDIR)$(SYSCONFDIR)/tfa
	$(Q)$(foreach program,$(KEEPER_FIRST),$(call \
	    replace,0755,$(program),$(SBINDIR)/$(notdir $(program))) &&) true
	$(if $(filter $(BUILD)/tfa,$(PROGRAMS)),$(Q)$(call \
	    replace,0755,$(BUILD)/tfa,$(BINDIR)/tfa))
	$(Q)$(call put,etc/tfa-keeper.service,$(UNITDIR)/tfa-keeper.service)
	$(Q)$(call put,etc/tfa-keeper.socket,$(UNITDIR)/tfa-keeper.socket)
	$(Q)$(foreach unit,$(METRICS_UNITS),$(call put,etc/$(unit),$(UNITDIR)/$(unit)) &&) true
	$(Q)$(call put,etc/sshd-tfa.conf,$(DOCDIR)/sshd-tfa.conf)
	$(Q)$(call put,README.md,$(DOCDIR)/README.md)
	$(Q)$(call manuals,$(MANUALS))
	$(Q)install -m 0644 LICENSE CHANGELOG.md SECURITY.md \
	    store/wire/PROTOCOL.md $(DESTDIR)$(DOCDIR)
	$(Q)install -m 0644 examples/ssh_config examples/*.svg examples/alerts*.yml \
	    $(DESTDIR)$(DOCDIR)/examples
	$(Q)install -m 0755 examples/tfa-proxy $(DESTDIR)$(DOCDIR)/examples
	$(Q)install -d $(DESTDIR)$(DOCDIR)/examples/container
	$(Q)install -m 0644 $(wildcard examples/container/*) \
	    $(DESTDIR)$(DOCDIR)/examples/container
	$(Q)chmod 0755 $(DESTDIR)$(DOCDIR)/examples/container/entry \
	    $(DESTDIR)$(DOCDIR)/examples/container/run
	$(Q)install -d $(DESTDIR)$(DOCDIR)/examples/etcd
	$(Q)install -m 0644 examples/etcd/README.md \
	    $(DESTDIR)$(DOCDIR)/examples/etcd
	$(Q)install -m 0755 examples/etcd/make-files \
	    $(DESTDIR)$(DOCDIR)/examples/etcd
	$(Q)install -m 0644 examples/policies/* \
	    $(DESTDIR)$(DOCDIR)/examples/policies
	$(Q)install -D -m 0644 etc/tfa.sysusers \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/tfa.conf
	$(Q)install -D -m 0644 etc/tfa.tmpfiles \
	    $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/tfa.conf
	$(Q)install -D -m 0644 etc/tfa-completion.bash \
	    $(DESTDIR)$(COMPLETIONDIR)/tfa-admin
	$(Q)ln -sf tfa-admin $(DESTDIR)$(COMPLETIONDIR)/tfa
	$(Q)test -e $(DESTDIR)$(SYSCONFDIR)/logrotate.d/tfa || install -D -m 0644 \
	    etc/tfa.logrotate $(DESTDIR)$(SYSCONFDIR)/logrotate.d/tfa
	$(Q)test -e $(DESTDIR)$(SYSCONFDIR)/tfa/policy.json || install -m 0644 \
	    etc/policy.json $(DESTDIR)$(SYSCONFDIR)/tfa/policy.json
	@echo '  INSTALL $(DESTDIR)$(PREFIX) $(DESTDIR)$(SYSCONFDIR)/tfa'

# A door is for bastions that want one, and a package of its own may hold it.
install-door: door
	$(Q)$(call replace,0644,$(BUILD)/pam_tfa.so,$(PAMDIR)/pam_tfa.so)
	$(Q)$(call put,etc/tfa-sshd.service,$(UNITDIR)/tfa-sshd.service)
	$(Q)$(call put,etc/tfa-sshd.pam,$(DOORDIR)/tfa-sshd.pam)
	$(Q)$(call put,etc/tfa-door,$(DOORDIR)/tfa-door)
	$(Q)chmod 0755 $(DESTDIR)$(DOORDIR)/tfa-door
	$(Q)ln -sf $(SSHD) $(DESTDIR)$(DOORDIR)/tfa-sshd
	$(Q)install -D -m 0644 etc/ssh_config-door \
	    $(DESTDIR)$(DOCDIR)/examples/ssh_config-door
	$(Q)$(call manuals,$(DOOR_MANUALS))
	@echo '  INSTALL $(DESTDIR)$(PAMDIR)/pam_tfa.so $(DESTDIR)$(DOORDIR)'

# The link is for bastions in a fleet, and a package of its own may hold it.
install-fleet: fleet
	$(Q)$(call replace,0755,$(BUILD)/tfa-link,$(SBINDIR)/tfa-link)
	$(Q)$(call put,etc/tfa-link.service,$(UNITDIR)/tfa-link.service)
	$(Q)install -D -m 0644 etc/tfa-link.sysusers \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/tfa-link.conf
	$(Q)$(call manuals,$(LINK_MANUALS))
	@echo '  INSTALL $(DESTDIR)$(SBINDIR)/tfa-link'

# The policy and the records stay.
uninstall:
	$(Q)test -n "$(DESTDIR)" || SBINDIR='$(SBINDIR)' \
	    SSHD_CONFIGS='$(SSHD_CONFIGS)' PAM_CONFIGS='$(PAM_CONFIGS)' \
	    make/unused
	$(Q)rm -f $(patsubst $(BUILD)/%,$(DESTDIR)$(SBINDIR)/%,$(PROGRAMS)) \
	    $(DESTDIR)$(BINDIR)/tfa \
	    $(DESTDIR)$(UNITDIR)/tfa-keeper.service \
	    $(DESTDIR)$(UNITDIR)/tfa-keeper.socket \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/tfa.conf \
	    $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/tfa.conf \
	    $(DESTDIR)$(COMPLETIONDIR)/tfa-admin \
	    $(DESTDIR)$(COMPLETIONDIR)/tfa \
	    $(DESTDIR)$(SYSCONFDIR)/logrotate.d/tfa \
	    $(DESTDIR)$(PAMDIR)/pam_tfa.so \
	    $(DESTDIR)$(UNITDIR)/tfa-sshd.service \
	    $(DESTDIR)$(SBINDIR)/tfa-link \
	    $(DESTDIR)$(UNITDIR)/tfa-link.service \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/tfa-link.conf \
	    $(addprefix $(DESTDIR)$(UNITDIR)/,$(METRICS_UNITS)) \
	    $(addprefix $(DESTDIR)$(MANDIR)/man?/,$(notdir $(MANUALS) \
	    $(DOOR_MANUALS) $(LINK_MANUALS)))
	$(Q)rm -rf $(DESTDIR)$(DOCDIR) $(DESTDIR)$(DOORDIR)
	@echo '  REMOVE  $(DESTDIR)$(PREFIX)'

format:
	clang-format -i $(ALL_C) $(PROOF_SRC) $(ALL_H)

# Of one commit, and with one gzip, it is always the same.
DIST := $(BUILD)/tfa-$(VERSION).tar
dist:
	@test -z "$$(git rev-parse --show-cdup 2>&1)" || { \
	    echo 'dist: this folder is not the top of a git repository' >&2; \
	    exit 1; }
	@mkdir -p $(BUILD)
	$(Q)git diff --quiet HEAD || echo 'dist: without what is not committed'
	$(Q)git -c tar.umask=0022 archive --format=tar \
	    --prefix=tfa-$(VERSION)/ -o $(DIST) HEAD
	$(Q)gzip -9nf $(DIST)
	@echo '  DIST    $(DIST).gz'

# A folder that is no git repository is packaged as it is.
deb:
	@tests/deps $(BUILD_DEPS) $(FLEET_DEPS) $(DEB_DEPS)
	$(Q)BUILD=$(BUILD) etc/debian/build

clean:
	rm -rf build build-asan build-fuzz

.PHONY: all help door fleet build-unit build-scenario build-tests test check-fast \
	test-asan test-debian test-machines test-portable test-build-deps \
	test-reproducible objects soak envfuzz odds fuzz build-fuzz demo demo-fleet \
	browser pictures bench prove prove-mutants sbom build-deps deps lint \
	install install-door install-fleet uninstall format dist deb \
	test-container test-packages clean
