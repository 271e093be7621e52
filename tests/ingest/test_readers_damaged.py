"""Files that are whole zips and sound JSON, and wrong inside: what a byte flipped in a zip never reaches."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from contextlib import suppress

import pytest

from ingest.errors import FileFailed
from ingest.readers import open_reader
from tests.contracts.test_reader import SAMPLES, assert_well_formed, source
from tests.support.zip_files import make_zip

ZIPPED = ("docx", "pptx", "xlsx", "odt", "epub")
ROUNDS = 60
ODD = (
    "",
    "-1",
    "0",
    "1",
    "99999999999999999999",
    "NaN",
    "1e400",
    "true",
    "A1:XFD1048576",
    "ZZZZ9:A0",
    "../../x",
    "é",
    "%00",
)

_ATTRIBUTE = re.compile(r'="([^"<>]*)"')
_ELEMENT = re.compile(r"<(\w+:)?\w+[^<>]*/>|<((?:\w+:)?\w+)(?: [^<>]*)?>[^<>]*</\2>")


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def damaged(xml: str, dice: random.Random) -> str:
    """Odd values in attributes, elements that are gone, doubled or in another's place; it stays XML."""
    for _ in range(dice.randint(1, 4)):
        values, elements = list(_ATTRIBUTE.finditer(xml)), list(_ELEMENT.finditer(xml))
        if values and dice.random() < 0.6:
            match = dice.choice(values)
            xml = xml[: match.start(1)] + dice.choice(ODD) + xml[match.end(1) :]
        elif elements:
            match, other = dice.choice(elements), dice.choice(elements)
            xml = xml[: match.start()] + dice.choice(["", match[0] * 2, other[0]]) + xml[match.end() :]
    return xml


@pytest.mark.parametrize("name", ZIPPED)
def test_wrong_parts_are_read_or_refused(name):
    """No other exception than `FileFailed` comes out, whatever stands in the parts."""
    whole = parts_of(SAMPLES[name])
    texts = sorted(part for part in whole if part.endswith((".xml", ".rels", ".opf", ".xhtml")))
    for seed in range(ROUNDS):
        dice = random.Random(f"{name} {seed}")
        part = dice.choice(texts)
        changed = {**whole, part: damaged(whole[part].decode(), dice).encode()}
        if dice.random() < 0.2:
            del changed[dice.choice(texts)]
        data = make_zip(changed)
        with suppress(FileFailed):
            assert_well_formed(open_reader(name).read(data, source(name)), data)


@pytest.mark.parametrize("name", ["notebook", "json"])
def test_wrong_values_are_read_or_refused(name):
    for seed in range(ROUNDS):
        dice = random.Random(f"{name} {seed}")
        data = json.dumps(replaced(json.loads(SAMPLES[name]), dice)).encode()
        with suppress(FileFailed):
            assert_well_formed(open_reader(name).read(data, source(name)), data)


def replaced(value, dice: random.Random):
    """The value with some of its members of another kind."""
    if dice.random() < 0.08:
        return dice.choice([None, True, -1, 1e300, "", "odd", [], [[]], {}, {"": None}, ["a", 1]])
    if isinstance(value, dict):
        return {key: replaced(member, dice) for key, member in value.items()}
    return [replaced(item, dice) for item in value] if isinstance(value, list) else value


def test_wrong_heads_of_messages_are_read_or_refused():
    whole = SAMPLES["mail"].decode()
    odd = [
        "=?utf-8?b?////?=",
        "=?x?q?a?=",
        "\x80",
        "a" * 3000,
        "<@>",
        "text/",
        "multipart/mixed; boundary",
        "; ;=",
        '"',
    ]
    for seed in range(ROUNDS * 3):
        dice = random.Random(seed)
        lines = whole.split("\n")
        for _ in range(dice.randint(1, 4)):
            number = dice.randrange(len(lines))
            head, colon, _ = lines[number].partition(":")
            lines[number] = f"{head}{colon} {dice.choice(odd)}"
        data = "\n".join(lines).encode()
        for name in ("mail", "mbox"):
            with suppress(FileFailed):
                assert_well_formed(open_reader(name).read(data, source(name)), data)
