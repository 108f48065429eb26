"""``line dataset build`` and ``line dataset explain``, and ``load`` for notebooks.

from cli.dataset import load

rows = load("flights", features="origin_weather,plane:seats", first="2013-08-01", last="2013-08-08").to_pandas()
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.asked import Asked
from cli.ending import UsageError
from cli.library import Opened, open_library, opened_if_running, who
from cli.order import take_order
from cli.site import ENVIRONMENT, meant
from runtime.builder import Builder, Built, Request

if TYPE_CHECKING:
    import pyarrow as pa

    from runtime.lineage import Explained


def build(
    line: str,
    asked: Asked,
    *,
    given: Sequence[str],
    name: str,
    out: Path | None,
    as_json: bool,
    environment: str = ENVIRONMENT,
) -> int:
    """Build the dataset, or find it, and show its manifest; returns the exit status."""
    if out is not None and out.exists() and not out.is_dir():
        raise UsageError(f"--out: {str(out)!r} is a file, expected a folder: correct it")
    order = take_order(line, given=given, environment=environment)
    request = asked.request(order)
    opened = open_library(order.bundle, environment)
    built = built_by(opened, request, name)
    files = [] if out is None else opened.shelf.download(built.manifest, out)
    uri = opened.shelf.uri(built.manifest["fingerprint"])
    if as_json:
        told = {**built.manifest, "uri": uri, "reused": built.is_reused, "downloaded": [str(path) for path in files]}
        print(json.dumps(told, indent=2))
    else:
        from cli.dataset_summary import show

        show(built, uri=uri, files=files)
    return 0


def explain(line: str, asked: Asked, *, given: Sequence[str], as_json: bool, environment: str = ENVIRONMENT) -> int:
    """Show where each column of the dataset comes from; nothing is built."""
    from runtime import engine, lineage

    order = take_order(line, given=given, environment=environment)
    request = asked.request(order)
    opened = opened_if_running(order.bundle, environment)
    snapshots: Mapping[str, int] = {} if opened is None else opened.library.snapshots
    columns: dict[str, list[str]] = {}
    manifest = None
    if opened is not None:
        with engine.connect(threads=1) as connection, tempfile.TemporaryDirectory() as folder:
            published = [view for view in request.choice.views if view in snapshots]
            opened.library.attach(connection, published, Path(folder))
            for view in published:
                definition = order.bundle.definition.features[view]
                known = engine.columns(connection, view)
                columns[view] = [name for name in known if name not in {*definition.entity, definition.event_time}]
            builder = builder_of(opened, Path(folder))
            if len(published) == len(request.choice.views):
                reads = builder.reads(connection, request)
                manifest = opened.shelf.find(builder.recipe(connection, request, reads).fingerprint)
    found = lineage.explain(order.bundle, request.choice, snapshots=snapshots, columns=columns, manifest=manifest)
    if as_json:
        print(json.dumps({"line": line, "built": manifest is not None, "columns": _documents(found)}, indent=2))
    else:
        from cli.dataset_summary import show_columns

        show_columns(line, found, is_built=manifest is not None, is_running=opened is not None)
    return 0


def load(
    line: str,
    *,
    given: Sequence[str] = (),
    part: str | None = None,
    environment: str | None = None,
    name: str = "",
    **options: Any,
) -> pa.Table:
    """Return a dataset of the line as an Arrow table: the whole, or one part; built if it is not there yet.

    It is read in the running ``line up``, or, with the caller's own credentials, in an ``environment`` on AWS; where
    none is given, LINE_ENVIRONMENT may name one, as it does in a space of the workbench. Options are those of ``line
    dataset build``: ``features``, ``as_of``, ``first``, ``last``, ``task``, ``examples``.
    """
    import pyarrow as pa

    environment = environment or meant()
    order = take_order(line, given=given, environment=environment)
    opened = open_library(order.bundle, environment)
    manifest = built_by(opened, Asked(**options).request(order), name).manifest
    return pa.concat_tables(
        opened.shelf.rows(manifest, name) for name in manifest["files"] if part is None or name == part
    )


def built_by(opened: Opened, request: Request, name: str) -> Built:
    """Return the dataset of a request, found on the shelf or built; raises LineError for one that cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        return builder_of(opened, Path(folder), by=who(opened.site)).build(request, name)


def builder_of(opened: Opened, folder: Path, *, by: str = "") -> Builder:
    """Return what builds out of a library; the folder holds files meanwhile."""
    return Builder(
        shelf=opened.shelf,
        snapshots=opened.library.snapshots,
        attach=lambda connection, names: opened.library.attach(connection, names, folder),
        folder=folder,
        by=by,
    )


def _documents(found: Sequence[Explained]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]
