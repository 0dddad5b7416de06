"""The bastion that is measured, and its peers: people, records, servers.

For use in a private-root only: it writes to /etc/passwd, /etc/pam.d and
/usr/sbin.  What must survive a power cut is in one folder of the real disk.
"""
import base64
import collections
import hashlib
import hmac
import os
import re
import shutil
import socket
import struct
import subprocess
import time

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
GROUP = 3001  # engineers
PEOPLE = 200  # who log in, at the top of passwd: u0, u1, ...
ENDING = range(PEOPLE, 2 * PEOPLE)  # n0, ...: whose shell is not there
REAL = range(2 * PEOPLE, 3 * PEOPLE)  # s0, ...: whose shell is bash
NOT_FOUND = 127  # how their gates end, after a pass
CROWD_UID = 100000  # of those who only have a record: p0, p1, ...
SOCKET = "/run/tfa/keeper.sock"
OTHER_SOCKET = "/run/tfa/other.sock"
WORK = "/srv/tfa"
LANDING = WORK + "/landing"
BEFORE = WORK + "/before"  # gate and keeper of an earlier commit, if any
SMALL = 60  # seconds that a command may take

POLICY = """{"version": 1, "issuer": "Bench", "otherwise": "optional",
 "rules": [
  {"name": "ci", "users": ["deploy"], "from": ["10.2.0.0/16"],
   "mode": "exempt"},
  {"name": "engineers", "groups": ["engineers"], "mode": "required",
   "since": "2024-01-01T00:00:00Z"}]}
"""

RECORD = """{
 "version": 1,
 "user": "%s",
 "uid": %d,
 "devices": [
  {"id": "d1", "name": "phone", "type": "totp", "algorithm": "SHA1",
   "digits": 6, "period": 30, "secret": "%s", "last_step": "1",
   "added": "2024-01-01T00:00:00Z", "added_from": "192.0.2.7",
   "last_used": "2024-01-01T00:00:00Z"}
 ],
 "codes": [%s],
 "first_seen": "2024-01-01T00:00:00Z",
 "enrolled_once": true,
 "last_rule": "engineers",
 "failures": {"known": {"count": 0}, "other": {"count": 0}},
 "sources": [
  {"address": "192.0.2.7", "last": "2024-01-01T00:00:00Z"}
 ],
 "last_login": {"at": "2024-01-01T00:00:00Z", "from": "192.0.2.7"}
}
"""

Job = collections.namedtuple("Job", "uid gid input env argv")
Run = collections.namedtuple("Run", "status wall_ns cpu_ns faults landed")


def code_now():
    """The code of everybody's device.  Waits if the step ends soon."""
    left = 30 - time.time() % 30
    if left < 8:
        time.sleep(left + 0.1)
    step = struct.pack(">Q", int(time.time()) // 30)
    mac = hmac.new(base64.b32decode(SECRET), step, "sha1").digest()
    at = mac[-1] & 15
    number = struct.unpack(">I", mac[at:at + 4])[0] & 0x7FFFFFFF
    return "%06d" % (number % 1000000)


def one_time_codes(count):
    """One-time codes for a record of ours."""
    return ["%016d" % (10 ** 15 + i) for i in range(count)]


def scratch_codes(count):
    """Scratch codes for a file of google-authenticator."""
    return ["%08d" % (10 ** 7 + i) for i in range(count)]


def write(path, text, mode=0o644, uid=0, gid=0):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    os.chown(path, uid, gid)


class Rig:
    def __init__(self, build, disk):
        self.build, self.disk = build, disk
        self.store = disk + "/store"
        self.keeper = self.other = None
        self.sshd = []
        self.crowd = 0
        os.makedirs(WORK + "/valgrind")
        os.chmod(WORK + "/valgrind", 0o777)
        for program in "tfa-gate", "tfa-keeper", "tfa-admin":
            shutil.copy("%s/%s" % (build, program), "/usr/sbin")
        if os.path.exists(build + "/before"):
            os.mkdir(BEFORE)
            for program in "tfa-gate", "tfa-keeper":
                shutil.copy("%s/before/build/%s" % (build, program), BEFORE)
        for tool in "measure", "stub", "landing", "scan":
            shutil.copy("%s/bench/%s" % (build, tool), WORK)
        subprocess.run(["tests/support/people", WORK + "/keys"], check=True)
        self._people()
        self._peers()
        os.makedirs("/etc/tfa", exist_ok=True)
        os.makedirs("/run/tfa")
        write("/etc/tfa/policy.json", POLICY)
        self.tfa_uid = 2000
        self.use_store(self.store)

    def _people(self):
        """Puts our people at the top of passwd, so that the users below cost
        them nothing.  "s0" and on have a real shell; the shell of "n0" and on
        does not exist."""
        home = WORK + "/home"
        os.makedirs(home + "/.ssh")
        shutil.copy(WORK + "/keys/alice.pub", home + "/.ssh/authorized_keys")
        lines = []
        for name, first, shell in (("u", 5000, LANDING),
                                   ("s", 6000, "/bin/bash"),
                                   ("n", 7000, "/nonexistent")):
            lines += ["%s%d:x:%d:%d::%s:%s\n" % (name, i, first + i, GROUP,
                                                 home, shell)
                      for i in range(PEOPLE)]
        with open("/etc/passwd") as file:
            lines.insert(PEOPLE, file.read())
        write("/etc/passwd", "".join(lines))
        with open("/etc/shadow", "a") as file:
            file.write("".join("%s:*:19000:0:99999:7:::\n" % line.split(":")[0]
                               for line in "".join(lines).split("\n")
                               if re.match("[usn][0-9]+:", line)))
        with open(WORK + "/keys/alice.pub") as file:
            key = " ".join(file.read().split()[:2])
        for i in [*range(PEOPLE), *ENDING]:
            _, uid = self.person(i)
            write("%s/auth.%d" % (WORK, uid), "publickey %s\n" % key, 0o600,
                  uid, GROUP)

    def _peers(self):
        """Sets up the peers; every person has the same secret everywhere."""
        write("/etc/pam.d/bench-ga", "auth required "
              "pam_google_authenticator.so secret=%s/ga/${USER}/secret\n"
              "account required pam_permit.so\n" % self.disk)
        write("/etc/pam.d/bench-oath", "auth required pam_oath.so "
              "usersfile=%s/oath/users window=3\n"
              "account required pam_permit.so\n" % self.disk)
        os.mkdir(self.disk + "/ga")
        os.mkdir(self.disk + "/oath", 0o700)
        for i in [*range(PEOPLE), *ENDING, *REAL]:
            name, uid = self.person(i)
            folder = "%s/ga/%s" % (self.disk, name)
            os.mkdir(folder, 0o700)
            os.chown(folder, uid, GROUP)

    @staticmethod
    def person(i):
        if i in ENDING:
            return "n%d" % (i - PEOPLE), 7000 + i - PEOPLE
        if i in REAL:
            return "s%d" % (i - REAL[0]), 6000 + i - REAL[0]
        return "u%d" % i, 5000 + i

    def grow(self, users):
        """Adds users to passwd and our store until there are so many, beside
        those of person().  refresh_oath() gives them to pam_oath."""
        more = range(self.crowd, users)
        with open("/etc/passwd", "a") as passwd:
            for i in more:
                name = "p%06d" % i
                passwd.write("%s:x:%d:%d::/home/p:/bin/bash\n"
                             % (name, CROWD_UID + i, GROUP))
                self.record(name, CROWD_UID + i)
        self.crowd = max(self.crowd, users)
        os.sync()

    def record(self, name, uid, codes=()):
        codes = ",\n  ".join('{"use": "pass", "hash": "%s"}' %
                             hashlib.sha256(code.encode()).hexdigest()
                             for code in codes)
        write("%s/users/%s.json" % (self.store, name),
              RECORD % (name, uid, SECRET, codes), 0o600, self.tfa_uid,
              self.tfa_uid)

    def refresh(self, people, codes=0):
        """Writes their records anew, with no code used, here and for
        google-authenticator."""
        for i in people:
            name, uid = self.person(i)
            self.record(name, uid, one_time_codes(codes))
            write("%s/ga/%s/secret" % (self.disk, name), "\n".join(
                [SECRET, '" WINDOW_SIZE 3', '" DISALLOW_REUSE',
                 '" TOTP_AUTH'] + scratch_codes(codes)) + "\n", 0o600, uid,
                GROUP)

    def refresh_oath(self, people):
        line = "HOTP/T30/6\t%s\t-\t" + base64.b32decode(SECRET).hex() + "\n"
        names = [self.person(i)[0] for i in people]
        names += ["p%06d" % i for i in range(self.crowd)]
        write(self.disk + "/oath/users", "".join(line % n for n in names),
              0o600)

    def use_store(self, path):
        """The store of keepers and records from now on."""
        self.store = path
        for folder in path, path + "/users":
            os.makedirs(folder, 0o700, exist_ok=True)
            os.chown(folder, self.tfa_uid, self.tfa_uid)

    # Servers

    def keeper_start(self, before=(), folder="/usr/sbin", more=()):
        self.keeper = self._keeper(SOCKET, before, folder, more)

    def keeper_stop(self):
        self.keeper.terminate()
        self.keeper.wait()

    def other_start(self, path):
        """Starts a second keeper on a store of its own."""
        disk = self.store
        self.use_store(path)
        self.other = self._keeper(OTHER_SOCKET)
        self.use_store(disk)

    def other_stop(self):
        self.other.terminate()
        self.other.wait()

    def _keeper(self, path, before=(), folder="/usr/sbin", more=()):
        keeper = subprocess.Popen(
            [*before, folder + "/tfa-keeper", "--store", self.store,
             "--socket", path, *more],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self._await(path, socket.SOCK_SEQPACKET)
        return keeper

    @staticmethod
    def _await(address, kind):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        for _ in range(1000):
            with socket.socket(family, kind) as probe:
                try:
                    probe.connect(address)
                    return
                except OSError:
                    time.sleep(0.01)
        raise SystemExit("bench: nothing answers on %s" % (address,))

    def sshd_start(self):
        """Starts two sshds, with our drop-in and without.  Returns their
        ssh_config files."""
        with open("etc/sshd-tfa.conf") as file:
            drop_in = file.read()
        with open(WORK + "/keys/host.pub") as file:
            write(WORK + "/known_hosts", "bench " + file.read())
        configs = []
        for port, extra in (15022, drop_in), (15023, ""):
            self.sshd_run(port, "UsePAM no\n" + extra)
            configs.append("%s/ssh.%d" % (WORK, port))
            write(configs[-1], "Host bench\n HostName 127.0.0.1\n Port %d\n"
                  " HostKeyAlias bench\n UserKnownHostsFile %s/known_hosts\n"
                  " IdentityFile %s/keys/alice\n IdentityAgent none\n"
                  " SendEnv TFA_CODE\n LogLevel ERROR\n"
                  % (port, WORK, WORK))
        return configs

    def sshd_run(self, port, extra, service="sshd"):
        """Starts an sshd with further lines, and with a PAM service, which
        older ones take from the name by which they are started."""
        path = "%s/sshd.%d" % (WORK, port)
        write(path, "Port %d\nListenAddress 127.0.0.1\nHostKey %s/keys/host\n"
              "PidFile none\nPasswordAuthentication no\nUseDNS no\n%s"
              % (port, WORK, extra))
        link = "%s/%s" % (WORK, service)
        if not os.path.islink(link):
            os.symlink("/usr/sbin/sshd", link)
        known = ["-o", "PAMServiceName=" + service]
        if subprocess.run(["/usr/sbin/sshd", "-t", "-f", path, *known],
                          stderr=subprocess.DEVNULL).returncode != 0:
            known = []
        self.sshd.append(subprocess.Popen([link, "-D", "-f", path, *known],
                                          stderr=subprocess.DEVNULL))
        self._await(("127.0.0.1", port), socket.SOCK_STREAM)

    def sshd_stop(self):
        for server in self.sshd:
            server.terminate()
            server.wait()
        self.sshd = []

    # Jobs

    def _job(self, i, argv, env=(), text="-"):
        _, uid = self.person(i)
        return Job(uid, GROUP, text, list(env), argv)

    def login_env(self, i, code):
        """The environment that sshd gives the gate."""
        env = ["SSH_CONNECTION=192.0.2.7 50000 192.0.2.1 22",
               "SSH_ORIGINAL_COMMAND=true", "PATH=/usr/bin:/bin",
               "SSH_USER_AUTH=%s/auth.%d" % (WORK, self.person(i)[1])]
        return env + (["TFA_CODE=" + code] if code else [])

    def gate(self, i, code=None, path=SOCKET, folder="/usr/sbin"):
        return self._job(i, [folder + "/tfa-gate", "--socket", path],
                         self.login_env(i, code))

    def stub(self, i):
        shell = "/nonexistent" if i in ENDING else LANDING
        return self._job(i, [WORK + "/stub", shell, "-c", "true"],
                         self.login_env(i, None))

    def pamtester(self, i, service, code):
        return self._job(i, ["/usr/bin/pamtester", service,
                             self.person(i)[0], "authenticate"],
                         text=code)._replace(uid=0, gid=0)

    @staticmethod
    def root(argv, env=()):
        return Job(0, 0, "-", ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", *env],
                   argv)

    @staticmethod
    def run(jobs, at_once=1, limit=SMALL):
        """Returns a Run for each job, and the wall time of all in
        nanoseconds; (None, 0) if they take longer than the limit."""
        lines = ["\t".join([str(j.uid), str(j.gid), j.input, *j.env, "--",
                            *j.argv]) for j in jobs]
        try:
            out = subprocess.run([WORK + "/measure", str(at_once)],
                                 input="\n".join(lines) + "\n", text=True,
                                 stdout=subprocess.PIPE, check=True,
                                 timeout=limit).stdout.split("\n")
        except subprocess.TimeoutExpired:
            return None, 0
        runs = [Run(*map(int, line.split())) for line in out[:len(jobs)]]
        return runs, int(out[len(jobs)].split()[1])
