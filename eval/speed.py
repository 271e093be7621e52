"""How fast a served model answers: tokens a second from the request to the last token, and seconds to the first.

As the table of FalconLite has it: generated tokens / (time of the last token − time of the request), so reading the
prompt and waiting in the queue count. https://huggingface.co/amazon/FalconLite
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.prompts import fill

if TYPE_CHECKING:
    from assistant.protocols import LLM

INPUTS = (20, 3_300, 5_500, 10_000, 24_000)
_SENTENCE = "The kestrel hovers over the field and waits. "
PUBLISHED = {  # FalconLite on 4 and on 8 A10G: tokens a second by tokens of the prompt
    "FalconLite, g5.12xlarge": {20: 18.0, 3_300: 11.0, 5_500: 11.0, 10_000: 10.0},
    "FalconLite, g5.48xlarge": {20: 22.0, 3_300: 12.0, 5_500: 12.0, 10_000: 12.0},
}


@dataclass(frozen=True, slots=True)
class Timed:
    """One answer: tokens of prompt and answer, seconds to the first token and to the last."""

    prompt_tokens: int
    output_tokens: int
    first_token: float
    seconds: float

    @property
    def rate(self) -> float:
        return self.output_tokens / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Several answers to prompts of one length, `at_once` of them at a time. Medians of single answers; `together` is
    what all of them got in tokens a second of wall-clock time."""

    prompt_tokens: int
    at_once: int
    answers: int
    output_tokens: float
    first_token: float
    rate: float
    together: float


Watch = Callable[[Speed], None]


def measure(
    llm: LLM, inputs: Sequence[int], at_once: Sequence[int], output: int = 128, watch: Watch | None = None
) -> list[Speed]:
    """Every length that fits the window at every concurrency, after one answer to warm up. Raises as the model does."""
    _timed(llm, _prompt(llm, 20), 8)
    found = []
    for length in inputs:
        if not fits(llm, length, output):
            continue
        prompt = _prompt(llm, length)
        for number in at_once:
            speed = _together(llm, prompt, output, number)
            found.append(speed)
            if watch:
                watch(speed)
    return found


def fits(llm: LLM, length: int, output: int) -> bool:
    """Whether a prompt of so many tokens leaves room for the answer."""
    return length <= min(llm.profile.max_input, llm.profile.window - output)


def _together(llm: LLM, prompt: str, output: int, number: int) -> Speed:
    """Each asks with a beginning of its own, so that no cache of another's prompt helps."""
    prompts = [prompt.replace("The", f"({place}) The", 1) for place in range(max(number, 3))]
    started = time.perf_counter()
    with ThreadPoolExecutor(number) as pool:
        answers = list(pool.map(lambda each: _timed(llm, each, output), prompts))
    seconds = time.perf_counter() - started
    return Speed(
        round(statistics.median(each.prompt_tokens for each in answers)),
        number,
        len(answers),
        statistics.median(each.output_tokens for each in answers),
        statistics.median(each.first_token for each in answers),
        statistics.median(each.rate for each in answers),
        sum(each.output_tokens for each in answers) / seconds,
    )


def _timed(llm: LLM, prompt: str, output: int) -> Timed:
    sampling = replace(llm.profile.sampling, max_tokens=output, temperature=0.0, top_p=None, typical_p=None)
    started = time.perf_counter()
    stream = llm.stream(prompt, sampling)
    first = 0.0
    try:
        for _ in stream:
            first = first or time.perf_counter() - started
    finally:
        stream.close()
    seconds = time.perf_counter() - started
    completion = stream.completion
    written = completion.output_tokens or llm.count(completion.text).tokens
    return Timed(completion.prompt_tokens or llm.count(prompt).tokens, written, first or seconds, seconds)


def _prompt(llm: LLM, length: int) -> str:
    """A prompt in the model's template of at most so many tokens, and nearly as many."""
    template = llm.profile.template
    one, many = (llm.count(fill(template, _SENTENCE * number)).tokens for number in (1, 51))
    step = max(1.0, (many - one) / 50)
    number = max(1, int((length - one) / step) + 1)
    for candidate in _fewer(number):
        prompt = fill(template, _SENTENCE * candidate + "Go on.")
        if llm.count(prompt).tokens <= length or candidate == 1:
            return prompt
    raise AssertionError("one sentence is always taken")


def _fewer(number: int) -> Iterator[int]:
    while number > 1:
        yield number
        number -= max(1, number // 100)
    yield 1
