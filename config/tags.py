"""The tags by which an environment's resources are known, and what their values may hold."""

from __future__ import annotations

import re

PROJECT = "project"
PROJECT_VALUE = "assembly-line"
ENVIRONMENT = "environment"
LINE = "line"
STATION = "station"
REF = "ref"
OWNER = "owner"
EXPIRES = "expires-at"
PROTECTED = "protected"

LONGEST = 256
"""Characters that the value of a tag may have."""

_OTHER = re.compile(r"[^A-Za-z0-9._:/@+-]")


def of_runs(environment: str, line: str, station: str) -> dict[str, str]:
    """Return the tags of what a station's runs make: no stack gives it any.

    >>> of_runs("dev", "flights", "release")["environment"]
    'dev'
    """
    return {PROJECT: PROJECT_VALUE, ENVIRONMENT: environment, LINE: line, STATION: station}


def encoded(text: str) -> str:
    """Return a text as a tag's value: each byte that not every service takes becomes ``=`` and two hex digits.

    >>> encoded("feature/a#1")
    'feature/a=231'
    """
    return _OTHER.sub(lambda found: "".join(f"={byte:02X}" for byte in found[0].encode()), text)


def decoded(value: str) -> str:
    """Return the text that was encoded; ValueError when the value was not made by ``encoded``.

    >>> decoded("feature/a=231")
    'feature/a#1'
    """
    text = re.sub(rb"=([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), value.encode()).decode()
    if encoded(text) != value:
        raise ValueError(f"{value!r} is no encoded text")
    return text
