import pyarrow as pa
import pytest

from config.errors import LineError
from runtime.schemas import plain, stored


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (pa.int8(), pa.int32()),
        (pa.uint32(), pa.int64()),
        (pa.decimal128(38, 0), pa.int64()),
        (pa.large_string(), pa.string()),
        (pa.timestamp("ns"), pa.timestamp("us")),
        (pa.dictionary(pa.int8(), pa.string()), pa.string()),
        (pa.decimal128(10, 2), pa.decimal128(10, 2)),
        (pa.timestamp("us", "UTC"), pa.timestamp("us", "UTC")),
    ],
)
def test_types_become_those_that_a_table_has(given: pa.DataType, kept: pa.DataType) -> None:
    assert plain(pa.schema([("x", given)])).field("x").type == kept


def test_a_column_without_a_type_is_named() -> None:
    with pytest.raises(LineError) as error:
        stored(pa.table({"x": pa.nulls(2)}), "db.shop_orders")
    assert str(error.value) == (
        "table 'db.shop_orders': column 'x' has the type null, which no table can hold: "
        "cast it, for example to double or varchar"
    )


def test_a_number_that_no_column_can_hold_is_told() -> None:
    with pytest.raises(LineError, match=r"^table 'db.shop_orders': .*: cast the column in its SELECT$"):
        stored(pa.table({"x": pa.array([2**63], pa.uint64())}), "db.shop_orders")
