"""What a column's values were in training, or a week before, beside what they are now: a bar each, per bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

WIDTH = 360
_LEFT, _RIGHT, _ROW, _TOP = 120, 52, 24, 4
_LONGEST = 18
_AGAINST = {"training": "training", "last_week": "a week before"}


def most_moved(verdict: Mapping[str, Any], most: int) -> list[str]:
    """Return the columns of a window that lie farthest from what they are held against, in bars, the farthest first."""
    found = verdict.get("drift") or {}
    drawn = [name for name, one in found.items() if one.get("shares") and one.get("counts") and one.get("bins")]
    return sorted(drawn, key=lambda name: (-found[name]["index"] / (found[name].get("bar") or 1.0), name))[:most]


def picture(name: str, told: Mapping[str, Any]) -> str:
    """Return a figure of one column's drift in one window: ``told`` is what ``shift.compare`` says of it."""
    total = max(sum(told["counts"]), 1)
    now = [count / total for count in told["counts"]]
    before: Sequence[float] = told["shares"]
    names = labels(told["bins"])
    longest = max([*now, *before, 1e-9])
    scale = (WIDTH - _LEFT - _RIGHT) / longest
    drawn = []
    for i, (label, was, share) in enumerate(zip(names, before, now, strict=True)):
        top = _TOP + i * _ROW
        short = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
        drawn.append(
            f'<g><text x="{_LEFT - 6}" y="{top + 14}" text-anchor="end">{escape(short)}</text>'
            f'<rect class="before" x="{_LEFT}" y="{top + 2}" width="{was * scale:.1f}" height="8"/>'
            f'<rect class="now" x="{_LEFT}" y="{top + 11}" width="{share * scale:.1f}" height="8"/>'
            f'<text x="{_LEFT + max(was, share) * scale + 5:.1f}" y="{top + 14}">{share:.1%}</text>'
            f"<title>{escape(label)}: {was:.1%}, now {share:.1%}</title></g>"
        )
    against = _AGAINST.get(told.get("against", "training"), "training")
    each = zip(names, before, now, strict=True)
    said = "; ".join(f"{label} {was:.1%}, now {share:.1%}" for label, was, share in each)
    style = "error" if told.get("over") else "dim"
    shapes = "".join(drawn)
    height = 2 * _TOP + _ROW * len(names)
    return (
        f'<figure class="shares"><figcaption><b>{escape(name)}</b> <span class="{style}">{told["index"]:.2g} '
        f"(bar {told['bar']:.2g})</span>, {total:,} values now (lower) beside {against} (upper)</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(name)}, shares in {against} and now: {escape(said)}">{shapes}</svg></figure>'
    )


def labels(bins: Mapping[str, Any]) -> list[str]:
    """Return what each bin holds, in its order.

    >>> labels({"kind": "number", "edges": [6, 12]})
    ['below 6', '6 to 12', '12 or more', 'missing']
    >>> labels({"kind": "category", "categories": ["AA"]})
    ['AA', 'others', 'missing']
    """
    if bins["kind"] == "category":
        return [*map(str, bins["categories"]), "others", "missing"]
    edges = [f"{edge:.4g}" for edge in bins["edges"]]
    if not edges:
        return ["any number", "missing"]
    between = [f"{low} to {high}" for low, high in pairwise(edges)]
    return [f"below {edges[0]}", *between, f"{edges[-1]} or more", "missing"]
