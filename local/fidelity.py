"""The fidelity table: what the embedded AWS runs for real, approximates or lacks, declared beside each seam."""

from __future__ import annotations

import importlib
import pkgutil
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
    found: list[Row] = []
    for module in pkgutil.walk_packages([str(Path(__file__).parent)], prefix="local."):
        if not module.ispkg:
            found.extend(getattr(importlib.import_module(module.name), "FIDELITY", []))
    return sorted(found, key=lambda row: (row.service.lower(), row.feature.lower()))


def markdown() -> str:
    """Return the table as the manual shows it.

    >>> markdown().splitlines()[0]
    '| service | feature | fidelity | remark |'
    """
    lines = ["| service | feature | fidelity | remark |", "|---|---|---|---|"]
    lines += [f"| {row.service} | {row.feature} | {row.status} | {row.remark} |" for row in rows()]
    return "\n".join(lines) + "\n"
