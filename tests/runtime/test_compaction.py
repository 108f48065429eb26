import math
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform

from runtime import compaction, engine
from tests.moto_server import Aws
from tests.runtime.lake import Lake, rows

UTC = pa.timestamp("us", "UTC")
TYPES = pa.schema(
    [
        ("id", pa.int64()),
        ("price", pa.decimal128(21, 2)),
        ("at", UTC),
        ("wall", pa.timestamp("us")),
        ("day", pa.date32()),
        ("ratio", pa.float64()),
        ("small", pa.float32()),
        ("text", pa.string()),
        ("raw", pa.binary()),
        ("flag", pa.bool_()),
        ("tags", pa.list_(pa.struct([("n", pa.int32())]))),
        ("place", pa.struct([("city", pa.string()), ("zip", pa.int32())])),
        ("rates", pa.map_(pa.string(), pa.float64())),
    ]
)


@pytest.fixture
def lake(aws: Aws) -> Lake:
    made = Lake(aws)
    made.create()
    return made


def compact(table: Table, folder: Path, *order: str) -> compaction.Compaction:
    planned = compaction.plan(table)
    compaction.compact(table, planned, order=order, folder=folder)
    return planned


def paths(table: Table) -> list[str]:
    return [task.file.file_path for task in table.scan().plan_files()]


def stored(table: Table) -> list[dict[str, Any]]:
    """Return the rows file by file, as Parquet has them and in that order."""
    return [row for path in paths(table) for row in pq.read_table(table.io.new_input(path).open()).to_pylist()]


def test_small_files_become_one_with_the_same_rows(lake: Lake, tmp_path: Path) -> None:
    for n in range(3):
        lake.append(rows(n))
    planned = compact(lake.table(), tmp_path)
    assert (planned.files, planned.files_after, len(paths(lake.table())), lake.ids()) == (3, 1, 1, [0, 1, 2])
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_done_where_it_does_not_help(lake: Lake, tmp_path: Path) -> None:
    lake.append(rows(1))
    before = lake.table().metadata_location
    assert compact(lake.table(), tmp_path).groups == []
    assert lake.table().metadata_location == before


def test_files_of_a_good_size_stay(lake: Lake, tmp_path: Path) -> None:
    for n in range(3):
        lake.append(rows(n))
    sizes = [task.file.file_size_in_bytes for task in lake.table().scan().plan_files()]
    with patch.object(compaction, "TARGET", max(sizes)):
        assert compaction.plan(lake.table()).groups == []
        lake.append(rows(*range(10)))


def test_what_a_run_said_of_the_snapshot_is_said_of_the_new_one(lake: Lake, tmp_path: Path) -> None:
    said = {"assembly-line.run": "run-1", "assembly-line.fingerprint": "f00"}
    lake.publish(rows(1))
    lake.table().append(rows(2), snapshot_properties=said)
    before = lake.table().current_snapshot()
    compact(lake.table(), tmp_path)
    after = lake.table().current_snapshot()
    assert before is not None
    assert after is not None
    assert after.summary is not None
    assert {name: after.summary[name] for name in said} == said
    assert (after.summary["compacted-from"], after.summary["total-records"]) == (str(before.snapshot_id), "2")
    assert after.parent_snapshot_id == before.snapshot_id


def test_the_snapshot_before_stays_readable(lake: Lake, tmp_path: Path) -> None:
    lake.publish(rows(1))
    before = lake.append(rows(2))
    compact(lake.table(), tmp_path)
    assert lake.ids(before) == lake.ids() == [1, 2]


def test_every_type_comes_back_as_it_was(aws: Aws, tmp_path: Path) -> None:
    lake = Lake(aws)
    lake.create(schema=TYPES)
    empty: dict[str, Any] = dict.fromkeys(TYPES.names)
    whole = {
        "id": 2**62,
        "price": 1,
        "at": 1,
        "wall": 2,
        "day": 3,
        "ratio": math.inf,
        "small": 0.1,
        "text": "ø\0",
        "raw": b"\xff",
        "flag": True,
        "tags": [{"n": 1}, None],
        "place": {"city": "x", "zip": None},
        "rates": [("a", 1.5)],
    }
    for row in (empty, whole, {**empty, "tags": [], "rates": []}):
        lake.append(pa.Table.from_pylist([row], schema=TYPES))
    before = stored(lake.table())
    ids = [pq.read_schema(lake.table().io.new_input(path).open()) for path in paths(lake.table())]
    compact(lake.table(), tmp_path)
    assert len(paths(lake.table())) == 1
    assert sorted(map(repr, stored(lake.table()))) == sorted(map(repr, before))
    (path,) = paths(lake.table())
    assert pq.read_schema(lake.table().io.new_input(path).open()).equals(ids[0], check_metadata=True)


def test_rows_come_in_the_order_of_a_feature_view(aws: Aws, tmp_path: Path) -> None:
    lake = Lake(aws)
    schema = pa.schema([("who", pa.string()), ("at", pa.int64())])
    lake.create(schema=schema)
    for content in ([("b", 2), ("b", 3)], [("a", 9), ("b", 1)], [("a", 1), ("c", 1)]):
        lake.append(pa.table([list(column) for column in zip(*content, strict=True)], schema=schema))
    compact(lake.table(), tmp_path, "who", "at")
    assert [tuple(row.values()) for row in stored(lake.table())] == [
        *(("a", 1), ("a", 9)),
        *(("b", 1), ("b", 2), ("b", 3)),
        ("c", 1),
    ]


def test_without_an_order_rows_stay_as_they_were(lake: Lake, tmp_path: Path) -> None:
    for numbers in ((5, 3), (9, 1), (4, 7)):
        lake.append(rows(*numbers))
    before = stored(lake.table())
    compact(lake.table(), tmp_path)
    assert stored(lake.table()) == before


def test_each_partition_keeps_its_own_files(aws: Aws, tmp_path: Path) -> None:
    lake = Lake(aws)
    schema = pa.schema([("day", pa.string()), ("n", pa.int64())])
    table = lake.create(schema=schema)
    with table.update_spec() as spec:
        spec.add_field("day", IdentityTransform(), "day_part")
    for n in range(3):
        lake.append(pa.table({"day": ["mon", "tue"], "n": [n, -n]}))
    lake.append(pa.table({"day": ["wed"], "n": [7]}))
    planned = compact(lake.table(), tmp_path)
    assert (len(planned.groups), planned.files, planned.files_after) == (2, 6, 2)
    found = {task.file.partition[0]: task.file.record_count for task in lake.table().scan().plan_files()}
    assert found == {"mon": 3, "tue": 3, "wed": 1}
    tuesday = lake.table().scan(row_filter="day = 'tue'").to_arrow()["n"].to_pylist()
    assert sorted(tuesday) == [-2, -1, 0]


def test_files_with_other_columns_are_left_to_iceberg(lake: Lake, tmp_path: Path) -> None:
    lake.append(rows(1))
    with lake.table().update_schema() as update:
        update.union_by_name(Schema(*lake.table().schema().fields).as_arrow().append(pa.field("more", pa.string())))
    for n in (2, 3):
        lake.append(rows(n).append_column("more", pa.array(["x"])))
    assert compact(lake.table(), tmp_path).files == 2
    assert lake.ids() == [1, 2, 3]


def test_a_run_that_writes_comes_first(lake: Lake) -> None:
    lake.publish(rows(1))
    lake.append(rows(2))
    lake.audit(rows(3))
    assert compaction.plan(lake.table()).groups == []


def test_a_run_that_began_to_write_meanwhile_comes_first(lake: Lake, tmp_path: Path) -> None:
    lake.publish(rows(1))
    lake.append(rows(2))
    table = lake.table()
    planned = compaction.plan(table)
    audited = lake.audit(rows(3))
    with pytest.raises(CommitFailedException, match=r"^Requirement failed: a snapshot has come or gone, or a branch"):
        compaction.compact(table, planned, order=[], folder=tmp_path)
    lake.table().manage_snapshots().set_current_snapshot(audited).commit()
    assert lake.ids() == [3]


numbers = st.lists(st.integers(-(2**31), 2**31 - 1) | st.none(), max_size=8)


@given(files=st.lists(numbers, min_size=1, max_size=4), parts=st.integers(1, 4))
def test_parts_hold_the_rows_of_the_files_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[int | None]], parts: int
) -> None:
    folder = tmp_path_factory.mktemp("files")
    old = [folder / f"old-{i}.parquet" for i in range(len(files))]
    for path, values in zip(old, files, strict=True):
        pq.write_table(pa.table({"n": pa.array(values, pa.int32())}), path)
    with engine.connect(threads=1) as connection, patch.object(compaction, "_BATCH", 3):
        new = list(compaction._written(connection, old, parts=parts, order=[], stem=folder / "new"))
    assert [n for path in new for n in pq.read_table(path)["n"].to_pylist()] == [n for some in files for n in some]
    assert len(new) == parts
