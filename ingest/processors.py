"""How many processors this process may compute on: all that the system gives it, or the share that it was told."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar

_share: ContextVar[int | None] = ContextVar("share", default=None)


def processors() -> int:
    """At least 1."""
    given = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return _share.get() or given


def take(share: int) -> None:
    """From here on `processors` says `share`: what computes beside this process has the others."""
    _share.set(share)


def threads_of_libraries(count: int) -> dict[str, str]:
    """What tells OpenMP (torch, FAISS), OpenBLAS and Rayon (tokenizers) so, in the environment that they start in."""
    return dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), str(count))
