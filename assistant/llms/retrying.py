"""The one retry loop. Nothing below it tries again, so that attempts never multiply."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from assistant.errors import ServedModelError
from assistant.llms.deadline import Deadline

T = TypeVar("T")

BASE = 0.5  # seconds; the bound of the first pause, doubled with each attempt
CAP = 8.0


async def with_retries(
    attempt: Callable[[], Awaitable[T]],
    deadline: Deadline,
    draw: Callable[[float, float], float] = random.uniform,
) -> T:
    """The result of the first attempt that succeeds.

    How often a failure is worth another attempt is written on its class (`ServedModelError.tries`). The pause is drawn
    between 0 and a bound that doubles ("full jitter": Brooker, AWS Architecture Blog, 2015), or what the server asked
    for. A pause that would not leave time before the deadline is not begun: the failure is raised at once.
    """
    number = 0
    while True:
        number += 1
        try:
            return await attempt()
        except ServedModelError as error:
            error.attempts = number
            pause = draw(0.0, min(CAP, BASE * 2 ** (number - 1))) if error.retry_after is None else error.retry_after
            if number >= error.tries or pause >= deadline.remaining():
                raise
            await asyncio.sleep(pause)
