"""What a comparison costs: each stack's estimate before and after, as a section of a comment."""

from __future__ import annotations

from collections.abc import Mapping

from config.prices import Prices
from runtime.changes.markdown import table
from runtime.changes.templates import Template
from runtime.cost.estimate import Estimate, estimate


def cost(
    before: Mapping[str, Template], after: Mapping[str, Template], *, prices: Prices, regions: Mapping[str, str]
) -> str:
    """Return each stack's US dollars, idle a month and per run, before and after; what has no price is counted.

    ``regions`` are those of the stacks; one without prices is named and not estimated.
    """
    rows, strange = [], set[str]()
    for stack in sorted({*before, *after}):
        region = regions[stack]
        if region not in prices.regions:
            strange.add(region)
            continue
        old, new = (
            estimate(templates[stack], prices=prices, region=region) if stack in templates else None
            for templates in (before, after)
        )
        rows.append((stack, _change(old, new, "idle_usd"), _change(old, new, "run_usd"), _unpriced(new)))
    parts = ["### Predicted cost", table(("stack", "idle, USD a month", "a run, USD", "without a price"), rows)]
    if strange:
        parts.append(f"Nothing is known of prices in {', '.join(sorted(strange))}.")
    return "\n\n".join([*parts, f"Prices as of {prices.as_of}; `line cost` tells the items and what is assumed."])


def _change(old: Estimate | None, new: Estimate | None, what: str) -> str:
    """Return one figure, or two where it changes.

    >>> _change(None, None, "idle_usd")
    '0.00'
    """
    was, now = (f"{getattr(one, what):.2f}" if one is not None else "0.00" for one in (old, new))
    return now if was == now else f"{was} → {now}"


def _unpriced(new: Estimate | None) -> str:
    return ", ".join(one.what for one in new.unpriced) if new is not None else ""
