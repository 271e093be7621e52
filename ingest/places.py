"""How a page is named to people, in every answer, listing and prompt."""

from __future__ import annotations

import re

# Labels that say themselves what they are: "slide 3", "cell 12", "Prices!A2:F26". The labels of PDFs ("iv", "A-3")
# are what is printed on a page, and need the number of the page beside them to be found again.
RECOGNISED = ", OCR"  # how the label of a page ends whose words come from a picture
_NAMES_ITSELF = re.compile(r"(?:slide|cell|section|message|attachment) |.+!", re.IGNORECASE)


def place_name(page: int, label: str, word: str = "page") -> str:
    """ "page 7", or "page 7 (iv)" where another label is printed on it; "slide 3" or "Prices!A2:F26" where the label
    names itself; "" for formats without pages (and so without labels). `word` is what "page" is called. Of a page that
    was read by OCR the name says so: "page 7, OCR"."""
    if not label:
        return ""
    if label.endswith(RECOGNISED):
        return f"{place_name(page, label.removesuffix(RECOGNISED), word)}{RECOGNISED}"
    if _NAMES_ITSELF.match(label):
        return label
    return f"{word} {page}" if label == str(page) else f"{word} {page} ({label})"


def printed_name(label: str) -> str:
    """The label alone, as a short reference: "page iv", "slide 3"; "" for formats without pages."""
    return label if not label or _NAMES_ITSELF.match(label) else f"page {label}"
