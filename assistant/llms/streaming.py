"""From the events of one request to an answer that is whole, or known to be cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import replace

from assistant.answers import Completion
from assistant.errors import ModelServerFailed, ModelTimeout, NotAModelServer, ServedModelError
from assistant.llms.deadline import Deadline
from assistant.llms.retrying import with_retries
from assistant.llms.stopping import StopSequences

MAX_ANSWER = 4_000_000  # characters; a stream that does not end is cut off here

Event = str | Completion  # pieces of text, then one completion: the server's final event
Attempt = Callable[[Deadline], AsyncGenerator[Event]]  # sends the request once; "" is a sign of life without text


class CompletionStream:
    """A `TextStream` over events that come from anywhere."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._shown: list[str] = []
        self._completion: Completion | None = None

    def __iter__(self) -> CompletionStream:
        return self

    def __next__(self) -> str:
        for event in self._events:
            if isinstance(event, Completion):
                self._completion = event
            else:
                self._shown.append(event)
                return event
        raise StopIteration

    @property
    def completion(self) -> Completion:
        if self._completion is None:
            raise RuntimeError("The stream has not ended: read it to its end, or close it.")
        return self._completion

    def close(self) -> None:
        """Cancels the request, if it still runs; the completion is then what was shown so far."""
        if close := getattr(self._events, "close", None):
            close()
        if self._completion is None:
            self._completion = Completion("".join(self._shown), "incomplete", problem="It was cancelled.")


def completed(stream: CompletionStream) -> Completion:
    """The completion of a stream, read to its end; an interruption cancels the request."""
    with closing(stream):
        for _ in stream:
            pass
    return stream.completion


async def answer_events(attempt: Attempt, stop: tuple[str, ...], deadline: Deadline, name: str) -> AsyncIterator[Event]:
    """The answer's pieces, then its completion. Tries again only until the first sign of life.

    After it, every failure ends the answer as "incomplete": what was shown cannot be taken back, and a second attempt
    would show another answer. `name` stands for the server in messages.
    """
    event, events = await with_retries(lambda: _begin(attempt, deadline, name), deadline)
    answer = _Answer(stop)
    async with aclosing(events):
        try:
            while not isinstance(event, Completion):
                if piece := answer.add(event, name):
                    yield piece
                if answer.stopped:
                    yield Completion(answer.text, "stop")
                    return
                event = await _next(events, deadline.timeouts.between_tokens, deadline, name)
            for last in answer.finish(event):
                yield last
        except ServedModelError as error:
            yield Completion(answer.text, "incomplete", problem=str(error))


class _Answer:
    """What of an answer has been shown."""

    def __init__(self, stop: tuple[str, ...]) -> None:
        self._stops = StopSequences(stop)
        self._pieces: list[str] = []
        self._size = 0

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def stopped(self) -> bool:
        return self._stops.stopped

    def add(self, piece: str, name: str) -> str:
        """The part of the text so far that can be shown now. Raises when there is no end to it."""
        self._size += len(piece)
        if self._size > MAX_ANSWER:
            raise NotAModelServer(f"{name} sent more than {MAX_ANSWER:,} characters without an end.")
        shown = self._stops.feed(piece)
        self._pieces.append(shown)
        return shown

    def finish(self, final: Completion) -> Iterator[Event]:
        """The rest of the text, then the completion, by the final event: it holds the whole text."""
        text, shown = self._stops.cut(final.text), self.text
        if text.startswith(shown) and len(text) > len(shown):
            yield text[len(shown) :]
        yield replace(final, text=text, finish="stop" if len(text) < len(final.text) else final.finish)


async def _begin(attempt: Attempt, deadline: Deadline, name: str) -> tuple[Event, AsyncGenerator[Event]]:
    events = attempt(deadline)
    try:
        return await _next(events, deadline.timeouts.first_token, deadline, name), events
    except BaseException:
        await events.aclose()
        raise


async def _next(events: AsyncGenerator[Event], seconds: float, deadline: Deadline, name: str) -> Event:
    try:
        async with asyncio.timeout(deadline.within(seconds)):
            return await anext(events)
    except StopAsyncIteration:
        raise ModelServerFailed(f"{name} closed the stream before its final event.") from None
    except TimeoutError as error:
        raise ModelTimeout(f"{name} sent no token {deadline.describe(seconds)}.") from error
