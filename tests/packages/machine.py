"""A Debian with a real systemd, in memory, and people who log in to it."""
import base64
import collections
import hashlib
import hmac
import os
import select
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE_S = 120
STEP_S = 30
DOOR = 2222

# Each has a key, and a device with this secret once devices() was called.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
CROWD = ["user%d" % n for n in range(1, 17)]


def code_at(secret, step):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    number = int.from_bytes(digest[at:at + 4], "big") & 0x7fffffff
    return "%06d" % (number % 1000000)


class Terminal:
    """An ssh login with a terminal at the other end, and somebody who types."""

    def __init__(self, argv):
        self.text = ""
        self.seen = 0
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)

    def read(self, end):
        ready, _, _ = select.select([self.process.stdout], [], [],
                                    max(0, end - time.monotonic()))
        data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return data != b""

    def expect(self, words):
        """Waits for the words; returns what came before them."""
        end = time.monotonic() + PATIENCE_S
        while words not in self.text[self.seen:]:
            assert self.read(end), f"no \"{words}\" after: {self.text}"
        at = self.text.index(words, self.seen)
        before = self.text[self.seen:at]
        self.seen = at + len(words)
        return before

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        end = time.monotonic() + PATIENCE_S
        while self.read(end):
            pass
        return self.process.wait(PATIENCE_S)


class Machine:
    """Boots; stop() switches it off."""

    def __init__(self, place, name, small=()):
        self.keys = os.path.join(place, "keys")
        self.folder = os.path.join(place, name)
        self.cgroup = "/sys/fs/cgroup/%s.%s" % (
            os.path.basename(place), name)
        self.root = os.path.join(self.folder, "root")
        self.spent = collections.Counter()
        os.mkdir(self.folder)
        # pylint: disable=consider-using-with
        self.power = subprocess.Popen(
            [os.path.join(HERE, "boot"), os.path.join(place, "bastion"),
             self.folder, self.cgroup, *small])
        self.enter = []
        try:
            self.wait_for_systemd()
        except BaseException:
            self.stop()
            raise

    def find_systemd(self):
        try:
            with open("/proc/%d/task/%d/children" % (
                    self.power.pid, self.power.pid), encoding="ascii") as file:
                pid = file.read().strip()
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                return pid if file.read() == "systemd\n" else None
        except FileNotFoundError:
            return None

    def wait_for_systemd(self):
        end = time.monotonic() + PATIENCE_S
        while (pid := self.find_systemd()) is None:
            assert time.monotonic() < end and self.power.poll() is None, \
                "systemd does not start"
            time.sleep(0.02)
        self.net = ["nsenter", "-t", pid, "-n", "--"]
        self.enter = ["nsenter", "-t", pid, "-m", "-p", "-i", "-u", "-C",
                      "-n", "-r", "--", "env", "-i", "HOME=/root",
                      "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8",
                      "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        state = ""
        while state not in ("running\n", "degraded\n"):
            assert time.monotonic() < end, "the machine does not start"
            time.sleep(0.05)
            state = self.run("systemctl is-system-running --wait")[1]
        assert state == "running\n", self.run("systemctl --failed")[1]

    def stop(self):
        self.power.kill()
        self.power.wait()
        # Its processes may exist for another moment.
        for _ in range(100):
            if subprocess.run(
                    ["find", self.cgroup, "-depth", "-type", "d", "-exec",
                     "rmdir", "{}", "+"], stderr=subprocess.DEVNULL,
                    check=False).returncode == 0:
                break
            time.sleep(0.05)
        subprocess.run(["umount", "-R", self.folder], check=True)

    def start(self, script):
        # pylint: disable=consider-using-with
        return subprocess.Popen(self.enter + ["sh", "-ec", script],
                                stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def run(self, script):
        """Runs a script on the machine: exit status and output."""
        process = self.start(script)
        out, _ = process.communicate(timeout=300)
        return process.returncode, out

    def sh(self, script):
        """Runs a script, which must succeed, and returns what it prints."""
        status, out = self.run(script)
        assert status == 0, f"{script}: {status}: {out}"
        return out

    def refused(self, script, *words):
        """Runs a script, which must fail with these words."""
        status, out = self.run(script)
        assert status != 0, f"{script}: was not refused: {out}"
        for word in words:
            assert word in " ".join(out.split()), f"no \"{word}\" in: {out}"
        return out

    def until(self, script):
        """Waits until a script succeeds."""
        end = time.monotonic() + PATIENCE_S
        while (result := self.run(script))[0] != 0:
            assert time.monotonic() < end, f"{script}: {result[1]}"
            time.sleep(0.2)

    def ssh(self, user, *more):
        return self.net + [
            "ssh", "-F", "none", "-i", f"{self.keys}/{user}",
            "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
            "-o", "UserKnownHostsFile=/dev/null", *more, f"{user}@127.0.0.1"]

    def log_in(self, user, command="echo inside", code="", more=()):
        """Logs in without a terminal: exit status and output."""
        done = subprocess.run(
            self.ssh(user, "-o", "BatchMode=yes", "-o",
                     f"SetEnv=TFA_CODE={code}", *more) + [command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S,
            check=False)
        return done.returncode, done.stdout

    def gets_in(self, user, code="", more=()):
        status, out = self.log_in(user, code=code, more=more)
        assert (status, out) == (0, "inside\n"), f"{user}: {status}: {out}"

    def needs_code(self, user):
        status, out = self.log_in(user)
        assert status == 76 and "inside" not in out, f"{user}: {status}: {out}"

    def terminal(self, user, *more):
        return Terminal(self.ssh(user, "-tt", *more))

    def door(self, user, answer, *more):
        """ssh to the door, where the code is what the file holds once it is
        there."""
        ask = os.path.join(self.folder, "ask")
        with open(ask, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nuntil [ -s \"$ANSWER\" ]; do sleep 0.1; "
                       "done\ncat \"$ANSWER\"\n")
        os.chmod(ask, 0o700)
        return ["env", f"ANSWER={answer}", f"SSH_ASKPASS={ask}",
                "SSH_ASKPASS_REQUIRE=force"] + self.ssh(
                    user, "-p", str(DOOR), *more)

    def code(self, user, secret=SECRET):
        """A code of this user's that was not used yet; may wait for one."""
        while not self.has_code(user):
            time.sleep(1)
        step = max(int(time.time()) // STEP_S, self.spent[user] + 1)
        self.spent[user] = step
        return code_at(secret, step)

    def has_code(self, user):
        """The keeper also takes the code that is the next one."""
        return self.spent[user] <= int(time.time()) // STEP_S

    def devices(self, *users):
        """Gives each of these users a device with the secret above."""
        uri = f"otpauth://totp/x?secret={SECRET}"
        self.sh(f"for user in {' '.join(users)}; do\n"
                f"echo '{uri}' | tfa-admin import $user -\ndone")

    def crowd(self):
        return Crowd(self)


class Jump(Terminal):
    """A port that the user forwards through the door, to sshd; the code is
    typed at once, or when answer() is called."""

    def __init__(self, machine, user, at_once):
        self.file = os.path.join(machine.folder, f"answer-{time.time_ns()}")
        self.code = machine.code(user)
        super().__init__(machine.door(user, self.file, "-W", "127.0.0.1:22"))
        if at_once:
            self.answer()
            self.expect("SSH-2.0-")

    def answer(self):
        with open(self.file, "w", encoding="ascii") as file:
            file.write(self.code + "\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)


class Crowd:
    """People who log in again and again while something else happens."""

    def __init__(self, machine):
        self.machine = machine
        self.done = threading.Event()
        self.results = []
        self.threads = [threading.Thread(target=self.with_codes),
                        threading.Thread(target=self.without)]

    def enter(self, user, code):
        try:
            result = self.machine.log_in(user, code=code)
        except subprocess.TimeoutExpired:
            result = (-1, "it hung")
        self.results.append((user, *result))

    def with_codes(self):
        while not self.done.wait(0.2):
            for user in CROWD:
                if self.machine.has_code(user):
                    self.enter(user, self.machine.code(user))
                    break

    # An exempt user passes the gate and the keeper, too.
    def without(self):
        while not self.done.is_set():
            self.enter("bob", "")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait(4)
        return self

    def wait(self, more):
        """Waits until there were so many more logins."""
        end = time.monotonic() + PATIENCE_S
        goal = len(self.results) + more
        while len(self.results) < goal and time.monotonic() < end:
            time.sleep(0.02)

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.wait(6)
        self.done.set()
        for thread in self.threads:
            thread.join()

    def all_were_in(self, but=()):
        """But for logins that ended with one of these statuses."""
        bad = [result for result in self.results
               if result[1:] != (0, "inside\n") and result[1] not in but]
        codes = [result for result in self.results if result[0] != "bob"]
        assert not bad and codes and len(self.results) >= 10, \
            f"{len(self.results)} logins, {len(codes)} with codes, of which " \
            f"failed: {bad[:5]}"
