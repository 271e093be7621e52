"""The twenty-two faults of a model server as a person meets them, one by one, for each protocol.

An answer that broke off is never shown, told or kept as a whole one; nothing takes longer than its time limit and a
second, or more than three attempts. What each fault is at the level of the client: `test_llm_faults.py` and
`test_llm_refusals.py`.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from assistant import Assistant
from assistant.answers import Answer
from assistant.errors import ModelMismatch
from assistant.llms import open_llm
from assistant.showing import DEGRADED, INCOMPLETE, exit_code, show
from tests.support.faulty_servers import BUSY, KEY, TIMEOUTS, OpenAI, Tgi, whole
from tests.support.raw_server import RESET, chunk, free_port, http, serving, stream_head

pytestmark = pytest.mark.slow

QUESTION = "How much is the deposit?"
WHOLE = "The deposit is 1,450 euros. [1]"
PART = "The deposit is 1,4"
Outcome = Literal["answered", "incomplete", "quoted"]
EXITS: dict[Outcome, int] = {"answered": 0, "incomplete": INCOMPLETE, "quoted": DEGRADED}

Replies = Callable[[Any], Sequence[Sequence[bytes | float | str]]]


@dataclass(frozen=True)
class Case:
    """Replies of a server in turn, and what a person gets.

    "answered" in the model's words, a part of them as "incomplete", or "quoted" from the documents with the reason.
    """

    replies: Replies
    outcome: Outcome
    attempts: int = 1


def broken(*steps: bytes | float | str) -> Replies:
    """A stream that ends in these steps after a part of the answer."""
    return lambda protocol: [[stream_head(), protocol.piece(PART), *steps]]


def refused(status: int, body: object, kind: str = "application/json", **headers: str) -> Replies:
    return lambda _: [[http(status, body, kind, **headers)]]


def then_whole(*replies: Sequence[bytes | float | str]) -> Replies:
    return lambda protocol: [*replies, whole(protocol, WHOLE)]


NOISE = b":\n\nevent: ping\ndata:\n\nid: 4\nretry: 10\n\n"
PAGE = b"<html><body>Sign in</body></html>"
CASES = {
    "b3": Case(lambda _: [[10.0]], "quoted"),
    "b4": Case(broken(10.0), "incomplete"),
    "b5": Case(lambda p: [[stream_head(), *[step for _ in range(60) for step in (p.piece("a "), 0.1)]]], "incomplete"),
    "b6": Case(broken(), "incomplete"),
    "b7": Case(lambda p: [[stream_head(chunked=True), chunk(p.piece(PART)), chunk(p.piece(" x"))[:-9]]], "incomplete"),
    "b8": Case(broken(0.1, RESET), "incomplete"),
    "b8 at once": Case(then_whole([RESET], [RESET]), "answered", 3),
    "b9": Case(lambda p: [[stream_head(), p.piece(PART), p.failure("out of memory", "generation")]], "incomplete"),
    "b10": Case(broken(b"data: {not json}\n\n"), "incomplete"),
    "b11": Case(lambda p: [[stream_head(), NOISE, p.piece(WHOLE), NOISE, p.end(WHOLE)]], "answered"),
    "b12": Case(
        lambda p: [
            [stream_head(), *[bytes([byte]) for byte in (p.piece(WHOLE) + p.end(WHOLE)).replace(b"\n", b"\r\n")]]
        ],
        "answered",
    ),
    "b13": Case(refused(429, BUSY), "quoted", 3),
    "b13 with a pause": Case(then_whole([http(429, BUSY, Retry_After="1")]), "answered", 2),
    "b13 with a long one": Case(refused(429, BUSY, Retry_After="1000000000"), "quoted"),
    "b14": Case(refused(503, PAGE, "text/html"), "quoted", 3),
    "b15": Case(then_whole([http(500, b"oops", "text/plain")]), "answered", 2),
    "b16": Case(refused(424, {"error": "NaN", "error_type": "generation"}), "quoted", 2),
    "b17": Case(
        then_whole([http(422, {"error": "`inputs` must have less than 900 tokens. Given: 950"})]), "answered", 2
    ),
    "b18": Case(refused(413, b"length limit exceeded", "text/plain"), "quoted"),
    "b19": Case(refused(200, PAGE, "text/html"), "quoted"),
    "b19 empty": Case(refused(204, b""), "quoted"),
    "b20": Case(lambda p: [[stream_head(), *[p.piece("la " * 300)] * 40, 10.0]], "incomplete"),
    "b22": Case(refused(401, {"error": {"message": f"no such key: {KEY}"}}), "quoted"),
}


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lease")
    desks = "\n\n".join(f"# Desk {number}\n\nDesk {number} is cleaned on day {number}." for number in range(80))
    (folder / "lease.md").write_text(f"# Lease\n\nThe deposit is 1,450 euros.\n\n{desks}\n", encoding="utf-8")
    with Assistant.open(folder / "kb", embedder="hashing") as kestrel:
        kestrel.add(folder / "lease.md")
        kestrel.ask(QUESTION)  # what is loaded at the first question is loaded
    return folder / "kb"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.llms.retrying.BASE", 0.01)
    monkeypatch.setattr("assistant.llms.streaming.MAX_ANSWER", 10_000)


@pytest.fixture(params=[Tgi(), OpenAI("plain"), OpenAI("chat")], ids=["tgi", "openai raw", "openai chat"])
def protocol(request: pytest.FixtureRequest) -> Any:
    return request.param


def asked(kb: Path, model: Any) -> Answer:
    """The answer, within the time limit and a second; the key is nowhere in it."""
    with Assistant.open(kb, llm=model, read_only=True) as kestrel:
        started = time.monotonic()
        answer = kestrel.ask(QUESTION)
        assert time.monotonic() - started <= TIMEOUTS.total + 1.0
    assert KEY not in repr(answer)
    return answer


def told(answer: Answer) -> str:
    """What a person reads, on both channels."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        show(answer, as_json=False, streamed=True)
    return said.getvalue()


def check(answer: Answer, outcome: Outcome) -> None:
    whole = answer.completion is not None and answer.completion.finish == "stop"
    seen: Outcome = "quoted" if answer.degraded else "answered" if whole else "incomplete"
    assert seen == outcome
    assert exit_code(answer) == EXITS[seen]
    marks = {"answered": "", "incomplete": "The answer is incomplete.", "quoted": "in the documents' own words"}
    assert marks[seen] in told(answer)
    if seen == "answered":
        assert answer.text == "The deposit is 1,450 euros."


@pytest.mark.parametrize("name", CASES)
def test_fault(name: str, protocol: Any, kb: Path) -> None:
    case = CASES[name]
    with serving(protocol.routes(case.replies(protocol))) as server:
        check(asked(kb, protocol.open(server)), case.outcome)
        assert len(server.to(protocol.route)) == case.attempts <= 3


@pytest.mark.parametrize("scheme", ["tgi:http://{host}", "openai:http://{host}/v1"])
@pytest.mark.parametrize("name", ["b1", "b2"])
def test_fault_without_a_server(name: str, scheme: str, kb: Path) -> None:
    host = f"127.0.0.1:{free_port()}" if name == "b1" else "model.invalid:8080"
    check(asked(kb, open_llm(scheme.format(host=host), timeouts=TIMEOUTS)), "quoted")


def test_fault_b21(kb: Path) -> None:
    """Another model than the one asked for is never taken silently."""
    with serving(OpenAI("chat").routes([])) as server:
        model = open_llm(f"openai:{server.url}/v1#llama", timeouts=TIMEOUTS)
        with pytest.raises(ModelMismatch, match="'llama' was asked for"):
            asked(kb, model)


def test_every_fault_is_here() -> None:
    numbers = {name.split()[0] for name in CASES} | {"b1", "b2", "b21"}
    assert numbers == {f"b{number}" for number in range(1, 23)}
