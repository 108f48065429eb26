"""``line env diff``: in what two environments differ, setting by setting, and resource by resource."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.env_account import account
from cli.env_templates import differences
from cli.models import table
from config.environment import Environment
from config.loading import load_branch, load_environment, standing_names

_ITS_OWN = ("name", "tags")
"""What every environment has for itself: no difference to tell."""


def diff_environments(one: str, other: str, *, deployed: bool, as_json: bool) -> int:
    """Print the differences; returns the exit status."""
    both = [_environment(one), _environment(other)]
    left, right = (settings(environment) for environment in both)
    found = {key: (left.get(key), right.get(key)) for key in sorted({*left, *right}) if left.get(key) != right.get(key)}
    resources: list[tuple[str, str, str, str]] = []
    if deployed:
        with account() as clients:
            resources = list(differences(clients("cloudformation"), both[0].name, both[1].name))
    if as_json:
        told = {"settings": {key: dict(zip((one, other), pair, strict=True)) for key, pair in found.items()}}
        parts = ("stack", "resource", "type", "difference")
        extra = {"resources": [dict(zip(parts, row, strict=True)) for row in resources]} if deployed else {}
        print(json.dumps({**told, **extra}, indent=2, ensure_ascii=False))
        return 0
    out = Console(highlight=False)
    if found:
        out.print(_table(("setting", one, other), ((key, _text(a), _text(b)) for key, (a, b) in found.items())))
    else:
        out.print(f"{one} and {other} have the same settings")
    if deployed and resources:
        out.print(_table(("stack", "resource", "type", "difference"), resources))
    elif deployed:
        out.print(f"what is deployed of {one} and {other} differs in names alone")
    return 0


def settings(environment: Environment) -> dict[str, Any]:
    """Return every setting by its key path, defaults included; what no other environment has is left out."""
    return {key: value for key, value in _flat("", environment.model_dump(mode="json")) if key not in _ITS_OWN}


def _environment(name: str) -> Environment:
    return load_environment(name) if name in standing_names() else load_branch(name)


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value and path not in _ITS_OWN:
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), inner)
    else:
        yield path, value


def _table(columns: tuple[str, ...], rows: Any) -> Table:
    made = table("", columns)
    for row in rows:
        made.add_row(*row)
    return made


def _text(value: Any) -> str:
    """Return a setting as YAML writes it.

    >>> _text(True), _text(None), _text({}), _text("a")
    ('true', '-', '{}', 'a')
    """
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value)
