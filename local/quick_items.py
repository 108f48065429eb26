"""Items of DynamoDB that are written by the hundred thousand, as a replay writes them.

moto 5.2.5 measures all of an item again with each of its attributes, makes six patterns for each word of a condition,
and looks for ten names in each value that it answers. Places in moto are in ``dynamodb`` unless they say more.
"""

from __future__ import annotations

import base64
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.utilities import bytesize

if TYPE_CHECKING:
    from local.patches import Patches
    from local.server import EmbeddedAws

LARGEST = 405_000
"""Bytes, as moto has it."""


def install(aws: EmbeddedAws) -> None:
    """Have items and conditions cost what they are long."""
    replace(aws.patches)


def replace(patches: Patches) -> None:
    """Put the cheaper ways in the place of moto's."""
    measure_once(patches)
    read_conditions_once(patches)
    answer_values_as_they_are(patches)


def measure_once(patches: Patches) -> None:
    """Measure a new item when it is whole (models/dynamo_type.py:304)."""

    def init(item: Any, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
        item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
        size = 0
        for key, value in attrs.items():
            given = DynamoType(value)
            size += bytesize(key) + given.size()
            dict.__setitem__(item.attrs, key, given)
        if size > LARGEST:
            raise ItemSizeTooLarge

    patches.replace(Item, "__init__", init)


def read_conditions_once(patches: Patches) -> None:
    """Split each text of a condition into words once; the values it is compared with change (comparisons.py:306)."""
    parser = ConditionExpressionParser
    stock = parser._lex_condition_expression

    @lru_cache(maxsize=512)
    def words(expression: str) -> tuple[tuple[Any, str], ...]:
        fresh = parser(expression, {}, {})
        return tuple((node.nonterminal, node.text) for node in stock(fresh))

    def lex(self: Any) -> deque[Any]:
        literal = parser.Kind.LITERAL
        return deque(
            parser.Node(nonterminal=kind, kind=literal, text=text, value=text, children=[])
            for kind, text in words(self.condition_expression)
        )

    patches.replace(parser, "_lex_condition_expression", lex)


def answer_values_as_they_are(patches: Patches) -> None:
    """Put an attribute's value, ``{"S": "x"}``, into an answer as one piece (core/serialize.py:582)."""
    stock = BaseJSONSerializer._serialize_type_structure

    def serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and type(value) is dict and len(value) == 1:
            self._default_serialize(serialized, _answered(value), shape, key)
        else:
            stock(self, serialized, value, shape, key)

    patches.replace(BaseJSONSerializer, "_serialize_type_structure", serialize)


def _answered(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, said),) = value.items()
    match kind:
        case "B":
            return {"B": _base64(said)}
        case "BS":
            return {"BS": [_base64(one) for one in said]}
        case "L":
            return {"L": [_answered(one) for one in said]}
        case "M":
            return {"M": {name: _answered(one) for name, one in said.items()}}
    return value


def _base64(said: bytes | str) -> str:
    return base64.b64encode(said.encode() if isinstance(said, str) else said).decode()
