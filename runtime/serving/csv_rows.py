"""CSV in and out: comma-separated UTF-8 text, a row a line, an empty field for what is missing."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from runtime.instances import LONGEST_TEXT, Reader, RefusedError, check_count, not_finite
from runtime.serving.media import Header


def matrix(reader: Reader, body: bytes, header: Header) -> Any:
    """Return a body's rows as a reader's matrix; raises RefusedError.

    The first line names the columns, in any order, where ``header`` is present, or unsaid and each of its fields is a
    column's name. Without names, the fields are the model's columns in their order.
    """
    rows = _rows(body)
    names = [column.name for column in reader.columns]
    if rows and (header == "present" or (header == "unsaid" and set(rows[0]) <= reader.known)):
        names = rows.pop(0)
        reader.check_names("header", names, missing="empty fields")
    if not rows:
        raise RefusedError("instances: expected at least one row of values")
    check_count(len(rows))
    for i, row in enumerate(rows):
        if len(row) != len(names):
            raise RefusedError(f"instances[{i}]: {len(row)} fields, expected {len(names)}: {', '.join(names)}"[:1000])
    given = dict(zip(names, zip(*rows, strict=True), strict=True))
    found = np.full((len(rows), len(reader.columns)), math.nan)
    for j, column in enumerate(reader.columns):
        texts = given.get(column.name)
        if texts is None:
            continue
        if column.type == "number":
            found[:, j] = _numbers(column.name, texts)
        else:
            found[:, j] = [reader.position(j, text) if text else math.nan for text in texts]
    return found


def answer(scores: Sequence[float], header: Header) -> bytes:
    """Return a score a line, below the line ``score`` where a header was asked for."""
    lines = ["score"] if header == "present" else []
    return "".join(f"{line}\r\n" for line in [*lines, *map(repr, scores)]).encode()


def _rows(body: bytes) -> list[list[str]]:
    try:
        text = body.decode("utf-8-sig")
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except UnicodeDecodeError:
        raise RefusedError("the body is not text, expected CSV in UTF-8") from None
    except csv.Error as error:
        raise RefusedError(f"the body is not CSV: {error}, expected comma-separated rows") from None


def _numbers(name: str, texts: Sequence[str]) -> Any:
    found = np.empty(len(texts))
    for i, text in enumerate(texts):
        try:
            found[i] = float(text) if text else math.nan
        except ValueError:
            raise _no_number(i, name, text) from None
        if "_" in text:  # Python reads 1_000, nobody else does
            raise _no_number(i, name, text)
    if not np.isfinite(found).all():
        for i, text in enumerate(texts):
            if text and not math.isfinite(found[i]):
                raise not_finite(i, name)
    return found


def _no_number(index: int, name: str, text: str) -> RefusedError:
    shown = json.dumps(text[:LONGEST_TEXT])
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    return RefusedError(f"instances[{index}].{name}: {shown} is not a number, expected one or an empty field")
