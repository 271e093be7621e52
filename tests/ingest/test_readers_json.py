"""JSON: records as lines that can be understood alone, what encloses them as headings."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import FileFailed
from ingest.readers.json import JsonReader


def read(text: str):
    return JsonReader().read(text.encode(), "prices.json")


def test_records_are_lines_with_their_names():
    document = read(
        '{"title": "Offices", "offices": [{"city": "Paris", "phone": "1"}, {"city": "Rome", "phone": "2"}]}'
    )
    assert document.text == "title: Offices\n\noffices\ncity: Paris; phone: 1\ncity: Rome; phone: 2"
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "offices")]
    assert document.title == "Offices"


def test_small_objects_inside_a_record_stay_in_its_line():
    assert read('[{"name": "A", "at": {"city": "Paris", "geo": {"lat": 48.80}}, "tags": ["x", "y"]}]').text == (
        "name: A; at.city: Paris; at.geo.lat: 48.80; tags: x, y"
    )


def test_what_belongs_to_an_object_does_not_fall_under_the_heading_of_its_part():
    assert read('{"a": 1, "parts": [{"b": [{"c": 2}]}], "z": 3}').text == "a: 1\nz: 3\n\nparts\n\n1\n\nb\nc: 2"


def test_numbers_and_names_stay_as_written():
    assert read('{"price": 1.10, "big": 1e400, "n": 12345678901234567890, "ok": true, "price": 2}').text == (
        "price: 1.10\nbig: 1e400\nn: 12345678901234567890\nok: true\nprice: 2"
    )


def test_nothing_stands_for_what_is_empty():
    assert read('{"a": null, "b": "", "c": [], "d": {}, "e": [null], "f": 0}').text == "f: 0"


def test_long_values_are_paragraphs():
    body = "A long story. " * 80
    document = read(json.dumps([{"title": "One", "body": body}, {"title": "Two", "body": "Short."}]))
    assert document.text == f"One\ntitle: One\n\nbody: {body.strip()}\n\nTwo\ntitle: Two\nbody: Short."
    assert [heading.title for heading in document.headings] == ["One", "Two"]


def test_lines_of_json():
    document = read('{"a": 1}\n\n{"a": 2}\n{"a": 3\n')
    assert document.text == 'a: 1\na: 2\n{"a": 3'
    assert document.warnings == ("not valid JSON, kept as written: 1 of the lines (4)",)


def test_json_with_comments_is_kept_as_written():
    document = read('// settings\n{"a": 1}')
    assert document.text == '// settings\n{"a": 1}'
    assert len(document.warnings) == 1
    assert document.warnings[0].startswith("not valid JSON, kept as written: ")


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000])
def test_endless_nesting_is_refused(text):
    with pytest.raises(FileFailed, match="nested too deeply") as failure:
        read(text)
    assert failure.value.outcome == "parse_error"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii", categories=["L"]), max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["ab", "cd", "ef"]), inner, max_size=3),
    max_leaves=30,
)


def words(value) -> list[str]:
    if isinstance(value, dict):
        return [word for name, member in value.items() for word in words(member)]
    if isinstance(value, list):
        return [word for member in value for word in words(member)]
    return [] if value is None else [json.dumps(value).strip('"')]


@given(values)
def test_no_value_is_lost(value):
    expected = [word for word in words(value) if word]
    if not expected:
        with suppress(FileFailed):
            read(json.dumps(value))
        return
    text = read(json.dumps(value)).text
    assert all(word in text for word in expected)
