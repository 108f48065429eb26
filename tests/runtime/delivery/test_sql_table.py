"""Delivery into a real PostgreSQL: what a reader sees meanwhile, wherever it is killed, and what a rerun does."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from adbc_driver_postgresql import dbapi

from config.errors import LineError
from config.loading import ROOT
from local.postgres_server import Login, PostgresServer, connected
from runtime.delivery import sql_table
from runtime.delivery.formats import COLUMNS
from runtime.delivery.sql_statements import Engine, Statements, literal
from tests.postgres import database, endpoint, execute, postgres, rows_of
from tests.runtime.delivery.deliveries import conforms

__all__ = ["postgres"]

TABLE = "ops.predictions"
STEPS = ["look", "stage", "load", "repeated", "lock", "superseded", "drop older", "drop replaced", "fill", "commit"]
NIGHT = dt.datetime(2013, 8, 16, tzinfo=dt.UTC)


def predictions(run: str, ids: range, *, at: dt.datetime = NIGHT, score: float = 0.5) -> pa.RecordBatchReader:
    """Return predictions of a run in two batches."""
    n = len(ids)
    columns = {
        "schema": [1] * n,
        "prediction_id": [f"flights:UA-{i}:2013-08-15" for i in ids],
        "line": ["flights"] * n,
        "run": [run] * n,
        "model_version": [3] * n,
        "id": [f"UA-{i}" for i in ids],
        "event_time": [NIGHT] * n,
        "score": [score] * n,
        "at": [at] * n,
    }
    table = pa.table(columns, schema=COLUMNS)
    return pa.RecordBatchReader.from_batches(COLUMNS, table.to_batches(max_chunksize=max(n // 2, 1)))


@pytest.fixture
def login(postgres: PostgresServer) -> Login:
    return database(postgres, "CREATE SCHEMA ops")


def runs(login: Login) -> dict[str, int]:
    """Return how many predictions the table holds of each run."""
    return dict(rows_of(login, f"SELECT run, count(*) FROM {TABLE} GROUP BY run ORDER BY run"))


def deliver(login: Login, batches: pa.RecordBatchReader, **options: Any) -> dict[str, Any]:
    return sql_table.deliver(endpoint(login), TABLE, batches, **options)


def test_the_table_is_made_and_filled_with_the_record(login: Login) -> None:
    assert deliver(login, predictions("run-1", range(5))) == {"count": 5, "superseded": 0}
    columns = rows_of(
        login,
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'predictions' "
        "ORDER BY ordinal_position",
    )
    assert dict(columns) == {
        "schema": "bigint",
        "prediction_id": "text",
        "line": "text",
        "run": "text",
        "model_version": "bigint",
        "id": "text",
        "event_time": "timestamp with time zone",
        "score": "double precision",
        "at": "timestamp with time zone",
    }
    for row in rows_of(login, f"SELECT {', '.join(chr(34) + name + chr(34) for name, _ in columns)} FROM {TABLE}"):
        record = dict(zip(dict(columns), row, strict=True))
        conforms({k: v.isoformat() if isinstance(v, dt.datetime) else v for k, v in record.items()})


def test_a_run_again_changes_nothing(login: Login) -> None:
    deliver(login, predictions("run-1", range(5)))
    before = rows_of(login, f"SELECT xmin::text, prediction_id FROM {TABLE} ORDER BY prediction_id")
    assert deliver(login, predictions("run-1", range(5))) == {"count": 5, "superseded": 0}
    assert rows_of(login, f"SELECT xmin::text, prediction_id FROM {TABLE} ORDER BY prediction_id") == before


def test_a_newer_run_replaces_what_it_tells_anew_and_leaves_the_rest(login: Login) -> None:
    deliver(login, predictions("run-1", range(6)))
    deliver(login, predictions("run-2", range(3, 9), at=NIGHT + dt.timedelta(hours=1)))
    assert runs(login) == {"run-1": 3, "run-2": 6}


def test_an_older_run_that_comes_late_replaces_nothing(login: Login) -> None:
    deliver(login, predictions("run-2", range(3, 6), at=NIGHT + dt.timedelta(hours=1)))
    assert deliver(login, predictions("run-1", range(6))) == {"count": 6, "superseded": 3}
    assert runs(login) == {"run-1": 3, "run-2": 3}


def test_of_two_runs_of_one_moment_the_later_name_wins_whichever_comes_first(login: Login) -> None:
    for run in ("run-2", "run-1", "run-2"):
        deliver(login, predictions(run, range(4)))
    assert runs(login) == {"run-2": 4}


class Reader:
    """Somebody who reads the table all the time, and keeps every state of it that was seen."""

    def __init__(self, login: Login) -> None:
        self.seen: set[tuple[tuple[str, int], ...]] = set()
        self._login, self._end = login, threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def look(self) -> None:
        self.seen.add(tuple(runs(self._login).items()))

    def _read(self) -> None:
        with connected(self._login) as cursor:
            while not self._end.wait(0.002):
                cursor.execute(f"SELECT run, count(*) FROM {TABLE} GROUP BY run ORDER BY run")
                self.seen.add(tuple(cursor.fetchall()))


def killer(server: PostgresServer, login: Login, step: str) -> Callable[[str], None]:
    """Return what ends the delivery's session on the server as soon as it comes to a step."""

    def watch(name: str) -> None:
        if name == step:
            with connected(server.admin) as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    f"WHERE datname = '{login.dbname}' AND application_name = 'assembly-line'"
                )
                assert cursor.fetchall() == [(True,)]

    return watch


def test_wherever_a_delivery_is_killed_a_reader_sees_the_old_and_a_rerun_ends_it(
    login: Login, postgres: PostgresServer
) -> None:
    deliver(login, predictions("run-1", range(50)))
    old, new = (("run-1", 50),), (("run-1", 10), ("run-2", 60))

    def newer() -> pa.RecordBatchReader:
        return predictions("run-2", range(10, 70), at=NIGHT + dt.timedelta(hours=1))

    with Reader(login) as reader:
        passed: list[str] = []
        for step in STEPS:
            with pytest.raises(LineError) as error:
                deliver(login, newer(), watch=killer(postgres, login, step))
            assert "start the run again" in str(error.value) or "see that the database is up" in str(error.value)
            reader.look()
        assert reader.seen == {old}
        deliver(login, newer(), watch=passed.append)
        reader.look()
        deliver(login, newer())
    assert passed == STEPS  # each was killed
    assert reader.seen == {old, new}


def test_two_deliveries_at_once_leave_the_newest_of_each(login: Login) -> None:
    deliver(login, predictions("run-0", range(1)))
    meet = threading.Barrier(4, timeout=30)
    problems: list[BaseException] = []

    def one(number: int) -> None:
        try:
            watch = lambda step: meet.wait() if step == "lock" else None  # noqa: E731
            deliver(login, predictions(f"run-{number}", range(40), at=NIGHT + dt.timedelta(hours=number)), watch=watch)
        except BaseException as error:  # noqa: BLE001 -- it is told to the test
            problems.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert runs(login) == {"run-4": 40}


def test_ids_that_are_there_twice_are_refused_without_naming_them(login: Login) -> None:
    doubled = pa.RecordBatchReader.from_batches(
        COLUMNS, [batch for _ in range(2) for batch in predictions("run-1", range(3))]
    )
    with pytest.raises(LineError) as error:
        deliver(login, doubled)
    assert str(error.value) == (
        "delivery: table 'ops.predictions': connection 'shop_db': 3 prediction ids are there more than once: add "
        "{check: unique, columns: [id], severity: error} under tests.predictions in line.yaml"
    )
    assert rows_of(login, "SELECT to_regclass('ops.predictions')") == [(None,)]  # not even the table was made


def test_a_table_of_the_users_own_may_have_more_columns_but_not_less(login: Login) -> None:
    deliver(login, predictions("run-1", range(3)))
    execute(login, f"ALTER TABLE {TABLE} ADD COLUMN note text DEFAULT 'none'", f"ALTER TABLE {TABLE} DROP COLUMN score")
    with pytest.raises(LineError) as error:
        deliver(login, predictions("run-1", range(3)))
    assert str(error.value) == (
        "delivery: table 'ops.predictions': connection 'shop_db': column 'score' is missing, expected double "
        "precision: change the table, or name another and let it be made"
    )
    execute(login, f"ALTER TABLE {TABLE} ADD COLUMN score numeric NOT NULL DEFAULT 0")
    deliver(login, predictions("run-2", range(3), at=NIGHT + dt.timedelta(hours=1)))
    assert rows_of(login, f"SELECT DISTINCT note, run, score::text FROM {TABLE}") == [("none", "run-2", "0.5")]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DROP SCHEMA ops", "the database refused the step 'create' with SQLSTATE 3F000: create the schema, or"),
        (
            "ALTER SCHEMA ops OWNER TO postgres",
            "the database refused the step 'create' with SQLSTATE 42501: let the connection's user use the schema",
        ),
    ],
)
def test_what_the_database_refuses_is_told_with_its_mend(
    login: Login, postgres: PostgresServer, statement: str, told: str
) -> None:
    admin = Login(postgres.admin.username, login.host, login.port, login.dbname, postgres.admin.password)
    execute(admin, statement)
    with pytest.raises(LineError, match=told):
        deliver(login, predictions("run-1", range(3)))


def test_a_wrong_password_is_told_without_it(login: Login) -> None:
    with pytest.raises(LineError) as error:
        sql_table.deliver(endpoint(login, password="s3cret"), TABLE, predictions("run-1", range(1)))
    assert str(error.value).startswith("delivery: table 'ops.predictions': connection 'shop_db': ")
    assert "s3cret" not in str(error.value)


DYING = """
import os, signal, sys
from tests.postgres import endpoint
from tests.runtime.delivery import test_sql_table as here
login, step = here.Login(**eval(sys.argv[1])), sys.argv[2]
newer = here.predictions("run-2", range(10, 70), at=here.NIGHT + here.dt.timedelta(hours=1))
here.deliver(login, newer, watch=lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == step else None)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_is_killed_leaves_the_old_and_a_rerun_ends_it(login: Login, step: str) -> None:
    deliver(login, predictions("run-1", range(50)))
    named = {name: getattr(login, name) for name in ("username", "host", "port", "dbname", "password")}
    died = subprocess.run([sys.executable, "-c", DYING, repr(named), step], cwd=ROOT, check=False)
    assert died.returncode == -signal.SIGKILL
    assert runs(login) == {"run-1": 50}
    deliver(login, predictions("run-2", range(10, 70), at=NIGHT + dt.timedelta(hours=1)))
    assert runs(login) == {"run-1": 10, "run-2": 60}


STRANGE = ["it's", "back\\slash", "\\'); DROP TABLE ops.predictions; --", "grün\n\t", '"']


def test_the_way_of_redshift_carries_any_text(login: Login, postgres: PostgresServer) -> None:
    """Its INSERTs and merge, run by a PostgreSQL that reads backslashes as Redshift does."""
    admin = Login(postgres.admin.username, login.host, login.port, login.dbname, postgres.admin.password)
    execute(admin, f'ALTER DATABASE "{login.dbname}" SET standard_conforming_strings = off')
    batch = next(iter(predictions("run-1", range(1))))
    columns = {name: batch[name].to_pylist() * len(STRANGE) for name in COLUMNS.names}
    columns["id"], columns["prediction_id"] = STRANGE, [f"flights:{id_}:2013-08-15" for id_ in STRANGE]
    reader = pa.table(columns, schema=COLUMNS).to_reader()
    found = sql_table.deliver(endpoint(login, engine="redshift"), TABLE, reader)
    assert found == {"count": 5, "superseded": 0}
    assert sorted(row[0] for row in rows_of(login, f"SELECT id FROM {TABLE}")) == sorted(STRANGE)
    late = predictions("run-0", range(0, 1), at=NIGHT - dt.timedelta(hours=1))
    assert sql_table.deliver(endpoint(login, engine="redshift"), TABLE, late)["superseded"] == 0


def statements(engine: Engine) -> Iterator[str]:
    made = Statements(engine, "ops", "predictions")
    row = dict.fromkeys(COLUMNS.names, "x")
    yield from (made.columns(), made.create(), made.stage(), made.insert([row, row]), made.repeated())
    yield from (made.superseded(), made.drop_older(), made.drop_replaced(), made.fill())


@pytest.mark.parametrize(("engine", "dialect"), [("postgresql", "postgres"), ("redshift", "redshift")])
def test_every_statement_is_sql_of_its_database(engine: Engine, dialect: str) -> None:
    for statement in statements(engine):
        parsed = sqlglot.parse_one(statement, dialect=dialect)
        assert not isinstance(parsed, sqlglot.exp.Command), statement


def test_a_nul_is_in_no_literal() -> None:
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b", "redshift")


def test_a_session_that_fails_leaves_none_behind(login: Login, postgres: PostgresServer) -> None:
    with pytest.raises(LineError):
        deliver(login, predictions("run-1", range(3)), watch=killer(postgres, login, "fill"))
    with closing(dbapi.connect(postgres.admin.uri)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{login.dbname}'")
        assert cursor.fetchall() == [(0,)]
