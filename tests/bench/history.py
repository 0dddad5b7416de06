"""Section history: "tfa-admin log" on a log of 500 MB, beside zcat -f of the
same files.  Section scale: what lists users or tells of the past, on a store
with 100,000 users and a log of 500 MB.  All write into a pipe that somebody
reads.

BENCH_LOG_MB=500 says how much, unpacked.
"""
import gzip
import os
import select
import statistics
import subprocess
import time

MEGABYTE = 1 << 20
MB = int(os.environ.get("BENCH_LOG_MB", "500"))
FILE_MB = 64  # where logrotate begins a new one
DAYS = 90
ADMIN = "/usr/sbin/tfa-admin"


def lines(count, first, begin_s, step_s):
    """Logins of 500 users, of which every fifth is refused."""
    for i in range(first, first + count):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                              time.gmtime(begin_s + i * step_s))
        refused = i % 5 == 0
        yield ('{"time":"%s","event":"login","user":"user%03d",'
               '"verdict":"%s","reason":"%s","rule":"*",'
               '"address":"10.0.%d.%d","key":"SHA256:%043d"%s}\n'
               % (stamp, i * 7 % 500, "deny" if refused else "pass",
                  "wrong_code" if refused else "code", i % 250, i % 251, i,
                  "" if refused else ',"device":"d1","command":"uptime"'))


def generate(folder):
    """Fills a store: all packed but the newest rotated file and the current
    one.  Returns the files, oldest first."""
    begin_s = int(time.time()) - DAYS * 86400
    sample = "".join(lines(1000, 0, begin_s, 1))
    per_file = FILE_MB * MEGABYTE * 1000 // len(sample)
    files = max(2, -(-MB // FILE_MB))
    step_s = DAYS * 86400 / (files * per_file)
    names = []
    for n in range(files):
        name = "%s/audit.jsonl-%08d" % (folder, 20260101 + n)
        if n == files - 1:
            name = folder + "/audit.jsonl"
        packed = n < files - 2
        name += ".gz" if packed else ""
        opened = (gzip.open(name, "wt", compresslevel=6) if packed
                  else open(name, "w", encoding="utf-8"))
        with opened as file:
            file.writelines(lines(per_file, n * per_file, begin_s, step_s))
        os.chmod(name, 0o600)
        end_s = begin_s + (n + 1) * per_file * step_s
        os.utime(name, (end_s, end_s))
        names.append(name)
    return names


def peak_mb(pid, before):
    """Of the program itself: what wait4(2) says has our own fork in it."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return max(before, int(line.split()[1]) / 1024)
    except OSError:
        pass
    return before


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid),
                  encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def peak_of_keeper(keeper, before):
    """Of its largest process: each request has one of its own."""
    for pid in [keeper.pid, *children(keeper.pid)]:
        before = peak_mb(pid, before)
    return before


def measure(argv, keeper=None):
    """Seconds in all and to the first byte, and peak memory in MB of the
    program and of the keeper."""
    begun = time.monotonic()
    served = 0
    with subprocess.Popen(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as child:
        out = child.stdout.fileno()
        peak = 0
        while not select.select([out], [], [], 0.02)[0]:
            peak = peak_mb(child.pid, peak)
            if keeper is not None:
                served = peak_of_keeper(keeper, served)
        os.read(out, 1)
        first = time.monotonic() - begun
        peak = peak_mb(child.pid, peak)
        seen = begun
        while os.read(out, MEGABYTE):
            if time.monotonic() - seen > 0.05:
                seen = time.monotonic()
                peak = peak_mb(child.pid, peak)
                if keeper is not None:
                    served = peak_of_keeper(keeper, served)
    return time.monotonic() - begun, first, peak, served


def history(rig, table, rounds):
    folder = rig.disk + "/history"
    os.mkdir(folder, 0o700)
    names = generate(folder)
    commands = (("log", ["log"]), ("log --csv", ["log", "--csv"]),
                ("log --since 1d", ["log", "--since", "1d"]),
                ("log --user user007", ["log", "--user", "user007"]),
                ("log -n 20", ["log", "-n", "20"]))
    for what, args in commands:
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(measure([ADMIN, "--store", folder, *args]))
            theirs.append(measure(["zcat", "-f", *names]))
        what = "%s, %d MB" % (what, MB)
        table.add(what + ", wall", [1000 * run[0] for run in ours],
                  [1000 * run[0] for run in theirs],
                  against="zcat -f of the files")
        table.add(what + ", first row",
                  statistics.median(1000 * run[1] for run in ours))
        table.add(what + ", memory", max(run[2] for run in ours), unit="MB")


def scale(rig, table):
    for name in generate(rig.store):
        os.chown(name, rig.tfa_uid, rig.tfa_uid)
    rig.keeper_start()
    for args in (["users"], ["users", "--json"], ["users", "--csv"],
                 ["users", "--state", "none"], ["users", "--summary"],
                 ["log"], ["log", "--csv"], ["log", "--user", "u1"],
                 ["metrics"], ["report"]):
        wall, first, ours, served = measure([ADMIN, *args], rig.keeper)
        what = "%s, %d users, %d MB" % (" ".join(args), rig.crowd, MB)
        table.add(what, 1000 * wall)
        table.add(what + ", first row", 1000 * first)
        table.add(what + ", memory", ours, unit="MB")
        table.add(what + ", keeper's memory", served, unit="MB")
    rig.keeper_stop()
