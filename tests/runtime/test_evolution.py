import uuid
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import Table
from pyiceberg.table.update.snapshot import ManageSnapshots

from runtime import tables
from runtime.evolution import evolve, show
from tests.moto_server import REGION, Aws
from tests.written import write

FIRST = pa.table({"id": ["a", "b"], "n": pa.array([1, 2], pa.int32()), "gone": [True, False]})


@pytest.fixture(scope="module")
def catalog(aws: Aws) -> GlueCatalog:
    aws.client("glue").create_database(DatabaseInput={"Name": "evolution"})
    return tables.catalog(warehouse=f"s3://{aws.bucket()}/warehouse", region=REGION, endpoint=aws.endpoint)


@pytest.fixture
def table(catalog: GlueCatalog) -> Table:
    name = f"evolution.orders_{uuid.uuid4().hex[:8]}"
    tables.publish(catalog, name, write(catalog, name, FIRST))
    return catalog.load_table(name)


def audit(table: Table, content: pa.Table) -> int:
    """Write the content and its columns to a branch, in one commit, and leave readers with the columns they have."""
    table.manage_snapshots().create_branch(table.refs()["main"].snapshot_id, "audit").commit()
    before = table.metadata.current_schema_id
    with table.transaction() as transaction:
        evolve(transaction, content.schema)
        transaction.overwrite(content, branch="audit")
        show(transaction, before)
    return table.refs()["audit"].snapshot_id


def publish(table: Table, snapshot: int) -> None:
    schema_id = table.snapshot_by_id(snapshot).schema_id  # type: ignore[union-attr]
    assert schema_id is not None
    with table.transaction() as transaction:
        ManageSnapshots(transaction).set_current_snapshot(snapshot).commit()
        show(transaction, schema_id)


CHANGES = [
    FIRST.append_column("more", pa.array([1.5, None])),
    FIRST.set_column(1, "n", pa.array([2**40, 2], pa.int64())),
    FIRST.drop_columns(["gone"]),
    FIRST.set_column(1, "n", pa.array(["x", "y"])),
    pa.table({"other": [1.5]}),
    FIRST.append_column("at", pa.array([[{"x": 1}], [{"x": 2}]])),
]
IDS = ["added", "widened", "dropped", "retyped", "all others", "nested"]


@pytest.mark.parametrize("content", CHANGES, ids=IDS)
def test_readers_see_new_columns_only_with_the_content_that_has_them(table: Table, content: pa.Table) -> None:
    snapshot = audit(table, content)
    current = table.catalog.load_table(table.name())
    assert current.scan().to_arrow().select(FIRST.column_names).to_pylist() == FIRST.to_pylist()
    assert current.schema().column_names == FIRST.column_names
    publish(current, snapshot)
    published = table.catalog.load_table(table.name())
    assert rows(published.scan().to_arrow(), content) == content.to_pylist()
    assert sorted(published.schema().as_arrow().names) == sorted(content.column_names)


@pytest.mark.parametrize("content", CHANGES, ids=IDS)
def test_older_snapshots_keep_their_columns(table: Table, content: pa.Table) -> None:
    before = table.refs()["main"].snapshot_id
    publish(table, audit(table, content))
    assert table.scan(snapshot_id=before).to_arrow().select(FIRST.column_names).to_pylist() == FIRST.to_pylist()


def test_a_column_that_comes_back_with_another_type_has_null_in_older_files(table: Table) -> None:
    with table.transaction() as transaction:
        evolve(transaction, pa.schema([("id", pa.string()), ("n", pa.string()), ("gone", pa.bool_())]))
    assert table.scan(selected_fields=("n",)).to_arrow().to_pylist() == [{"n": None}, {"n": None}]


def test_the_same_columns_change_nothing(table: Table) -> None:
    before = table.metadata_location
    with table.transaction() as transaction:
        evolve(transaction, FIRST.schema)
        show(transaction, table.metadata.current_schema_id)
    assert table.catalog.load_table(table.name()).metadata_location == before


def rows(found: pa.Table, expected: pa.Table) -> list[dict[str, Any]]:
    selected: list[dict[str, Any]] = found.select(expected.column_names).to_pylist()
    return selected
