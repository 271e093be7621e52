"""What others measured, to stand beside one's own: right of 50 cases at a mean length in tokens.

FalconLite2's line retrieval, from the model card of amazon/FalconLite2 (the lengths follow from LongEval's files).
"""

from __future__ import annotations

from eval.longcontext.measuring import Cell

CASES = 50
PUBLISHED: dict[str, tuple[Cell, ...]] = {
    "lines": tuple(
        Cell("lines", length, None, round(share * CASES), CASES)
        for length, share in ((3_818, 0.84), (5_661, 0.82), (7_505, 0.66), (12_657, 0.34))
    )
}
