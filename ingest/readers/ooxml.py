"""Office Open XML packages (ECMA-376 part 2): which part refers to which, and what the document says of itself."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.readers.archive import attribute_of, joined, name_of
from ingest.readers.characters import clean, single_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from ingest.readers.archive import Archive

CORE = "docProps/core.xml"
UNREAD = {
    "pic": "picture",
    "imagedata": "picture",  # VML, as Word wrote before 2010
    "relIds": "diagram",  # SmartArt
    "chart": "chart",
    "OLEObject": "embedded object",
    "oleObj": "embedded object",
    "object": "embedded object",
    "control": "control",
    "commentReference": "comment",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """A reference of one part to another. `kind` is the end of its type: "slide", "image", "notesSlide"."""

    id: str
    kind: str
    target: str  # a name in the package, "" for what lies outside it


def relations(package: Archive, part: str = "") -> list[Relation]:
    """What a part refers to, in the order written; "" asks for the package itself."""
    folder, name = posixpath.split(part)
    return list(_relations(package, part, posixpath.join(folder, "_rels", f"{name}.rels")))


def _relations(package: Archive, part: str, listed_in: str) -> Iterator[Relation]:
    for element in package.elements(listed_in, depth=1):
        outside = attribute_of(element, "TargetMode") == "External"
        target = "" if outside else joined(part, attribute_of(element, "Target"))
        yield Relation(attribute_of(element, "Id"), attribute_of(element, "Type").rpartition("/")[2], target)


def main_part(package: Archive, default: str) -> str:
    """The part that holds the document. Office on the web writes `word/document2.xml`, so a name is not enough."""
    stated = (relation.target for relation in relations(package) if relation.kind == "officeDocument")
    return next((part for part in stated if part in package.names), default)


def properties(package: Archive) -> dict[str, str]:
    """Title, creator and the like of the document, each on one line."""
    return {name_of(field): single_line(clean(field.text or "")) for field in package.elements(CORE, depth=1)}


def part_of_kind(package: Archive, part: str, kind: str, usual: str) -> str:
    """The part of that kind that another refers to; by its usual name where nothing refers to one."""
    return next((relation.target for relation in relations(package, part) if relation.kind == kind), usual)


def unread(element: Element) -> Iterator[str]:
    """What stands in an element that a person sees and no reader of ours turns into text, one word for each."""
    for child in element:
        name = name_of(child)
        if name in UNREAD:
            yield UNREAD[name]
        elif name != "Fallback":  # the same once more, for programs that do not know the first form
            yield from unread(child)
