"""Plots as SVG that a page carries in itself: points with intervals, and curves. Drawn here, because a plotting library
of 40 MB and a second to import would be a high price for two kinds of plots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 760, 30, 230, 60, 16, 46
HEIGHT = 320
Scale = Callable[[float], float]  # from a value to its place in the drawing
COLOURS = 6  # classes c0…c5 of the style sheet


@dataclass(frozen=True, slots=True)
class Row:
    """One point with its interval, shares from 0 to 1."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """`y` is a share from 0 to 1 with its interval; a `mark` is written beside the point."""

    x: float
    y: float
    low: float
    high: float
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: tuple[Point, ...]


def intervals(rows: Sequence[Row], title: str) -> str:
    """Points with whiskers below one another, on a scale of 0 to 100."""
    height = TOP + ROW * len(rows) + BOTTOM

    def across(share: float) -> float:
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    parts = [*_scale(across, height)]
    for place, row in enumerate(rows):
        y = TOP + ROW * place + ROW / 2
        parts += [
            f'<text x="{LEFT - 12}" y="{y + 4:.1f}" class="name">{escape(_short(row.name))}</text>',
            f'<line x1="{across(row.low):.1f}" x2="{across(row.high):.1f}" y1="{y}" y2="{y}" class="whisker"/>',
            f'<circle cx="{across(row.value):.1f}" cy="{y}" r="5" class="c0"/>',
            f'<text x="{WIDTH - RIGHT + 10}" y="{y + 4:.1f}" class="value">{100 * row.value:.1f}</text>',
        ]
    return _svg(height, title, parts)


def curves(lines: Sequence[Line], title: str, across_title: str, up_title: str) -> str:
    """Lines over one horizontal axis from 0, to 1 where it shows a share too; the vertical one is a share."""
    most = max((point.x for line in lines for point in line.points), default=1.0)
    most = most if most > 1 else 1.0
    left, right = 60, 210

    def across(x: float) -> float:
        return left + x / most * (WIDTH - left - right)

    def up(share: float) -> float:
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for step in range(0, 101, 25):
        y = up(step / 100)
        parts += [
            f'<line x1="{left}" x2="{WIDTH - right}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>',
            f'<text x="{left - 8}" y="{y + 4:.1f}" class="name">{step}</text>',
        ]
    for step in range(5):
        x = most * step / 4
        parts.append(f'<text x="{across(x):.1f}" y="{HEIGHT - 26}" class="tick">{_number(x, most)}</text>')
    parts.append(f'<text x="{(left + WIDTH - right) / 2}" y="{HEIGHT - 6}" class="tick">{escape(across_title)}</text>')
    parts.append(f'<text x="{left}" y="{TOP - 5}" class="axis">{escape(up_title)}</text>')
    for number, line in enumerate(lines):
        parts += _line(line, number, across, up)
    return _svg(HEIGHT, title, parts)


def _line(line: Line, number: int, across: Scale, up: Scale) -> Iterator[str]:
    colour = f"c{number % COLOURS}"
    dashed = " dashed" if number >= COLOURS else ""
    path = " ".join(f"{across(point.x):.1f},{up(point.y):.1f}" for point in line.points)
    yield f'<polyline points="{path}" class="curve {colour}{dashed}"/>'
    for point in line.points:
        x, y = across(point.x), up(point.y)
        if point.high > point.low:
            ends = f'y1="{up(point.low):.1f}" y2="{up(point.high):.1f}"'
            yield f'<line x1="{x:.1f}" x2="{x:.1f}" {ends} class="whisker"/>'
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="{colour}"/>'
        if point.mark:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" class="ring"/>'
            yield f'<text x="{x:.1f}" y="{y - 14:.1f}" class="tick">{escape(point.mark)}</text>'
    yield f'<rect x="{WIDTH - 196}" y="{TOP + 20 * number}" width="12" height="12" class="{colour}{dashed}"/>'
    yield f'<text x="{WIDTH - 178}" y="{TOP + 10 + 20 * number}" class="legend">{escape(_short(line.name, 26))}</text>'


def _scale(across: Scale, height: int) -> Iterator[str]:
    for step in range(0, 101, 20):
        x = across(step / 100)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{height - BOTTOM + 6}" class="grid"/>'
        yield f'<text x="{x:.1f}" y="{height - BOTTOM + 22}" class="tick">{step}</text>'


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>'
        f"{''.join(parts)}</svg>"
    )


def _short(name: str, longest: int = 32) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _number(value: float, most: float) -> str:
    return f"{value:,.0f}" if most >= 8 else f"{100 * value:.0f} %" if most <= 1 else f"{value:.1f}"
