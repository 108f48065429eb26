"""The fidelity table: what the embedded AWS runs for real, approximates or lacks, declared beside each seam."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["real", "approximated", "absent"]


@dataclass(frozen=True)
class Row:
    """One feature of a service and how near the embedded AWS comes to it."""

    service: str
    feature: str
    status: Status
    remark: str = ""


def rows() -> list[Row]:
    """Return every row that a module of ``local`` declares in ``FIDELITY``, by service and feature."""
    here = Path(__file__).parent
    found: list[Row] = []
    for path in sorted([*here.glob("*.py"), *here.glob("resources/*.py"), *here.glob("cloudformation/*.py")]):
        name = ".".join(("local", *path.relative_to(here).with_suffix("").parts))
        found.extend(getattr(importlib.import_module(name), "FIDELITY", []))
    return sorted(found, key=lambda row: (row.service.lower(), row.feature.lower()))


def markdown() -> str:
    """Return the table as the manual shows it, and the resource types that can be deployed.

    >>> markdown().splitlines()[0]
    '| service | feature | fidelity | remark |'
    """
    lines = ["| service | feature | fidelity | remark |", "|---|---|---|---|"]
    lines += [f"| {row.service} | {row.feature} | {row.status} | {row.remark} |" for row in rows()]
    lines += ["", "Resource types that can be deployed, besides custom resources:", ""]
    lines += [f"- {service}: {', '.join(names)}" for service, names in _types().items()]
    return "\n".join(lines) + "\n"


def _types() -> dict[str, list[str]]:
    from local.resources.catalogue import KINDS

    types: dict[str, list[str]] = {}
    for type_ in sorted(KINDS):
        _, service, name = type_.split("::")
        types.setdefault(f"AWS::{service}", []).append(name)
    return types
