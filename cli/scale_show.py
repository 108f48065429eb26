"""How people see a line grow: a table each for time, memory and cost, stations by multiples of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from cli.models import console, table
from cli.scale import Measured
from cli.scale_growth import Growth

_TITLES = {
    "seconds": "Seconds",
    "memory_mb": "Memory, the most that a job held, in megabytes",
    "usd": "US dollars per run, jobs as long as they took here",
}
_DIGITS = {"seconds": 1, "memory_mb": 0, "usd": 4}
_COLOURS = {"worse than linear": "red", "linear": "green", "flat": "green", "unknown": "dim"}


def show(line: str, environment: str, measured: Sequence[Measured], growth: Mapping[str, Mapping[str, Growth]]) -> None:
    """Print the tables; a station without a figure of a kind has no row in its table."""
    out = console()
    sizes = ", ".join(f"{one.factor}x {one.raw_mb:.1f} MB" for one in measured)
    out.print(Text.assemble((line, "bold"), f"  raw files: {sizes}; prices of {environment}"))
    for what, stations in growth.items():
        if stations:
            out.print(_grown(what, measured, stations))


def _grown(what: str, measured: Sequence[Measured], stations: Mapping[str, Growth]) -> Table:
    factors = [f"{one.factor}x" for one in measured]
    grows = ("as n^", "further as n^")
    made = table(_TITLES[what], ("station", *factors, *grows, "verdict"), right=(*factors, *grows))
    for station, growth in stations.items():
        figures = [one.figures.get(what, {}).get(station) for one in measured]
        made.add_row(
            station,
            *("" if figure is None else f"{figure:,.{_DIGITS[what]}f}" for figure in figures),
            *("" if one is None else f"{one:.2f}" for one in (growth.whole, growth.further)),
            Text(growth.verdict, style=_COLOURS[growth.verdict]),
        )
    return made
