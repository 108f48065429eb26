"""The same SQL on both engines: every line's curation and feature views, and each construct of portable SQL."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.new import FOLDER, TEMPLATES
from config.bundle import Bundle
from config.line import Line
from config.loading import ROOT, line_names, load_bundle
from config.parameters import resolve
from config.reading import read as read_yaml
from config.sources import S3Source
from runtime import dialect, engine, spark
from runtime.sources.loaded import SCHEMA, File, Object
from runtime.sources.loading import load_files
from runtime.sources.objects import partition_of
from tests.runtime import expressions, snippets
from tests.runtime.engines import difference, in_duckdb, in_spark, needs_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    needs_spark,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # pyspark leaves a socket of each answer to the collector
]
MOST_ROWS = 4_000
"""Of a source; a larger one is thinned evenly, so that its whole span of time stays."""
PARAMETERS = {**snippets.PARAMETERS, "since": dt.date(2013, 3, 1)}


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    session = spark.session(memory="1g")
    session.conf.set("spark.sql.shuffle.partitions", "1")
    session.conf.set("spark.sql.adaptive.enabled", "false")
    session.conf.set("spark.sql.codegen.wholeStage", "false")  # to compile each SELECT takes longer than its few rows
    session.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def database(session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The snippets' tables, in both engines."""
    folder = tmp_path_factory.mktemp("snippets")
    with engine.connect(threads=1) as connection:
        for name, columns in snippets.COLUMNS.items():
            declared = ", ".join(f"{engine.quoted(column)} {kind}" for column, kind in columns.items())
            connection.execute(f"CREATE TABLE {name} ({declared})")
            connection.execute(f"INSERT INTO {name} VALUES {', '.join(f'({row})' for row in snippets.ROWS[name])}")
            share(engine.arrow(connection, name), session, name, folder)
        yield connection


def share(content: pa.Table, session: SparkSession, name: str, folder: Path) -> None:
    pq.write_table(content, folder / f"{name}.parquet", coerce_timestamps="us")
    session.read.parquet(str(folder / f"{name}.parquet")).createOrReplaceTempView(name)


@pytest.fixture(scope="module")
def projections(session: SparkSession, database: duckdb.DuckDBPyConnection) -> tuple[pa.Table, pa.Table]:
    """Every projection over ``t`` in one SELECT, because Spark takes its time for each."""
    sql = snippets.projected()
    ours, columns = in_duckdb(database, sql, PARAMETERS)
    return ours, in_spark(session, sql, tables=snippets.COLUMNS, columns=columns, parameters=PARAMETERS)


@pytest.mark.parametrize("name", list(snippets.EXPRESSIONS))
def test_an_expression_means_the_same_on_both(name: str, projections: tuple[pa.Table, pa.Table]) -> None:
    columns = list(snippets.named(name))
    ours, theirs = (content.select(columns) for content in projections)
    assert difference(ours, theirs) == ""


@pytest.mark.parametrize("name", list(snippets.selects()))
def test_a_select_means_the_same_on_both(name: str, session: SparkSession, database: duckdb.DuckDBPyConnection) -> None:
    sql = snippets.selects()[name]
    ours, columns = in_duckdb(database, sql, PARAMETERS)
    theirs = in_spark(session, sql, tables=snippets.COLUMNS, columns=columns, parameters=PARAMETERS)
    assert difference(ours, theirs) == ""


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=expressions.rows(), parts=st.lists(expressions.expressions(), min_size=8, max_size=24))
def test_random_expressions_over_random_rows_mean_the_same_on_both(
    rows: list[tuple[Any, ...]], parts: list[str], session: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> None:
    declared = ", ".join(f"{column} {kind}" for column, kind in expressions.COLUMNS.items())
    sql = "SELECT " + ", ".join(f"{part} AS c{i}" for i, part in enumerate(parts)) + " FROM u"
    with engine.connect(threads=1) as connection:
        connection.execute(f"CREATE TABLE u ({declared})")
        connection.executemany(f"INSERT INTO u VALUES ({', '.join('?' * len(expressions.COLUMNS))})", rows)
        share(engine.arrow(connection, "u"), session, "u", tmp_path_factory.mktemp("random"))
        ours, columns = in_duckdb(connection, sql, {})
    theirs = in_spark(session, sql, tables={"u": expressions.COLUMNS}, columns=columns, parameters={})
    assert difference(ours, theirs) == ""


def line_and_sample(name: str) -> tuple[Bundle, ModuleType]:
    """Return a line of the repository, or one of those that ``line new`` makes."""
    if name not in TEMPLATES:
        return load_bundle(name), importlib.import_module(f"lines.{name}.sample")
    folder = FOLDER / name
    text = {path.stem: path.read_text(encoding="utf-8") for path in folder.rglob("*.sql")}
    definition = read_yaml(folder / "line.yaml", Line, ROOT)
    bundle = Bundle(
        definition=definition,
        curation={path.stem: text[path.stem] for path in folder.glob("curation/*.sql")},
        features={view: text[view] for view in definition.features},
        spine=text["spine"],
    )
    return bundle, importlib.import_module(f"cli.templates.{name}.sample")


def load(connection: duckdb.DuckDBPyConnection, bundle: Bundle, sample: ModuleType, folder: Path) -> None:
    """Make the relations ``raw.<source>`` from the line's sample, thinned."""
    sample.raw(folder, resolve(bundle.definition.parameters, {}))
    for name, source in bundle.definition.sources.items():
        paths = sorted(path for path in (folder / name).rglob("*") if path.is_file())
        if isinstance(source, S3Source):
            load_files(connection, name, source, [file_of(path, folder / name, source) for path in paths])
        else:  # rows as they are put into its database
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            rows = connection.read_csv(paths[0], na_values="NA", dtype=dict(source.columns))
            rows.select(*source.columns).create(f"{SCHEMA}.{name}")
        relation = f"{SCHEMA}.{engine.quoted(name)}"
        count = engine.rows(connection, f"SELECT count(*) FROM {relation}")[0][0]
        connection.execute(
            f"CREATE TABLE thin AS SELECT * EXCLUDE (n) FROM (SELECT *, row_number() OVER () AS n FROM {relation}) "
            f"WHERE n % {max(1, count // MOST_ROWS)} = 0"
        )
        kind = engine.rows(
            connection,
            "SELECT table_type FROM information_schema.tables WHERE table_schema = $schema AND table_name = $name",
            {"schema": SCHEMA, "name": name},
        )[0][0]
        connection.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {relation}")
        connection.execute(f"CREATE TABLE {relation} AS FROM thin")
        connection.execute("DROP TABLE thin")


def file_of(path: Path, folder: Path, source: S3Source) -> File:
    key = path.relative_to(folder).as_posix()
    return File(Object(bucket="raw", key=key, etag="", partition=partition_of(key, source)), version="", path=path)


@pytest.mark.parametrize("name", [*line_names(), *TEMPLATES])
def test_a_lines_tables_and_views_are_the_same_on_both(name: str, session: SparkSession, tmp_path: Path) -> None:
    bundle, sample = line_and_sample(name)
    parameters = resolve(bundle.definition.parameters, {})
    sources = {source: declared.all_columns for source, declared in bundle.definition.sources.items()}
    statements = dialect.statements(bundle, parameters, sources)
    with engine.connect(threads=2) as connection:
        load(connection, bundle, sample, tmp_path)
        for source in sources:
            content = engine.fetched(connection, f"FROM {SCHEMA}.{engine.quoted(source)}")
            share(content, session, dialect.view_name(source), tmp_path)
        for statement in statements:
            engine.create(
                connection, name=statement.name, sql=statement.sql, parameters=parameters, file=statement.file
            )
            files = spark.compute(
                session,
                statement,
                tables=dialect.schema(sources, statements),
                parameters=parameters,
                folder=str(tmp_path / "spark"),
            )
            theirs = pq.ParquetDataset([file.removeprefix("file://") for file in files]).read()
            assert (statement.file, difference(engine.arrow(connection, statement.name), theirs)) == (
                statement.file,
                "",
            )
