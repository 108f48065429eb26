"""What a job is told on its command line, as ``--name value`` pairs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from config.errors import LineError


@dataclass(frozen=True)
class Arguments:
    """The arguments that every job gets, then those that only some get (empty for the others)."""

    line: str
    run: str
    environment: str
    region: str
    lake_bucket: str
    raw_bucket: str
    models_bucket: str
    database: str
    bundle: str
    parameters: Mapping[str, object]
    """Values that this run gives to the line's parameters."""
    environment_parameters: Mapping[str, object]
    """Values that the environment gives to them; the run's come first."""
    force: Sequence[str] = ()
    """The stations that this run does not skip, and whose tables it makes anew."""
    engine: str = ""
    """Which engine makes tables in this environment; empty means the line's own."""
    code: str = ""
    """Digest of the platform's own code."""
    variant: str = ""
    pins: str = ""
    """Key in the lake of what a branch's environment reads of another; empty where nothing can be pinned."""
    online_table: str = ""
    ledger_table: str = ""
    signing_key: str = ""
    ground_truth_queue: str = ""
    """URL of the line's queue for labels, where the run sends those that its spine knows."""
    retention: str = ""
    """What the environment says under ``snapshots``, as JSON."""
    model_group: str = ""
    state_machine: str = ""
    image: str = ""
    """URI of the image that the job runs in."""
    commit: str = ""
    """The commit of what was synthesized, where it is known."""
    tracking: str = ""
    """Where attempts are told besides: a tracking URI of MLflow."""
    channel: str = ""
    """The channel of delivery that the job is."""
    database_connection: str = ""
    table: str = ""
    """``schema.table`` of the database that the connection leads to."""
    dry_run: str = ""
    """``yes`` to look and change nothing."""


COMMON = (
    "line",
    "run",
    "environment",
    "region",
    "lake_bucket",
    "raw_bucket",
    "models_bucket",
    "database",
    "bundle",
    "parameters",
)


def parse(argv: Sequence[str], required: Sequence[str] = ()) -> Arguments:
    """Return the arguments; unknown ones (Glue adds its own) are left alone.

    Raises LineError when one of the common or the ``required`` ones is missing or is not what it must be.
    """
    given = _pairs(argv)
    for name in (*COMMON, *required):
        if name not in given:
            raise LineError(f"argument {_flag(name)} is missing: give it to the job")
    texts = {field.name: given[field.name] for field in fields(Arguments) if field.name in given}
    parameters = {name: _values(name, texts.pop(name, "{}")) for name in ("parameters", "environment_parameters")}
    force = _list("force", texts.pop("force", "[]"))
    return Arguments(**texts, **parameters, force=force)  # type: ignore[arg-type]


def _pairs(argv: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    words = iter(argv)
    for word in words:
        if word.startswith("--"):
            name, equals, value = word.removeprefix("--").partition("=")
            pairs[name.replace("-", "_")] = value if equals else next(words, "")
    return pairs


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _values(name: str, text: str) -> dict[str, object]:
    values = _json(text)
    if not isinstance(values, dict):
        raise LineError(f"argument {_flag(name)} is {text!r}, expected a JSON object such as {{}}: correct it")
    return values


def _list(name: str, text: str) -> list[str]:
    values = _json(text)
    if not isinstance(values, list):
        raise LineError(f"argument {_flag(name)} is {text!r}, expected a JSON list such as []: correct it")
    return [str(value) for value in values]


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
