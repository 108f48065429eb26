import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import LineError
from runtime.schemas import agreed_schema, changes, plain, stored

UTC = pa.timestamp("us", "UTC")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (pa.int8(), pa.int32()),
        (pa.uint32(), pa.int64()),
        (pa.decimal128(38, 0), pa.int64()),
        (pa.large_string(), pa.string()),
        (pa.timestamp("ns"), pa.timestamp("us")),
        (pa.timestamp("us", "Etc/UTC"), UTC),
        (pa.dictionary(pa.int8(), pa.string()), pa.string()),
        (pa.decimal128(10, 2), pa.decimal128(10, 2)),
        (UTC, UTC),
        (pa.list_(pa.int8()), pa.list_(pa.field("element", pa.int32()))),
        (pa.struct([("a", pa.int16())]), pa.struct([("a", pa.int32())])),
        (pa.map_(pa.large_string(), pa.uint8()), pa.map_(pa.string(), pa.int32())),
    ],
)
def test_types_become_those_that_a_table_has(given: pa.DataType, kept: pa.DataType) -> None:
    assert plain(pa.schema([("x", given)])).field("x").type == kept


def test_a_column_without_a_type_is_named() -> None:
    with pytest.raises(LineError) as error:
        stored(pa.schema([("x", pa.null())]), "db.shop_orders")
    assert str(error.value) == (
        "table 'db.shop_orders': column 'x' has the type null, which no table can hold: "
        "cast it, for example to double or varchar"
    )


@pytest.mark.parametrize(
    ("was", "now", "kind", "severity"),
    [
        (pa.int32(), pa.int64(), "widened", "info"),
        (pa.float32(), pa.float64(), "widened", "info"),
        (pa.decimal128(10, 2), pa.decimal128(12, 2), "widened", "info"),
        (pa.int64(), pa.int32(), "narrowed", "info"),
        (pa.decimal128(12, 2), pa.decimal128(10, 2), "narrowed", "info"),
        (pa.decimal128(10, 2), pa.decimal128(12, 3), "retyped", "error"),
        (pa.int32(), pa.float64(), "retyped", "error"),
        (pa.float64(), pa.int64(), "retyped", "error"),
        (pa.date32(), pa.timestamp("us"), "retyped", "error"),
        (pa.timestamp("us"), UTC, "retyped", "error"),
        (pa.string(), pa.int32(), "retyped", "error"),
        (pa.list_(pa.int32()), pa.int32(), "retyped", "error"),
    ],
)
def test_another_type_is_safe_or_breaks_readers(was: Any, now: Any, kind: str, severity: str) -> None:
    (change,) = changes(pa.schema([("x", now)]), pa.schema([("x", was)]), "orders")
    assert (change.column, change.kind, change.severity) == ("x", kind, severity)


def test_columns_come_and_go() -> None:
    new, published = pa.schema([("b", pa.int32()), ("c", pa.string())]), pa.schema([("a", UTC), ("b", pa.int32())])
    assert [(change.column, change.kind, change.severity) for change in changes(new, published, "orders")] == [
        ("a", "dropped", "error"),
        ("c", "added", "info"),
    ]


def test_the_order_of_columns_is_no_change() -> None:
    new, published = (pa.schema([(name, pa.int32()) for name in order]) for order in ("ba", "ab"))
    assert (changes(new, published, "orders"), agreed_schema(new, published)) == ([], published)


def test_a_column_that_may_now_be_null_is_a_warning() -> None:
    published = pa.schema([pa.field("a", pa.int32(), nullable=False)])
    (change,) = changes(pa.schema([("a", pa.int32())]), published, "orders")
    assert (change.kind, change.severity, change.keep) == ("nullability", "warning", "coalesce(a, <value>) AS a")


def test_nested_changes_are_named_by_their_path() -> None:
    def schema(*fields: tuple[str, pa.DataType]) -> pa.Schema:
        return pa.schema([("at", pa.list_(pa.struct(fields))), ("rates", pa.map_(pa.string(), fields[0][1]))])

    new = schema(("n", pa.int64()), ("more", pa.string()))
    published = schema(("n", pa.int32()), ("gone", pa.string()))
    assert [(change.column, change.kind) for change in changes(new, published, "orders")] == [
        ("at.element.n", "widened"),
        ("at.element.gone", "dropped"),
        ("at.element.more", "added"),
        ("rates.value", "widened"),
    ]


@pytest.mark.parametrize(
    ("new", "published", "told"),
    [
        (
            {"price": pa.string()},
            {"price": pa.float64()},
            "table 'orders': column 'price' is VARCHAR, expected DOUBLE as published: write "
            "CAST(price AS DOUBLE) AS price, or in line.yaml accepted_changes: {orders: {price: VARCHAR}}",
        ),
        (
            {"id": pa.string()},
            {"id": pa.string(), "delay": pa.int32()},
            "table 'orders': column 'delay' is gone, expected INTEGER: write "
            "CAST(NULL AS INTEGER) AS delay, or in line.yaml accepted_changes: {orders: {delay: dropped}}",
        ),
        (
            {"dep_delay": pa.int32(), "dept": pa.string()},
            {"delay": pa.int32()},
            "table 'orders': column 'delay' is gone, expected INTEGER: write "
            "dep_delay AS delay, or in line.yaml accepted_changes: {orders: {delay: dropped}}",
        ),
        (
            {"place": pa.struct([("city", pa.string())])},
            {"place": pa.struct([("city", pa.string()), ("zip code", pa.decimal128(5, 0))])},
            "table 'orders': column 'place.zip code' is gone, expected DECIMAL(5,0): write "
            'CAST(place AS STRUCT("city" VARCHAR, "zip code" DECIMAL(5,0))) AS place, or in line.yaml '
            'accepted_changes: {orders: {"place.zip code": dropped}}',
        ),
    ],
)
def test_a_breaking_change_tells_both_ways_on(new: dict[str, Any], published: dict[str, Any], told: str) -> None:
    assert [
        str(change) for change in changes(pa.schema(new), pa.schema(published), "orders") if change.severity == "error"
    ] == [told]


def test_just_the_change_that_is_meant_is_accepted() -> None:
    published = pa.schema({"a": pa.int32(), "b": pa.decimal128(9, 2), "c": pa.int32(), "d": pa.int32()})
    new = pa.schema({"a": pa.string(), "b": pa.decimal128(9, 3), "c": pa.string()})
    accepted = {"a": "varchar", "b": "DECIMAL(9, 3)", "c": "DOUBLE", "d": "dropped"}
    assert [
        (change.column, change.severity, change.accepted, change.proposal)
        for change in changes(new, published, "orders", accepted)
        if change.severity != "error" or change.accepted
    ] == [("a", "info", True, ""), ("b", "info", True, ""), ("d", "info", True, "")]


def test_a_change_is_a_finding_that_halts() -> None:
    (change,) = changes(pa.schema({"n": pa.string()}), pa.schema({"n": pa.int32()}), "orders")
    result = change.result()
    assert (result.severity, result.passed, str(result), result.proposal) == (
        "error",
        False,
        "orders.n schema: expected INTEGER as published, found VARCHAR (retyped)",
        "CAST(n AS INTEGER) AS n, or in line.yaml accepted_changes: {orders: {n: VARCHAR}}",
    )


def test_an_accepted_change_is_a_finding_that_passed() -> None:
    (change,) = changes(pa.schema({"m": pa.string()}), pa.schema({"m": pa.int32()}), "orders", {"m": "VARCHAR"})
    assert (change.result().passed, change.result().observed) == (True, "VARCHAR (retyped, accepted)")


MOMENT = dt.datetime(2024, 3, 31, 1, 30, 0, 7, tzinfo=dt.UTC)
SIMPLE: dict[Any, Any] = {
    pa.int32(): 2**31 - 1,
    pa.int64(): 2**63 - 1,
    pa.float32(): 0.5,
    pa.float64(): 0.1,
    pa.string(): "ø",
    pa.bool_(): True,
    pa.date32(): MOMENT.date(),
    pa.timestamp("us"): MOMENT.replace(tzinfo=None),
    UTC: MOMENT,
}
decimals = st.tuples(st.integers(1, 37), st.integers(0, 3)).map(lambda n: pa.decimal128(max(n), min(n)))
types = st.recursive(
    st.sampled_from(list(SIMPLE)) | decimals,
    lambda inner: st.one_of(
        inner.map(lambda kind: pa.list_(pa.field("element", kind))),
        inner.map(lambda kind: pa.map_(pa.string(), kind)),
        st.dictionaries(st.sampled_from("xyz"), inner, min_size=1).map(lambda fields: pa.struct(list(fields.items()))),
    ),
    max_leaves=4,
)
schemas = st.dictionaries(st.sampled_from("abcdef"), types, min_size=1).map(pa.schema)


def wider(kind: Any) -> Any:
    """The type that every number in a type may grow into."""
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, wider(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(pa.field("element", wider(kind.value_type)))
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, wider(kind.item_type))
    if pa.types.is_decimal(kind):
        return pa.decimal128(kind.precision + 1, kind.scale) if kind.precision < 37 else kind
    return {pa.int32(): pa.int64(), pa.float32(): pa.float64()}.get(kind, kind)


def value(kind: Any) -> Any:
    """A value of a type that every wider type must keep."""
    if pa.types.is_struct(kind):
        return {field.name: value(field.type) for field in kind}
    if pa.types.is_list(kind):
        return [value(kind.value_type), None]
    if pa.types.is_map(kind):
        return [("key", value(kind.item_type))]
    return Decimal(1).scaleb(-kind.scale) if pa.types.is_decimal(kind) else SIMPLE[kind]


@given(schemas)
def test_the_same_columns_are_no_change(schema: pa.Schema) -> None:
    assert (changes(schema, schema, "t"), agreed_schema(schema, schema)) == ([], schema)


@given(schemas)
def test_a_widened_table_holds_the_old_content_without_loss(schema: pa.Schema) -> None:
    wide = pa.schema([pa.field(field.name, wider(field.type)) for field in schema])
    assert {change.kind for change in changes(wide, schema, "t")} <= {"widened"}
    content = pa.table({field.name: pa.array([value(field.type), None], field.type) for field in schema})
    for narrow, published in ((schema, wide), (wide, schema)):
        assert agreed_schema(narrow, published) == wide
    assert content.cast(wide).cast(schema).equals(content)


@given(schemas, schemas)
def test_content_fits_what_is_agreed_without_loss(new: pa.Schema, published: pa.Schema) -> None:
    agreed = agreed_schema(new, published)
    content = pa.table({field.name: pa.array([value(field.type), None], field.type) for field in new})
    assert content.select(agreed.names).cast(agreed).select(new.names).cast(new).equals(content)
    after = changes(new, agreed, "t")
    assert {change.kind for change in after} <= {"narrowed"}
    assert not any(change.severity == "error" for change in after)


@given(schemas, schemas)
def test_what_every_change_accepts_is_accepted(new: pa.Schema, published: pa.Schema) -> None:
    breaking = [change for change in changes(new, published, "t") if change.severity == "error"]
    accepted = {change.column: change.now or "dropped" for change in breaking}
    after = changes(new, published, "t", accepted)
    assert [change.column for change in after if change.accepted] == [change.column for change in breaking]
    assert not any(change.severity == "error" for change in after)


@given(schemas, schemas)
def test_a_table_must_change_when_a_safe_change_says_so(new: pa.Schema, published: pa.Schema) -> None:
    found = changes(new, published, "t")
    if not any(change.severity == "error" for change in found):
        differs = agreed_schema(new, published) != published
        assert differs == any(change.kind in {"added", "widened"} for change in found)
