"""The door, as bench.py's section "door" measures it: pam_tfa.so beside
pam_google_authenticator, each in a PAM service that is the same but for that
module, and each at a second sshd that is the same but for that service.
"""
import os
import shutil
import socket
import statistics
import subprocess

import rig as r

OURS, THEIRS, NOTHING = "bench-door", "bench-door-ga", "bench-door-permit"
PORTS = {OURS: 15024, THEIRS: 15025}
BEYOND = 15026  # what lies behind the bastion
POLICY = r.WORK + "/door.json"
FROM = "192.0.2.7 50000 192.0.2.1 2222"

# What the drop-in says at the door.  A session is none of a jump's.
DOOR = """UsePAM yes
KbdInteractiveAuthentication yes
AuthenticationMethods publickey,keyboard-interactive:pam
ExposeAuthInfo yes
AllowTcpForwarding local
MaxStartups 100
"""


def install(rig):
    """Installs module and services.  False if the module was not built."""
    module = rig.build + "/pam_tfa.so"
    if not os.path.exists(module):
        return False
    shutil.copy(module, os.path.dirname(modules()))
    with open("etc/tfa-sshd.pam") as file:
        lines = file.read().split("\n")
    google = ("pam_google_authenticator.so secret=%s/ga/${USER}/secret"
              % rig.disk)
    write_service(OURS, lines, "pam_tfa.so socket=" + r.SOCKET,
                  "pam_tfa.so socket=" + r.SOCKET)
    write_service(THEIRS, lines, google, None)
    write_service(NOTHING, lines, "pam_permit.so", None)
    r.write(POLICY, r.POLICY.replace('"rules"', '"forwarding": "after-code",\n'
                                     ' "rules"'))
    return True


def modules():
    """The path of PAM's own module."""
    return subprocess.run(
        ["find", "/lib", "/usr/lib", "-name", "pam_unix.so", "-print",
         "-quit"], stdout=subprocess.PIPE, text=True,
        check=True).stdout.strip()


def write_service(name, lines, auth, account):
    """The door's service with other modules in place of ours."""
    text = ""
    for line in lines:
        words = line.split()
        if words[2:] == ["pam_tfa.so"]:
            module = auth if words[0] == "auth" else account
            line = module and "%s %s %s" % (words[0], words[1], module)
        if line is not None:
            text += line + "\n"
    r.write("/etc/pam.d/" + name, text)


def once(rig, i, service, code):
    """Judges a code in one service, as the door's sshd does: authentication,
    then the account."""
    with open("%s/auth.%d" % (r.WORK, rig.person(i)[1])) as file:
        key = file.read().strip()
    job = rig.pamtester(i, service, code)
    return job._replace(argv=[
        job.argv[0], "-E", "SSH_CONNECTION=" + FROM, "-E",
        "SSH_AUTH_INFO_0=" + key, "-I", "rhost=192.0.2.7", *job.argv[1:],
        "acct_mgmt"])


def start(rig):
    """Starts both doors and what is behind them.  Returns an ssh_config for
    each door, in which "beyond" is reached through it."""
    r.write(r.WORK + "/askpass", '#!/bin/sh\necho "$BENCH_CODE"\n', 0o755)
    with open(r.WORK + "/keys/host.pub") as file:
        r.write(r.WORK + "/known_hosts", "bench " + file.read())
    rig.sshd_run(BEYOND, "UsePAM no\n")
    configs = {}
    for service, port in PORTS.items():
        rig.sshd_run(port, DOOR, service)
        configs[service] = path = "%s/ssh.%s" % (r.WORK, service)
        r.write(path, "".join(
            "Host %s\n HostName 127.0.0.1\n Port %d\n HostKeyAlias bench\n"
            " UserKnownHostsFile %s/known_hosts\n IdentityFile %s/keys/alice\n"
            " IdentityAgent none\n LogLevel ERROR\n"
            % (host, at, r.WORK, r.WORK)
            for host, at in (("door", port), ("beyond", BEYOND))))
    return configs


def jump(rig, config, i, code):
    """ssh -J, for which the code is typed."""
    name = rig.person(i)[0]
    return rig.root(
        ["/usr/bin/ssh", "-F", config, "-l", name, "-J", name + "@door",
         "beyond", "true"],
        ["BENCH_CODE=" + code, "SSH_ASKPASS=%s/askpass" % r.WORK,
         "SSH_ASKPASS_REQUIRE=force"])


def own_cost(ours, theirs, nothing):
    """What the module adds to a service without one, ours and theirs."""
    floor = statistics.median(nothing)
    return ([max(x - floor, 0) for x in ours],
            [max(x - floor, 1e-6) for x in theirs])
