"""Media types: which format a body has, and which one its answer is to have."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from runtime.instances import RefusedError

Format = Literal["json", "csv", "parquet"]
Header = Literal["present", "absent", "unsaid"]

TYPES: dict[str, Format] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
}
_EXPECTED = ", ".join(TYPES)


@lru_cache(maxsize=256)
def given(content_type: str) -> tuple[Format, Header]:
    """Return a body's format and what is said of its header line; none given is JSON. Raises RefusedError (415).

    >>> given("text/csv; header=absent")
    ('csv', 'absent')
    """
    if not content_type:
        return "json", "unsaid"
    name, parameters = _split(content_type)
    if name not in TYPES:
        raise RefusedError(f"Content-Type: {name[:80]!r} is not read here, expected one of {_EXPECTED}", 415)
    if parameters.get("charset", "utf-8") not in ("utf-8", "us-ascii"):
        raise RefusedError(
            f"Content-Type: charset {parameters['charset'][:80]!r} is not read here, expected utf-8", 415
        )
    header = parameters.get("header", "unsaid")
    if header not in ("present", "absent", "unsaid"):
        raise RefusedError(f"Content-Type: header {header[:80]!r} is unknown, expected present or absent", 415)
    return TYPES[name], header  # type: ignore[return-value]


@lru_cache(maxsize=256)
def wanted(accept: str) -> tuple[str, Format]:
    """Return the media type that an answer gets, and its format; raises RefusedError (406).

    >>> wanted("text/csv;q=0.5, application/json")
    ('application/json', 'json')
    """
    best: tuple[float, str] = (0.0, "")
    for part in accept.split(","):
        name, parameters = _split(part)
        weight = _weight(parameters.get("q", "1"))
        found = next((type_ for type_ in TYPES if _matches(name, type_)), None)
        if found is not None and weight > best[0]:
            best = (weight, found)
    if not accept.strip():
        best = (1.0, "application/json")
    if not best[1]:
        raise RefusedError(f"Accept: {accept[:80]!r} is not given here, expected one of {_EXPECTED}", 406)
    return best[1], TYPES[best[1]]


@lru_cache(maxsize=256)
def header_wanted(accept: str) -> Header:
    """Return whether an answer in CSV is to begin with the line of its column's name: where Accept says so."""
    said = [parameters.get("header") for name, parameters in map(_split, accept.split(",")) if name == "text/csv"]
    return "present" if "present" in said else "absent"


def _split(text: str) -> tuple[str, dict[str, str]]:
    name, *parameters = (part.strip() for part in text.lower().split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return name, {key.strip(): value.strip().strip('"') for key, _, value in pairs}


def _matches(pattern: str, name: str) -> bool:
    return pattern in (name, "*/*") or (pattern.endswith("/*") and name.startswith(pattern[:-1]))


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
