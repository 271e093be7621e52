"""What a file is by its first bytes and its structure: the name of a reader, or a kind that nobody reads.

Containers and binary formats say what they are, and are believed over any name. Of text formats only those are told by
content that begin in a way nothing else does; between the others (Markdown, CSV, code) the name decides.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from ingest.errors import FileFailed

PDF = b"%PDF-"
PDF_WITHIN = 1024  # bytes that may stand before it, ISO 32000-1 annex H.3.4.1
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second begins an archive without parts
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of Office files until 2007, [MS-CFB]
HEAD = 4096  # bytes in which a text shows what it is

PRESENT = "save it in the present format"
# The streams in a compound file that tell what it is, [MS-OFFCRYPTO] 2.3.1 and the like.
STREAMS = (
    ("WordDocument", "unsupported", f"a Word document of the time before 2007; {PRESENT} (.docx)"),
    ("Workbook", "unsupported", f"an Excel workbook of the time before 2007; {PRESENT} (.xlsx)"),
    ("PowerPoint Document", "unsupported", f"a PowerPoint presentation of the time before 2007; {PRESENT} (.pptx)"),
    ("__substg1.0_", "unsupported", "an Outlook message; save it as .eml"),
    ("EncryptedPackage", "encrypted", "an Office file under a password"),
    ("", "unsupported", f"an Office file of the time before 2007; {PRESENT}"),
)
OOXML = (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx"))  # by the folder of the main part
MIMETYPES = {  # of the part "mimetype", which EPUB and OpenDocument put first
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.text-template": "odt",
}
UNREAD_ZIPS = (  # (name of a part, reason)
    ("xl/workbook.bin", "a binary Excel workbook; save it as .xlsx"),
    ("Index/Document.iwa", "a document of Pages, Numbers or Keynote; export it as PDF or in an Office format"),
    ("Index.zip", "a document of Pages, Numbers or Keynote; export it as PDF or in an Office format"),
)
PICTURE = "a picture"
ARCHIVE = "an archive; unpack it and add what is in it"
SOUND_OR_FILM = "sound or film"
UNREAD = (  # (first bytes, reason); each asks for a byte that text does not have there
    (rb"\{\\rtf\d", "an RTF document; save it as .docx"),
    (rb"%!PS-", "a PostScript document; convert it to PDF"),
    (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a.{0,8}\0|BM.{4}\0\0\0\0|II\*\0|MM\0\*|RIFF.{4}WEBP", PICTURE),
    (rb"\0{3}.ftyp(?:heic|heix|avif|mif1)", PICTURE),
    (rb"ID3[\x02-\x04]\0|OggS\0|fLaC\0|RIFF.{4}(?:WAVE|AVI )|\0{3}.ftyp|\x1aE\xdf\xa3|\xff\xfb", SOUND_OR_FILM),
    (
        rb"\x1f\x8b\x08|BZh[1-9]1AY|\xfd7zXZ\0|7z\xbc\xaf|Rar!\x1a|\x28\xb5\x2f\xfd|[^\0]{1,100}\0.{156,256}ustar",
        ARCHIVE,
    ),
    (rb"\x7fELF|MZ.{0,60}\0|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe|\0asm", "a program"),
    (rb"SQLite format 3\0", "a database"),
    (rb"PAR1\x15|ARROW1\0|\x89HDF|\x93NUMPY", "a file of numbers for programs; export it as CSV"),
    (rb"wOF[F2](?:\0\x01|OTTO|true)|\0\x01\0\0\0|OTTO\0", "a font"),
)

_UNREAD = [(re.compile(pattern, re.DOTALL), reason) for pattern, reason in UNREAD]
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,1000}?-->\s*)?<(?:!doctype html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_MBOX = re.compile(rb"From \S+ +(?:\w{3} ){2} ?\d\d? \d\d:\d\d")  # the line between messages, RFC 4155
_FIELDS = re.compile(rb"(?:[!-9;-~]{1,76}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n){3}")  # RFC 5322
_TRANSIT = re.compile(rb"^(?:received|message-id|mime-version|return-path|delivered-to):", re.IGNORECASE | re.MULTILINE)
_NOTEBOOK = re.compile(rb'"nbformat"\s*:\s*\d')
_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*(?:"|\})|\[\s*[\[{"\d\]-])')


def binary_kind(data: bytes, suffix: str) -> str | None:
    """The reader of a format that is no text, None for what may be text.

    Raises `FileFailed` with the kind for what no reader knows: "encrypted" for Office files under a password,
    "parse_error" for a damaged archive, "unsupported" for the rest.
    """
    if data.startswith(PDF) or (suffix == ".pdf" and PDF in data[:PDF_WITHIN]):
        return "pdf"
    if data.startswith(ZIP):
        return _zip_kind(data)
    if data.startswith(COMPOUND):
        _refuse_compound(data)
    for pattern, reason in _UNREAD:
        if pattern.match(data):
            raise FileFailed("unsupported", reason)
    return None


def text_kind(data: bytes) -> str | None:
    """The reader of a text format that begins as no other text does, None for the rest."""
    head = data[:HEAD]
    if _HTML.match(head):
        return "html"
    if _MBOX.match(head):
        return "mbox"
    if _FIELDS.match(head) and _TRANSIT.search(head):
        return "mail"
    if head.lstrip()[:1] == b"{" and _NOTEBOOK.search(data) and b'"cells"' in data:
        return "notebook"
    return None


def looks_like_json(data: bytes) -> bool:
    """Whether a text whose name says nothing begins and ends as JSON does."""
    return bool(_JSON.match(data[:HEAD])) and data.rstrip()[-1:] in (b"}", b"]")


def _zip_kind(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            stated = archive.open(names[0]).read(100).strip() if names[:1] == ["mimetype"] else b""
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, RuntimeError, EOFError) as error:
        raise FileFailed("parse_error", f"a zip archive, or an Office file, that is damaged: {error}") from error
    if stated in MIMETYPES:
        return MIMETYPES[stated]
    present = set(names)
    for name, reason in UNREAD_ZIPS:
        if name in present:
            raise FileFailed("unsupported", reason)
    if "META-INF/container.xml" in present and not stated:
        return "epub"
    if "[Content_Types].xml" in present or present & {"word/document.xml"}:
        for folder, kind in OOXML:
            if any(name.startswith(folder) for name in names):
                return kind
    if stated.startswith(b"application/vnd.oasis.opendocument."):
        what = stated.rpartition(b".")[2].decode("ascii", "replace")
        raise FileFailed("unsupported", f"an OpenDocument {what}; save it in an Office format (.xlsx, .pptx) or as PDF")
    raise FileFailed("unsupported", ARCHIVE)


def _refuse_compound(data: bytes) -> None:
    for stream, outcome, reason in STREAMS:
        if stream.encode("utf-16-le") in data:
            raise FileFailed("encrypted" if outcome == "encrypted" else "unsupported", reason)
