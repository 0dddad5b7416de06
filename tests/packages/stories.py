#!/usr/bin/env python3
"""stories.py FOLDER RELEASE [STORY...]: what becomes of logins while packages
are installed, upgraded and removed. tests/packages/run starts it."""
import contextlib
import glob
import os
import re
import signal
import sys
import time
import traceback

import build
from machine import CROWD, DOOR, Jump, Machine

NOW, NEXT = build.version(), build.next_version()
counts = {"passed": 0, "failed": 0, "skipped": 0}


class Ended(Exception):
    """A step failed: its story is over."""


@contextlib.contextmanager
def step(words, machine=None):
    begun = time.monotonic()
    try:
        yield
    except Exception as error:  # pylint: disable=broad-except
        counts["failed"] += 1
        print(f"FAIL  {words}", flush=True)
        print(traceback.format_exc(limit=-2) if not isinstance(
            error, AssertionError) else f"      {error}", flush=True)
        if machine is not None:
            print(machine.run("journalctl --no-pager -o cat -n 30")[1])
        raise Ended from error
    counts["passed"] += 1
    print(f"ok    {words} ({time.monotonic() - begun:.1f} s)", flush=True)


def deb(number, *names):
    return " ".join(f"/root/packages/{name}_{number}_{build.ARCH}.deb"
                    for name in names or ["tfa"])


def installed(machine, number):
    out = machine.sh("dpkg-query -W -f '${Version} ${Status}' tfa")
    assert out == f"{number} install ok installed", out
    out = machine.sh("tfa-admin --version; tfa --version")
    assert out.count(number) == 2, out


def ways_in(machine):
    """All that decides who logs in, and what starts."""
    return machine.sh(
        "sshd -T -C user=alice,host=localhost,addr=127.0.0.1\n"
        "find /etc/ssh /etc/pam.d /etc/pam.conf /etc/nsswitch.conf "
        "/etc/security -type f -exec md5sum {} + | sort\n"
        "grep -v ^_tfa /etc/passwd; grep -v ^_tfa /etc/group\n"
        "systemctl list-unit-files --no-legend --state=enabled\n"
        "systemctl list-units --no-legend --plain --type=service,socket,timer "
        "--state=active | grep -v -e user@ -e user-runtime-dir@")


def same_ways_in(before, after):
    changed = set(before.splitlines()) ^ set(after.splitlines())
    assert not changed, "changed: " + "\n".join(sorted(changed))


def without_tfa(machine):
    for user in ("alice", "root"):
        machine.gets_in(user)


def install(machine):
    machine.sh(f"apt-get install -y {deb(NOW)}")


def as_root(machine, command):
    """By ssh, as an administrator works. sshd that reads its configuration
    again takes no connection for a moment."""
    for _ in range(50):
        status, out = machine.log_in("root", command)
        if "Connection refused" not in out:
            break
        time.sleep(0.1)
    assert status == 0, out


def set_up(machine, *options):
    as_root(machine, "tfa-admin setup --yes " + " ".join(options))
    as_root(machine, "tfa-admin setup --confirm")


def rules(machine):
    """A code is required of all but bob and root; all but carol have a
    device."""
    machine.sh("tfa-admin --yes enforce alice carol " + " ".join(CROWD) +
               "\ntfa-admin --yes exempt bob")
    machine.devices("alice", *CROWD)
    machine.needs_code("alice")
    machine.gets_in("alice", machine.code("alice"))


def guarded(machine):
    with step("install, set up, enrol", machine):
        install(machine)
        set_up(machine)
        rules(machine)


def enrol(terminal):
    """Sets up a device as a person does, and returns its secret."""
    terminal.expect("Key:")
    words = terminal.expect("Verification code: ")
    key = "".join(re.findall(r"\b[A-Z2-7]{4}\b", words))
    assert len(key) == 32, words
    return key


def life(machine):
    """One bastion, from the first package to the last."""
    with step("nothing that builds or tests tfa is on it", machine):
        machine.refused("command -v gcc make python3 oathtool git")
        before = ways_in(machine)
    with step("installing changes nobody's login", machine):
        install(machine)
        installed(machine, NOW)
        same_ways_in(before, ways_in(machine))
        without_tfa(machine)
        machine.sh("getent passwd _tfa; tfa-admin policy check")
    with step("setup and its confirmation, by ssh", machine):
        machine.sh("tfa-admin --yes enforce alice --grace 14d")
        set_up(machine)
        machine.sh("systemctl is-active tfa-keeper.socket")
    with step("the first login sets up a phone", machine):
        terminal = machine.terminal("alice")
        secret = enrol(terminal)
        terminal.type(machine.code("alice", secret))
        terminal.expect("Recovery codes")
        terminal.expect("Press Enter")
        terminal.type("")
        terminal.type("echo in''side; exit")
        terminal.expect("inside")
        assert terminal.end() == 0, terminal.text
    with step("the next ones ask for its code", machine):
        machine.needs_code("alice")
        machine.gets_in("alice", machine.code("alice", secret))
    with step("doctor has no complaint", machine):
        out = machine.sh("tfa-admin doctor")
        assert "FAIL" not in out, out
    with step("an upgrade while people log in refuses nobody", machine):
        machine.sh("tfa-admin --yes enforce " + " ".join(CROWD) +
                   "\ntfa-admin --yes exempt bob")
        machine.devices(*CROWD)
        upgrade_in_use(machine, secret)
    with step("an older version is refused, and changes nothing", machine):
        older_is_refused(machine)
    with step("removing is refused while sshd starts tfa", machine):
        remove_is_refused(machine)
    with step("setup --remove --keep, and it may go", machine):
        remove(machine)
        same_ways_in(before, ways_in(machine))
    with step("installed again, it has all devices", machine):
        machine.sh(f"apt-get install -y {deb(NEXT)}")
        without_tfa(machine)
        set_up(machine)
        machine.needs_code("alice")
        machine.gets_in("alice", machine.code("alice", secret))
    with step("purging deletes nothing unless somebody says yes", machine):
        out = remove(machine, "purge")
        assert "/var/lib/tfa " in out and "/etc/tfa " in out, out
        machine.sh("test -s /var/lib/tfa/users/alice.json "
                   "-a -s /etc/tfa/policy.json")
    with step("purging with a yes deletes what is tfa's", machine):
        machine.sh(f"apt-get install -y {deb(NEXT)}")
        machine.sh("echo tfa tfa/purge boolean true | debconf-set-selections\n"
                   "apt-get purge -y tfa")
        left = machine.sh("find / -xdev -name '*tfa*' ! -path '/proc/*' "
                          "! -path '/root/*' ! -path '/sys/*'")
        assert left == "", left
        without_tfa(machine)


def upgrade_in_use(machine, secret):
    session = machine.terminal("alice", "-o", "SetEnv=TFA_CODE=" +
                               machine.code("alice", secret))
    session.type("echo be''gun")
    session.expect("begun")
    prompt = machine.terminal("user16")
    prompt.expect("Verification code: ")
    keeper = machine.sh("systemctl show -P MainPID tfa-keeper.service")
    with machine.crowd() as crowd:
        machine.sh(f"apt-get install -y {deb(NEXT)}")
    crowd.all_were_in()
    installed(machine, NEXT)
    assert machine.sh(
        "systemctl show -P MainPID tfa-keeper.service") != keeper
    prompt.type(machine.code("user16"))
    prompt.type("echo in''side; exit")
    prompt.expect("inside")
    assert prompt.end() == 0, prompt.text
    session.type("echo still ''here; exit")
    session.expect("still here")
    assert session.end() == 0, session.text


def older_is_refused(machine):
    before = machine.sh("md5sum /usr/sbin/tfa-* /usr/bin/tfa; "
                        "systemctl show -P MainPID tfa-keeper.service")
    machine.refused(f"dpkg -i {deb(NOW)}", NOW, NEXT, "backup")
    machine.refused("apt-get install -y --allow-downgrades " + deb(NOW),
                    "older")
    installed(machine, NEXT)
    assert machine.sh("md5sum /usr/sbin/tfa-* /usr/bin/tfa; systemctl show "
                      "-P MainPID tfa-keeper.service") == before
    machine.needs_code("user1")
    machine.gets_in("user1", machine.code("user1"))


def remove_is_refused(machine):
    for how in ("apt-get remove -y tfa", "apt-get purge -y tfa",
                "dpkg -r tfa"):
        machine.refused(how, "tfa-admin setup --remove --keep", "00-tfa.conf")
    machine.needs_code("user2")
    machine.gets_in("user2", machine.code("user2"))
    assert "installed" in machine.sh("dpkg-query -W -f '${Status}' tfa")


def remove(machine, how="remove"):
    machine.sh("tfa-admin setup --remove --keep --yes")
    without_tfa(machine)
    out = machine.sh(f"apt-get {how} -y tfa\n"
                     "test ! -e /usr/sbin/tfa-gate\n! pgrep -x tfa-keeper")
    without_tfa(machine)
    return out


def waiting(machine):
    """A setup waits for its confirmation."""
    with step("setup waits for its confirmation", machine):
        install(machine)
        as_root(machine, "tfa-admin setup --yes --wait 75s")
        rules(machine)
    with step("removing is refused meanwhile", machine):
        machine.refused("apt-get remove -y tfa", "confirmed")
    with step("upgrading is not, and nobody is kept out", machine):
        with machine.crowd() as crowd:
            machine.sh(f"apt-get install -y {deb(NEXT)}")
        crowd.all_were_in()
        installed(machine, NEXT)
        machine.sh("test -e /var/lib/tfa-setup/journal.json")
    with step("nobody confirms: all is put back, and it may go", machine):
        machine.until("test ! -e /var/lib/tfa-setup")
        without_tfa(machine)
        machine.refused("test -e /etc/ssh/sshd_config.d/00-tfa.conf")
        machine.sh("apt-get remove -y tfa")
        without_tfa(machine)
    with step("a setup before an upgrade is confirmed after it", machine):
        install(machine)
        as_root(machine, "tfa-admin setup --yes")
        machine.sh(f"apt-get install -y {deb(NEXT)}")
        as_root(machine, "tfa-admin setup --confirm")
        machine.sh("test ! -e /var/lib/tfa-setup")
        machine.needs_code("user1")


FILL = "! dd if=/dev/zero of={}/fill bs=64k 2>/dev/null; sync"


def full(machine):
    """The disk is full while the package is upgraded."""
    guarded(machine)
    for folder in ("/var/lib/dpkg", "/usr/sbin"):
        with step(f"{folder} is full: it fails, and nobody is kept out",
                  machine):
            machine.sh(FILL.format(folder))
            with machine.crowd() as crowd:
                machine.refused(f"dpkg -i {deb(NEXT)}", "No space left")
            crowd.all_were_in()
            machine.sh("/usr/sbin/tfa-gate --version | grep -Fw " + NOW)
            machine.sh(f"rm {folder}/fill; dpkg --configure -a")
    with step("with room it is upgraded", machine):
        machine.sh(f"apt-get install -y {deb(NEXT)}")
        installed(machine, NEXT)
        machine.needs_code("alice")
        machine.gets_in("alice", machine.code("alice"))


KEEPER_DOWN = 69
# More often than systemd would start it by default.
KILL_KEEPER = """killed=0
for i in $(seq 300); do
	pid=$(systemctl show -P MainPID tfa-keeper.service)
	[ "$pid" = 0 ] || ! kill -KILL "$pid" || killed=$((killed + 1))
	[ $killed -lt 8 ] || exit 0
	sleep 0.1
done 2>/dev/null
exit 1"""


def keeper_killed(machine):
    """The keeper is killed again and again while the package is upgraded."""
    guarded(machine)
    with step("a login is let in or told that the keeper is down", machine):
        with machine.crowd() as crowd:
            killer = machine.start(KILL_KEEPER)
            machine.sh(f"apt-get install -y {deb(NEXT)}")
            killer.communicate()
            assert killer.returncode == 0, "it was not killed often enough"
        crowd.all_were_in(but=[KEEPER_DOWN])
    with step("afterwards nothing is lost, and nobody kept out", machine):
        installed(machine, NEXT)
        out = machine.sh("tfa-admin users --state enrolled --csv")
        assert out.count("\nuser") == len(CROWD) and "\nalice," in out, out
        with machine.crowd() as crowd:
            pass
        crowd.all_were_in()
        machine.needs_code("alice")


def replaced(path):
    """True once another file has this name."""
    before = os.stat(path).st_ino
    return lambda: os.stat(path).st_ino != before


def script_runs():
    """True while dpkg runs the script that sets tfa up."""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if b"tfa.postinst" in file.read():
                    return True
        except OSError:
            pass  # it has ended
    return False


def dpkg_killed(machine):
    """dpkg is killed in the middle."""
    guarded(machine)
    new = machine.root + "/usr/sbin/tfa-admin.dpkg-new"
    gate = machine.root + "/usr/sbin/tfa-gate"
    for words, moment in (
            ("before the programs are replaced",
             lambda: lambda: os.path.exists(new)),
            ("while they are replaced", lambda: replaced(gate)),
            ("in its script", lambda: script_runs)):
        with step(f"killed {words}: nobody is kept out", machine):
            with machine.crowd() as crowd:
                kill_dpkg(machine, moment())
            crowd.all_were_in()
            machine.needs_code("alice")
        with step("and dpkg goes on", machine):
            # It says itself what must be unpacked again.
            machine.sh(f"dpkg --configure -a || :; dpkg -i {deb(NEXT)}")
            installed(machine, NEXT)
    with step("unpacked, and not configured: nobody is kept out", machine):
        with machine.crowd() as crowd:
            machine.sh(f"dpkg --unpack {deb(NEXT)}")
        crowd.all_were_in()
        machine.sh("dpkg --configure -a")
        machine.needs_code("alice")


def kill_dpkg(machine, has_come):
    process = machine.start(f"exec dpkg -i {deb(NEXT)}")
    end = time.monotonic() + 60
    while not has_come():
        assert time.monotonic() < end and process.poll() is None, \
            "dpkg was too fast: " + process.communicate()[0]
    pid = children(process.pid)
    os.kill(int(pid), signal.SIGKILL)
    process.communicate()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return file.read().strip()


def door(machine):
    """A bastion with a door, on which somebody forwards a port."""
    with step("installing opens no door", machine):
        machine.sh(f"apt-get install -y {deb(NOW, 'tfa', 'libpam-tfa')}")
        machine.refused("systemctl is-active tfa-sshd.service")
        machine.refused("systemctl is-enabled tfa-sshd.service")
        without_tfa(machine)
    with step("setup opens it, and a code passes it", machine):
        set_up(machine, "--door", str(DOOR))
        rules(machine)
        machine.sh("tfa-admin --yes forward alice user1 after-code")
        Jump(machine, "alice", True).close()
    with step("an upgrade cuts no forward and no open question", machine):
        forward = Jump(machine, "user1", True)
        question = Jump(machine, "alice", False)
        with machine.crowd() as crowd:
            machine.sh("apt-get install -y " +
                       deb(NEXT, "tfa", "libpam-tfa"))
        crowd.all_were_in()
        forward.type("hello")
        forward.expect("Invalid SSH identification string")
        question.answer()
        question.expect("SSH-2.0-")
        machine.sh("systemctl is-active tfa-sshd.service")
        Jump(machine, "user1", True).close()
    with step("an older one is refused", machine):
        machine.refused("dpkg -i " + deb(NOW, "libpam-tfa"), NOW, NEXT)
        machine.refused("dpkg -i " + deb(NOW, "tfa", "libpam-tfa"), "older")
    with step("removing is refused while the door is there", machine):
        for what in ("libpam-tfa", "tfa", "tfa libpam-tfa"):
            machine.refused(f"apt-get remove -y {what}", "tfa-admin setup")
        Jump(machine, "alice", True).close()
    with step("without a door the module may go, and logins go on", machine):
        set_up(machine, "--no-door")
        machine.sh("apt-get remove -y libpam-tfa")
        machine.needs_code("alice")
        machine.gets_in("alice", machine.code("alice"))


FLEET = """{"version": 1, "name": "fleet.example.com", "engine": "etcd",
"endpoints": ["https://127.0.0.1:9"], "prefix": "/tfa/v1/", "user": "tfa",
"tls": {"ca": "/etc/tfa/link/ca.pem"}}
"""
LINK_PID = "systemctl show -P MainPID tfa-link.service"


def enter_fleet(machine):
    """The link starts and serves, also where no etcd answers."""
    machine.sh("install -d -m 0755 /etc/tfa/link\n"
               "umask 077; echo password >/etc/tfa/link/password")
    build.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
              "-subj", "/O=ca", "-keyout", "/dev/null", "-out",
              machine.root + "/etc/tfa/link/ca.pem")
    machine.sh(f"cat >/etc/tfa/store.json <<'END'\n{FLEET}END\n"
               "systemctl enable --now tfa-link.service\n"
               "systemctl is-active tfa-link.service\n"
               "stat -c '%U %G %a' /run/tfa-link/link.sock | "
               "grep -x '_tfalink _tfa 660'")


def link(machine):
    """A bastion with the package for a fleet."""
    guarded(machine)
    with step("tfa alone has nothing that talks to a network", machine):
        machine.refused("dpkg-query -W -f '${Status}\\n' 'libcurl*' | "
                        "grep '^install ok installed'")
        before = ways_in(machine)
    with step("installing the link changes nobody's login", machine):
        with machine.crowd() as crowd:
            machine.sh(f"apt-get install -y {deb(NOW, 'tfa-link')}")
        crowd.all_were_in()
        same_ways_in(before, ways_in(machine))
        machine.sh("getent passwd _tfalink; tfa-link --version")
        machine.refused("systemctl is-active tfa-link.service")
        machine.refused("systemctl is-enabled tfa-link.service")
    with step("an upgrade of both refuses nobody", machine):
        with machine.crowd() as crowd:
            machine.sh("apt-get install -y " + deb(NEXT, "tfa", "tfa-link"))
        crowd.all_were_in()
        installed(machine, NEXT)
        machine.sh("tfa-link --version | grep -Fw " + NEXT)
        machine.refused("systemctl is-active tfa-link.service")
        machine.refused("dpkg -i " + deb(NOW, "tfa-link"), NOW, NEXT, "older")
    with step("a new link takes the place of one that runs", machine):
        enter_fleet(machine)
        old = machine.sh(LINK_PID)
        machine.sh("dpkg -i " + deb(NEXT, "tfa-link"))
        assert machine.sh(LINK_PID) not in (old, "0\n")
        machine.sh("systemctl is-active tfa-link.service")
    with step("removing is refused while this bastion is in a fleet", machine):
        for what in ("tfa-link", "tfa tfa-link", "tfa"):
            for how in ("remove", "purge"):
                machine.refused(f"apt-get {how} -y {what}",
                                "/etc/tfa/store.json names a fleet",
                                "tfa-admin store leave")
        machine.sh("systemctl is-active tfa-link.service")
    with step("without a fleet it may go, and logins go on", machine):
        machine.sh("mv /etc/tfa/store.json /root\n"
                   "apt-get purge -y tfa-link")
        machine.refused("pgrep -x tfa-link")
        left = machine.sh("find / -xdev -name '*tfa-link*' ! -path '/proc/*' "
                          "! -path '/root/*' ! -path '/sys/*'")
        assert left == "", left
        machine.needs_code("alice")
        machine.gets_in("alice", machine.code("alice"))


STORIES = {"life": life, "door": door, "link": link, "waiting": waiting,
           "full": full, "keeper_killed": keeper_killed,
           "dpkg_killed": dpkg_killed}
SMALL = {"full": ["/usr/sbin=64m", "/var/lib/dpkg=64m"]}


def tell(place, name):
    machine = None
    try:
        with step(f"{name}: boot"):
            machine = Machine(place, name, SMALL.get(name, ()))
        STORIES[name](machine)
    except Ended:
        pass
    finally:
        if machine is not None:
            machine.stop()


def main(place, release, *names):
    folder = os.environ.get("PACKAGES", os.path.join(place, "packages"))
    try:
        with step(f"{release}: packages are built on a fresh system"):
            build.packages(place, release, folder)
        with contextlib.suppress(Ended), \
                step("what dpkg may do, without systemd"):
            build.guards(place, release, folder)
        with step("a bastion without compiler and tests"):
            build.bastion(place, release, folder)
        for name in names or STORIES:
            tell(place, name)
    except Ended:
        pass
    print("packages: {passed} passed, {failed} failed, {skipped} skipped"
          .format(**counts))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
