"""The password that a person gave for protected files: known to a reader while it reads, and written down nowhere."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.documents import Source

NEEDED = "it needs a password"
OTHER = "the password that was given does not open it"

_password: ContextVar[str] = ContextVar("password", default="")


@contextmanager
def unlocked(password: str) -> Iterator[None]:
    """Readers called inside may open files with this password; "" is none."""
    token = _password.set(password)
    try:
        yield
    finally:
        _password.reset(token)


def given_password() -> str:
    """The password to open a protected file with; "" where none was given."""
    return _password.get()


def refusal() -> str:
    """Why a protected file stays shut."""
    return OTHER if given_password() else NEEDED


def needs_password(source: Source) -> bool:
    """Whether a password would open the file that was refused; books, letters and OpenDocument are locked for good."""
    return source.outcome == "encrypted" and source.reason in {NEEDED, OTHER}
