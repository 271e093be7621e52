"""The running totals behind the progress display."""

import re

import pytest

from ingest.progress import Meter, duration
from ingest.reports import Embedded, Failed, Read, Scanned, Stored


def test_fraction_counts_bytes_read_by_how_much_of_them_is_embedded():
    meter = Meter()
    meter.count(Scanned(files=2, bytes=1000, unchanged=5))
    assert meter.fraction == 0
    meter.count(Read("a.pdf", bytes=500, pages=10, chunks=40))
    meter.count(Embedded(10))
    assert meter.fraction == pytest.approx(0.5 * 0.25)
    meter.count(Embedded(30))
    meter.count(Stored("a.pdf", updated=False))
    meter.count(Failed("b.pdf", "timeout", "took too long", bytes=500))
    assert meter.fraction == 1
    assert (meter.files_done, meter.pages, meter.embedded) == (2, 10, 40)


def test_the_line_tells_what_is_known_and_nothing_else():
    meter = Meter()
    meter.count(Scanned(files=2, bytes=1000, unchanged=5))
    assert meter.line() == "0/2 files"
    meter.count(Read("a.pdf", bytes=500, pages=10, chunks=40))
    assert meter.line().endswith(" pages/s, 0 of 40 chunks embedded")
    meter.count(Embedded(10))
    assert re.fullmatch(
        r"0/2 files, \d+ pages/s, 10 of 40 chunks embedded at \d+ a second, about .* to go", meter.line()
    )


def test_eta_is_unknown_before_there_is_a_pace():
    meter = Meter()
    meter.count(Scanned(files=1, bytes=1000, unchanged=0))
    assert meter.eta is None


@pytest.mark.parametrize(("seconds", "text"), [(8.6, "9 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations_read_well(seconds, text):
    assert duration(seconds) == text
