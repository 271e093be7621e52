"""How pages are named to people."""

import pytest

from ingest.places import place_name, printed_name


@pytest.mark.parametrize(
    ("page", "label", "name", "printed"),
    [
        (1, "", "", ""),
        (7, "7", "p. 7", "page 7"),
        (7, "iv", "p. 7 (iv)", "page iv"),
        (7, "A-3", "p. 7 (A-3)", "page A-3"),
        (7, "slide 3", "slide 3", "slide 3"),
        (7, "Prices!A2:F26", "Prices!A2:F26", "Prices!A2:F26"),
        (7, "attachment report.pdf, page 2", "attachment report.pdf, page 2", "attachment report.pdf, page 2"),
    ],
)
def test_a_page_is_named_so_that_it_can_be_found(page, label, name, printed):
    assert place_name(page, label, "p.") == name
    assert printed_name(label) == printed
