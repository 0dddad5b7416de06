# tfa: a second lock on SSH bastions
#
#   make            the programs, into build/
#   make demo       enrol, log in, be refused: on a private sshd, as a story
#   make test       unit and scenario tests, with a closing count
#   make test-asan  the same under AddressSanitizer and UBSan; a leak fails
#   make lint       formatting, static analysis, direction of includes
#   make format     let clang-format decide
#   make deps       install what is missing on Debian; nothing where nothing is
#   make install    DESTDIR= PREFIX=/usr; nothing setuid
#   make uninstall
#   make clean

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
BUILD ?= build
CC ?= cc
WERROR ?= -Werror

VERSION := 0.1

# Flags.  What a compiler may not know is asked first.
probe = $(shell $(CC) $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && \
	echo '$(1)')
WARN := -Wall -Wextra -Wpedantic -Wformat=2 -Wconversion -Wshadow -Wvla \
	-Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum $(WERROR)
ifeq ($(SAN),)
HARDEN := -U_FORTIFY_SOURCE $(or $(call probe,-D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2) \
	-fstack-protector-strong $(call probe,-fstack-clash-protection) \
	$(call probe,-fcf-protection) $(call probe,-ftrivial-auto-var-init=zero)
else
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
endif
OPT ?= -O2 -g
CFLAGS ?= $(OPT)
BASE := -std=c11 -D_GNU_SOURCE -fPIE -MMD -MP -iquote store \
	-DTFA_VERSION='"$(VERSION)"' -DTFA_SBINDIR='"$(SBINDIR)"'
COMPILE = $(CC) $(BASE) $(HARDEN) $(WARN) $(CFLAGS)
LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed \
	$(if $(SAN),-fsanitize=address$(comma)undefined)
comma := ,

# Sources.  main.c and keeper*.c are programs; all else can be tested.
KEEPER_SRC := $(wildcard store/keeper*.c)
STORE_SRC := $(filter-out $(KEEPER_SRC),$(wildcard store/*.c))
GATE_SRC := $(wildcard gate/*.c)
ADMIN_SRC := $(wildcard admin/*.c)
UNIT_SRC := $(wildcard tests/unit/*.c)
SCENARIO_SRC := $(wildcard tests/scenario/*.c)
SUPPORT_SRC := $(wildcard tests/support/*.c)
TESTED_SRC := $(filter-out %/main.c,$(GATE_SRC) $(ADMIN_SRC) \
	$(filter-out store/keeper.c,$(KEEPER_SRC)))
ALL_C := $(STORE_SRC) $(KEEPER_SRC) $(GATE_SRC) $(ADMIN_SRC) $(UNIT_SRC) \
	$(SCENARIO_SRC) $(SUPPORT_SRC)
ALL_H := $(wildcard store/*.h gate/*.h admin/*.h tests/*/*.h)
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

PROGRAMS := $(BUILD)/tfa-gate $(BUILD)/tfa-keeper $(BUILD)/tfa-admin

all: $(PROGRAMS)

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@

$(BUILD)/libtfa.a: $(call obj,$(STORE_SRC))
	rm -f $@
	ar rcs $@ $^

$(BUILD)/tfa-gate: $(call obj,$(GATE_SRC)) $(BUILD)/libtfa.a
	$(CC) $(LINK) $^ -o $@ -lcjson -lqrencode

$(BUILD)/tfa-keeper: $(call obj,$(KEEPER_SRC)) $(BUILD)/libtfa.a
	$(CC) $(LINK) $^ -o $@ -lcjson -lcrypto

$(BUILD)/tfa-admin: $(call obj,$(ADMIN_SRC)) $(BUILD)/libtfa.a
	$(CC) $(LINK) $^ -o $@ -lcjson -lsmartcols

# Tests.
$(BUILD)/unit: $(call obj,$(UNIT_SRC) $(TESTED_SRC)) $(BUILD)/libtfa.a
	$(CC) $(LINK) $^ -o $@ -lcriterion -lcjson -lcrypto -lqrencode \
	    -lsmartcols

$(BUILD)/scenario: $(call obj,$(SCENARIO_SRC) $(SUPPORT_SRC)) \
    $(BUILD)/libtfa.a
	$(CC) $(LINK) $^ -o $@ -lcriterion -lcjson

-include $(patsubst %.o,%.d,$(call obj,$(ALL_C)))

format:
	clang-format -i $(ALL_C) $(ALL_H)

clean:
	rm -rf build build-asan

.PHONY: all format clean
