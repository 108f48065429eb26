"""The line's real data, made once: raw files by sample.py, tables and views by the line's own SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from config.bundle import Bundle
from config.loading import load_bundle
from config.sources import S3Source
from lines.flights import sample
from runtime import curation, engine
from runtime.sources.loaded import File, Object
from runtime.sources.loading import load_files


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return load_bundle("flights")


@pytest.fixture(scope="session")
def parameters(bundle: Bundle) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in bundle.definition.parameters.items()}


@pytest.fixture(scope="session")
def raw_files(tmp_path_factory: pytest.TempPathFactory, parameters: Mapping[str, Any]) -> Path:
    directory = tmp_path_factory.mktemp("raw")
    sample.raw(directory, parameters)
    return directory


@pytest.fixture(scope="session")
def database(bundle: Bundle, raw_files: Path, parameters: Mapping[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Sources, curated tables, feature views and the spine under their own names."""
    connection = engine.connect(threads=2)
    for name, source in bundle.definition.sources.items():
        assert isinstance(source, S3Source)
        paths = sorted((raw_files / name).iterdir())
        files = [File(Object(bucket="raw", key=path.name, etag=""), version="", path=path) for path in paths]
        load_files(connection, name, source, files)
    curation.curate(
        connection,
        line="flights",
        statements=bundle.curation,
        sources=set(bundle.definition.sources),
        parameters=parameters,
    )
    for name, sql in {**bundle.features, "spine": bundle.spine}.items():
        engine.create(connection, name=name, sql=sql, parameters=parameters, file=name)
    yield connection
    connection.close()
