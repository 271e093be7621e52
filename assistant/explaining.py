"""Where the tokens of the window went, as a bar and a table, and where the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from assistant.answers import Ledger

WIDTH = 64  # characters of the bar


def explain(ledger: Ledger, model: str) -> str:
    """Lines for a terminal. Every term of the window has a mark of its own in the bar, and a row below it."""
    return "\n".join([_headline(ledger, model), _bar(ledger), *_rows(ledger), *_remarks(ledger)])


def stages(timings: Mapping[str, float]) -> str:
    """One line: "search 12 ms, pack 20 ms, generate 1.3 s, total 1.4 s"."""
    return ", ".join(f"{stage} {_duration(seconds)}" for stage, seconds in timings.items())


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _terms(ledger: Ledger) -> list[tuple[str, str, int]]:
    """(mark, name, tokens) in the order in which they are sent; they add up to the window."""
    return [
        ("t", "template", ledger.template),
        ("i", "instructions", ledger.system),
        ("#", "passages", ledger.passages),
        ("h", "history", ledger.history),
        ("?", "question", ledger.question),
        (".", "unused", ledger.window - ledger.reserve - ledger.total),
        ("a", "kept for the answer", ledger.reserve),
    ]


def _headline(ledger: Ledger, model: str) -> str:
    kind = "counted exactly" if ledger.exact else "estimated, never too low"
    return f"{ledger.total:,} of {ledger.window:,} tokens of {model} ({kind}; mode {ledger.mode})"


def _bar(ledger: Ledger) -> str:
    """Each term takes its share of the width, and at least one character; the largest gives what that costs."""
    present = [(mark, tokens) for mark, _, tokens in _terms(ledger) if tokens > 0]
    widths = [max(1, round(WIDTH * tokens / ledger.window)) for _, tokens in present]
    widths[widths.index(max(widths))] += WIDTH - sum(widths)
    return "[" + "".join(mark * width for (mark, _), width in zip(present, widths, strict=True)) + "]"


def _rows(ledger: Ledger) -> Iterator[str]:
    for mark, name, tokens in _terms(ledger):
        share = (
            f"  {tokens / ledger.budget:.1%} of the {ledger.budget:,} there was room for" if name == "passages" else ""
        )
        yield f"  {mark} {name:<20}{tokens:>9,}{share}"


def _remarks(ledger: Ledger) -> Iterator[str]:
    counts = Counter(left.reason for left in ledger.left_out)
    if counts:
        reasons = ", ".join(f"{number} ({reason})" for reason, number in counts.items())
        yield f"Found and not sent: {reasons}."
    if ledger.history_dropped:
        yield f"Earlier questions that no longer fit: {ledger.history_dropped}."
    if ledger.usable and ledger.total > ledger.usable:
        yield f"This model was measured to find things well in prompts of up to {ledger.usable:,} tokens."
