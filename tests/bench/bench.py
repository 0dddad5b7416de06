"""bench.py BUILD DISK [SECTION...]: called by tests/bench/run, which says
what it does.

Times are noise on a machine that does other things too.  So runs are paired
and alternate, the result is the median of the ratios of the pairs, and the
steady figures are user instructions (callgrind) and system calls (strace).
Where a target is given, the last column says whether it is met.

The two sides differ in one thing: google-authenticator does not wait until the
disk has its file, and we do.  Nothing listens on /dev/log for either.
"""
import fcntl
import glob
import json
import os
import pty
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time

import door as d
import history as h
import rig as r

SIZES = [int(n) for n in
         os.environ.get("BENCH_USERS", "10,1000,10000,100000").split(",")]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "10"))
FLEET_USERS = os.environ.get("BENCH_FLEET_USERS", "10000")
FLEET_UPDATES = os.environ.get("BENCH_FLEET_UPDATES", "10000")


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, ours, theirs=None, target=None, unit="ms", at_least=0,
            against="", text=None):
        """ours and theirs are lists of equal length, pairs, or one figure
        each.  Where both are given the target is for the ratio."""
        ours, theirs = ([x] if isinstance(x, (int, float)) else x
                        for x in (ours, theirs))
        judged = ([a / b for a, b in zip(ours, theirs)]
                  if theirs else ours)
        judged = statistics.median(judged)
        verdict = ""
        if target is not None:
            verdict = "ok" if judged <= target else "over"
        if at_least:
            verdict = "ok" if judged >= at_least else "under"
        row = {"what": what, "unit": unit, "ours": self._spread(ours),
               "theirs": theirs and self._spread(theirs), "against": against,
               "ratio": judged if theirs else None,
               "target": target or at_least or None,
               "verdict": verdict}
        self.rows.append(row)
        print(self._line(row), flush=True)

    def fail(self, what, why):
        self.rows.append({"what": what, "failed": why, "verdict": "over"})
        print("%-52s %s" % (what, why), flush=True)

    @staticmethod
    def _spread(values):
        """The median and the quartiles around it."""
        quarters = (statistics.quantiles(values, n=4) if len(values) > 1
                    else [values[0]] * 3)
        return {"median": statistics.median(values), "low": quarters[0],
                "high": quarters[2], "count": len(values)}

    @staticmethod
    def _number(value):
        return ("%.2f" if value < 10 else "%.1f" if value < 1000
                else "%.0f") % value

    def _cell(self, spread):
        if not spread:
            return ""
        text = self._number(spread["median"])
        if spread["count"] > 1:
            half = (spread["high"] - spread["low"]) / 2
            text += " ±" + self._number(half)
        return text

    def _line(self, row):
        return "%-52s %16s %16s %7s %7s %s" % (
            "%s [%s]" % (row["what"], row["unit"]), self._cell(row["ours"]),
            self._cell(row["theirs"]),
            "" if row["ratio"] is None else "%.2f" % row["ratio"],
            row["target"] or "", row["verdict"])

    @staticmethod
    def heading():
        print("%-52s %16s %16s %7s %7s" % ("what", "ours", "theirs", "ratio",
                                           "target"))


def passed(runs):
    """How many passed.  A pass that then found no shell counts."""
    return sum(run.status in (0, r.NOT_FOUND) for run in runs)


def must_pass(runs, what, status=0):
    if any(run.status != status for run in runs):
        raise SystemExit("bench: %s: %d of %d failed, status %s" % (
            what, sum(run.status != status for run in runs), len(runs),
            sorted({run.status for run in runs} - {status})))


def column(runs, name):
    """One figure of each run; times in milliseconds."""
    values = [getattr(run, name) for run in runs]
    return [v / 1e6 for v in values] if name.endswith("_ns") else values


# Steady figures

def callgrind(rig, job):
    """User instructions of one process, up to the exec that fails."""
    out = r.WORK + "/valgrind/one"
    subprocess.run(["rm", "-f", out])
    rig.run([job._replace(argv=[
        "/usr/bin/valgrind", "--tool=callgrind",
        "--callgrind-out-file=" + out, *job.argv])])
    return callgrind_total(out)


def callgrind_total(path):
    """The total of a file, or 0: a process that dropped root writes none."""
    with open(path) as file:
        found = re.search(r"^(?:summary|totals): (\d+)", file.read(), re.M)
    return int(found.group(1)) if found else 0


def strace(rig, job):
    """System calls from exec to exec."""
    out = r.WORK + "/valgrind/calls"
    subprocess.run(["rm", "-f", out])
    rig.run([job._replace(argv=["/usr/bin/strace", "-o", out, *job.argv])])
    with open(out) as file:
        lines = [line for line in file if re.match(r"\w+\(", line)]
    ends = [i for i, line in enumerate(lines) if line.startswith("execve(")]
    return (ends[-1] if len(ends) > 1 else len(lines)) - ends[0]


def keeper_instructions(rig, person, folder="/usr/sbin"):
    """User instructions of the folder's keeper for one login and one verify of
    its gate, from the request to the answer."""
    base = r.WORK + "/valgrind/keeper."
    for path in glob.glob(base + "*"):
        os.unlink(path)
    rig.keeper_start(["/usr/bin/valgrind", "--tool=callgrind",
                      "--collect-atstart=no", "--toggle-collect=keeper_serve",
                      "--callgrind-out-file=" + base + "%p"], folder)
    rig.refresh([person])
    runs, _ = rig.run([rig.gate(person, r.code_now(), folder=folder)])
    must_pass(runs, "gate, the keeper under callgrind")
    rig.keeper_stop()
    time.sleep(1)  # its children end a little later
    return sum(callgrind_total(path) for path in glob.glob(base + "*"))


# Sections

def gate(rig, table):
    """From exec to exec, against a stub that only execs."""
    people = range(10)
    stubs, verifies, knowns = [], [], []
    rig.keeper_start()
    for _ in range(ROUNDS):
        rig.refresh(people)
        code = r.code_now()
        jobs = []
        for i in people:
            jobs += [rig.stub(i), rig.gate(i, code), rig.stub(i), rig.gate(i)]
        runs, _ = rig.run(jobs)
        must_pass(runs, "gate")
        stubs += runs[0::4]
        verifies += runs[1::4]
        knowns += runs[3::4]
    steady = {}
    for count in callgrind, strace:
        steady.update(gate_counts(rig, count, "/usr/sbin"))
        steady["stub", count] = count(rig, rig.stub(r.ENDING[0]))
    rig.keeper_stop()
    for what, runs, name, limits in (
            ("gate with a verify", verifies, "verify", (1.3, None, 300000)),
            ("gate, verified connection", knowns, "known", (None, 1.3, None))):
        table.add(what + ", CPU", column(runs, "cpu_ns"),
                  column(stubs, "cpu_ns"), limits[0], against="stub")
        table.add(what + ", wall", column(runs, "wall_ns"),
                  column(stubs, "wall_ns"), limits[1], against="stub")
        table.add(what + ", page faults", column(runs, "faults"),
                  column(stubs, "faults"), unit="faults", against="stub")
        table.add(what + ", user instructions", steady[name, callgrind], None,
                  limits[2], unit="instructions")
        table.add(what + ", system calls", steady[name, strace],
                  steady["stub", strace], unit="calls", against="stub")
    table.add("stub, user instructions", steady["stub", callgrind],
              unit="instructions")
    if os.path.exists(r.BEFORE):
        gate_before(rig, table, steady)


def gate_counts(rig, count, folder):
    """What count() finds for the folder's gate, with a code and then without
    one."""
    ending = r.ENDING[0]
    rig.refresh([ending])
    return {(name, count): count(rig, rig.gate(ending, code, folder=folder))
            for name, code in (("verify", r.code_now()), ("known", None))}


def gate_before(rig, table, steady):
    """Instructions of gate and keeper beside those of an earlier commit."""
    commit = os.environ["BENCH_BEFORE"]
    rig.keeper_start(folder=r.BEFORE)
    before = gate_counts(rig, callgrind, r.BEFORE)
    rig.keeper_stop()
    for what, name in (("gate with a verify", "verify"),
                       ("gate, verified connection", "known")):
        table.add("%s, to %s" % (what, commit), steady[name, callgrind],
                  before[name, callgrind], 1.02, unit="instructions",
                  against=commit)
    table.add("keeper, login and verify, to " + commit,
              keeper_instructions(rig, 0),
              keeper_instructions(rig, 0, r.BEFORE), 1.02,
              unit="instructions", against=commit)


def cpu_ns(keeper):
    """The CPU time that a keeper and its workers have used so far."""
    total = 0
    for pid in [keeper.pid, *children(keeper.pid)]:
        with open("/proc/%d/schedstat" % pid) as file:
            total += int(file.read().split()[0])
    return total


def verify_round(rig, people):
    """Runs a gate, each peer, a stub, and a gate on the other keeper.  The
    figures of a gate include its share of the keeper's CPU time."""
    disk = rig.store
    rig.use_store(disk + ".small")
    rig.refresh(people)
    rig.use_store(disk)
    rig.refresh(people)
    rig.refresh_oath(people)
    code = r.code_now()
    keepers = rig.keeper, rig.other
    used = [cpu_ns(keeper) for keeper in keepers]
    jobs = []
    for i in people:
        jobs += [rig.gate(i, code), rig.pamtester(i, "bench-ga", code),
                 rig.pamtester(i, "bench-oath", code), rig.stub(i),
                 rig.gate(i, code, r.OTHER_SOCKET)]
    runs, _ = rig.run(jobs)
    ours, ga, oath, stubs, small = (runs[n::5] for n in range(5))
    for kind in ours, stubs, small:
        must_pass(kind, "verify", r.NOT_FOUND)
    for kind in ga, oath:
        must_pass(kind, "verify")
    share = [(cpu_ns(keeper) - before) // len(people)
             for keeper, before in zip(keepers, used)]
    return ([run._replace(cpu_ns=run.cpu_ns + share[0]) for run in ours], ga,
            oath, stubs,
            [run._replace(cpu_ns=run.cpu_ns + share[1]) for run in small])


def verify(rig, table, size, before):
    """Gate and keeper against pamtester with each of the peers: whole
    processes, from their exec to their end.  These people have no shell, as
    pamtester starts none.  The stub is a process that does nothing.  The other
    keeper's store has these ten users only."""
    people = r.ENDING[:10]
    rig.keeper_start()
    rig.other_start(rig.store + ".small")
    verify_round(rig, people)
    rounds = [verify_round(rig, people)
              for _ in range(max(2, ROUNDS // 2))]
    ours, ga, oath, stubs, small = (sum(kind, []) for kind in zip(*rounds))
    rig.other_stop()
    rig.keeper_stop()
    for name, theirs in ("google-authenticator", ga), ("pam_oath", oath):
        first = name == "google-authenticator"
        what = "verify, %d users, %s, " % (size, name)
        table.add(what + "CPU", column(ours, "cpu_ns"),
                  column(theirs, "cpu_ns"), 0.5 if first else None,
                  against="pamtester + " + name)
        table.add(what + "wall", column(ours, "wall_ns"),
                  column(theirs, "wall_ns"), 0.6 if first else None,
                  against="pamtester + " + name)
    table.add("stub in the gate's place, %d users, CPU" % size,
              column(stubs, "cpu_ns"), column(ga, "cpu_ns"),
              against="pamtester + google-authenticator")
    table.add("verify, %d users to 10, CPU" % size, column(ours, "cpu_ns"),
              column(small, "cpu_ns"), 1.05, against="10 users")
    steady = keeper_instructions(rig, 0)
    table.add("keeper, login and verify, %d users" % size, steady,
              before, 1.05 if before else None, unit="instructions",
              against="%d users" % SIZES[0] if before else "")
    return before or steady


def login(rig, table):
    """A whole "ssh host true", with a code and without a gate."""
    gated, bare = rig.sshd_start()
    rig.keeper_start()
    with_gate, without = [], []
    for n in range(ROUNDS):
        jobs = []
        code = r.code_now()
        for i in range(3 * n % 180, 3 * n % 180 + 3):
            rig.record("s%d" % i, 6000 + i)
            ssh = ["/usr/bin/ssh", "-F", gated, "-l", "s%d" % i, "bench",
                   "true"]
            jobs += [rig.root(ssh, ["TFA_CODE=" + code]),
                     rig.root([*ssh[:2], bare, *ssh[3:]])]
        runs, _ = rig.run(jobs)
        must_pass(runs, "ssh")
        with_gate += runs[0::2]
        without += runs[1::2]
    rig.keeper_stop()
    rig.sshd_stop()
    ours, theirs = column(with_gate, "wall_ns"), column(without, "wall_ns")
    table.add("ssh host true, wall", ours, theirs, against="no gate")
    share = [100 * (a - b) / a for a, b in zip(ours, theirs)]
    table.add("share of the gate in a login", statistics.median(share), None,
              3, unit="%")


def load(rig, table):
    """Many logins at once: how many pass a second, and how many right codes
    are refused.  Whole processes, as in verify().  Only our side waits for the
    disk, so one round has the store in memory.  Where all are one user, each
    login has a one-time code of its own."""
    one = r.ENDING[0]
    rig.keeper_start()
    add_rate(rig, table, 2, 100, "2 at once, own users", 0)
    add_rate(rig, table, 200, 200, "200 at once, own users", 3)
    rig.keeper_stop()
    disk = rig.store
    rig.use_store(r.WORK + "/store")
    rig.keeper_start()
    add_rate(rig, table, 200, 200, "200 at once, store in memory", 3)
    rig.keeper_stop()
    rig.use_store(disk)
    rig.keeper_start()
    for at_once in 2, 30:
        refused = {"gate": 0, "bench-ga": 0}
        for _ in range(2):
            rig.refresh([one], 30)
            for name, codes in (("gate", r.one_time_codes(30)),
                                ("bench-ga", r.scratch_codes(30))):
                runs, _ = rig.run(
                    [rig.gate(one, code) if name == "gate" else
                     rig.pamtester(one, name, code) for code in codes],
                    at_once)
                refused[name] += 30 - passed(runs)
        add_refused(table, "%d at once, one user, " % at_once, refused, 0)
    rig.keeper_stop()


def add_rate(rig, table, at_once, count, what, at_least):
    people = r.ENDING[:count]
    rates = {"gate": [], "bench-ga": []}
    refused = {"gate": 0, "bench-ga": 0}
    for _ in range(max(2, ROUNDS // 3)):
        rig.refresh(people)
        for name in rates:
            code = r.code_now()
            runs, wall_ns = rig.run(
                [rig.gate(i, code) if name == "gate" else
                 rig.pamtester(i, name, code) for i in people], at_once)
            rates[name].append(passed(runs) / (wall_ns / 1e9))
            refused[name] += count - passed(runs)
    table.add(what + ", passes a second", rates["gate"], rates["bench-ga"],
              at_least=at_least, unit="/s", against="google-authenticator")
    add_refused(table, what + ", ", refused, 0)


def add_refused(table, what, refused, target):
    row = what + "right codes refused"
    table.add(row, refused["gate"], None, target, unit="codes")
    table.add(row + " by google-authenticator", refused["bench-ga"],
              unit="codes")


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("3")


def users(rig, table, size):
    """What an admin lists, per user against reading the same files."""
    rig.keeper_start()
    scan = rig.root([r.WORK + "/scan", rig.store + "/users"])
    everyone = rig.root(["/usr/sbin/tfa-admin", "--json", "users"])
    summary = rig.root(["/usr/sbin/tfa-admin", "--json", "users",
                        "--summary"])
    for what, job, target in (("users --json", everyone, 2),
                              ("users --summary", summary, None)):
        pairs = []
        for _ in range(max(2, min(ROUNDS, 100000 // size))):
            runs, _ = rig.run([scan, job], limit=r.SMALL)
            if runs is None:
                break
            must_pass(runs, what)
            pairs.append(runs)
        if not pairs or runs is None:
            table.fail("%s, %d users, warm" % (what, size),
                       "over %d s" % r.SMALL)
            continue
        us = [[run.wall_ns / 1000 / size for run in half]
              for half in zip(*pairs)]
        table.add("%s, %d users, warm, per user" % (what, size), us[1], us[0],
                  target if size >= 1000 else None, unit="µs",
                  against="open, read, close")
    if size >= 1000:
        for what, job, target in (("users --json", everyone, 0.5),
                                  ("users --summary", summary, None)):
            cold(rig, table, size, scan, what, job, target)
    name = "p%06d" % (size // 2)
    for what, command in ("users NAME", ["users", name]), (
            "explain NAME", ["explain", name]):
        job = rig.root(["/usr/sbin/tfa-admin", *command])
        runs, _ = rig.run([job] * 5)
        must_pass(runs, what)
        table.add("%s, %d users, warm" % (what, size),
                  column(runs, "wall_ns"))
        drop_caches()
        runs, _ = rig.run([job])
        must_pass(runs, what)
        table.add("%s, %d users, cold" % (what, size),
                  column(runs, "wall_ns"))
    rig.keeper_stop()


def cold(rig, table, size, scan, what, job, target):
    walls = []
    for _ in range(2):
        pair = []
        for one in scan, job:
            drop_caches()
            runs, _ = rig.run([one], limit=r.SMALL)
            if runs is None:
                table.fail("%s, %d users, cold" % (what, size),
                           "over %d s" % r.SMALL)
                return
            must_pass(runs, what)
            pair.append(runs[0].wall_ns / 1000 / size)
        walls.append(pair)
    theirs, ours = zip(*walls)
    table.add("%s, %d users, cold, per user" % (what, size), list(ours),
              list(theirs), target if size >= 10000 else None, unit="µs",
              against="scan in folder order")


def pss_kb(pid):
    with open("/proc/%d/smaps_rollup" % pid) as file:
        return int(re.search(r"^Pss: +(\d+)", file.read(), re.M).group(1))


def at_prompt(rig, i):
    """A gate on a terminal of its own: its process and the terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(r.GROUP, r.GROUP, r.GROUP)
        _, uid = rig.person(i)
        os.setresuid(uid, uid, uid)
        os.execve("/usr/sbin/tfa-gate", ["tfa-gate"], dict(
            e.split("=", 1) for e in rig.login_env(i, None)))
    said = b""
    while b"Verification code: " not in said:
        if not select.select([terminal], [], [], 10)[0]:
            raise SystemExit("bench: no prompt")
        said += os.read(terminal, 4096)
    return pid, terminal


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(word) for word in file.read().split()]


def memory(rig, table):
    """Memory of the gate while a person types, and of the keeper with one and
    with many requests at work."""
    rig.keeper_start()
    rig.refresh(range(100))
    # The keeper serves few users at once who never logged in before.
    rig.run([rig.gate(i) for i in range(100)])
    pid, terminal = at_prompt(rig, 0)
    table.add("memory at the prompt, gate", pss_kb(pid), None, 1024,
              unit="kB PSS")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(terminal)
    for count in 1, 100:
        table.add("memory of the keeper, %d at work" % count,
                  keeper_memory(rig, count), unit="kB PSS")
    rig.keeper_stop()


def blocked():
    """How many processes wait for a lock of a file."""
    with open("/proc/locks") as file:
        return sum(" -> " in line for line in file)


def keeper_memory(rig, count):
    """Memory of a keeper whose requests wait for locks that we hold, idle
    workers included."""
    locks = []
    os.makedirs(rig.store + "/locks", exist_ok=True)
    for i in range(count):
        path = "%s/locks/%s" % (rig.store, rig.person(i)[0])
        r.write(path, "", 0o600, rig.tfa_uid, rig.tfa_uid)
        locks.append(open(path))
        fcntl.flock(locks[-1], fcntl.LOCK_EX)
    gates = []
    for i in range(count):
        job = rig.gate(i, "000000")
        gates.append(subprocess.Popen(
            job.argv, user=job.uid, group=job.gid, extra_groups=[],
            env=dict(e.split("=", 1) for e in job.env),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL))
    for _ in range(500):
        if blocked() == count:
            break
        time.sleep(0.01)
    if blocked() != count:
        raise SystemExit("bench: %d of %d at work" % (blocked(), count))
    total = sum(pss_kb(pid) for pid in [rig.keeper.pid,
                                        *children(rig.keeper.pid)])
    for lock in locks:
        lock.close()
    for process in gates:
        process.wait()
    return total


def door(rig, table):
    """One code at the door, and a jump through it, each with our module and
    with google-authenticator's.  What PAM itself takes, with a module that
    does nothing, is in both sides of the first, and is taken off in the rows
    "the module's own"."""
    if not d.install(rig):
        table.fail("door", "no pam_tfa.so was built")
        return
    people = r.ENDING[:10]
    rig.keeper_start(more=["--policy", d.POLICY])
    ours, theirs, nothing = [], [], []
    for n in range(max(3, ROUNDS)):
        rig.refresh(people)
        code = r.code_now()
        before = cpu_ns(rig.keeper)
        runs, _ = rig.run([d.once(rig, i, service, code) for i in people
                           for service in (d.OURS, d.THEIRS, d.NOTHING)])
        must_pass(runs, "door")
        share = (cpu_ns(rig.keeper) - before) // len(people)
        if n == 0:  # the keeper, the disk and the caches are warm now
            continue
        ours += [run._replace(cpu_ns=run.cpu_ns + share)
                 for run in runs[0::3]]
        theirs += runs[1::3]
        nothing += runs[2::3]
    for name, limit in ("cpu_ns", 0.5), ("wall_ns", 0.6):
        what = "CPU" if name == "cpu_ns" else "wall"
        sides = [column(kind, name) for kind in (ours, theirs, nothing)]
        peer = "pamtester + google-authenticator"
        table.add("one code at the door, " + what, *sides[:2], limit,
                  against=peer)
        table.add("a PAM module that does nothing, " + what, sides[2],
                  sides[1], against=peer)
        table.add("the module's own, " + what, *d.own_cost(*sides),
                  against="google-authenticator")
    jumps(rig, table)
    rig.keeper_stop()


def jumps(rig, table):
    """ssh -J through both doors, in turn."""
    configs = d.start(rig)
    runs = []
    for n in range(ROUNDS + 1):
        people = r.REAL[6 * n % 180:][:6]
        rig.refresh(people)
        code = r.code_now()
        pairs, _ = rig.run([d.jump(rig, configs[service], i, code)
                            for i in people for service in configs])
        must_pass(pairs, "ssh -J")
        runs += pairs if n > 0 else []
    rig.sshd_stop()
    table.add("ssh -J through the door, wall", column(runs[0::2], "wall_ns"),
              column(runs[1::2], "wall_ns"), 1,
              against="the same with google-authenticator")


def history(rig, table):
    h.history(rig, table, ROUNDS)


def scale(rig, table):
    rig.grow(SIZES[-1])
    h.scale(rig, table)


def fleet(rig, table):
    """The link and a whole login, beside bare clients of the same etcd and a
    bastion of its own; tests/bench/fleet.c measures."""
    rows = fleet_rows(rig, "fleet")
    peer = "a range and a transaction by libcurl"
    table.add("read and replace a record by the link, wall", *rows["update"],
              1.5, against=peer)
    rate = rows["at once"]
    table.add("the same a second, 200 at once", *rate, unit="1/s",
              at_least=0.8, against="the same by 16 clients")
    table.add("ssh host true with a code, wall", *rows["login"], 1.05,
              against="records in a folder")
    table.add("the link, CPU for a record", rows["cpu"][0], None, 0.6)
    table.add("the link, first answer after its start",
              rows["first answer"][0], None, 300)
    table.add("the link, most memory", rows["memory"][0], None, 25,
              unit="MB")
    fleet_many(rig, table)


def fleet_many(rig, table):
    """A fleet of many users; tests/bench/fleet_many.c measures."""
    count = "{:,}".format(int(FLEET_USERS))
    rows = fleet_rows(rig, "fleet_many", FLEET_USERS, FLEET_UPDATES)
    table.add("users --json, %s users, wall" % count, *rows["users"], 1.3,
              against="the range in pages of 256 by libcurl")
    table.add("the keeper's memory for it", rows["users memory"][0], None,
              unit="MB")
    for way in "fleet", "folder":
        table.add("migrate --to %s, %s users, for each" % (way, count),
                  rows["migrate to " + way][0], None, 0.6, unit="ms")
    table.add("etcd's database after %s updates" % FLEET_UPDATES,
              rows["database"][0], None, 2,
              unit="of records and what is kept")
    table.add("its size", rows["database MB"][0], None, unit="MB")
    table.add("its size without compaction",
              rows["without compaction MB"][0], None, unit="MB")


def fleet_rows(rig, program, *args):
    """Ours and theirs of each figure, by its name."""
    work = rig.disk + "/" + program
    os.mkdir(work)
    shutil.copy(rig.build + "/tfa-link", "/usr/sbin")
    out = subprocess.run(
        [rig.build + "/bench/" + program, *args], check=True, text=True,
        stdout=subprocess.PIPE, env=dict(
            os.environ, TFA_WORK=work, TFA_PROGRAMS="/usr/sbin",
            TFA_KEYS=r.WORK + "/keys", TFA_PEOPLE="yes")).stdout
    rows = {}
    for line in out.splitlines():
        name, *sides = line.split("\t")
        rows[name] = [[float(x) for x in side.split(",")] if side else None
                      for side in sides]
    return rows


ONCE = {"gate": gate, "login": login, "load": load, "memory": memory,
        "door": door, "history": history, "fleet": fleet}


def main():
    build, disk, *wanted = sys.argv[1:]
    everything = [*ONCE, "verify", "users", "scale"]
    for name in wanted:
        if name not in everything:
            raise SystemExit("bench: a section is one of %s"
                             % ", ".join(everything))
    wanted = wanted or everything
    rig = r.Rig(build, disk)
    table = Table()
    table.heading()
    for name, section in ONCE.items():
        if name in wanted:
            section(rig, table)
    before = None
    for size in SIZES if {"verify", "users"} & set(wanted) else ():
        rig.grow(size)
        if "verify" in wanted:
            before = verify(rig, table, size, before)
        if "users" in wanted:
            users(rig, table, size)
    if "scale" in wanted:
        scale(rig, table)
    r.write(disk + "/bench.json", json.dumps(
        {"version": 1, "rows": table.rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
