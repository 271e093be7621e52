"""The launch parameters of a server that its answers depend on, with TGI's defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths in tokens of the served model. `payload` is in bytes, `keep_alive` in seconds.

    Raises `ValueError` where TGI's launcher refuses to start (launcher/src/main.rs:1101-1140 at v1.0.3).
    """

    max_input_tokens: int = 1024
    max_total_tokens: int = 2048
    max_concurrent_requests: int = 128
    max_best_of: int = 2
    max_stop_sequences: int = 4
    max_top_n_tokens: int = 5
    max_client_batch_size: int = 4
    payload: int = 2_000_000
    keep_alive: float = 15.0

    def __post_init__(self) -> None:
        if self.max_input_tokens >= self.max_total_tokens:
            raise ValueError(
                f"`max_input_length` ({self.max_input_tokens}) must be < `max_total_tokens` ({self.max_total_tokens})"
            )
        if self.max_concurrent_requests < 1:
            raise ValueError(f"`max_concurrent_requests` ({self.max_concurrent_requests}) must be > 0")


FALCONLITE = Limits(max_input_tokens=12_000, max_total_tokens=12_001)
FALCONLITE2 = Limits(max_input_tokens=24_000, max_total_tokens=24_576)
