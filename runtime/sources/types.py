"""Whether the values of a column become its declared type with nothing lost unnoticed."""

from __future__ import annotations

import re

from runtime.engine import Connection, rows

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
_INTEGERS |= {f"U{name}" for name in _INTEGERS}
_COARSE_OR_FINE = {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
_AS_TEXT = {"UUID", "JSON"}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def canonical(connection: Connection, declared: str) -> str:
    """Return a declared type as DuckDB calls it, e.g. ``INTEGER`` for ``int4``."""
    return str(rows(connection, f"SELECT typeof(CAST(NULL AS {declared}))")[0][0])


def fits(connection: Connection, actual: str, declared: str) -> bool:
    """Tell whether a type can be read as a declared one: each value is kept, or refused, never changed silently."""
    wanted = canonical(connection, declared)
    if actual == wanted or (actual in _INTEGERS and wanted in _INTEGERS):  # what is too large is refused when cast
        return True
    if actual in _COARSE_OR_FINE and wanted.startswith("TIMESTAMP"):  # naive times count as UTC
        return True
    if wanted == "VARCHAR":
        return actual in _AS_TEXT or actual.startswith("ENUM")
    if (given := _DECIMAL.fullmatch(actual)) and (target := _DECIMAL.fullmatch(wanted)):
        return int(target[2]) >= int(given[2])
    if (given := _DECIMAL.fullmatch(actual)) and wanted in _INTEGERS:
        return given[2] == "0"
    asked = f"SELECT can_cast_implicitly(CAST(NULL AS {actual}), CAST(NULL AS {declared}))"
    return bool(rows(connection, asked)[0][0])
