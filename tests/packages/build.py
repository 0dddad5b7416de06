"""Builds the packages, this version and the next, and the Debian to boot."""
import os
import re
import shutil
import subprocess

FRESH = "tests/support/fresh"
PACKAGES = ("tfa", "libpam-tfa", "tfa-link")
# A bastion has these, and none of what building or testing needs.
BASTION = ["openssh-server", "systemd-sysv", "libpam-systemd", "dbus",
           "logrotate", "procps"]
PEOPLE = ["alice", "bob", "carol"] + ["user%d" % n for n in range(1, 17)]


def run(*argv, **more):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, **more)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout[-3000:]}"
    return done.stdout


ARCH = run("dpkg", "--print-architecture").strip()


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def version():
    return re.search(r"^VERSION := (\S+)$", read("Makefile"), re.M).group(1)


def next_version():
    """As long as this one: it takes its place in the programs."""
    return "9" + version()[1:]


def packages(work, release, folder):
    """Leaves the packages of both versions in the folder."""
    names = [f"{folder}/{name}_{number}_{ARCH}.deb" for number in
             (version(), next_version()) for name in PACKAGES]
    if all(os.path.exists(name) for name in names):
        return
    os.makedirs(folder, exist_ok=True)
    builder = os.path.join(work, "builder")
    run(FRESH, release, builder, "make")
    os.mkdir(f"{builder}/root/tfa")
    run("sh", "-c", 'git archive HEAD | tar -x -C "$0"', f"{builder}/root/tfa")
    run(FRESH, "--run", builder, "make", "-C", "/root/tfa", "deb")
    run(FRESH, "--run", builder, "/root/tfa/tests/packages/next",
        "/root/tfa/build/deb", version(), next_version())
    run("sh", "-c", 'cp "$0"/*.deb "$1"', f"{builder}/root/tfa/build/deb",
        folder)
    shutil.rmtree(builder)


def guards(work, release, folder):
    now = os.path.join(work, "now")
    os.mkdir(now)
    for name in PACKAGES:
        shutil.copy(f"{folder}/{name}_{version()}_{ARCH}.deb", now)
    run("tests/packages/guards", release, now)


def person(root, keys, name):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{keys}/{name}")
    if name != "root":
        run("chroot", root, "useradd", "-m", "-s", "/bin/bash", name)
    home = f"{root}/root" if name == "root" else f"{root}/home/{name}"
    os.makedirs(f"{home}/.ssh", 0o700, exist_ok=True)
    shutil.copy(f"{keys}/{name}.pub", f"{home}/.ssh/authorized_keys")
    run("chroot", root, "chown", "-R", f"{name}:", home[len(root):])


def bastion(work, release, folder):
    """A Debian with people, and with the packages in /root/packages; apt finds
    what they depend on without a network."""
    root = os.path.join(work, "bastion")
    keys = os.path.join(work, "keys")
    run(FRESH, release, root, *BASTION)
    os.mkdir(keys, 0o700)
    for name in ["root"] + PEOPLE:
        person(root, keys, name)
    shutil.copytree(folder, f"{root}/root/packages")
    os.makedirs(f"{root}/var/lib/archives/partial")
    write(f"{root}/etc/apt/apt.conf.d/99-here",
          'Dir::Cache::archives "/var/lib/archives/";\n'
          'APT::Install-Recommends "no";\n')
    run(FRESH, "--run", root, "sh", "-c",
        "apt-get install -y --download-only "
        f"/root/packages/*_{version()}_*.deb")
