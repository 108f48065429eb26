"""What a run made of what: source objects, snapshots, dataset, model, predictions, channels; as rows and as a graph."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from runtime import splits
from runtime.plan import Plan
from runtime.receipts import Receipt

COLUMNS = ("sources", "curated", "features", "dataset", "model", "predictions", "channels")
_MOST = 12
"""Nodes of a column that the graph draws; the table has them all."""
_WIDTH, _GAP, _HEIGHT, _LINE = 128, 24, 40, 52
_LONGEST = 19
_OBJECTS = 20


@dataclass(frozen=True)
class Node:
    """Something that a run read or made; ``id`` names exactly which, e.g. a snapshot."""

    column: str
    name: str
    id: str
    detail: str = ""
    fresh: bool = False
    """Whether an earlier run had made it already."""
    objects: Sequence[str] = ()
    """Of a source: the objects that were read, with their versions."""
    more: int = 0
    """How many objects more there are."""


def nodes(found: Mapping[str, Receipt]) -> list[Node]:
    """Return what a run's receipts tell of, column by column."""
    return list(_nodes(found))


def _nodes(found: Mapping[str, Receipt]) -> Iterator[Node]:
    outputs = {name: receipt.outputs for name, receipt in found.items()}
    is_skipped = {name: receipt.status == "skipped" for name, receipt in found.items()}
    for name, told in (outputs.get("curation", {}).get("sources") or {}).items():
        yield _source(name, told)
    for column, station, key in (("curated", "curation", "tables"), ("features", "features", "views")):
        for name, told in (outputs.get(station, {}).get(key) or {}).items():
            yield _table(column, name, told, fresh=is_skipped.get(station, False) or bool(told.get("fresh")))
    dataset = outputs.get(splits.RECEIPT, {})
    if dataset.get("fingerprint"):
        rows = dataset.get("rows")
        sizes = ", ".join(f"{part} {count:,}" for part, count in rows.items()) if isinstance(rows, dict) else ""
        yield Node("dataset", "dataset", str(dataset["fingerprint"]), sizes, bool(dataset.get("reused")))
    training, release = outputs.get("training", {}), outputs.get("release", {})
    scoring = outputs.get("scoring", {})
    if training.get("variant") or release.get("version") or scoring.get("model_version"):
        yield _model(training, release, scoring, fresh=is_skipped.get("training", False))
    if scoring.get("snapshot"):
        told = f"{scoring.get('rows', 0):,} rows of {scoring.get('score_date', '')}"
        yield Node("predictions", "predictions", str(scoring["snapshot"]), told, is_skipped.get("scoring", False))
    for name, told in (outputs.get("delivery", {}).get("channels") or {}).items():
        yield _channel(name, told, fresh=is_skipped.get("delivery", False))


def _source(name: str, told: Mapping[str, Any]) -> Node:
    objects = [f"{one['uri']} {one.get('version') or one.get('etag') or ''}".strip() for one in told.get("objects", [])]
    where = _many(told["files"], "file") if "files" in told else str(told.get("origin", ""))
    return Node(
        column="sources",
        name=name,
        id=str(told.get("fingerprint", ""))[:16],
        detail=", ".join(filter(None, [f"{told.get('rows') or 0:,} rows", where])),
        objects=objects[:_OBJECTS],
        more=max(len(objects) - _OBJECTS, 0),
    )


def _table(column: str, name: str, told: Mapping[str, Any], *, fresh: bool) -> Node:
    kept = f", {told['quarantined']:,} quarantined" if told.get("quarantined") else ""
    online = f", {told['online']:,} online" if "online" in told else ""
    rows = told.get("rows")
    return Node(column, name, str(told.get("snapshot", "")), f"{rows or 0:,} rows{online}{kept}", fresh)


def _model(training: Mapping[str, Any], release: Mapping[str, Any], scoring: Mapping[str, Any], *, fresh: bool) -> Node:
    version = release.get("version") or scoring.get("model_version")
    name = f"version {version}" if version else str(training.get("variant"))
    return Node("model", name, str(training.get("manifest_sha256", ""))[:16], str(training.get("variant", "")), fresh)


def _channel(name: str, told: Mapping[str, Any], *, fresh: bool) -> Node:
    where = str(told.get("s3") or told.get("table") or told.get("topic") or "")
    count = told.get("count")
    detail = f"{count:,} predictions" if isinstance(count, int) else ""
    return Node("channels", name, where, f"{told.get('kind', '')} {detail}".strip(), fresh)


Link = tuple[tuple[str, str], tuple[str, str]]


def links(found: Sequence[Node], plan: Plan | None) -> list[Link]:
    """Return which node was made of which: tables as the plan's SQL reads them, the later columns one of the other."""
    by_column = {column: [node.name for node in found if node.column == column] for column in COLUMNS}
    made: list[Link] = []
    if plan is not None:
        for table, statement in plan.curation.items():
            made += [(("sources", name), ("curated", table)) for name in statement.sources]
        for view, statement in plan.features.items():
            made += [(("curated", name), ("features", view)) for name in statement.tables]
        made += [(("features", view), ("dataset", "dataset")) for view in plan.views]
        if not plan.views:
            made += [(("curated", name), ("dataset", "dataset")) for name in plan.spine.tables]
    for left, right in itertools.pairwise(COLUMNS[3:]):
        made += [((left, one), (right, other)) for one in by_column[left] for other in by_column[right]]
    known = {(node.column, node.name) for node in found}
    return [link for link in made if link[0] in known and link[1] in known]


def drawn(found: Sequence[Node], made: Sequence[Link]) -> str:
    """Return the graph as SVG; every name in it is escaped. Nothing where there is nothing to draw."""
    columns = [column for column in COLUMNS if any(node.column == column for node in found)]
    if not columns:
        return ""
    places: dict[tuple[str, str], tuple[int, int]] = {}
    boxes: list[str] = []
    deepest = 1
    for i, column in enumerate(columns):
        there = [node for node in found if node.column == column]
        across = i * (_WIDTH + _GAP)
        boxes.append(f'<text class="head" x="{across}" y="14">{escape(column)}</text>')
        for j, node in enumerate(there[:_MOST]):
            places[column, node.name] = (across, 24 + j * _LINE)
            boxes += _box(node, across, 24 + j * _LINE)
        if len(there) > _MOST:
            boxes.append(f'<text x="{across}" y="{24 + _MOST * _LINE + 12}">and {len(there) - _MOST} more</text>')
        deepest = max(deepest, min(len(there), _MOST + 1))
    lines = [_line(places[one], places[other]) for one, other in made if one in places and other in places]
    width, height = len(columns) * (_WIDTH + _GAP) - _GAP, 24 + deepest * _LINE
    return (
        f'<svg class="lineage" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="What was made of what: the table below says the same">{"".join(lines)}{"".join(boxes)}</svg>'
    )


def _box(node: Node, across: int, down: int) -> Iterator[str]:
    told = f"{node.column} {node.name} {node.id} {node.detail}"
    yield f'<g class="{"fresh" if node.fresh else "made"}"><title>{escape(told)}</title>'
    yield f'<rect x="{across + 0.5}" y="{down + 0.5}" width="{_WIDTH - 1}" height="{_HEIGHT}" rx="5"/>'
    yield f'<text x="{across + 8}" y="{down + 17}">{escape(_short(node.name))}</text>'
    yield f'<text x="{across + 8}" y="{down + 32}" class="dim">{escape(_short(node.detail or node.id))}</text></g>'


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + _WIDTH, start[1] + _HEIGHT / 2
    to_x, to_y = end[0], end[1] + _HEIGHT / 2
    middle = (x + to_x) / 2
    return f'<path class="link" d="M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}"/>'


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
