"""PDF: pages whose forms draw one another without end are refused before pdfium loads them and keeps every drawing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.errors import FileFailed
from ingest.readers.pdf_bombs import LARGEST
from ingest.readers.pdf_operators import drawn_by
from ingest.readers.pypdf_file import DAMAGE, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ingest.readers.pypdf_file import PypdfFile

MOST_DRAWS = 500_000  # of a page; pdfium keeps 1.3 to 1.5 kB of each, and a worker has 2 GB
DEEPEST = 41  # forms in each other that pdfium makes, the last one empty; a form that draws itself ends there


def _spelt(name: str) -> bytes:
    """A name as a file may write it: any letter may stand as # and its two hexadecimal digits."""
    return "".join(f"(?:{letter}|(?i:#{ord(letter):02x}))" for letter in name).encode()


# No form is without one of these: the dictionary of a stream is never packed, and says there what it is, or that it is
# said elsewhere.
_ANY_FORM = re.compile(rb"/" + _spelt("Form") + rb"|/" + _spelt("Subtype") + rb"[\0\s]*[^/\0\s]")


def refuse_form_bombs(data: bytes, opened: Callable[[], PypdfFile], page: int | None = None) -> None:
    """Raise `FileFailed("too_large")` where a page (from 0; without one, any) draws more than 500,000 forms.

    A file without forms is told by its bytes, and `opened` is not called. What pypdf cannot open or read is let
    through: the limits of the process are what holds there.
    """
    if not _ANY_FORM.search(data):
        return
    try:
        file = opened()
        pages = range(len(file)) if page is None else (page,)
    except FileFailed:
        return
    drawings = Drawings()
    for number in pages:
        try:
            with file.page(number) as opened_page:
                draws = drawings.of(opened_page)
        except FileFailed:
            continue
        if draws > MOST_DRAWS:
            raise FileFailed("too_large", f"page {number + 1} draws forms within forms more than {MOST_DRAWS:,} times")


@dataclass(frozen=True, slots=True, eq=False)
class _Content:
    """What draws: a form, a glyph or a page. A type of resource that `resources` lacks is looked up in those of the
    page, as pdfium does."""

    body: Any
    resources: Any
    page_resources: Any

    @property
    def key(self) -> tuple[int, int, int]:
        return id(self.body), id(self.resources), id(self.page_resources)

    def named(self, kind: str) -> Mapping[str, Any]:
        for resources in (self.resources, self.page_resources):
            if isinstance(resources, dict):
                found = _direct(resources.get(kind))
                if isinstance(found, dict):
                    return found
        return {}


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What a content draws: each form so often, and `unnamed` times one of `all_forms`, it is not known which."""

    counts: tuple[tuple[_Content, int], ...] = ()
    unnamed: int = 0
    all_forms: tuple[_Content, ...] = ()
    glyphs: tuple[_Content, ...] = ()

    def next(self) -> Iterator[_Content]:
        yield from self.all_forms if self.unnamed else (form for form, _ in self.counts)


class Drawings:
    """How often the pages of one file draw. Each content is unpacked once, and nothing of it is kept."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[int, int, int], _Drawn] = {}
        self._streams: dict[tuple[int, int], Any] = {}
        self._kept: list[Any] = []  # so that no two of them are found at one address

    def of(self, page: Any) -> int:
        """The page itself, its annotations, the glyphs that are drawn by streams, and every drawing of a form within
        one of them, to the depth at which pdfium stops. No more than `MOST_DRAWS` + 1 are told."""
        resources = _direct(page.get("/Resources"))
        roots = [_Content(page, resources, resources)]
        roots += (_Content(body, _own(body, resources), resources) for body in _appearances(page))
        reached: dict[tuple[int, int, int], _Content] = {}
        waiting = list(roots)
        while waiting:
            content = waiting.pop()
            if content.key in reached:
                continue
            reached[content.key] = content
            drawn = self._look(content)
            waiting += drawn.next()
            waiting += drawn.glyphs
            roots += (glyph for glyph in drawn.glyphs if glyph.key not in reached)
        totals = self._totals(reached)
        return min(MOST_DRAWS + 1, sum(totals[key] for key in {root.key for root in roots}))

    def _totals(self, reached: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int, int], int]:
        """Of each content what it draws, one level deeper in each turn."""
        totals = dict.fromkeys(reached, 1)
        inner = [key for key in totals if any(True for _ in self._drawn[key].next())]
        for _ in range(DEEPEST):
            grown = {key: self._sum(self._drawn[key], totals) for key in inner}
            if all(totals[key] == total for key, total in grown.items()):
                break
            totals |= grown
        return totals

    def _sum(self, drawn: _Drawn, totals: Mapping[tuple[int, int, int], int]) -> int:
        total = 1 + sum(count * totals[form.key] for form, count in drawn.counts)
        if drawn.unnamed:
            total += drawn.unnamed * max(totals[form.key] for form in drawn.all_forms)
        return min(MOST_DRAWS + 1, total)

    def _look(self, content: _Content) -> _Drawn:
        found = self._drawn.get(content.key)
        if found is None:
            self._kept.append(content)
            found = self._drawn[content.key] = self._read(content)
        return found

    def _read(self, content: _Content) -> _Drawn:
        glyphs = tuple(self._glyphs(content))
        forms: dict[str, _Content] = {}
        for name, entry in content.named("/XObject").items():
            stream = self._stream(entry)
            if stream is not None:
                forms[name] = _Content(stream, _own(stream, content.resources), content.page_resources)
        if not forms:
            return _Drawn(glyphs=glyphs)
        named: Counter[bytes] = Counter()
        unnamed = 0
        for part in _parts(content.body):
            drawn = drawn_by(part)
            named.update(drawn.names)
            unnamed += drawn.unnamed
        counts = [(forms.get(f"/{name.decode()}"), count) for name, count in named.items()]
        told = tuple((form, count) for form, count in counts if form is not None)
        return _Drawn(told, unnamed, tuple(forms.values()), glyphs)

    def _stream(self, entry: Any) -> Any:
        """The form that an entry names, none for a picture, of which nothing is kept."""
        if not hasattr(entry, "idnum"):
            return None  # a stream stands nowhere but by itself
        place = entry.generation, entry.idnum
        if place not in self._streams:
            stream = _direct(entry)
            is_form = _is_stream(stream) and _text(stream.get("/Subtype")) == "Form"
            self._streams[place] = stream if is_form else None
            if not is_form:
                entry.pdf.resolved_objects.pop(place, None)
        return self._streams[place]

    def _glyphs(self, content: _Content) -> Iterator[_Content]:
        """Those of the fonts at hand whose glyphs are streams that can draw a form."""
        for entry in content.named("/Font").values():
            font = _direct(entry)
            if not isinstance(font, dict) or _text(font.get("/Subtype")) != "Type3":
                continue
            resources = _own(font, content.resources)
            for glyph in _values(font.get("/CharProcs")):
                drawing = _Content(glyph, _own(glyph, resources), resources)
                if _is_stream(glyph) and drawing.named("/XObject"):
                    yield drawing


def _direct(entry: Any) -> Any:
    """What stands there or where it refers to, none where that is damaged: the others on the page are counted still."""
    from pypdf.errors import PyPdfError

    try:
        return entry.get_object() if entry is not None else None
    except (PyPdfError, *DAMAGE):
        return None


def _own(body: Any, otherwise: Any) -> Any:
    """The resources of its own, empty or not, and the others only where it has none."""
    own = _direct(body.get("/Resources")) if isinstance(body, dict) else None
    return own if isinstance(own, dict) else otherwise


def _text(entry: Any) -> str:
    """A name or a string, which pdfium takes for a name."""
    return str(_direct(entry)).removeprefix("/")


def _values(entry: Any) -> Iterator[Any]:
    found = _direct(entry)
    if isinstance(found, dict):
        yield from map(_direct, found.values())


def _appearances(page: Any) -> Iterator[Any]:
    """The streams that draw the annotations of a page, in every state that they may be in."""
    annotations = _direct(page.get("/Annots"))
    for entry in annotations if isinstance(annotations, list) else ():
        annotation = _direct(entry)
        look = _direct(annotation.get("/AP")) if isinstance(annotation, dict) else None
        normal = _direct(look.get("/N")) if isinstance(look, dict) else None
        for body in (normal, *_values(normal)):
            if _is_stream(body):
                yield body


def _is_stream(body: Any) -> bool:
    from pypdf.generic import StreamObject

    return isinstance(body, StreamObject)


def _parts(body: Any) -> Iterator[bytes]:
    """The content, unpacked; of a page its parts."""
    streams = body if _is_stream(body) else _direct(body.get("/Contents"))
    for entry in streams if isinstance(streams, list) else (streams,):
        stream = _direct(entry)
        if _is_stream(stream):
            yield unpacked(stream, LARGEST)
