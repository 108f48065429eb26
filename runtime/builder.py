"""The dataset builder: from a request to a dataset on the shelf, computed only where it is not there yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from config.bundle import Bundle
from config.errors import LineError
from config.parameters import Value
from runtime import engine, examples_file, leakage, parts, spine
from runtime.curation import file_of
from runtime.datasets import Choice, Joined
from runtime.engine import Connection, listed
from runtime.examples_file import ExamplesFile
from runtime.features import sources_of
from runtime.recipe import Recipe, digest, recipe
from runtime.shelf import Shelf
from runtime.spine import Task
from runtime.windows import Window, split_windows

FIGURES = ("positives", "label_means")
"""What a manifest says of the labels of each part, by task."""
ALL = "examples"
"""The part of a dataset that is not split."""
Attach = Callable[[Connection, Sequence[str]], None]


@dataclass(frozen=True)
class Request:
    """What is asked for. ``windows`` are its parts; one named ``examples`` is a dataset that is not split."""

    bundle: Bundle
    parameters: Mapping[str, Value]
    choice: Choice
    windows: Mapping[str, Window]
    task: Task = "binary"
    as_of: dt.datetime | None = None
    file: ExamplesFile | None = None
    """Examples in place of the line's spine."""

    @classmethod
    def of(cls, bundle: Bundle, parameters: Mapping[str, Value]) -> Request:
        """Return the request for the line's own training dataset."""
        line = bundle.definition
        return cls(
            bundle=bundle,
            parameters=parameters,
            choice=Choice.of(line),
            windows=split_windows(line, parameters),
            task=line.dataset.task,
        )

    @property
    def label(self) -> str | None:
        return None if self.task == "none" else self.bundle.definition.dataset.label


@dataclass(frozen=True)
class Built:
    """A dataset's manifest, and whether it lay on the shelf already."""

    manifest: dict[str, Any]
    is_reused: bool


@dataclass(frozen=True)
class Builder:
    """Builds datasets of one line out of published snapshots.

    ``attach`` makes snapshots' rows relations of a database by their plain names; ``folder`` holds files meanwhile.
    """

    shelf: Shelf
    snapshots: Mapping[str, int]
    attach: Attach
    folder: Path
    run: str = ""
    """The run that builds, for the manifest."""
    by: str = ""
    """Who builds where no run does, for the manifest."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """For ``engine.connect``."""

    def build(self, request: Request, name: str = "") -> Built:
        """Return the dataset that the request describes; raises LineError for one that does not hold together."""
        with engine.connect(folder=self.folder, **self.settings) as connection:
            reads = self.reads(connection, request)
            wanted = self.recipe(connection, request, reads)
            found = self.shelf.find(wanted.fingerprint)
            if found is not None:
                return Built(found, is_reused=True)
            if request.file is not None:
                examples_file.load(connection, request.file)
            engine.seal(connection, self.folder)
            self.attach(connection, reads)
            return Built(self._made(connection, request, wanted, name), is_reused=False)

    def reads(self, connection: Connection, request: Request) -> list[str]:
        """Return the tables that the request reads; raises LineError for one that was never published."""
        views = set(request.choice.views)
        curated = set(self.snapshots) - set(request.bundle.definition.features)
        if request.file is None:
            file = spine.spine_file(self.shelf.line)
            views |= sources_of(connection, sql=request.bundle.spine, file=file, curated=curated)
        for table in sorted(views - set(self.snapshots)):
            raise LineError(
                f"table {table!r} of line {self.shelf.line!r} was never published, published are "
                f"{listed(dict(self.snapshots))}: let `line run {self.shelf.line}` publish it first"
            )
        return sorted(views)

    def recipe(self, connection: Connection, request: Request, reads: Sequence[str]) -> Recipe:
        """Return what decides the dataset."""
        if request.file is not None:
            bound: Mapping[str, Value] = {}
            origin = {"file": request.file.sha256}
        else:
            select = engine.statement(connection, request.bundle.spine, spine.spine_file(self.shelf.line))
            bound = {name: request.parameters[name] for name in select.named_parameters if name in request.parameters}
            origin = {"spine": digest(request.bundle.spine)}
        return recipe(
            request.bundle.definition,
            request.choice,
            task=request.task,
            examples=origin,
            windows=request.windows,
            as_of=request.as_of,
            parameters=bound,
            snapshots={name: self.snapshots[name] for name in reads},
        )

    def _made(self, connection: Connection, request: Request, wanted: Recipe, name: str) -> dict[str, Any]:
        line = request.bundle.definition
        subject = self.examples(connection, request)
        label = request.label
        joined = Joined(connection, line, request.choice, task=request.task, subject=subject)
        keep = [line.dataset.id, line.dataset.event_time, *([label] if label else [])]
        written = parts.write(
            joined.chunks(keep),
            self.folder,
            windows=request.windows,
            event_time=line.dataset.event_time,
            label=label,
            counted=[column.name for column in joined.columns],
        )
        self.check_rows(request, written, subject)
        manifest = {
            "name": name,
            "fingerprint": wanted.fingerprint,
            "run": self.run,
            "by": self.by,
            "built_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            **asdict(wanted),
            "columns": [asdict(column) for column in joined.columns],
            "rows": {part: each.rows for part, each in written.items()},
            "unlabelled": sum(each.unlabelled for each in written.values()),
            "null_rates": next(iter(written.values())).null_rates,
            "ages": {view: ages.hours() for view, ages in joined.ages.items()},
            "warnings": leakage.warnings(request, joined, written),
            "sql": _sql(request),
        }
        if request.task == "binary":
            manifest["positives"] = {part: round(each.total) for part, each in written.items()}
        if request.task == "regression":
            manifest["label_means"] = {part: each.total / each.rows for part, each in written.items()}
        return self.shelf.put(manifest, written)

    def examples(self, connection: Connection, request: Request) -> str:
        """Make the table of examples; return where a user finds them."""
        line, views = request.bundle.definition, list(request.choice.views)
        if request.file is not None:
            examples_file.build(
                connection,
                request.file,
                line=line,
                views=views,
                request=request.choice.request,
                windows=list(request.windows.values()),
                task=request.task,
                as_of=request.as_of,
            )
            return str(request.file.path)
        spine.build(
            connection,
            bundle=request.bundle,
            parameters=request.parameters,
            windows=list(request.windows.values()),
            views=views,
            task=request.task,
            as_of=request.as_of,
        )
        return spine.spine_file(line.line)

    def check_rows(self, request: Request, written: Mapping[str, parts.Part], subject: str) -> None:
        kind = "row" if request.task == "none" else "labelled row"
        for part, each in written.items():
            if each.rows:
                continue
            before = "" if request.as_of is None else f", known as of {request.as_of:%Y-%m-%d %H:%M}"
            if part == ALL:
                raise LineError(
                    f"{subject}: no {kind} lies in {request.windows[part]}{before}: choose another time range or moment"
                )
            raise LineError(
                f"lines/{self.shelf.line}/line.yaml: dataset.split.{part}: no {kind} of the spine lies in "
                f"{request.windows[part]}{before}: correct the parameters or the sources"
            )


def _sql(request: Request) -> dict[str, str]:
    """Return every SELECT that the dataset comes from, by its file."""
    bundle, line = request.bundle, request.bundle.definition.line
    texts = {file_of(line, "features", view): bundle.features[view] for view in request.choice.views}
    texts |= {file_of(line, "curation", table): sql for table, sql in bundle.curation.items()}
    if request.file is None:
        texts[spine.spine_file(line)] = bundle.spine
    return texts
