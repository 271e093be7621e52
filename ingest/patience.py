"""How a reader asks for more time: what takes seconds a page, such as OCR, has its limit a page and not a file."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _unlimited() -> None:
    """Outside a worker process nothing watches the clock."""


_more_time: ContextVar[Callable[[], None]] = ContextVar("more_time", default=_unlimited)


def watch(more_time: Callable[[], None]) -> None:
    """Call `more_time` whenever a reader of this process asks."""
    _more_time.set(more_time)


def ask_for_more_time() -> None:
    """Start the clock of the file that is being read anew. Readers call it before work that has a limit of its own."""
    _more_time.get()()
