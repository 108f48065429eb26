"""The line's real data, made once: raw files by sample.py, tables and views by the line's own SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from config.bundle import Bundle
from config.loading import load_bundle
from config.sources import DatabaseSource, S3Source
from lines.fleet import sample
from runtime import curation, engine
from runtime.sources.loaded import SCHEMA, File, Object
from runtime.sources.loading import load_files
from runtime.sources.objects import partition_of


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return load_bundle("fleet")


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
    with engine.connect(threads=2) as connection:
        for name, source in bundle.definition.sources.items():
            files = sorted(path for path in (raw_files / name).rglob("*") if path.is_file())
            if isinstance(source, DatabaseSource):  # the registry's rows, as they are put into its database
                table = connection.read_csv(files[0], na_values="NA", dtype=source.columns)
                table.select(*source.columns).create(f"{SCHEMA}.{name}")
            else:
                assert isinstance(source, S3Source)
                load_files(connection, name, source, [_file(path, raw_files / name, source) for path in files])
        curate(connection, bundle, parameters)
        yield connection


def _file(path: Path, folder: Path, source: S3Source) -> File:
    key = path.relative_to(folder).as_posix()
    return File(Object(bucket="raw", key=key, etag="", partition=partition_of(key, source)), version="", path=path)


def curate(connection: duckdb.DuckDBPyConnection, bundle: Bundle, parameters: Mapping[str, Any]) -> None:
    """Make curated tables, feature views and the spine from the sources."""
    curation.curate(
        connection,
        line="fleet",
        statements=bundle.curation,
        sources=set(bundle.definition.sources),
        parameters=parameters,
    )
    for name, sql in {**bundle.features, "spine": bundle.spine}.items():
        engine.create(connection, name=name, sql=sql, parameters=parameters, file=name)
