from runtime import lineage
from runtime.datasets import Choice
from runtime.lineage import Explained, Origin
from tests.runtime.shop import bundle

CURATION = {
    "orders": "SELECT * FROM raw.orders",
    "customers": "WITH seen AS (SELECT customer FROM orders) SELECT * FROM seen JOIN raw.people USING (customer)",
}
LINE = bundle(curation=CURATION, features={"habits": "SELECT * FROM customers"})


def test_each_column_tells_its_select_and_every_source_behind_it() -> None:
    choice = Choice(request=["price"], views={"habits": ["spent"]})
    manifest = {"null_rates": {"habits__spent": 0.25}, "columns": [{"name": "habits__spent", "type": "number"}]}
    found = lineage.explain(LINE, choice, snapshots={"habits": 7}, columns={}, manifest=manifest)
    assert found == [
        Explained(
            name="price",
            source="request",
            origin=Origin("lines/shop/spine.sql", ["orders"], ["orders"]),
            event_time="placed",
        ),
        Explained(
            name="habits__spent",
            source="habits",
            origin=Origin("lines/shop/features/habits.sql", ["customers"], ["orders", "people"]),
            entity=["customer"],
            event_time="known_at",
            ttl_hours=72,
            snapshot=7,
            type="number",
            null_rate=0.25,
        ),
    ]


def test_a_view_whose_columns_nobody_knows_yet_is_one_row() -> None:
    found = lineage.explain(LINE, Choice(request=[], views={"habits": None}), snapshots={}, columns={})
    assert [one.name for one in found] == ["habits__*"]
