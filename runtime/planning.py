"""Makes a line's plan from its SQL: run when the line is synthesized."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from config.bundle import Bundle
from config.loading import ROOT
from config.parameters import Value
from runtime import engine
from runtime.curation import file_of, made
from runtime.engine import Connection
from runtime.features import sources_of
from runtime.freshness import digest
from runtime.plan import Plan, Statement
from runtime.spine import spine_file


def plan(bundle: Bundle, *, values: Mapping[str, Value], code: str, root: Path = ROOT) -> Plan:
    """Return the plan; ``values`` are the parameters' in the environment, ``code`` the digest of what jobs are given.

    Raises LineError for SQL that cannot be parsed or reads what does not exist.
    """
    line = bundle.definition
    with closing(engine.connect(threads=1)) as connection:
        curated = made(connection, line=line.line, statements=bundle.curation, sources=set(line.sources))
        views = {name: _view(connection, bundle, name) for name in line.features}
        spine = _reading(connection, bundle.spine, spine_file(line.line), set(bundle.curation))
    split = line.dataset.split
    return Plan(
        line=line.line,
        code=code,
        parameters={
            name: {"type": parameter.type, "value": _text(values[name])} for name, parameter in line.parameters.items()
        },
        sources={name: source.model_dump(mode="json") for name, source in line.sources.items()},
        curation={
            table.name: Statement(
                file=table.file,
                digest=digest(table.sql),
                sources=tuple(name.partition(".")[2] for name in table.sources),
                tables=table.tables,
                parameters=table.parameters,
            )
            for table in curated
        },
        features=views,
        spine=spine,
        views=tuple(line.dataset.features),
        scored=line.scoring.date,
        split=tuple(dict.fromkeys([*split.train, *split.validation, *split.test])),
        timely=tuple(station for station, tables in _tested(bundle).items() if _looks_at_the_clock(bundle, tables)),
        settings=_settings(bundle, (root / "lines" / line.line / "train.py").read_bytes().decode()),
    )


def _view(connection: Connection, bundle: Bundle, name: str) -> Statement:
    file = file_of(bundle.definition.line, "features", name)
    return _reading(connection, bundle.features[name], file, set(bundle.curation))


def _reading(connection: Connection, sql: str, file: str, curated: set[str]) -> Statement:
    return Statement(
        file=file,
        digest=digest(sql),
        tables=tuple(sorted(sources_of(connection, sql=sql, file=file, curated=curated))),
        parameters=tuple(sorted(engine.statement(connection, sql, file).named_parameters)),
    )


def _tested(bundle: Bundle) -> dict[str, list[str]]:
    """Return the tables that each station tests."""
    return {"curation": list(bundle.curation), "features": list(bundle.features), "scoring": ["predictions"]}


def _looks_at_the_clock(bundle: Bundle, tables: list[str]) -> bool:
    tests = bundle.definition.model_dump(mode="json")["tests"]
    return '"now"' in json.dumps([tests[table] for table in tables if table in tests])


def _settings(bundle: Bundle, train: str) -> dict[str, dict[str, str]]:
    """Return what line.yaml says that no SELECT says, by the station that heeds it."""
    said: dict[str, Any] = bundle.definition.model_dump(mode="json")

    def tests(tables: Mapping[str, str] | list[str]) -> dict[str, str]:
        return {f"tests.{table}": digest(said["tests"][table]) for table in tables if table in said["tests"]}

    return {
        "curation": tests(bundle.curation) | {name: digest(said[name]) for name in ("sources", "curation")},
        "features": tests(bundle.features) | {"features": digest(said["features"])},
        "training": {
            "train.py": digest(train),
            "dataset": digest(said["dataset"]),
            "training": digest(said["training"]),
            "what release.gates measure": digest(bundle.definition.release.measured()),
        },
        "release": {"release": digest(said["release"]), "training.metric": said["training"]["metric"]},
        "scoring": tests(["predictions"])
        | {name: digest(said[name]) for name in ("scoring", "dataset")}
        | {"delivery's formats": digest(bundle.definition.delivery.formats)},
        "delivery": {"delivery": digest(said["delivery"])},
        "monitoring": {"monitoring": digest(said["monitoring"])},
    }


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
