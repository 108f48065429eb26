"""Pictures of figures for a notebook: each shows itself there, drawn as the project's pages draw, with nothing else.

from cli.picture import bars

bars(rows.groupby("category", observed=True)["label"].mean())
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

from runtime import charts

_STYLE = (
    ".assembly-line td{padding:2px 8px;text-align:left}.assembly-line polyline{fill:none;stroke:currentColor}"
    ".assembly-line text{fill:currentColor;font-size:11px}.assembly-line .axis{fill:none;stroke:currentColor}"
)


@dataclass(frozen=True)
class Picture:
    """A picture as HTML, which a notebook shows when it is a cell's last value."""

    html: str

    def _repr_html_(self) -> str:
        return f'<div class="assembly-line"><style>{_STYLE}</style>{self.html}</div>'


class Figures(Protocol):
    """Names with a figure each, as a pandas Series or a dictionary has them."""

    def items(self) -> Iterable[tuple[Any, float]]:
        """Return them in their order."""


def bars(values: Figures) -> Picture:
    """Draw a bar for each name, all on one scale; a figure that is null or no number is told as null."""
    figures = {str(name): float(value) for name, value in values.items()}
    most = max((abs(value) for value in figures.values() if math.isfinite(value)), default=0.0) or 1.0
    rows = (
        (escape(name), charts.bar(abs(value) / most), f"{value:.4g}")
        if math.isfinite(value)
        else (escape(name), "", "null")
        for name, value in figures.items()
    )
    return Picture(f"<table>{''.join(f'<tr><td>{a}</td><td>{b}</td><td>{c}</td></tr>' for a, b, c in rows)}</table>")


def curve(values: Figures, *, x: str = "row", y: str = "value") -> Picture:
    """Draw figures in their order as one line, e.g. a pandas Series by day; what is null or no number is left out."""
    figures = [(str(name), float(value)) for name, value in values.items()]
    points = [(float(i), value) for i, (_, value) in enumerate(figures) if math.isfinite(value)]
    if not points:
        return Picture("<p>nothing to draw</p>")
    note = f"From {figures[0][0]} to {figures[-1][0]}."
    return Picture(charts.chart(y, [charts.Line(points)], x=x, y=y, note=note))
