"""What others measured, to stand beside one's own: right of 50 cases at a mean length in Falcon's tokens.

From the model cards of amazon/FalconLite and amazon/FalconLite2. The second tells lengths: those of LongEval's files,
and of 12,000 to 38,000 characters around a pass key. The first tells ranges that these lengths lie in, or nearly so,
and stands at them. How many pass keys were asked is not told; 50 is what the script that they name asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.longcontext.measuring import Cell

CASES = 50
_LENGTHS: Mapping[str, Sequence[int]] = {
    "topics": (2_851, 5_568, 8_313, 11_044, 13_780),
    "lines": (3_818, 5_661, 7_505, 9_354, 11_188, 12_657),
    "passkey": (3_264, 5_396, 8_329, 10_197),
}
_SHARES: Mapping[str, Mapping[str, Sequence[float]]] = {
    "FalconLite": {"topics": (1, 1, 0.92, 0.92), "lines": (0.38, 0.12, 0.08, 0.04), "passkey": (1, 1, 1, 1)},
    "FalconLite2": {
        "topics": (1, 1, 1, 1, 0.9),
        "lines": (0.84, 0.82, 0.66, 0.56, 0.62, 0.34),
        "passkey": (1, 1, 1, 1),
    },
}


def published(task: str) -> dict[str, tuple[Cell, ...]]:
    """Of each model, shortest first; of none for a task that was not published."""
    return {
        model: tuple(
            Cell(task, length, None, round(share * CASES), CASES)
            for length, share in zip(_LENGTHS[task], shares[task], strict=False)  # FalconLite's window ends at 12,000
        )
        for model, shares in _SHARES.items()
        if task in shares
    }
