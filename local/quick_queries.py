"""Queries of DynamoDB that look at the items of their partition, not at every item of the table.

moto 5.2.5 puts all items of a table in order before it looks for those of one partition, and for an index, too
(``dynamodb/models/table.py``, query and all_items): with a hundred thousand items each query takes seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models.table import Table

if TYPE_CHECKING:
    from local.patches import Patches
    from local.server import EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    """Have a query cost what its partition is long."""
    replace(aws.patches)


def replace(patches: Patches) -> None:
    """Give moto's query only what may be in its answer; it looks at that as it looks at everything."""
    stock_query, stock_items = Table.query, Table.all_items
    near = threading.local()

    def query(self: Any, hash_key: Any, range_comparison: Any, range_objs: Any, *more: Any, **asked: Any) -> Any:
        index = asked.get("index_name") or (more[4] if len(more) > _INDEX else None)
        near.items = (
            _of_index(self, asked.get("hash_key_conditions") or ())
            if index
            else _of_partition(self, hash_key, range_comparison, range_objs)
        )
        try:
            return stock_query(self, hash_key, range_comparison, range_objs, *more, **asked)
        finally:
            near.items = None

    def all_items(self: Any) -> Any:
        found = getattr(near, "items", None)
        return stock_items(self) if found is None else found

    patches.replace(Table, "query", query)
    patches.replace(Table, "all_items", all_items)


_INDEX = 4
"""Where the index's name stands among the arguments after the first three."""


def _of_partition(table: Any, hash_key: Any, comparison: str | None, values: Sequence[Any]) -> list[Any] | None:
    """Return the items of a partition, those alone whose sort key begins as it must; None where moto has to look."""
    if hash_key is None or not table.range_key_attr:
        return None
    found = list(table.items.get(hash_key, {}).values())
    if comparison == "BEGINS_WITH" and values and values[0].type == "S":
        first = values[0].value
        return [item for item in found if item.range_key.type == "S" and item.range_key.value.startswith(first)]
    return found


def _of_index(table: Any, conditions: Sequence[tuple[str, Any]]) -> list[Any] | None:
    """Return the items that an index's partition holds; None where moto has to look."""
    if not conditions or not table.range_key_attr:
        return None
    (name, wanted), *_ = conditions
    kind, value = wanted.type, wanted.value
    each = [item for partition in list(table.items.values()) for item in list(partition.values())]
    return [
        item
        for item in each
        if (told := item.attrs.get(name)) is not None and told.value == value and told.type == kind
    ]
