"""Which tables a SELECT reads, from DuckDB's own parse of it: before any of them exists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from runtime.engine import Connection, rows, statement


def referenced(connection: Connection, sql: str, file: str) -> set[str]:
    """Return the tables in lower case, e.g. ``{'raw.flights', 'planes'}``; raises LineError naming the file.

    A common table expression is no table, but a table of the same name within its own text is.
    """
    statement(connection, sql, file)
    parsed = json.loads(rows(connection, "SELECT json_serialize_sql($sql)", {"sql": sql})[0][0])
    return set(_tables(parsed, frozenset()))


def _tables(node: Any, own: frozenset[str]) -> Iterator[str]:
    """Yield the tables below a node; ``own`` are the names that mean common table expressions there."""
    if isinstance(node, list):
        for part in node:
            yield from _tables(part, own)
    if not isinstance(node, dict):
        return
    if node.get("type") == "BASE_TABLE":
        name = ".".join(
            part for part in (node["catalog_name"], node["schema_name"], node["table_name"]) if part
        ).lower()
        if name not in own:
            yield name
    for expression in node.get("cte_map", {}).get("map", []):
        name, body = expression["key"].lower(), expression["value"]
        is_recursive = body["query_node"]["type"] == "RECURSIVE_CTE_NODE"
        yield from _tables(body, own | {name} if is_recursive else own)
        own |= {name}
    for key, part in node.items():
        if key != "cte_map":
            yield from _tables(part, own)
