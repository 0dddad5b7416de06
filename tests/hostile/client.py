#!/usr/bin/python3
"""client.py PORT USER KEY STEP...

An SSH client that says what no client says, up to the end of authentication and
one channel.  It does the steps in turn on one connection to 127.0.0.1.  KEY is
the path of an ed25519 key without a passphrase.

  none, password=WORD       asks to be let in by this method
  publickey                 with KEY
  kbdint, kbdint=METHODS    keyboard-interactive, with submethods
  answer=TEXT               answers the prompt; TEXT has Python's escapes
  answers=A,B,C             gives several answers in one message
  claim=COUNT               says that so many answers come, and sends none
  size=COUNT                an answer of so many bytes
  stream=COUNT              one answer after the other without waiting, each of
                            200,000 bytes, until there were so many bytes
  length=COUNT              a packet that claims so many bytes
  user=NAME, service=NAME   in the requests that follow
  ignore=COUNT              so many messages that mean nothing
  raw=TYPE,HEX              any message
  open=PORT                 a channel to a port of the server
  quick=TEXT                answers, and hangs up at once
  wait=SECONDS              until the server hangs up

After each it prints what the server said, a line for each message:

  failure METHODS [partial] | success | prompt TEXT | info TEXT |
  banner TEXT | opened | refused | unimplemented | disconnect TEXT | closed |
  waiting
"""
import select
import socket
import sys
import time

from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ed25519

from wire import RAW, Closed, Reader, Wire, number, string

class Client:
    def __init__(self, port, user, key):
        with open(key, "rb") as file:
            self.key = s.load_ssh_private_key(file.read(), None)
        assert isinstance(self.key, ed25519.Ed25519PrivateKey)
        self.user, self.service = user, "ssh-connection"
        self.wire = Wire(port)
        self.wire.send(b"\x05" + string("ssh-userauth"))
        self.said()

    def said(self):
        """What the server says next, in words; None for what means nothing."""
        message = Reader(self.wire.receive())
        kind = message.take(1)[0]
        if kind == 1:
            message.number()
            return "disconnect " + message.string().decode(errors="replace")
        if kind == 6:
            return "service"
        if kind == 51:
            methods = message.string().decode()
            partial = message.take(1) != b"\0"
            return "failure " + methods + (" partial" if partial else "")
        if kind == 52:
            return "success"
        if kind == 53:
            return "banner " + message.string().decode(errors="replace")
        if kind == 60:
            name, text = message.string(), message.string()
            message.string()
            words = [name, text]
            count = message.number()
            for _ in range(count):
                words.append(message.string())
                message.take(1)
            if count == 0:  # a message of PAM's, which wants no answer
                self.wire.send(b"\x3d" + number(0))
            words = b" ".join(words).decode(errors="replace").strip()
            return ("prompt " if count > 0 else "info ") + words
        return {3: "unimplemented", 91: "opened", 92: "refused"}.get(kind)

    def hear(self, out):
        """Up to a word that ends a step."""
        try:
            while True:
                said = self.said()
                if said is not None and said != "service":
                    out(said)
                if said is not None and said.split()[0] in (
                        "failure", "success", "prompt", "opened", "refused",
                        "unimplemented", "disconnect"):
                    return said.split()[0]
        except Closed:
            out("closed")
        except socket.timeout:
            out("waiting")
        return "closed"

    def request(self, method, more=b""):
        self.wire.send(b"\x32" + string(self.user) + string(self.service) +
                       string(method) + more)

    def publickey(self):
        blob = string("ssh-ed25519") + string(
            self.key.public_key().public_bytes(*RAW))
        more = b"\1" + string("ssh-ed25519") + string(blob)
        signed = string(self.wire.session) + b"\x32" + string(self.user) + \
            string(self.service) + string("publickey") + more
        self.request("publickey", more + string(
            string("ssh-ed25519") + string(self.key.sign(signed))))

    def answers(self, *texts):
        self.wire.send(b"\x3d" + number(len(texts)) +
                       b"".join(string(text) for text in texts))

    def channel(self, port):
        self.wire.send(b"\x5a" + string("direct-tcpip") + number(0) +
                       number(1 << 20) + number(1 << 15) +
                       string("127.0.0.1") + number(port) +
                       string("127.0.0.1") + number(1))

    def wait(self, seconds, out):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.wire.rest or select.select(
                    [self.wire.socket], [], [], end - time.monotonic())[0]:
                if self.hear(out) in ("closed", "disconnect"):
                    return
        out("waiting")

    def step(self, step, out):
        name, _, value = step.partition("=")
        wire = self.wire
        escaped = value.encode().decode("unicode_escape").encode("latin-1")
        if name == "user":
            self.user = escaped
            return
        if name == "service":
            self.service = value
            return
        if name == "ignore":
            for _ in range(int(value)):
                wire.send(b"\x02" + string("x" * 1000))
            return
        if name == "wait":
            return self.wait(float(value), out)
        if name == "quick":
            self.answers(escaped)
            wire.socket.close()
            out("hung up")
            return
        if name == "none":
            self.request("none")
        elif name == "password":
            self.request("password", b"\0" + string(value))
        elif name == "publickey":
            self.publickey()
        elif name == "kbdint":
            self.request("keyboard-interactive", string("") + string(value))
        elif name == "answer":
            self.answers(escaped)
        elif name == "answers":
            self.answers(*value.split(","))
        elif name == "claim":
            wire.send(b"\x3d" + number(int(value)))
        elif name == "size":
            self.answers(b"1" * int(value))
        elif name == "stream":
            for _ in range(int(value) // 200000):
                self.answers(b"1" * 200000)
        elif name == "length":
            wire.send(b"\x3d" + number(1) + string("1" * 1000), int(value))
        elif name == "raw":
            kind, _, rest = value.partition(",")
            wire.send(bytes([int(kind)]) + bytes.fromhex(rest))
        elif name == "open":
            self.channel(int(value))
        else:
            raise SystemExit("client.py: no step " + step)
        return self.hear(out)


def main(port, user, key, *steps):
    client = Client(int(port), user, key)
    for step in steps:
        if client.step(step, print) in ("closed", "disconnect"):
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
