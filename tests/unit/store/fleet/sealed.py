#!/usr/bin/env python3
"""sealed.py seal|open FLEET KEY ID SERIAL KIND NAME SALT HEX: sealing, written anew.

Reads and prints hexadecimal digits. HKDF is RFC 5869 by hmac, AES-256-GCM is
python3-cryptography's.
"""
import hashlib
import hmac
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def hkdf(key, salt, info, length):
    prk = hmac.new(salt, key, hashlib.sha256).digest()
    out, block, i = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([i]), hashlib.sha256).digest()
        out += block
        i += 1
    return out[:length]


def main():
    what, fleet, key, key_id, serial, kind, name, salt, data = sys.argv[1:]
    data = bytes.fromhex(data)
    if what == "open":
        header, data = data[:40], data[40:]
    else:
        header = b"tfs1" + bytes.fromhex(key_id) + \
            int(serial).to_bytes(8, "big") + bytes.fromhex(salt)
    derived = hkdf(bytes.fromhex(key), header[16:], b"tfa record seal 1", 44)
    bound = bytes.fromhex(fleet) + header + kind.encode() + b"\0" + name.encode()
    cipher = AESGCM(derived[:32])
    if what == "open":
        print(cipher.decrypt(derived[32:], data, bound).hex())
    else:
        print((header + cipher.encrypt(derived[32:], data, bound)).hex())


main()
