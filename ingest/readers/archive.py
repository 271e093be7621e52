"""A zip from a stranger, read in memory and no further than a limit. Nothing in it is ever written to a disk.

So names such as `../x`, links and absolute paths lead nowhere: a name is only what a part is asked for by. What a zip
says of its own sizes is not believed; bytes are counted as they inflate.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from ingest.errors import FileFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

UNPACKED_BYTES = 100_000_000  # of all parts together
PARTS = 20_000  # a book of 5,000 pages with as many pictures has 10,000
RATIO = 200  # unpacked to packed; sheets full of zeros reach 60, a bomb of zeros 1,030
RATIO_FROM = 10_000_000  # bytes: below it the ratio says nothing


@contextmanager
def opened(data: bytes) -> Iterator[Archive]:
    """The archive in these bytes. Whatever is wrong with the zip or its XML inside the block raises `FileFailed`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield Archive(archive, len(data))
    except (zipfile.BadZipFile, zlib.error, ET.ParseError, EOFError, ValueError, LookupError, OSError) as error:
        raise FileFailed("parse_error", f"the file is damaged: {error}") from error
    except NotImplementedError as error:
        raise FileFailed("unsupported", f"it is packed in a way that is not known here: {error}") from error
    except RecursionError as error:
        raise FileFailed("parse_error", "its elements are nested too deeply") from error
    except RuntimeError as error:  # zipfile's way of saying that a part is encrypted
        raise FileFailed("encrypted", "a password of the zip opens nothing here; pack it without one") from error


class Archive:
    """The parts of a zip by name. Raises `FileFailed("too_large")` when it holds too many or they inflate too far."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        names = archive.namelist()
        if len(names) > PARTS:
            raise FileFailed("too_large", f"it holds {len(names):,} parts, and {PARTS:,} are allowed")
        self.names = frozenset(names)
        self._archive = archive
        self._packed = size
        self._unpacked = 0

    def read(self, part: str) -> bytes:
        """The bytes of a part. Raises `KeyError` where there is none."""
        self._expect(part)
        with self._archive.open(part) as packed:
            stream = _Counted(packed, self._count)
            return b"".join(iter(lambda: stream.read(1 << 16), b""))

    def elements(self, part: str, depth: int) -> Iterator[Element]:
        """The elements of a part that stand `depth` levels below its root; nothing where there is no such part.

        Each is freed after its turn, so that a long document takes no more memory than a short one.
        """
        if part not in self.names:
            return
        self._expect(part)
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
                    if ancestors:
                        ancestors[-1].remove(element)

    def root(self, part: str) -> Element | None:
        """The whole of a small part; None where there is no such part."""
        return next(self.elements(part, depth=0), None)

    def _expect(self, part: str) -> None:
        """A part that itself says that it is too large is not read up to there; what it says is not believed else."""
        self._require_room(self._unpacked + self._archive.getinfo(part).file_size)

    def _count(self, size: int) -> None:
        self._unpacked += size
        self._require_room(self._unpacked)

    def _require_room(self, unpacked: int) -> None:
        if unpacked > UNPACKED_BYTES:
            raise FileFailed("too_large", f"it unpacks to more than {UNPACKED_BYTES // 1_000_000} MB")
        if unpacked > RATIO_FROM and unpacked > RATIO * self._packed:
            raise FileFailed("too_large", f"it unpacks to more than {RATIO} times its size, as no document does")


@dataclass(frozen=True, slots=True)
class _Counted:
    """A stream that tells how many bytes came out of it."""

    stream: IO[bytes]
    count: Callable[[int], None]

    def read(self, length: int = -1, /) -> bytes:
        data = self.stream.read(length)
        self.count(len(data))
        return data


def joined(part: str, target: str) -> str:
    """The name of the part that `target`, a reference inside `part`, means. A fragment ("#note1") is left out."""
    path = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(part), path)).lstrip("/")


def name_of(element: Element) -> str:
    """The local name: the namespaces of the transitional and the strict form mean the same."""
    return str(element.tag).rpartition("}")[2]


def child_of(element: Element | None, *path: str) -> Element | None:
    """The first child of that local name, and its first child of the next; None where there is none, or no element."""
    for name in path:
        element = next((child for child in element if name_of(child) == name), None) if element is not None else None
    return element


def children_of(element: Element | None, name: str) -> Iterator[Element]:
    """The children of that local name."""
    return (child for child in (element if element is not None else ()) if name_of(child) == name)


def descendants_of(element: Element | None, *names: str) -> Iterator[Element]:
    """The elements of those local names, at any depth, in document order."""
    return (one for one in (element.iter() if element is not None else ()) if name_of(one) in names)


def attribute_of(element: Element | None, name: str) -> str:
    """The attribute of that local name; "" where there is none, or no element."""
    if element is None:
        return ""
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")
