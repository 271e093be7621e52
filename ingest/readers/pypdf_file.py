"""A PDF as pypdf sees it: its structure; its text where pdfium fails."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ingest.errors import FileFailed
from ingest.readers.pdf_parts import Entry, Line, Structure
from ingest.unlocking import given_password, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OUTLINE_ENTRIES = 10_000
COPYING = 1 << 4  # bit 5 of the permission flags, ISO 32000-1 table 22
LIMITS: dict[str, Any] = {  # below pypdf's own, which let a 9 KB file take 14 s
    "zlib_maximum_output_length": 30_000_000,
    "lzw_maximum_output_length": 30_000_000,
    "run_length_maximum_output_length": 30_000_000,
    "stream_parsing_work_maximum_count": 300_000,
    "jbig2dec_binary": None,  # pictures are not read here, and no other program is started
}
# pypdf walks a damaged file as if it were whole: beside its own errors any of these comes out of it.
DAMAGE = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip


class PypdfFile:
    """A PDF opened with pypdf, with the password that was given or the empty one where it is encrypted.

    Raises `FileFailed("encrypted")` when it needs another one, `FileFailed("parse_error")` when it cannot be opened.
    """

    def __init__(self, data: bytes) -> None:
        import pypdf

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports each oddity it overcomes
        with _understood():
            self._reader = pypdf.PdfReader(io.BytesIO(data))
            if self._reader.is_encrypted and given_password():
                self._reader.decrypt(given_password())  # where it is another one, the empty password still stands

    def __len__(self) -> int:
        with _understood():
            return len(self._reader.pages)

    def lines(self, page: int) -> list[Line]:
        with _understood():
            text = self._reader.pages[page].extract_text()
        return [Line(line) for line in text.splitlines() if line and not line.isspace()]

    @contextmanager
    def page(self, page: int) -> Iterator[Any]:
        """A page (from 0) as pypdf has it. What fails within raises `FileFailed`."""
        with _understood():
            yield self._reader.pages[page]

    def structure(self) -> Structure:
        with _understood():
            root = self._reader.root_object
            stated = self._reader.metadata
            permissions = self._reader.user_access_permissions
            return Structure(
                title=str(stated.title or "") if stated else "",
                author=str(stated.author or "") if stated else "",
                labels=tuple(self._reader.page_labels) if "/PageLabels" in root else (),
                outline=tuple(self._entries(self._reader.outline, level=1)) if "/Outlines" in root else (),
                copying_allowed=permissions is None or bool(permissions & COPYING),
            )

    def _entries(self, outline: Sequence[Any], level: int) -> Iterator[Entry]:
        """pypdf gives the entries below an entry as a list that follows it."""
        for item in outline:
            if isinstance(item, list):
                yield from self._entries(item, level + 1)
                continue
            page = self._reader.get_destination_page_number(item)
            if page is not None and page >= 0 and item.title:
                yield Entry(level, str(item.title), page)

    def close(self) -> None:
        self._reader.close()


def unpacked(stream: Any, most: int) -> bytes:
    """The content of a stream, none where it is damaged or has more than `most` bytes. `get_data` of pypdf keeps it."""
    from pypdf import apply_configuration
    from pypdf.errors import PyPdfError
    from pypdf.filters import decode_stream_data

    try:
        with apply_configuration(zlib_maximum_output_length=most, stream_decoding_work_maximum_length=3 * most):
            return decode_stream_data(stream) if "/Filter" in stream else bytes(stream.get_data())
    except (PyPdfError, *DAMAGE):
        return b""


@contextmanager
def _understood() -> Iterator[None]:
    """Runs pypdf inside our limits, and turns whatever it raises on a damaged file into `FileFailed`."""
    from pypdf import apply_configuration
    from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

    try:
        with apply_configuration(**LIMITS):
            yield
    except FileNotDecryptedError as error:
        raise FileFailed("encrypted", refusal()) from error
    except (PyPdfError, DependencyError, *DAMAGE) as error:
        raise FileFailed("parse_error", f"pypdf cannot read it: {type(error).__name__}: {error}") from error
