"""What stands between the routes and the model: the places in the queue, validation, and one thread that computes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from tests.support.tgi_server.engine import Engine
from tests.support.tgi_server.failures import Failure, failed_generation, overloaded
from tests.support.tgi_server.generation import Generation, Step, generation, prefill, steps
from tests.support.tgi_server.limits import Limits
from tests.support.tgi_server.parameters import TextRequest
from tests.support.tgi_server.validation import Validation, ValidRequest
from tests.support.tgi_server.versions import Version

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Setup:
    """How a server was started.

    `pipeline_tag` is what the hub says of the model, None where it says nothing (a model from a folder).
    `chat_template` is Jinja; FalconLite2 has none. `pause` is waited before each token, in seconds.
    """

    engine: Engine
    version: Version
    limits: Limits = field(default_factory=Limits)
    pipeline_tag: str | None = None
    chat_template: str | None = None
    api_key: str | None = None
    prefill_logprobs: bool = False
    pause: float = 0.0

    @property
    def fingerprint(self) -> str:
        return f"{self.version}-native"


class Service:
    """Generates for many clients at once: their tokens take turns on one thread."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.validation = Validation(setup.engine.tokenizer, setup.limits, setup.version)
        self.counts = {"tgi_request_count": 0, "tgi_request_success": 0, "tgi_request_failure": 0}
        self._places = setup.limits.max_concurrent_requests
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tgi-model")

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def generate(self, request: TextRequest) -> tuple[Generation, tuple[Generation, ...]]:
        """The answer, and the others of best_of. Raises `Failure`."""
        best_of = request.parameters.best_of or 1
        if best_of == 1:
            return await self._one(request), ()
        self.validation.check_best_of(best_of)
        made = await asyncio.gather(*(self._one(request) for _ in range(best_of)))
        best, *others = sorted(made, key=lambda answer: answer.mean_logprob, reverse=True)
        return best, tuple(others)

    async def stream(self, request: TextRequest) -> AsyncGenerator[tuple[ValidRequest, Step, list[Step]], None]:
        """Each step with the steps so far. Raises `Failure` at the first `anext`, or when the model fails."""
        self.validation.check_stream(request.parameters)
        with self._place():
            valid = await self._run(lambda: self.validation.validate(request))
            made: list[Step] = []
            async with aclosing(self._steps(valid)) as produced:
                async for step in produced:
                    made.append(step)
                    yield valid, step, made

    async def tokenize(self, text: str) -> list[tuple[int, tuple[int, int]]]:
        """Ids and the characters [start, stop) that each stands for."""
        encoding = await self._run(lambda: self.setup.engine.tokenizer.encode(text))
        return list(zip(encoding.ids, encoding.offsets, strict=True))

    async def _one(self, request: TextRequest) -> Generation:
        with self._place():
            valid = await self._run(lambda: self.validation.validate(request))
            made = [step async for step in self._steps(valid)]
            answer = generation(self.setup.engine, valid, made)
            if not self._gives_prefill(valid):
                return answer
            return replace(answer, prefill=await self._run(lambda: prefill(self.setup.engine, valid)))

    def _gives_prefill(self, request: ValidRequest) -> bool:
        return request.decoder_input_details and (
            self.setup.prefill_logprobs or not self.setup.version.prefill_needs_flag
        )

    async def _steps(self, request: ValidRequest) -> AsyncGenerator[Step, None]:
        produced: Iterator[Step] = steps(self.setup.engine, request)
        while True:
            if self.setup.pause:
                await asyncio.sleep(self.setup.pause)
            try:
                step = await self._run(lambda: next(produced))
            except (RuntimeError, ValueError, IndexError) as error:  # what a model raises when it cannot go on
                raise failed_generation(str(error)) from error
            yield step
            if step.finish is not None:
                return

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of `max_concurrent_requests`, taken at once or refused (`Failure` 429)."""
        self.counts["tgi_request_count"] += 1
        if self._places == 0:
            self.counts["tgi_request_failure"] += 1
            raise overloaded()
        self._places -= 1
        try:
            yield
            self.counts["tgi_request_success"] += 1
        except Failure:
            self.counts["tgi_request_failure"] += 1
            raise
        finally:
            self._places += 1

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
