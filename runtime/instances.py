"""The rows of a request to the serving container, checked field by field and encoded as the model takes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from runtime.encoding import REQUEST, Column, Encoding, codes

LARGEST_BODY = 6 * 1024 * 1024
LONGEST_TEXT = 256


class RefusedError(Exception):
    """A request that is at fault, told to its sender with the index of the instance and the field."""


class Reader:
    """Reads request bodies for one model; what can be prepared is prepared once."""

    def __init__(self, encoding: Encoding) -> None:
        self._columns = encoding.columns
        self._required = [column.name for column in encoding.columns if column.source == REQUEST]
        self._known = {*encoding.names, *encoding.ignored}
        self._positions = {
            column.name: {category: i for i, category in enumerate(column.categories)}
            for column in encoding.columns
            if column.type == "category"
        }

    def frame(self, body: bytes) -> pd.DataFrame:
        """Return ``{"instances": [{column: value, ...}, ...]}`` as a frame; raises RefusedError.

        Null is missing. A column of a feature view may be left out, which is the same; a request's own may not.
        """
        rows = _instances(body)
        for i, row in enumerate(rows):
            self._check(i, row)
        return pd.DataFrame({column.name: self._encoded(column, rows) for column in self._columns})

    def _check(self, index: int, row: Any) -> None:
        if not isinstance(row, dict):
            raise RefusedError(f"instances[{index}]: expected an object of columns and their values")
        for name in row:
            if name not in self._known:
                raise RefusedError(
                    f"instances[{index}].{name[:LONGEST_TEXT]}: unknown field, "
                    f"expected some of {', '.join(sorted(self._known))}: remove it"
                )
        for name in self._required:
            if name not in row:
                raise RefusedError(f"instances[{index}].{name}: missing: add it (null when it is unknown)")

    def _encoded(self, column: Column, rows: list[Mapping[str, Any]]) -> Any:
        values = [(i, row.get(column.name)) for i, row in enumerate(rows)]
        if column.type == "number":
            return np.array([math.nan if value is None else _number(i, column.name, value) for i, value in values])
        positions = self._positions[column.name]
        known = [-1 if value is None else positions.get(_text(i, column.name, value), -1) for i, value in values]
        return codes(column, np.array(known))


def _instances(body: bytes) -> list[Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError('the body is not JSON, expected {"instances": [{column: value, ...}, ...]}') from None
    rows = given.get("instances") if isinstance(given, dict) else None
    if not isinstance(rows, list) or not rows or len(given) > 1:
        raise RefusedError("instances: expected a list of at least one object, and nothing beside it")
    return rows


def _number(index: int, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedError(f"instances[{index}].{name}: {_shown(value)} is not a number, expected one or null")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RefusedError(f"instances[{index}].{name}: not a finite number, expected one that fits a double, or null")
    return number


def _text(index: int, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise RefusedError(f"instances[{index}].{name}: {_shown(value)} is not text, expected text or null")
    return value


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
