"""E-mails (RFC 5322, MIME) as text: who wrote to whom, when and about what, the letter, and what is attached."""

from __future__ import annotations

import email
import email.policy
from collections import Counter
from dataclasses import replace
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ingest.documents import Document, document_id
from ingest.errors import FileFailed
from ingest.readers.assembling import Assembly
from ingest.readers.characters import clean, require_text, single_line
from ingest.readers.decoding import decode
from ingest.readers.html import HtmlReader
from ingest.readers.office_lock import without_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.documents import Metadata

SHOWN = ("From", "To", "Cc", "Date", "Subject")
LONGEST_COUNT = 12  # bytes, of a line that holds a length
DEEPEST = 5  # messages within messages
ENCRYPTED = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
IN_ASCII = ("iso-2022", "utf-7", "hz")  # beginnings of the names of encodings
SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}


class MailReader:
    """Reads `.eml`. Attachments of formats that are known here are read as pages, called "attachment report.pdf"."""

    suffixes = frozenset({".eml", ".emlx"})

    def read(self, data: bytes, source: str) -> Document:
        document = read_message(_without_count(data), source)
        return replace(document, id=document_id(data))


def _without_count(data: bytes) -> bytes:
    """Apple Mail writes the length of the message on a line before it, and its own notes behind."""
    count, _, rest = data.partition(b"\n")
    return rest[: int(count)] if count.strip().isdigit() and len(count) < LONGEST_COUNT else data


def read_message(message: bytes, source: str, depth: int = 0, skipped: Counter[str] | None = None) -> Document:
    """The document of one message. `depth` counts the messages around it.

    What is not read is counted in `skipped` where that is given, else it becomes a warning. Raises `FileFailed`:
    "empty", "parse_error", and "encrypted" for a letter that is.
    """
    require_text(message.decode("ascii", "replace").strip("\0 \t\r\n"))
    writer = _Writer(depth)
    try:
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        writer.take(parsed)
        title, metadata = _header(parsed, "Subject"), _metadata(parsed)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise FileFailed("parse_error", f"a header or part of the message is malformed: {error}") from error
    except RecursionError as error:
        raise FileFailed("parse_error", "its parts are nested too deeply") from error
    if skipped is not None:
        skipped.update(writer.assembly.skipped)
        writer.assembly.skipped.clear()
    return writer.assembly.document(message, source, title=title, metadata=metadata)


class _Writer:
    """Writes a message into a document."""

    def __init__(self, depth: int) -> None:
        self.assembly = Assembly()
        self._depth = depth
        self._attached: list[EmailMessage] = []

    def take(self, message: EmailMessage) -> None:
        bodies = list(self._bodies(message))
        if self._attached:
            self.assembly.begin_page("")  # the letter itself needs no name
        lines = [f"{name}: {value}" for name in SHOWN if (value := _header(message, name))]
        self.assembly.put("\n".join(lines))
        if message.get_content_type() in ENCRYPTED:
            raise FileFailed("encrypted", "the message is encrypted; save it unencrypted from your mail program")
        for part in bodies:
            self._body(part)
        for part in self._attached:
            self._attachment(part)

    def _bodies(self, part: EmailMessage) -> Iterator[EmailMessage]:
        """The parts that make up the letter, of several forms the plainest; what is left is attached."""
        kind = part.get_content_type()
        if part.get_content_maintype() == "multipart" and not part.is_attachment():
            children = [child for child in part.iter_parts() if isinstance(child, EmailMessage)]
            if kind == "multipart/alternative":
                children = _plainest(children)
            for child in children:
                yield from self._bodies(child)
        elif kind in {"text/plain", "text/html"} and not part.is_attachment():
            yield part
        elif kind not in SIGNATURES:
            self._attached.append(part)

    def _body(self, part: EmailMessage) -> None:
        if part.get_content_type() == "text/plain":
            self.assembly.put(_text(part))
            return
        try:
            self.assembly.append(HtmlReader().read(_text(part).encode("utf-8", "replace"), ""))
        except FileFailed as failure:
            if failure.outcome != "empty":
                self.assembly.skipped["part that is malformed"] += 1

    def _attachment(self, part: EmailMessage) -> None:
        kind = part.get_content_maintype()
        name = single_line(clean(PurePosixPath((part.get_filename() or "").replace("\\", "/")).name))
        try:
            document = self._read_attachment(part, name)
        except FileFailed as failure:
            locked = "locked " if failure.outcome == "encrypted" else ""
            self.assembly.skipped["picture" if kind == "image" else f"{locked}attachment"] += 1
            return
        self.assembly.include(
            document, level=1, label=f"attachment {name or document.title or part.get_content_type()}"
        )
        self.assembly.warnings.extend(f"attachment {name}: {warning}" for warning in document.warnings)

    def _read_attachment(self, part: EmailMessage, name: str) -> Document:
        from ingest.readers import open_reader, reader_for

        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0)
            if self._depth >= DEEPEST or not isinstance(inner, EmailMessage):
                raise FileFailed("unsupported", "messages within messages, too deep")
            return read_message(inner.as_bytes(), name, self._depth + 1, self.assembly.skipped)
        content = part.get_payload(decode=True)
        data = without_lock(content if isinstance(content, bytes) else b"")
        reader = reader_for(name, data)
        if reader == "mail":
            if self._depth >= DEEPEST:
                raise FileFailed("unsupported", "messages within messages, too deep")
            return read_message(data, name, self._depth + 1, self.assembly.skipped)
        return open_reader(reader).read(data, name)


def _plainest(forms: list[EmailMessage]) -> list[EmailMessage]:
    """Of alternatives that say the same the plain text, unless it holds nothing; else the last, which is the best."""
    plain = [form for form in forms if form.get_content_type() == "text/plain" and _text(form).strip()]
    return plain[:1] or forms[-1:]


def _text(part: EmailMessage) -> str:
    """The characters of a part. What it says of its own encoding may be wrong: then the bytes decide.

    Only encodings that write all in ASCII, as ISO-2022-JP does, cannot be told by their bytes.
    """
    content = part.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    declared = str(part.get_content_charset() or "")
    try:
        if data.isascii() and declared.startswith(IN_ASCII):
            return clean(data.decode(declared, "replace"))
        return decode(data, declared).text
    except (FileFailed, LookupError):
        return ""


def _header(message: EmailMessage, name: str) -> str:
    """A header decoded, on one line; as it is written where it cannot be decoded."""
    try:
        return single_line(clean(str(message.get(name, ""))))
    except Exception:  # noqa: BLE001 - the standard parser raises what it likes on malformed headers (bpo-30681)
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return single_line(clean(str(raw)))


def _metadata(message: EmailMessage) -> Metadata:
    metadata: dict[str, str] = {}
    if author := _header(message, "From"):
        metadata["author"] = author
    if date := _header(message, "Date"):
        metadata["date"] = date
    return metadata
