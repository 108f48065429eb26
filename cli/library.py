"""The published tables and built datasets of a line, where a ``line up`` runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from cli.running import RunningSite, find
from config.bundle import Bundle
from config.errors import LineError
from runtime.library import Library
from runtime.paths import warehouse
from runtime.shelf import Shelf


@dataclass(frozen=True)
class Opened:
    """What a command reads, as the operator."""

    site: RunningSite
    outputs: dict[str, str]
    library: Library
    shelf: Shelf

    def client(self, service: str) -> Any:
        return self.site.client(service)


def open_library(bundle: Bundle) -> Opened:
    """Return the line's library at the ``line up`` that runs; raises LineError when none does."""
    opened = opened_if_running(bundle)
    if opened is None:
        line = bundle.definition.line
        raise LineError(
            f"no `line up` is running, expected one with line {line!r} in it, whose tables are read: "
            f"start it with `line up {line} --run {line}`"
        )
    return opened


def opened_if_running(bundle: Bundle) -> Opened | None:
    """Return the line's library, or None where no ``line up`` runs."""
    site = find()
    if site is None:
        return None
    line = bundle.definition.line
    outputs = site.outputs(line)
    from runtime import tables

    # pyiceberg's own S3 client takes them from here; any key is the operator's
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    s3, lake = site.client("s3"), outputs["LakeBucket"]
    catalog = tables.catalog(
        warehouse=warehouse(lake),
        region=site.region,
        endpoint=site.endpoint,
        glue=site.client("glue"),
    )
    return Opened(
        site=site,
        outputs=outputs,
        library=Library.of(catalog, s3, lake=lake, database=outputs["Database"], line=line),
        shelf=Shelf(s3, lake, line),
    )
