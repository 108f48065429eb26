"""What decides a dataset: two requests with one recipe have one fingerprint, and give the same dataset."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from config.line import Line
from config.parameters import Value
from runtime.datasets import Choice
from runtime.spine import Task
from runtime.windows import Window

_CODE = ("asof", "datasets", "entities", "gathering", "history", "parts", "recipe", "spine", "examples_file", "windows")


@dataclass(frozen=True)
class Recipe:
    """Everything that a dataset depends on, as the manifest tells it."""

    line: str
    task: Task
    id: str
    event_time: str
    label: str | None
    examples: Mapping[str, str]
    """Where they come from: ``spine`` → SHA-256 of its SELECT, or ``file`` → SHA-256 of its content."""
    request: list[str]
    categorical: list[str] | None
    views: Mapping[str, Mapping[str, Any]]
    """View → entity, event time, time to live and the chosen columns (null means all)."""
    windows: Mapping[str, list[str]]
    """Part → its first moment and the one at which it ends."""
    as_of: str | None
    parameters: Mapping[str, str]
    """Those that the spine's SELECT binds."""
    snapshots: Mapping[str, int]
    code: str
    """Fingerprint of the code that joins."""

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def recipe(
    line: Line,
    choice: Choice,
    *,
    task: Task,
    examples: Mapping[str, str],
    windows: Mapping[str, Window],
    as_of: dt.datetime | None,
    parameters: Mapping[str, Value],
    snapshots: Mapping[str, int],
) -> Recipe:
    """Return the recipe of a choice of columns for a line's examples."""
    dataset = line.dataset
    return Recipe(
        line=line.line,
        task=task,
        id=dataset.id,
        event_time=dataset.event_time,
        label=None if task == "none" else dataset.label,
        examples=dict(examples),
        request=list(choice.request),
        categorical=None if choice.categorical is None else sorted(choice.categorical),
        views={
            name: {**line.features[name].model_dump(), "columns": None if columns is None else list(columns)}
            for name, columns in choice.views.items()
        },
        windows={part: [window.start.isoformat(), window.end.isoformat()] for part, window in windows.items()},
        as_of=None if as_of is None else as_of.isoformat(),
        parameters={name: str(value) for name, value in sorted(parameters.items())},
        snapshots=dict(sorted(snapshots.items())),
        code=code(),
    )


def digest(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def code() -> str:
    """Return the fingerprint of the modules that make a dataset what it is."""
    whole = hashlib.sha256()
    for name in _CODE:
        path = Path(__file__).with_name(f"{name}.py")
        whole.update(path.read_bytes())
    return whole.hexdigest()[:16]
