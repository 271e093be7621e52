"""Ask every arm every question that it has not answered yet, by several threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from statistics import fmean

from eval.runs.folder import RunFolder, renamed
from eval.runs.keys import key_of
from eval.samples import Question, Reply
from eval.variants import open_variant
from eval.variants.setup import Arm, Setup, Variant
from ingest.errors import KestrelError, ModelError, PromptTooLong

WORKERS = 4
SAMPLE = 3  # questions that an estimate prepares, for each arm


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` replies are there; `reused` of them were there before. `left` is seconds, None at first."""

    done: int
    total: int
    reused: int
    errors: int
    arm: str
    seconds: float

    @property
    def left(self) -> float | None:
        asked = self.done - self.reused
        return self.seconds / asked * (self.total - self.done) if asked else None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an arm will send, from a few of its prompts: requests, and tokens of the served model for all of them.

    `output_tokens` is the most that may come back.
    """

    arm: str
    requests: int
    prompt_tokens: int
    output_tokens: int


Watch = Callable[[Progress], None]


@contextmanager
def open_variants(arms: Sequence[Arm], setup: Setup) -> Iterator[list[tuple[Arm, Variant]]]:
    """The arms, open; closed at the end. Raises before anything is asked when one of them cannot be opened."""
    with ExitStack() as stack:
        opened = []
        for arm in arms:
            variant = open_variant(arm, setup)
            stack.callback(variant.close)
            opened.append((arm, variant))
        yield opened


def estimates(opened: Sequence[tuple[Arm, Variant]], questions: Sequence[Question]) -> list[Estimate]:
    """Nothing is sent but what counting tokens takes."""
    found = []
    for arm, variant in opened:
        attempts = [variant.prepare(question) for question in questions[:SAMPLE]]
        mean = fmean(attempt.prompt_tokens for attempt in attempts) if attempts else 0.0
        reserves = [attempt.shape.get("sampling", {}).get("max_tokens", 0) for attempt in attempts]
        each = fmean(attempt.requests for attempt in attempts) if mean else 0.0
        requests = round(each * len(questions))
        reserve = max(reserves, default=0) * len(questions) if mean else 0  # a likelihood takes no answer
        found.append(Estimate(arm.name, requests, round(mean * len(questions)), reserve))
    return found


def run(
    opened: Sequence[tuple[Arm, Variant]],
    questions: Sequence[Question],
    folder: RunFolder,
    *,
    workers: int = WORKERS,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Fill the folder. A model that fails on a question leaves a row with the error, which another run tries again.

    Set `stop` to end after the questions that are being answered. Errors other than a model's end the run; the rows
    that are there stay.
    """
    stop = stop or threading.Event()
    with folder.writing():
        folder.name_arms([arm.name for arm, _ in opened])
        asker = _Asker(folder)
        pairs = ((arm, variant, question) for question in questions for arm, variant in opened)
        meter = _Meter(len(opened) * len(questions), watch or (lambda _progress: None))
        with ThreadPoolExecutor(workers, thread_name_prefix="eval") as pool:
            try:
                _drain(pool, pairs, asker, (meter, stop, workers))
            except BaseException:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise


Pair = tuple[Arm, Variant, Question]


def _drain(
    pool: ThreadPoolExecutor, pairs: Iterator[Pair], asker: _Asker, control: tuple[_Meter, threading.Event, int]
) -> None:
    """Keep as many questions in flight as there are workers, so that a stop takes hold at once."""
    meter, stop, workers = control
    running: set[Future[tuple[Reply, bool]]] = {pool.submit(asker.ask, *pair) for pair in islice(pairs, workers)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            meter.count(*future.result())
            pair = None if stop.is_set() else next(pairs, None)
            if pair:
                running.add(pool.submit(asker.ask, *pair))


class _Asker:
    """Asks what is not known; of equal requests that are under way at once, one is sent."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._known = folder.known()
        self._rows = {(reply.arm, reply.question, reply.key) for reply in folder.replies() if not reply.error}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def ask(self, arm: Arm, variant: Variant, question: Question) -> tuple[Reply, bool]:
        """The reply, and whether it was known before."""
        try:
            attempt = variant.prepare(question)
        except (ModelError, PromptTooLong) as error:  # a server that counts for us may fail here already
            failed = _failed(arm, question, error)
            self._folder.append(failed)
            return failed, False
        key = key_of(attempt.shape)
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            known = self._known.get(key)
            reply = renamed(known, arm.name, question.id) if known else _answered(arm, question, attempt.answer)
            reply = replace(reply, key=key)
            if (arm.name, question.id, key) not in self._rows:
                self._folder.append(reply)
            if not reply.error:
                self._known[key] = reply
        return reply, known is not None


def _answered(arm: Arm, question: Question, answer: Callable[[], Reply]) -> Reply:
    try:
        return answer()
    except (ModelError, PromptTooLong) as error:
        return _failed(arm, question, error)


def _failed(arm: Arm, question: Question, error: KestrelError) -> Reply:
    return Reply("", arm.name, question.id, "", finish="incomplete", error=str(error))


class _Meter:
    def __init__(self, total: int, watch: Watch) -> None:
        self._progress = Progress(0, total, 0, 0, "", 0.0)
        self._watch = watch
        self._started = time.monotonic()

    def count(self, reply: Reply, known: bool) -> None:
        before = self._progress
        self._progress = Progress(
            before.done + 1,
            before.total,
            before.reused + known,
            before.errors + bool(reply.error),
            reply.arm,
            time.monotonic() - self._started,
        )
        self._watch(self._progress)
