"""Word, Excel and PowerPoint files under a password ([MS-OFFCRYPTO]): the file inside, decrypted in memory.

Such a file is a container of the old kind with two streams: how it was locked, and the locked zip. msoffcrypto-tool
opens it, and is imported here alone.
"""

from __future__ import annotations

import io
import logging
import re
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from ingest.errors import FileFailed
from ingest.readers.kinds import COMPOUND, ZIP
from ingest.unlocking import given_password, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "EncryptedPackage"
LOCK = "EncryptionInfo"
LOCK_BYTES = 1_000_000  # of its description; Office writes 1,200
SIZE = 8  # bytes before the locked package that say how long it is
ROUNDS = 10_000_000  # of hashing, the most that [MS-OFFCRYPTO] 2.3.4.10 allows; Office takes 100,000, which cost 0.2 s
SILENT = "VelvetSweatshop"  # Excel writes protected workbooks under it, and tries it unasked
AGILE, STANDARD = (4, 4), {(2, 2), (3, 2), (4, 2)}  # versions of locks, [MS-OFFCRYPTO] 2.3.4
# What a damaged container makes of olefile and msoffcrypto, beside errors of their own.
DAMAGE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError,
    struct.error, ExpatError,
)  # fmt: skip

_ROUNDS = re.compile(rb"spinCount\s*=\s*[\"'](\d{1,20})")


def without_lock(data: bytes) -> bytes:
    """The Office file that is locked in `data`, and `data` itself where it is no such file.

    The password that was given is tried, and the one that Excel tries by itself. Raises `FileFailed`: "encrypted" where
    neither opens it, "too_large" for a lock that costs beyond all measure, "parse_error" for a damaged one.
    """
    if not data.startswith(COMPOUND) or PACKAGE.encode("utf-16-le") not in data:
        return data
    with _understood():
        if not _is_locked(data):
            return data
        for password in filter(None, (given_password(), SILENT)):
            if package := _opened(data, password):
                return package
    raise FileFailed("encrypted", refusal())


def _is_locked(data: bytes) -> bool:
    """Whether it holds a locked package, which can be opened at a fair price; raises `FileFailed` where it cannot."""
    import olefile

    with olefile.OleFileIO(io.BytesIO(data)) as container:
        if not container.exists(PACKAGE):
            return False  # a document of before 2007 in which that word stands
        if not container.exists(LOCK):
            raise FileFailed(
                "encrypted", "it is opened by an account, not by a password; save a copy without protection"
            )
        _require_whole(container, len(data))
        lock = container.openstream(LOCK).read()
    version = struct.unpack("<HH", lock[:4])
    if version != AGILE and version not in STANDARD:
        raise FileFailed("encrypted", "it is locked in a way that is not known here; save a copy without a password")
    rounds = max(map(int, _ROUNDS.findall(lock)), default=0) if version == AGILE else 0
    if rounds > ROUNDS:
        raise FileFailed("too_large", f"its lock asks for {rounds:,} rounds of hashing, and {ROUNDS:,} are allowed")
    return True


def _require_whole(container: Any, size: int) -> None:
    """A stream may say that it is larger than the file, whose sectors are then read in a circle, and may be cut off."""
    if container.get_size(LOCK) > LOCK_BYTES:
        raise FileFailed("too_large", f"its lock is described in more than {LOCK_BYTES:,} bytes")
    stated = container.get_size(PACKAGE)
    package = container.openstream(PACKAGE) if stated <= size else io.BytesIO()
    unlocked = int.from_bytes(package.read(SIZE)[:4], "little")  # the upper half is reserved in older locks
    held = package.seek(0, io.SEEK_END)
    if held < max(stated, SIZE + unlocked):
        raise FileFailed("parse_error", "the file was cut off: a part of what is locked in it is missing")


def _opened(data: bytes, password: str) -> bytes:
    """The package, b"" where it is under another password.

    Whether a password is right is told by what comes out: msoffcrypto-tool 6.1 compares the 20 bytes of a SHA-1 with
    the 32 of its padded form, so that its own check refuses every file that Office 2010 locked.
    """
    from msoffcrypto.exceptions import InvalidKeyError
    from msoffcrypto.format.ooxml import OOXMLFile

    logging.getLogger("msoffcrypto").setLevel(logging.CRITICAL)  # its notes for debugging hold the password
    package, file = io.BytesIO(), OOXMLFile(io.BytesIO(data))
    try:
        file.load_key(password)
        file.decrypt(package)
    except (InvalidKeyError, UnicodeError):  # no lock was set with characters that UTF-16 does not have
        return b""
    opened = package.getvalue()
    return opened if opened.startswith(ZIP) else b""


@contextmanager
def _understood() -> Iterator[None]:
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

    try:
        yield
    except (DecryptionError, FileFormatError, ParseError, *DAMAGE) as error:
        raise FileFailed("parse_error", f"its lock is damaged: {type(error).__name__}: {error}") from error
