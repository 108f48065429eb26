"""The same SQL on both engines: every line's curation and feature views, and each construct of portable SQL."""

from __future__ import annotations

import csv
import datetime as dt
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.bundle import Bundle
from config.line import Line
from config.loading import ROOT, line_names, load_bundle
from config.parameters import resolve
from config.reading import read
from runtime import dialect, engine, features, spark, spark_sources
from runtime.curation import curate
from tests.runtime import expressions, snippets
from tests.runtime.engines import difference, in_duckdb, in_spark, needs_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    needs_spark,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # pyspark leaves a socket of each answer to the collector
]
MOST_BYTES = 400_000
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
            share(connection, session, name, folder)
        yield connection


def share(connection: duckdb.DuckDBPyConnection, session: SparkSession, name: str, folder: Path) -> None:
    pq.write_table(engine.arrow(connection, name), folder / f"{name}.parquet", coerce_timestamps="us")
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
        share(connection, session, "u", tmp_path_factory.mktemp("random"))
        ours, columns = in_duckdb(connection, sql, {})
    theirs = in_spark(session, sql, tables={"u": expressions.COLUMNS}, columns=columns, parameters={})
    assert difference(ours, theirs) == ""


def line_and_sample(name: str) -> tuple[Bundle, ModuleType]:
    """Return a line of the repository, or the one that ``line new`` makes."""
    if name != "template":
        return load_bundle(name), importlib.import_module(f"lines.{name}.sample")
    folder = ROOT / "cli" / "template"
    text = {path.stem: path.read_text(encoding="utf-8") for path in folder.rglob("*.sql")}
    definition = read(folder / "line.yaml", Line, ROOT)
    bundle = Bundle(
        definition=definition,
        curation={path.stem: text[path.stem] for path in folder.glob("curation/*.sql")},
        features={view: text[view] for view in definition.features},
        spine=text["spine"],
    )
    return bundle, importlib.import_module("cli.template.sample")


def raw_files(sample: ModuleType, folder: Path, parameters: Mapping[str, Any]) -> dict[str, spark_sources.Raw]:
    """Write a line's raw files; return them as Spark takes them."""
    sample.raw(folder / "whole", parameters)
    found = {}
    for source in sorted((folder / "whole").iterdir()):
        (folder / source.name).mkdir()
        files = sorted(source.iterdir())
        every = max(1, sum(file.stat().st_size for file in files) // (MOST_BYTES))
        groups: dict[tuple[str, ...], list[str]] = {}
        for file in files:
            target = folder / source.name / file.name
            groups.setdefault(thin(file, target, every), []).append(str(target))
        found[source.name] = spark_sources.Raw(format="csv", files=groups)
    return found


def thin(source: Path, target: Path, every: int) -> tuple[str, ...]:
    """Write a CSV file with every n-th row of another; return its header."""
    with source.open(newline="", encoding="utf-8") as given, target.open("w", newline="", encoding="utf-8") as written:
        header, *rows = csv.reader(given)
        csv.writer(written).writerows([header, *rows[::every]])
    return tuple(header)


@pytest.mark.parametrize("name", [*line_names(), "template"])
def test_a_lines_tables_and_views_are_the_same_on_both(name: str, session: SparkSession, tmp_path: Path) -> None:
    bundle, sample = line_and_sample(name)
    line, parameters = bundle.definition, resolve(bundle.definition.parameters, {})
    raw = raw_files(sample, tmp_path, parameters)
    sources = {source: declared.all_columns for source, declared in line.sources.items()}
    statements = dialect.statements(bundle, parameters, sources)
    for source, columns in sources.items():
        spark_sources.register(session, source, raw=raw[source], columns=columns)
    written = spark.curate(
        session,
        statements=statements,
        tables=dialect.schema(sources, statements),
        parameters=parameters,
        folder=str(tmp_path / "written"),
        views=line.features,
    )
    theirs = {one.name: one for one in written}
    with engine.connect(threads=2) as connection:
        connection.execute("CREATE SCHEMA raw")
        for source, columns in sources.items():
            read_raw(connection, source, columns, raw[source])
        curate(connection, line=line.line, statements=bundle.curation, sources=set(sources), parameters=parameters)
        for view, declared in line.features.items():
            query, _ = features.build(
                connection,
                line=line.line,
                name=view,
                view=declared,
                sql=bundle.features[view],
                parameters=parameters,
            )
            connection.execute(f"CREATE TABLE {engine.quoted(view)} AS {query.text}")
        assert list(theirs) == [statement.name for statement in statements]
        for table, other in theirs.items():
            ours = engine.arrow(connection, table)
            stored = pq.ParquetDataset(str(tmp_path / "written" / table)).read()
            assert (table, difference(ours, stored), other.rows) == (table, "", ours.num_rows)


def read_raw(
    connection: duckdb.DuckDBPyConnection, source: str, columns: Mapping[str, str], raw: spark_sources.Raw
) -> None:
    parts = []
    for header, files in raw.files.items():
        kinds = ", ".join(f"{engine.literal(name)}: {engine.literal(columns.get(name, 'VARCHAR'))}" for name in header)
        paths = ", ".join(engine.literal(file) for file in files)
        names = ", ".join(engine.quoted(name) for name in columns)
        parts.append(
            f"SELECT {names} FROM read_csv([{paths}], auto_detect = false, header = true, delim = ',', quote = '\"', "
            f"nullstr = ['', 'NA'], columns = {{{kinds}}})"
        )
    connection.execute(f"CREATE TABLE raw.{engine.quoted(source)} AS {' UNION ALL '.join(parts)}")
