"""What widgets make of text and colours, without a page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.theme import DARK, LIGHT
from ui.widgets.inert import escaped, label

TEXTS = [name for name in LIGHT if name.endswith("TextColor") or name in {"textColor", "linkColor"}]


@given(st.text())
def test_no_text_makes_an_element_or_hides(text: str):
    out = escaped(text)
    assert "<" not in out
    assert '"' not in out
    assert not set(out) & {"\u202e", "\u2066", "\x1b", "\x00"}


@given(st.text())
def test_labels_are_one_line_without_live_markup(text: str):
    out = label(text)
    assert "\n" not in out
    for character in r"`*_[]()$:<":
        assert f"{character}" not in out.replace(f"\\{character}", "")


@pytest.mark.parametrize("text", ["ada@evil.example", "WWW.evil.example", "see https://evil.example/x"])
def test_labels_hold_nothing_that_is_made_a_link_of(text: str):
    """Streamlit looks for addresses in the finished text, where no backslash is left."""
    read = label(text).replace("\\", "")
    assert not re.search(r"https?://|www\.|\w@\w", read, re.IGNORECASE)
    assert read.replace("\N{WORD JOINER}", "") == text


def luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
def test_every_text_stands_out(theme, name, ground):
    assert contrast(theme[name], theme[ground]) >= 4.5


def test_what_stands_on_primary_buttons_stands_out():
    assert contrast(LIGHT["primaryColor"], "#ffffff") >= 4.5
    assert contrast(DARK["primaryColor"], DARK["backgroundColor"]) >= 4.5
