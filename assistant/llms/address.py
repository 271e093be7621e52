"""Where a model server is, and the key it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from ingest.errors import UsageError
from ingest.plain import without_secrets

MAX_MESSAGE = 500  # characters of a server's own words that are shown
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")  # an escape sequence in a message must not reach the terminal


@dataclass(frozen=True, slots=True)
class Address:
    """`url` without a slash at its end. Messages show it, and never the key."""

    url: str
    key: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str, key: str = "") -> Address:
        """Raises `UsageError` unless `text` is an http or https URL of a host, without name, password and query."""
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            shown = without_secrets(text)
            raise UsageError(f"{shown!r} is not the address of a model server.", "Write it as http://host:port.")
        if parts.username or parts.password or parts.query:
            held = "a query" if parts.query else "a name or a password"
            raise UsageError(
                f"The address of {parts.hostname} holds {held}, which messages would show.",
                "Give the API key apart from it.",
            )
        return cls(text.rstrip("/"), key)

    @property
    def root(self) -> str:
        """Scheme, host and port, without a path."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_local(self) -> bool:
        """On this machine, where no proxy set in the environment leads."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    def headers(self) -> dict[str, str]:
        """For every request: answers uncompressed, so that a small one cannot grow without a limit."""
        authorization = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return {"Accept-Encoding": "identity", **authorization}

    def clean(self, text: str) -> str:
        """A server's words, fit to be shown: one line, no control characters, no key, not endless."""
        shown = text.replace(self.key, "•••") if self.key else text
        return _UNPRINTABLE.sub(" ", shown).strip()[:MAX_MESSAGE]
