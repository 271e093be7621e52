"""The bytes of a text file to characters."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from ingest.errors import FileFailed
from ingest.readers.characters import clean

SAMPLE_BYTES = 65_536  # enough to tell text from binary data, and encodings apart
BINARY_SHARE = 0.05  # control bytes: none in text, 0.11 in random or compressed data

BOMS = (  # UTF-32 before UTF-16: its little-endian mark begins with the other's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The legacy encodings of https://encoding.spec.whatwg.org/#names-and-labels that differ in letters, the commonest
# first: that order decides between guesses that explain the bytes equally well.
LEGACY = (
    "cp1252", "cp1251", "cp1250", "gb18030", "cp932", "big5", "cp949", "euc_jp", "cp1256", "cp1253", "cp1254",
    "cp1255", "cp1257", "cp1258", "iso8859_2", "koi8_r", "koi8_u", "cp866", "cp874",
)  # fmt: skip

_BINARY = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")
# What is written for a terminal: colours (ECMA-48, 5.4), and letters printed over each other to be bold or underlined.
_TERMINAL = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|[^\n\b]\b")
_BETWEEN_FIELDS = re.compile(r"(?<=\S)[\x1f\x7f](?=\S)")  # GNU info has DEL between a name and its place


@dataclass(frozen=True, slots=True)
class Decoded:
    """Clean characters, and what is doubtful about them."""

    text: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, declared: str = "") -> Decoded:
    """Text in the encoding its bytes speak for: byte order mark, UTF-16 without a mark, UTF-8.

    Bytes that are none of these are read as the format itself has `declared`, when they are valid so, else as guessed.
    Raises `FileFailed("unsupported")` when the bytes are no text.
    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _lossy(data, encoding)
    wide = _utf16_without_mark(data)
    if wide:
        return _lossy(data, wide)
    _refuse_binary(data)
    try:
        return Decoded(_plain(data.decode("utf-8")))
    except UnicodeDecodeError:
        return _declared(data, declared) or _damaged_utf8(data) or _guessed(data)


def _plain(text: str) -> str:
    return clean(_BETWEEN_FIELDS.sub(" ", _TERMINAL.sub("", text)))


def _refuse_binary(data: bytes) -> None:
    sample = data[:SAMPLE_BYTES]
    if len(_BINARY.findall(sample)) > BINARY_SHARE * len(sample):
        raise FileFailed("unsupported", "this is binary data, not text")


def _utf16_without_mark(data: bytes) -> str | None:
    """Text in European letters has a zero in nearly every second byte; in other letters it comes with a mark."""
    sample = data[: min(len(data), SAMPLE_BYTES) & ~1]
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    if low > 0.2 * len(sample) and high < 0.05 * low:
        return "utf-16-le"
    if high > 0.2 * len(sample) and low < 0.05 * high:
        return "utf-16-be"
    return None


def _lossy(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, errors="replace")
    lost = text.count("\ufffd")
    name = encoding.removesuffix("-sig").upper()
    warnings = (f"what is not valid {name} was read as \ufffd, {lost} times",) if lost else ()
    return Decoded(_plain(text), warnings)


def _declared(data: bytes, encoding: str) -> Decoded | None:
    try:
        return Decoded(_plain(data.decode(encoding))) if encoding else None
    except (LookupError, UnicodeDecodeError):
        return None


def _damaged_utf8(data: bytes) -> Decoded | None:
    """UTF-8 with a few bad bytes: sequences of several bytes that are right by accident are rare."""
    text = data.decode("utf-8", errors="replace")
    lost = text.count("\ufffd")
    right = sum(not character.isascii() for character in text) - lost
    return _lossy(data, "utf-8") if right >= 5 * lost else None


def _guessed(data: bytes) -> Decoded:
    from charset_normalizer import from_bytes

    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())
    matches = list(from_bytes(telling[:SAMPLE_BYTES], cp_isolation=list(LEGACY)))
    best = [match for match in matches if (match.chaos, match.coherence) == (matches[0].chaos, matches[0].coherence)]
    likely = {name for match in best for name in match.could_be_from_charset}
    encoding = next((name for name in LEGACY if name in likely), "cp1252")
    decoded = _lossy(data, encoding)
    return Decoded(decoded.text, (f"not UTF-8; read as {encoding}, which is a guess", *decoded.warnings))
