import uuid
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException

from config.errors import LineError
from runtime import tables
from tests.moto_server import REGION, Aws, CrashError
from tests.written import attached, compare, write

FIRST = pa.table({"id": ["a", "b"], "n": pa.array([1, 2], pa.int32())})
SECOND = pa.table({"id": ["c", "d", "e"], "n": pa.array([3, 4, None], pa.int32())})


@dataclass(frozen=True)
class Lake:
    catalog: GlueCatalog
    table: str

    def release(self, content: pa.Table) -> int:
        snapshot = self.write(content)
        self.publish(snapshot)
        return snapshot

    def write(self, content: pa.Table) -> int:
        return write(self.catalog, self.table, content)

    def publish(self, snapshot: int) -> None:
        tables.publish(self.catalog, self.table, snapshot)

    def read(self, snapshot: int | str | None = None) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = tables.read(self.catalog, self.table, snapshot).to_pylist()
        return rows


@pytest.fixture(scope="module")
def database(aws: Aws) -> tuple[GlueCatalog, str]:
    name = f"db_{uuid.uuid4().hex[:8]}"
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    warehouse = f"s3://{aws.bucket()}/warehouse"
    return tables.catalog(warehouse=warehouse, region=REGION, endpoint=aws.endpoint), name


@pytest.fixture
def lake(database: tuple[GlueCatalog, str]) -> Lake:
    return Lake(database[0], f"{database[1]}.shop_{uuid.uuid4().hex[:8]}")


def test_readers_see_new_content_only_once_it_is_published(lake: Lake) -> None:
    lake.release(FIRST)
    snapshot = lake.write(SECOND)
    assert (lake.read(), lake.read(snapshot), lake.read("audit")) == (
        FIRST.to_pylist(),
        SECOND.to_pylist(),
        SECOND.to_pylist(),
    )
    lake.publish(snapshot)
    assert lake.read() == SECOND.to_pylist()


def test_the_audit_branch_goes_when_it_is_published(lake: Lake) -> None:
    lake.release(FIRST)
    assert list(lake.catalog.load_table(lake.table).refs()) == ["main"]


def test_each_new_content_is_one_snapshot_upon_the_last(lake: Lake) -> None:
    first, second = lake.release(FIRST), lake.release(SECOND)
    table = lake.catalog.load_table(lake.table)
    assert [snapshot.snapshot_id for snapshot in table.snapshots()][1:] == [first, second]
    assert table.current_snapshot().parent_snapshot_id == first  # type: ignore[union-attr]


def test_the_same_content_written_twice_publishes_the_same_content(lake: Lake) -> None:
    lake.release(FIRST)
    lake.release(FIRST)
    assert lake.read() == FIRST.to_pylist()


def test_an_older_snapshot_stays_readable(lake: Lake) -> None:
    first = lake.release(FIRST)
    lake.release(SECOND)
    assert lake.read(first) == FIRST.to_pylist()


def test_what_a_halted_run_left_on_the_branch_is_gone_with_the_next(lake: Lake) -> None:
    lake.release(FIRST)
    lake.write(FIRST)
    lake.release(SECOND)
    assert lake.read() == SECOND.to_pylist()


def test_publishing_twice_changes_nothing(lake: Lake) -> None:
    snapshot = lake.release(FIRST)
    lake.publish(snapshot)
    assert tables.published(lake.catalog, lake.table) == snapshot


def test_nothing_is_published_of_a_table_that_does_not_exist(lake: Lake) -> None:
    assert tables.published(lake.catalog, lake.table) is None


def test_reading_a_table_that_does_not_exist_says_what_to_run(lake: Lake) -> None:
    with pytest.raises(LineError) as error:
        lake.read()
    assert str(error.value) == f"table '{lake.table}' does not exist: run the line's curation and features first"


def test_empty_content_never_replaces_rows(lake: Lake) -> None:
    lake.release(FIRST)
    with pytest.raises(LineError) as error:
        lake.write(FIRST.slice(0, 0))
    assert str(error.value) == (
        f"table '{lake.table}': its new content is empty, but the published one has 2 rows: "
        "correct its SELECT or its sources; an empty table never replaces rows"
    )


def test_a_table_may_begin_empty(lake: Lake) -> None:
    lake.release(FIRST.slice(0, 0))
    assert lake.read() == []


def test_a_column_may_be_added(lake: Lake) -> None:
    first = lake.release(FIRST)
    wider = SECOND.append_column("more", pa.array([1.5, None, 2.5]))
    lake.release(wider)
    assert (lake.read(), lake.read(first)) == (wider.to_pylist(), FIRST.to_pylist())


def test_a_number_may_widen_and_stays_wide(lake: Lake) -> None:
    lake.release(FIRST)
    lake.release(SECOND.set_column(1, "n", pa.array([2**40, 4, None], pa.int64())))
    lake.release(FIRST)
    assert tables.read(lake.catalog, lake.table).schema.field("n").type == pa.int64()


def test_a_breaking_change_is_told_before_anything_is_written(lake: Lake) -> None:
    lake.release(FIRST)
    assert [str(change) for change in compare(lake.catalog, lake.table, SECOND.drop_columns(["n"]))] == [
        "table 'orders': column 'n' is gone, expected INTEGER: write CAST(NULL AS INTEGER) AS n, "
        "or in line.yaml accepted_changes: {orders: {n: dropped}}"
    ]


def test_an_accepted_change_is_written(lake: Lake) -> None:
    lake.release(FIRST)
    first = tables.published(lake.catalog, lake.table)
    lake.release(SECOND.set_column(1, "n", pa.array(["x", "y", "z"])))
    assert [row["n"] for row in lake.read()] == ["x", "y", "z"]
    assert lake.read(first) == FIRST.to_pylist()


def test_readers_see_new_columns_only_once_they_are_published(lake: Lake) -> None:
    lake.release(FIRST)
    snapshot = lake.write(SECOND.append_column("more", pa.array([1.5, None, 2.5])))
    assert lake.catalog.load_table(lake.table).schema().column_names == ["id", "n"]
    lake.publish(snapshot)
    assert lake.catalog.load_table(lake.table).schema().column_names == ["id", "n", "more"]


def test_a_snapshot_is_attached_as_a_relation(lake: Lake) -> None:
    first = lake.release(FIRST)
    lake.release(SECOND.append_column("more", pa.array([1.5, None, 2.5])))
    assert attached(lake.catalog, lake.table, first) == FIRST.to_pylist()


PARTED = pa.table({"day": pa.array([1, 1, 2], pa.int32()), "n": ["a", "b", "c"]})


def test_a_partition_is_replaced_and_the_others_stay(lake: Lake) -> None:
    lake.publish(write(lake.catalog, lake.table, PARTED, partition="day"))
    second = pa.table({"day": pa.array([1], pa.int32()), "n": ["z"]})
    snapshot = write(lake.catalog, lake.table, second, partition="day", replaced=["1"])
    lake.publish(snapshot)
    rows = sorted((row["day"], row["n"]) for row in lake.read())
    assert rows == [(1, "z"), (2, "c")]
    assert attached(lake.catalog, lake.table, snapshot, day="2") == [{"day": 2, "n": "c"}]


def test_a_partition_may_become_empty_while_others_have_rows(lake: Lake) -> None:
    lake.publish(write(lake.catalog, lake.table, PARTED, partition="day"))
    lake.publish(write(lake.catalog, lake.table, PARTED.slice(0, 0), partition="day", replaced=["2"]))
    assert [row["day"] for row in lake.read()] == [1, 1]


def test_a_table_that_becomes_partitioned_is_replaced_whole(lake: Lake) -> None:
    lake.release(PARTED)
    lake.publish(write(lake.catalog, lake.table, PARTED, partition="day"))
    assert sorted(row["n"] for row in lake.read()) == ["a", "b", "c"]
    assert len(list(lake.catalog.load_table(lake.table).scan().plan_files())) == 2


NESTED = pa.table(
    {
        "id": [1],
        "tags": [["x", None]],
        "place": [{"city": "Rome", "at": {"lat": 1.5}}],
        "counts": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    }
)


def test_nested_columns_are_stored(lake: Lake) -> None:
    snapshot = lake.release(NESTED)
    assert lake.read() == NESTED.to_pylist()
    assert attached(lake.catalog, lake.table, snapshot)[0]["place"] == {"city": "Rome", "at": {"lat": 1.5}}


def test_a_value_that_does_not_fit_its_column_names_the_select(lake: Lake) -> None:
    lake.release(FIRST)
    with pytest.raises(LineError) as error:
        lake.write(pa.table({"id": ["a"], "n": pa.array([2**63], pa.uint64())}))
    assert str(error.value).startswith("lines/shop/curation/orders.sql:")


def test_what_a_writer_said_is_kept_with_the_snapshot(lake: Lake) -> None:
    snapshot = write(lake.catalog, lake.table, FIRST, "run-7", said={"fingerprint": "f00"})
    lake.publish(snapshot)
    current = tables.current(lake.catalog, lake.table)
    assert current == tables.Published(snapshot=snapshot, rows=2, said={"fingerprint": "f00", "run": "run-7"})


def test_a_run_does_not_publish_over_another(lake: Lake) -> None:
    lake.release(FIRST)
    mine = lake.write(FIRST)
    lake.release(SECOND)
    with pytest.raises(LineError) as error:
        lake.publish(mine)
    assert str(error.value) == (
        f"table '{lake.table}': another run published it while snapshot {mine} was inspected: start the run again"
    )
    assert lake.read() == SECOND.to_pylist()


@pytest.mark.parametrize("landed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(3))
def test_a_kill_at_any_commit_leaves_readers_on_one_content_and_a_rerun_heals(
    lake: Lake, at: int, landed: bool
) -> None:
    lake.release(FIRST)
    with killed(lake.catalog, at, landed), pytest.raises(CrashError):
        lake.release(SECOND)
    assert lake.read() in (FIRST.to_pylist(), SECOND.to_pylist())
    lake.release(SECOND)
    assert lake.read() == SECOND.to_pylist()


@pytest.mark.parametrize("at", range(3))
def test_a_commit_that_another_writer_overtook_is_tried_again(lake: Lake, at: int) -> None:
    lake.release(FIRST)
    with killed(lake.catalog, at, landed=False, error=CommitFailedException("overtaken")):
        lake.release(SECOND)
    assert lake.read() == SECOND.to_pylist()


def killed(catalog: GlueCatalog, at: int, landed: bool, error: Exception | None = None) -> Any:
    """Let commit number ``at`` fail, before it reached the catalog or after."""
    stock, calls = catalog.commit_table, iter(range(1000))

    def commit(*arguments: Any, **named: Any) -> Any:
        struck = next(calls) == at
        if struck and not landed:
            raise error or CrashError
        answer = stock(*arguments, **named)
        if struck:
            raise error or CrashError
        return answer

    return patch.object(catalog, "commit_table", commit)
