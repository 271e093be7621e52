"""E-books and OpenDocument texts for tests, written part by part."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
ODT_NAMES = "".join(
    f' xmlns:{prefix}="{OFFICE}:{name}:1.0"'
    for prefix, name in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("meta", "meta"),
        ("style", "style"),
    )
)  # fmt: skip
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def make_zip(parts: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def make_odt(body: str, parts: Mapping[str, str | bytes] | None = None, title: str = "", author: str = "") -> bytes:
    """A text with this content of `office:text`, and these further parts."""
    meta = (
        f'<office:document-meta{ODT_NAMES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
        f"<dc:title>{title}</dc:title><dc:creator>{author}</dc:creator></office:meta></office:document-meta>"
    )
    content = (
        f"<office:document-content{ODT_NAMES}><office:automatic-styles><style:style/></office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    mimetype = {"mimetype": "application/vnd.oasis.opendocument.text"}
    return make_zip({**mimetype, "content.xml": content, "meta.xml": meta, **(parts or {})})


def make_epub(chapters: Mapping[str, str], parts: Mapping[str, str | bytes] | None = None, manifest: str = "") -> bytes:
    """A book of these files ("one.xhtml") with what stands in their bodies; `manifest` holds further items."""
    items = "".join(f'<item id="i{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in chapters)
    spine = "".join(f'<itemref idref="i{name}"/>' for name in chapters)
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>The Handbook</dc:title><dc:title>A subtitle</dc:title><dc:creator>A. Writer</dc:creator>"
        f"<dc:language>en</dc:language></metadata><manifest>{items}{manifest}</manifest><spine>{spine}</spine></package>"
    )
    files = {
        f"OEBPS/{name}": f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body>{body}</body></html>'
        for name, body in chapters.items()
    }
    mimetype = {"mimetype": "application/epub+zip"}
    return make_zip(
        {**mimetype, "META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package, **files, **(parts or {})}
    )
