"""The first half of an SSH connection to sshd on 127.0.0.1: from here on each
message goes out as the caller made it.
"""
import hashlib
import os
import socket
import struct

from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

RAW = s.Encoding.Raw, s.PublicFormat.Raw
LIMIT = 30  # seconds for anything that the server says


def string(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(value)) + value


def number(value):
    return struct.pack(">I", value)


class Closed(Exception):
    pass


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self):
        return struct.unpack(">I", self.take(4))[0]

    def string(self):
        return self.take(self.number())


class Wire:
    """A connection after the key exchange.  Nobody is between us and the
    server, so its host key is not looked at."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT)
        self.rest = b""
        self.send_key = self.receive_key = None
        self.sends = self.receives = 0
        mine = b"SSH-2.0-hostile"
        self.socket.sendall(mine + b"\r\n")
        theirs = self._line()
        while not theirs.startswith(b"SSH-"):
            theirs = self._line()
        self.exchange(mine, theirs)

    def _line(self):
        while b"\n" not in self.rest:
            self._more()
        line, self.rest = self.rest.split(b"\n", 1)
        return line.rstrip(b"\r")

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise Closed
        self.rest += data

    def _read(self, count):
        while len(self.rest) < count:
            self._more()
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def exchange(self, mine, theirs):
        init = b"\x14" + os.urandom(16) + b"".join(string(name) for name in (
            "curve25519-sha256", "ssh-ed25519,rsa-sha2-512",
            *["aes128-gcm@openssh.com"] * 2, *["hmac-sha2-256"] * 2,
            "none", "none", "", "")) + b"\0" + number(0)
        self.send(init)
        their_init = self.receive()
        key = x25519.X25519PrivateKey.generate()
        public = key.public_key().public_bytes(*RAW)
        self.send(b"\x1e" + string(public))
        reply = Reader(self.receive()[1:])
        host_key, their_public = reply.string(), reply.string()
        secret = key.exchange(
            x25519.X25519PublicKey.from_public_bytes(their_public))
        secret = string(secret.lstrip(b"\0") if secret.lstrip(b"\0")[0] < 128
                        else b"\0" + secret.lstrip(b"\0"))
        digest = hashlib.sha256(b"".join(map(string, (
            mine, theirs, init, their_init, host_key, public,
            their_public))) + secret).digest()
        self.session = digest
        self.receive()
        self.send(b"\x15")

        def derive(letter, size):
            return hashlib.sha256(
                secret + digest + letter + digest).digest()[:size]
        self.send_nonce, self.receive_nonce = (derive(letter, 12)
                                               for letter in (b"A", b"B"))
        self.send_key, self.receive_key = (AESGCM(derive(letter, 16))
                                           for letter in (b"C", b"D"))

    @staticmethod
    def _nonce(start, count):
        at = struct.unpack(">Q", start[4:])[0] + count
        return start[:4] + struct.pack(">Q", at & (2 ** 64 - 1))

    def send(self, payload, claimed=None):
        block = 8 if self.send_key is None else 16
        head = 5 if self.send_key is None else 1
        padding = block - (len(payload) + head) % block
        padding += block if padding < 4 else 0
        body = bytes([padding]) + payload + os.urandom(padding)
        length = number(len(body) if claimed is None else claimed)
        if self.send_key is not None:
            body = self.send_key.encrypt(
                self._nonce(self.send_nonce, self.sends), body, length)
            self.sends += 1
        try:
            self.socket.sendall(length + body)
        except OSError:  # the server's last words may still be there
            pass

    def receive(self):
        length = self._read(4)
        size = struct.unpack(">I", length)[0]
        if self.receive_key is None:
            body = self._read(size)
        else:
            body = self.receive_key.decrypt(
                self._nonce(self.receive_nonce, self.receives),
                self._read(size + 16), length)
            self.receives += 1
        return body[1:len(body) - body[0]]
