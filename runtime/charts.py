"""Small charts as inline SVG, drawn in the page's own colours; a text says what each shows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 320, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 34
_TICKS = 4


class Line(NamedTuple):
    """A line through points; ``faint`` ones are there to compare with."""

    points: Sequence[tuple[float, float]]
    faint: bool = False
    dots: bool = False


class Bars(NamedTuple):
    """Bars between edges, one more of these than heights."""

    edges: Sequence[float]
    heights: Sequence[float]


def chart(title: str, shapes: Sequence[Line | Bars], *, x: str, y: str, note: str = "", square: bool = False) -> str:
    """Return a figure; ``x`` and ``y`` name the axes, ``square`` runs both from 0 to 1."""
    corners = [(0.0, 0.0), (1.0, 1.0)] if square else _corners(shapes)
    (x0, x1), (y0, y1) = (_span(values) for values in zip(*corners, strict=True))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = _LEFT + (WIDTH - _LEFT - _RIGHT) * (point[0] - x0) / (x1 - x0)
        up = HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (point[1] - y0) / (y1 - y0)
        return across, up

    left, floor = place((x0, y0))
    right, top = place((x1, y1))
    drawn = [f'<path class="axis" d="M{left:.1f} {top:.1f}V{floor:.1f}H{right:.1f}"/>']
    for i in range(_TICKS + 1):
        at_x, at_y = x0 + (x1 - x0) * i / _TICKS, y0 + (y1 - y0) * i / _TICKS
        across, up = place((at_x, at_y))
        drawn.append(f'<text x="{across:.1f}" y="{floor + 14:.1f}" text-anchor="middle">{_short(at_x)}</text>')
        drawn.append(f'<text x="{left - 4:.1f}" y="{up + 4:.1f}" text-anchor="end">{_short(at_y)}</text>')
    drawn.append(f'<text x="{(left + right) / 2:.1f}" y="{HEIGHT - 4}" text-anchor="middle">{escape(x)}</text>')
    for shape in shapes:
        if isinstance(shape, Bars):
            for low, high, height in zip(shape.edges, shape.edges[1:], shape.heights, strict=False):
                (a, up), (b, _) = place((low, height)), place((high, height))
                drawn.append(
                    f'<rect x="{a:.1f}" y="{up:.1f}" width="{max(b - a - 1, 0.5):.1f}" height="{floor - up:.1f}" '
                    'fill="currentColor" opacity=".5"/>'
                )
            continue
        placed = [place(point) for point in shape.points]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in placed)
        drawn.append(f'<polyline class="{"faint" if shape.faint else "line"}" points="{line}"/>')
        drawn += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5"/>' for a, b in placed if shape.dots]
    caption = f"<b>{escape(title)}</b> {escape(y)} by {escape(x)}. {escape(note)}"
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(title)}: {escape(y)} by {escape(x)}">{"".join(drawn)}</svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def bar(share: float) -> str:
    """Return a bar of a table's cell; ``share`` is of the longest, 0 to 1."""
    width = 120 * min(max(share, 0.0), 1.0)
    return (
        '<svg width="120" height="10" role="presentation">'
        f'<rect width="{width:.1f}" height="10" fill="currentColor" opacity=".5"/></svg>'
    )


def _corners(shapes: Sequence[Line | Bars]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for shape in shapes:
        if isinstance(shape, Bars):
            found += [(edge, 0.0) for edge in shape.edges] + [(shape.edges[0], height) for height in shape.heights]
        else:
            found += shape.points
    return found or [(0.0, 0.0)]


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1e5 else f"{value:.1e}"
