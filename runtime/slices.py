"""The parts of the test rows that a column makes, and how challenger and champion fare in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from config.errors import LineError
from runtime import bootstrap
from runtime.bootstrap import Bootstrap

MOST = 12
"""Parts of a column; the rarer values make one part together."""
MISSING, OTHERS = "(missing)", "(others)"
_QUARTERS = (0.25, 0.5, 0.75)
_LONGEST = 40


def measured(
    rows: pa.Table, wanted: Iterable[tuple[str, str]], draws: Bootstrap, challenger: Any, champion: Any | None
) -> list[dict[str, Any]]:
    """Return a figure for each part of each wanted (column, metric), the largest part first.

    ``challenger`` and ``champion`` are their scores of the rows. What a part cannot tell, such as one of one label
    only, is None. Raises LineError for a column that the rows lack.
    """
    found = []
    for column, metric in wanted:
        if column not in rows.column_names:
            raise LineError(
                f"release.gates: slice: {column!r} is not a column of the dataset, "
                f"expected one of {', '.join(rows.column_names)}: correct the name"
            )
        for value, places in parts(rows[column]):
            within = _within(draws, places)
            own = None if champion is None else champion[places]
            found.append(
                {"slice": column, "value": value, "metric": metric, "rows": len(places)}
                | _figures(within, challenger[places], own, metric)
            )
    return found


def _within(draws: Bootstrap, places: Any) -> Bootstrap:
    """Return the draws of some rows alone, their days or weeks numbered anew."""
    blocks = None if draws.blocks is None else np.unique(draws.blocks[places], return_inverse=True)[1]
    return replace(draws, labels=draws.labels[places], blocks=blocks)


def _figures(draws: Bootstrap, challenger: Any, champion: Any | None, metric: str) -> dict[str, float | None]:
    told: dict[str, float | None] = dict.fromkeys(("challenger", "low", "high", "champion", "gain_low"))
    if len(np.unique(draws.labels)) < 2:
        return told
    told["challenger"] = _known(bootstrap.measured(draws.labels, challenger, metric))
    if champion is None:
        interval = draws.intervals(challenger, [metric])[metric]
    else:
        interval, gain = draws.compared(challenger, champion, metric)
        told |= {"champion": _known(bootstrap.measured(draws.labels, champion, metric)), "gain_low": gain.low}
    told |= {"low": interval.low, "high": interval.high}
    return {name: None if value is None else round(value, 6) for name, value in told.items()}


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def parts(values: pa.ChunkedArray) -> list[tuple[str, Any]]:
    """Return each part's name and the places of its rows, the largest first.

    A part is a value; where a number has more than ``MOST`` of them, a quarter of its range of ranks.
    """
    values = values.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    numeric = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    if numeric and pc.count_distinct(values).as_py() > MOST:
        made = list(_quarters(values.cast(pa.float64()).to_numpy(zero_copy_only=False)))
    else:
        made = list(_values(values))
    return sorted(((name, places) for name, places in made if len(places)), key=lambda part: -len(part[1]))


def _values(values: pa.Array) -> Iterator[tuple[str, Any]]:
    encoded = values.dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    counts = np.bincount(codes[codes >= 0], minlength=len(encoded.dictionary))
    common = np.argsort(-counts, kind="stable")[:MOST]
    for code in common.tolist():
        yield _text(encoded.dictionary[code].as_py()), np.flatnonzero(codes == code)
    yield OTHERS, np.flatnonzero((codes >= 0) & ~np.isin(codes, common))
    yield MISSING, np.flatnonzero(codes < 0)


def _quarters(numbers: Any) -> Iterator[tuple[str, Any]]:
    known = np.isfinite(numbers)
    edges = np.unique(np.quantile(numbers[known], _QUARTERS))
    places = np.searchsorted(edges, numbers, side="left")
    texts = [f"{edge:.6g}" for edge in edges]
    names = [f"up to {texts[0]}"]
    names += [f"{low} to {high}" for low, high in pairwise(texts)]
    for i, name in enumerate([*names, f"above {texts[-1]}"]):
        yield name, np.flatnonzero(known & (places == i))
    yield MISSING, np.flatnonzero(~known)


def _text(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
