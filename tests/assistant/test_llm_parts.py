"""The parts that backends are made of: events, stop sequences, retries, addresses, the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Completion
from assistant.errors import GenerationFailed, ModelOverloaded, ModelRequestRejected, ModelUnreachable, NotAModelServer
from assistant.llms import open_llm
from assistant.llms.address import Address
from assistant.llms.deadline import Deadline, Timeouts
from assistant.llms.event_loop import Iteration, run
from assistant.llms.failures import overflow, retry_after
from assistant.llms.retrying import BASE, CAP, with_retries
from assistant.llms.server_sent_events import EventDecoder
from assistant.llms.stopping import StopSequences
from ingest.errors import MissingExtra, UnknownPart, UsageError


def decoded(chunks):
    decoder = EventDecoder()
    return [data for chunk in chunks for data in decoder.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        ("data:x\n\n", ["x"]),
        ("data: x\n\n", ["x"]),
        ("data:  x\n\n", [" x"]),  # one space belongs to the field
        ("data: a\ndata: b\n\n", ["a\nb"]),
        ("data\ndata: b\n\n", ["\nb"]),
        (": comment\n\n", []),
        ("event: ping\ndata:\n\n", []),
        ("id: 1\nevent: x\nretry: 3\ndata: y\n\n", ["y"]),
        ("data: a:b: c\n\n", ["a:b: c"]),
        ("\ufeffdata: x\n\n", ["x"]),
        ("data: \ufeff\n\n", ["\ufeff"]),  # only at the beginning is it a mark
        ("data: x\r\n\r\ndata: y\r\rdata: z\n\n", ["x", "y", "z"]),
        ("data: x\n", []),  # cut off
        ("data: x\u2028y\u0085z\n\n", ["x\u2028y\u0085z"]),  # these end no line
        ("database: x\n\n", []),
    ],
)
def test_events_by_the_standard(stream, events):
    assert decoded([stream.encode()]) == events


field = st.sampled_from(["data: ", "data:", "data", ": note ", "event: ", "", "x"])
line = st.tuples(field, st.text(alphabet="aé東🗼: ", max_size=6)).map("".join)
streams = st.lists(st.tuples(line, st.sampled_from(["\n", "\r", "\r\n"])).map("".join), max_size=20).map("".join)


def expected(stream):
    """The standard's algorithm, on the whole text at once."""
    events, data = [], []
    for text in stream.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        name, _, value = text.partition(":")
        if not text:
            events += ["\n".join(data)]
            data = []
        elif name == "data":
            data.append(value.removeprefix(" "))
    return [event for event in events if event.strip("\n")]  # empty ones are dropped


@given(streams, st.lists(st.integers(0, 200), max_size=10))
def test_events_do_not_depend_on_where_reads_are_split(stream, cuts):
    data = stream.encode()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    chunks = [data[start:end] for start, end in pairwise(edges)]
    assert decoded(chunks) == expected(stream) == decoded(bytes([byte]) for byte in data)


def test_a_line_without_end_is_refused():
    with pytest.raises(NotAModelServer, match="longer than 1,000,000 characters"):
        decoded([b"data: ", *[b"x" * 100_000] * 11])
    with pytest.raises(NotAModelServer, match="longer than 1,000,000 characters"):
        decoded([b"data: " + b"x" * 1000 + b"\n"] * 1100)


@pytest.mark.parametrize(
    ("pieces", "shown", "rest", "stopped"),
    [
        (["Hello <end", " of it"], "Hello <end of it", "", False),
        (["Hello ", "<end>", " more"], "Hello ", "", True),
        (["Hello <", "e", "nd>more"], "Hello ", "", True),
        (["Hello <", "e", "nd"], "Hello ", "<end", False),
        (["a\n", "\n", "b"], "a", "", True),
        (["<<end>"], "<", "", True),
        (["early\n\nlate<end>"], "early", "", True),
    ],
)
def test_no_part_of_a_stop_sequence_is_shown(pieces, shown, rest, stopped):
    stops = StopSequences(("<end>", "\n\n"))
    assert "".join(stops.feed(piece) for piece in pieces) == shown
    assert stops.stopped is stopped
    assert stops.rest() == rest


@given(
    st.text(alphabet="ab<>", max_size=30),
    st.lists(st.integers(1, 5), max_size=30),
    st.sets(st.sampled_from(["<a>", "ab", "b<<"])),
)
def test_stop_sequences_do_not_depend_on_the_pieces(text, sizes, sequences):
    stops, shown, start = StopSequences(tuple(sequences)), "", 0
    for size in [*sizes, len(text)]:
        shown += stops.feed(text[start : start + size])
        start += size
    shown += stops.rest()
    ends = [text.index(sequence) for sequence in sequences if sequence in text]
    assert shown == (text[: min(ends)] if ends else text)


def retried(errors, total=60.0, draws=None):
    """How often it was tried, what came of it, and the bounds between which each pause was drawn."""
    failures, bounds = iter(errors), []

    async def attempt():
        if (error := next(failures, None)) is not None:
            raise error
        return "answer"

    def draw(low, high):
        bounds.append((low, high))
        return 0.0 if draws is None else next(draws)

    return run(with_retries(attempt, Deadline(Timeouts(total=total)), draw)), bounds


def test_pauses_are_drawn_below_a_bound_that_doubles():
    answer, bounds = retried([ModelUnreachable("a"), ModelOverloaded("b")])
    assert answer == "answer"
    assert bounds == [(0.0, 0.5), (0.0, 1.0)]
    assert (BASE, CAP) == (0.5, 8.0)


def test_three_attempts_in_all():
    last = ModelUnreachable("third")
    with pytest.raises(ModelUnreachable, match=r"third \(Tried 3 times.\)"):
        retried([ModelUnreachable("first"), ModelUnreachable("second"), last])
    assert last.attempts == 3


def test_generation_failures_get_one_more_attempt_and_refusals_none():
    with pytest.raises(GenerationFailed, match="Tried 2 times"):
        retried([GenerationFailed("a"), GenerationFailed("b"), GenerationFailed("c")])
    with pytest.raises(ModelRequestRejected, match=r"^no$"):
        retried([ModelRequestRejected("no")])


def test_no_pause_is_begun_that_the_deadline_would_cut():
    started = time.monotonic()
    with pytest.raises(ModelOverloaded):
        retried([ModelOverloaded("busy")] * 3, total=0.3, draws=iter([0.4]))
    assert time.monotonic() - started < 0.2


def test_the_servers_wait_replaces_the_drawn_one():
    busy = ModelOverloaded("busy")
    busy.retry_after = 0.2
    started = time.monotonic()
    answer, bounds = retried([busy], draws=iter([30.0]))
    assert answer == "answer"
    assert 0.2 <= time.monotonic() - started < 1.0
    assert len(bounds) <= 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("2", 2.0), ("0", 0.0), (" 7 ", 7.0), ("1.5", 1.5), ("1000000000", 1e9)),
        *((value, None) for value in (None, "", "-1", "soon", "1e3", "٣", "2 s")),
    ],
)
def test_retry_after(value, seconds):
    assert retry_after(value) == seconds


def test_retry_after_a_date():
    moment = datetime.now(UTC) + timedelta(seconds=90)
    assert retry_after(format_datetime(moment, usegmt=True)) == pytest.approx(90, abs=2)
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_a_message_about_something_else_is_no_overflow():
    assert overflow("Input validation error: `temperature` must be strictly positive") is None
    assert overflow("model not found") is None


def test_addresses():
    address = Address.parse("http://127.0.0.1:8080/v1/", "secret")
    assert (address.url, address.root, address.is_local) == ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080", True)
    assert Address.parse("http://[::1]:80").is_local
    assert Address.parse("http://localhost:80").is_local
    assert not Address.parse("https://models.example.com").is_local
    assert "secret" not in repr(address)
    assert address.clean("the key secret\x1b[31m is\nwrong") == "the key ••• [31m is wrong"
    assert len(address.clean("x" * 9000)) == 500


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("127.0.0.1:8080", "'127.0.0.1:8080' is not the address"),
        ("ftp://host", "is not the address of a model server"),
        ("http://", "is not the address"),
        ("http://me:hunter2@host/", "The address of host holds a name or a password"),
    ],
)
def test_addresses_that_are_none(text, match):
    with pytest.raises(UsageError, match=match) as raised:
        Address.parse(text)
    assert "hunter2" not in str(raised.value)


def test_iterating_in_a_thread_and_raising_there():
    async def source():
        yield 1
        await asyncio.sleep(0)
        yield 2
        raise ModelUnreachable("gone")

    seen = []
    with pytest.raises(ModelUnreachable, match="gone"):
        seen.extend(Iteration(source()))
    assert seen == [1, 2]
    values = Iteration(source())
    assert [next(values), next(values)] == [1, 2]
    values.close()


def test_closing_an_iterator_cancels_the_work():
    cancelled = threading.Event()

    async def source():
        try:
            yield 1
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    values = Iteration(source())
    assert next(values) == 1
    values.close()
    assert cancelled.wait(2.0)


def test_closing_from_another_thread_ends_a_wait():
    async def source():
        yield 1
        await asyncio.sleep(60)
        yield 2

    values = Iteration(source())
    assert next(values) == 1
    threading.Timer(0.1, values.close).start()
    started = time.monotonic()
    assert list(values) == []
    assert time.monotonic() - started < 2.0


def test_a_dropped_iterator_cancels_the_work():
    cancelled = threading.Event()

    async def source():
        try:
            while True:
                yield 1
                await asyncio.sleep(0.01)
        finally:
            cancelled.set()

    for _ in Iteration(source()):
        break
    assert cancelled.wait(2.0)


def test_many_threads_share_the_loop():
    async def slowly(number):
        await asyncio.sleep(0.05)
        return number

    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(run(slowly(n)))) for n in range(20)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(20))
    assert time.monotonic() - started < 0.9  # one after the other would take 1 s


def test_none_is_a_result():
    async def nothing():
        return None

    assert run(nothing()) is None


@pytest.mark.parametrize(
    ("specification", "error", "match"),
    [
        ("tgi:", UsageError, "'tgi:' names no place. Write it as tgi:PLACE"),
        ("tgi", UsageError, "'tgi' names no place"),
        ("tgj:http://h", UnknownPart, "No module named 'tgj'"),
        ("openay", UnknownPart, "Did you mean 'openai'"),
        ("tgi:host:80", UsageError, "'host:80' is not the address"),
        ("gguf:/nowhere/m.gguf", UsageError, "is not a GGUF model"),
        ("scripted:/nowhere/answers.json", UsageError, "holds no scripted answers"),
    ],
)
def test_specifications_that_cannot_be_opened(specification, error, match):
    with pytest.raises(error, match=match):
        open_llm(specification)


def test_a_profile_is_looked_up_at_once():
    with pytest.raises(UnknownPart, match="Did you mean 'falconlite2'"):
        open_llm("tgi:http://127.0.0.1:9", "falcon-lite2")


def test_a_class_by_its_module(tmp_path, monkeypatch):
    (tmp_path / "my_models.py").write_text(
        "from assistant.llms.scripted import ScriptedModel\n"
        "def open_mine(place, options):\n    return ScriptedModel(['mine at ' + repr(place)])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert open_llm("my_models:open_mine").complete("x") == Completion("mine at ''", "stop")


def test_a_gguf_without_its_package_names_the_command(tmp_path, monkeypatch):
    import sys

    from assistant.llms.llama_child import Settings
    from assistant.llms.llama_process import LlamaProcess

    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtra, match=r"pip install 'kestrel-assistant\[local\]'"):
        LlamaProcess(Settings(str(tmp_path / "m.gguf")))
