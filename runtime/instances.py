"""The rows of a JSON request, checked field by field and encoded into the matrix that models take.

What is at fault is told with the index of the instance and the field. Most requests have no fault: a decoder made for
the model's columns reads them in one step, and only what it does not take is looked at field by field.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Never

import msgspec
import numpy as np

from runtime.encoding import REQUEST, Column, Encoding

LARGEST_BODY = 6 * 1024 * 1024
"""Bytes: what SageMaker carries to a container."""
MOST_ROWS = 100_000
LONGEST_TEXT = 256


class RefusedError(Exception):
    """A request that is at fault, told to its sender; ``status`` is HTTP's."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Reader:
    """Reads JSON bodies for one model; what can be prepared is prepared once."""

    def __init__(self, encoding: Encoding) -> None:
        self.columns = encoding.columns
        self.required = [column.name for column in encoding.columns if column.source == REQUEST]
        self.known = {*encoding.names, *encoding.ignored}
        self._positions = [_positions(column) for column in encoding.columns]
        self._categories = [i for i, column in enumerate(encoding.columns) if column.type == "category"]
        self._decoder = _decoder(encoding)

    def matrix(self, body: bytes) -> Any:
        """Return ``{"instances": [{column: value, ...}, ...]}`` as floats, rows × columns; raises RefusedError.

        A category is its position in the column's vocabulary. Null is NaN, and so is a category that was never seen. A
        column of a feature view may be left out, which is the same; a request's own may not.
        """
        try:
            rows = self._decoder.decode(body).instances
        except (msgspec.MsgspecError, UnicodeError):
            return self.checked(_instances(body))
        if not rows:
            return self.checked(_instances(body))
        check_count(len(rows))
        return self._encoded(rows)

    def checked(self, rows: list[Any]) -> Any:
        """Return rows as a matrix, looked at field by field; raises RefusedError for the first fault."""
        check_count(len(rows))
        for i, row in enumerate(rows):
            self._check(i, row)
        matrix = np.empty((len(rows), len(self.columns)))
        for j, column in enumerate(self.columns):
            matrix[:, j] = [self._value(i, j, column, row.get(column.name)) for i, row in enumerate(rows)]
        return matrix

    def position(self, j: int, text: str) -> float:
        """Return the position of a category in column ``j``, NaN for one that was never seen."""
        return self._positions[j].get(text, math.nan)

    def refuse_unknown(self, where: str, name: str) -> Never:
        raise RefusedError(
            f"{where}.{name[:LONGEST_TEXT]}: unknown field, expected some of {', '.join(sorted(self.known))}: remove it"
        )

    def check_names(self, where: str, names: list[str], *, missing: str) -> None:
        """Raise RefusedError unless names are known, told once each, and all that are required among them."""
        for name in names:
            if name not in self.known:
                self.refuse_unknown(where, name)
            if names.count(name) > 1:
                raise RefusedError(f"{where}.{name}: named twice, expected each column once")
        for name in self.required:
            if name not in names:
                raise RefusedError(f"{where}.{name}: missing: add it ({missing} where it is unknown)")

    def _encoded(self, rows: list[Any]) -> Any:
        width = len(self.columns)
        values = [list(msgspec.structs.astuple(row)[:width]) for row in rows]
        for j in self._categories:
            positions = self._positions[j]
            for row in values:
                given = row[j]
                if given is not None:
                    row[j] = positions.get(given if given.__class__ is str else _plain(given), math.nan)
        return np.array(values, dtype=float)  # None becomes NaN

    def _check(self, index: int, row: Any) -> None:
        if not isinstance(row, dict):
            raise RefusedError(f"instances[{index}]: expected an object of columns and their values")
        for name in row:
            if name not in self.known:
                self.refuse_unknown(f"instances[{index}]", name)
        for name in self.required:
            if name not in row:
                raise RefusedError(f"instances[{index}].{name}: missing: add it (null when it is unknown)")

    def _value(self, index: int, j: int, column: Column, value: Any) -> float:
        if value is None:
            return math.nan
        if column.type == "number":
            return _number(index, column.name, value)
        return self.position(j, _text(index, column.name, value))


def check_count(rows: int) -> None:
    if rows > MOST_ROWS:
        raise RefusedError(f"instances: {rows} rows, expected at most {MOST_ROWS}: send fewer at once", 413)


def _positions(column: Column) -> Mapping[str, float]:
    return {category: float(i) for i, category in enumerate(column.categories)}


def _decoder(encoding: Encoding) -> msgspec.json.Decoder[Any]:
    """Return what decodes a body without a fault, and refuses every other; ignored columns stand behind the model's."""
    fields: list[Any] = []
    names: dict[str, str] = {}
    for i, column in enumerate(encoding.columns):
        kind: Any = float | None if column.type == "number" else str | int | bool | None
        names[f"c{i}"] = column.name
        fields.append((f"c{i}", kind) if column.source == REQUEST else (f"c{i}", kind, None))
    for i, name in enumerate(encoding.ignored):
        names[f"ignored{i}"] = name
        fields.append((f"ignored{i}", Any, None))
    row = msgspec.defstruct("Row", fields, rename=names.get, forbid_unknown_fields=True, kw_only=True, gc=False)
    body = msgspec.defstruct("Body", [("instances", list[row])], forbid_unknown_fields=True)  # type: ignore[valid-type]
    return msgspec.json.Decoder(body)


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
        raise not_finite(index, name)
    return number


def not_finite(index: int, name: str) -> RefusedError:
    return RefusedError(f"instances[{index}].{name}: not a finite number, expected one that fits a double, or null")


def _text(index: int, name: str, value: Any) -> str:
    if isinstance(value, bool | int):
        return _plain(value)
    if not isinstance(value, str):
        raise RefusedError(f"instances[{index}].{name}: {_shown(value)} is not text, expected text or null")
    return value


def _plain(value: Any) -> str:
    """Return a category that is no text as the training rows had it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
