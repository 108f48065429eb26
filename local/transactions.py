"""DynamoDB transactions that cost what they touch, and undo only that."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from local.fidelity import Row
from local.patches import Patches

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("DynamoDB", "transactions", "real", "all or nothing, one at a time; nothing else is isolated from them")
]

_one_at_a_time = threading.RLock()
_within = threading.local()


def install(aws: EmbeddedAws) -> None:
    """Have transactions copy the items that they touch instead of whole tables.

    moto copies each table once per item and restores the copies on a cancellation (dynamodb/models/__init__.py,
    transact_write_items): 100 writes to a table of 1,000 items take seconds, and whatever another thread wrote in
    between is lost.
    """
    replace(aws.patches)


def replace(patches: Patches) -> None:
    """Put the cheaper transactions in the place of moto's."""
    stock = DynamoDBBackend.transact_write_items

    def transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        with _one_at_a_time:
            before = [_item_before(backend, next(iter(item.values()))) for item in transact_items]
            _within.transaction = True
            try:
                stock(backend, transact_items)
            except Exception:
                for table, key, item in filter(None, before):
                    _put_back(table, key, item)
                raise
            finally:
                _within.transaction = False

    def table_copy(table: Table, memo: dict[int, Any]) -> Any:
        if getattr(_within, "transaction", False):
            return table
        twin: Any = object.__new__(type(table))
        memo[id(table)] = twin
        vars(twin).update(copy.deepcopy(vars(table), memo))
        return twin

    patches.replace(DynamoDBBackend, "transact_write_items", transact_write_items)
    patches.replace(Table, "__deepcopy__", table_copy)


Before = tuple[Table, tuple[Any, Any], Any]


def _item_before(backend: DynamoDBBackend, operation: dict[str, Any]) -> Before | None:
    """Return table, key and a copy of the item (None when there is none) that an operation will touch."""
    table = backend.tables.get(operation.get("TableName", "").rsplit("/", 1)[-1])
    attributes = operation.get("Item") or operation.get("Key") or {}
    if table is None or not {table.hash_key_attr, table.range_key_attr or table.hash_key_attr} <= set(attributes):
        return None  # moto says what is wrong with it
    hash_value = DynamoType(attributes[table.hash_key_attr])
    range_value = DynamoType(attributes[table.range_key_attr]) if table.range_key_attr else None
    return table, (hash_value, range_value), copy.deepcopy(table.get_item(hash_value, range_value))


def _put_back(table: Table, key: tuple[Any, Any], item: Any) -> None:
    hash_value, range_value = key
    if range_value is None:
        if item is None:
            table.items.pop(hash_value, None)
        else:
            table.items[hash_value] = item
    elif item is None:
        table.items[hash_value].pop(range_value, None)
    else:
        table.items[hash_value][range_value] = item
