"""What a browser that gave the key is told from others by: until when it may come, sealed with the key itself.

Nothing of it is kept here, so it holds on every replica with the same key and over a restart, and ends with the key.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import scrypt

LASTS = 12 * 3600  # seconds
_SALT = b"the pages of Kestrel"  # the same everywhere, or replicas would not know one another's
_FORM = re.compile(r"([1-9]\d{0,11})\.([0-9a-f]{64})", re.ASCII)


@dataclass
class Cookie:
    """`until.seal`: a time in seconds, and HMAC-SHA256 over it.

    The seal is made with what `scrypt` makes of the key (50 ms once): whoever steals one cannot try a million keys a
    second on it. The name says which key it is of, since servers on other ports of a host get each other's cookies.
    """

    key: str = field(repr=False)
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        stretched = scrypt(self.key.encode("utf-8", "surrogateescape"), salt=_SALT, n=2**14, r=8, p=1, dklen=32)
        self._secret, self.key = stretched, ""
        self.name = f"kestrel_key_{self._seal('name')[:8]}"

    def header(self, secure: bool) -> str:
        """For `Set-Cookie`, from now on. No script reads it, and no page elsewhere has it sent but by a link."""
        until = str(int(self.clock()) + LASTS)
        held = f"{self.name}={until}.{self._seal(until)}; Max-Age={LASTS}; Path=/; HttpOnly; SameSite=Lax"
        return f"{held}; Secure" if secure else held

    def is_held(self, sent: str) -> bool:
        """Whether one that is good and not over is among those in a `Cookie` header."""
        pairs = (each.strip().partition("=") for each in sent.split(";"))
        return any(self._is_good(value) for name, _, value in pairs if name == self.name)

    def _is_good(self, value: str) -> bool:
        found = _FORM.fullmatch(value)
        if found is None or not hmac.compare_digest(found[2], self._seal(found[1])):
            return False
        return self.clock() < int(found[1]) <= self.clock() + LASTS

    def _seal(self, text: str) -> str:
        return hmac.new(self._secret, text.encode("ascii"), "sha256").hexdigest()
