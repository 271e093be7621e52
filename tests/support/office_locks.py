"""Office files put under a password in the three ways that Office had, [MS-OFFCRYPTO] 2.3.4.

msoffcrypto-tool writes the present one alone. The streams of the two before are written here after the specification,
by `cryptography` and `hashlib`, and stand in the container that it writes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from msoffcrypto.format.ooxml import OOXMLFile  # noqa: TID253
from msoffcrypto.method.container.ecma376_encrypted import ECMA376Encrypted  # noqa: TID253
from msoffcrypto.method.ecma376_agile import ECMA376Agile  # noqa: TID253

SEGMENT = 4096
AES_128, SHA1 = 0x660E, 0x8004
KEY_BYTES = 16
ROUNDS_2007 = 50_000
BLOCKS = {  # what is mixed into the hash of the password for each use, 2.3.4.13
    "input": bytes.fromhex("fea7d2763b4b9e79"),
    "value": bytes.fromhex("d7aa0f6d3061344e"),
    "key": bytes.fromhex("146e0be7abacd0d6"),
}


def locked(data: bytes, password: str, rounds: int = 100_000) -> bytes:
    """As Office has done it since 2013: AES-256, SHA-512. Fewer rounds save time where many files are made."""
    if rounds == 100_000:
        stream = io.BytesIO()
        OOXMLFile(io.BytesIO(data)).encrypt(password, stream)
        return stream.getvalue()
    return ECMA376Agile.encrypt(password, io.BytesIO(data), spin_count=rounds)


def locked_as_2010(data: bytes, password: str, rounds: int = 1000, stated: int = 0) -> bytes:
    """AES-128 and SHA-1, whose 20 bytes are padded to 32. `stated` are the rounds that it says, where it lies."""
    salt, key, told, salt_of_data = (os.urandom(16) for _ in range(4))
    hashed = hashlib.sha1(salt + password.encode("utf-16-le")).digest()
    for number in range(rounds):
        hashed = hashlib.sha1(struct.pack("<I", number) + hashed).digest()

    def sealed(use: str, value: bytes) -> str:
        own = hashlib.sha1(hashed + BLOCKS[use]).digest()[:KEY_BYTES]
        return base64.b64encode(aes(modes.CBC(salt), own, padded(value))).decode()

    how = 'saltSize="16" blockSize="16" keyBits="128" hashSize="20" cipherAlgorithm="AES" hashAlgorithm="SHA1" \
cipherChaining="ChainingModeCBC"'
    uri = "http://schemas.microsoft.com/office/2006"
    checked = sealed("value", hashlib.sha1(told).digest())
    lock = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<encryption xmlns="{uri}/encryption" xmlns:p="{uri}/keyEncryptor/password">
<keyData {how} saltValue="{text(salt_of_data)}"/>
<dataIntegrity encryptedHmacKey="{text(bytes(32))}" encryptedHmacValue="{text(bytes(32))}"/><keyEncryptors>
<keyEncryptor uri="{uri}/keyEncryptor/password">
<p:encryptedKey spinCount="{stated or rounds}" {how} saltValue="{text(salt)}"
 encryptedVerifierHashInput="{sealed("input", told)}" encryptedVerifierHashValue="{checked}"
 encryptedKeyValue="{sealed("key", key)}"/></keyEncryptor></keyEncryptors></encryption>"""
    package = struct.pack("<Q", len(data))
    for number, start in enumerate(range(0, len(data), SEGMENT)):
        vector = hashlib.sha1(salt_of_data + struct.pack("<I", number)).digest()[:16]
        package += aes(modes.CBC(vector), key, padded(data[start : start + SEGMENT]))
    return container(struct.pack("<HHI", 4, 4, 0x40) + lock.encode(), package)


def locked_as_2007(data: bytes, password: str) -> bytes:
    """AES-128 in ECB, and 50,000 rounds of SHA-1 that no file can change: "standard encryption", 2.3.4.5."""
    salt, told = os.urandom(16), os.urandom(16)
    hashed = hashlib.sha1(salt + password.encode("utf-16-le")).digest()
    for number in range(ROUNDS_2007):
        hashed = hashlib.sha1(struct.pack("<I", number) + hashed).digest()
    hashed = hashlib.sha1(hashed + struct.pack("<I", 0)).digest()
    key = hashlib.sha1(bytes(a ^ 0x36 for a in hashed) + b"\x36" * (64 - len(hashed))).digest()[:KEY_BYTES]
    provider = "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")
    header = struct.pack("<8I", 0x24, 0, AES_128, SHA1, 128, 0x18, 0, 0) + provider
    verifier = struct.pack("<I", 16) + salt + aes(modes.ECB(), key, told)
    verifier += struct.pack("<I", 20) + aes(modes.ECB(), key, padded(hashlib.sha1(told).digest()))
    lock = struct.pack("<HHII", 4, 2, 0x24, len(header)) + header + verifier
    return container(lock, struct.pack("<Q", len(data)) + aes(modes.ECB(), key, padded(data)))


def container(lock: bytes, package: bytes) -> bytes:
    """The file that holds these two streams."""
    stream = io.BytesIO()
    ECMA376Encrypted(package, lock).write_to(stream)
    return stream.getvalue()


def aes(mode: modes.Mode, key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), mode).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()
