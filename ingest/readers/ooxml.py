"""Office Open XML (ECMA-376) packages: a zip of XML parts, read no further than a limit."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING
from xml.etree import ElementTree as ET

from ingest.errors import FileFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

UNPACKED_BYTES = 100_000_000  # of all parts together, counted as they inflate: what a zip declares may be a lie


@contextmanager
def opened(data: bytes) -> Iterator[Package]:
    """The package in these bytes. Whatever is wrong with the zip or its XML inside the block raises `FileFailed`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield Package(archive)
    except (zipfile.BadZipFile, zlib.error, ET.ParseError, EOFError, ValueError, LookupError) as error:
        raise FileFailed("parse_error", f"the Office file is damaged: {error}") from error
    except NotImplementedError as error:
        raise FileFailed("unsupported", f"it is packed in a way that is not known here: {error}") from error
    except RecursionError as error:
        raise FileFailed("parse_error", "its elements are nested too deeply") from error
    except RuntimeError as error:  # zipfile's way of saying that a part is encrypted
        raise FileFailed("encrypted", "it needs a password") from error


class Package:
    """The parts of a package by name, inflated no further than `UNPACKED_BYTES` in all."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = UNPACKED_BYTES
        self.names = frozenset(archive.namelist())

    def elements(self, part: str, depth: int) -> Iterator[Element]:
        """The elements of a part that stand `depth` levels below its root; nothing where there is no such part.

        Each is freed after its turn, so that a long document takes no more memory than a short one.
        """
        if part not in self.names:
            return
        with self._archive.open(part) as stream:
            ancestors: list[Element] = []
            # expat stops entities that multiply (since 2.4.1), and ElementTree loads nothing from outside.
            for event, element in ET.iterparse(_Counted(stream, self._count), events=("start", "end")):  # noqa: S314
                if event == "start":
                    ancestors.append(element)
                    continue
                ancestors.pop()
                if len(ancestors) == depth:
                    yield element
                    ancestors[-1].remove(element)

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise FileFailed("too_large", f"it unpacks to more than {UNPACKED_BYTES // 1_000_000} MB")


@dataclass(frozen=True, slots=True)
class _Counted:
    """A stream that tells how many bytes came out of it."""

    stream: IO[bytes]
    count: Callable[[int], None]

    def read(self, length: int = -1, /) -> bytes:
        data = self.stream.read(length)
        self.count(len(data))
        return data


def name_of(element: Element) -> str:
    """The local name: the namespaces of the transitional and the strict form mean the same."""
    return str(element.tag).rpartition("}")[2]


def child_of(element: Element | None, name: str) -> Element | None:
    """The first child of that local name; None where there is none, or no element."""
    return next((child for child in element if name_of(child) == name), None) if element is not None else None


def attribute_of(element: Element | None, name: str) -> str:
    """The attribute of that local name; "" where there is none, or no element."""
    if element is None:
        return ""
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")
