"""A line's sample world: its raw files, one request, and the ground truth that arrives later.

``lines/<line>/sample.py`` makes them, in a process of its own: what it prints, how long it takes or how it fails is no
concern of the command. What it made is kept under .assembly/ while the line's folder, the parameters and the lock are
the same.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.children import TOLD, run_python
from cli.kept import fingerprint, kept
from config.errors import LineError
from config.loading import ROOT, load_bundle
from config.parameters import resolve
from config.reading import shown
from local.processes import Processes

_DEADLINE_SECONDS = 600


@dataclass(frozen=True)
class Sample:
    """A folder with ``raw/<source>/<file>.csv``, ``request.json`` and ``ground_truth.jsonl``."""

    folder: Path

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def request(self) -> dict[str, Any]:
        """One request to the REST channel."""
        found: dict[str, Any] = json.loads((self.folder / "request.json").read_text(encoding="utf-8"))
        return found

    @property
    def ground_truth(self) -> list[dict[str, Any]]:
        """What became of the scored examples: ``id``, ``label`` and ``event_time`` each."""
        with (self.folder / "ground_truth.jsonl").open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]


def prepare(
    processes: Processes, line: str, given: Mapping[str, object], root: Path = ROOT, *, scale: int = 1
) -> Sample:
    """Return the line's sample for these parameter values; raises LineError when its sample.py fails.

    ``scale`` is how many times as many raw rows there are; what is asked and told stays that of scale 1.
    """
    source = root / "lines" / line / "sample.py"
    if not source.is_file():
        raise LineError(
            f"{shown(source, root)} is missing, expected raw(directory, parameters), ground_truth(parameters) and "
            "request(parameters): add it"
        )
    values = json.dumps(given, sort_keys=True, default=str)

    def make(folder: Path) -> None:
        run_python(
            processes,
            ["-m", "cli.sample", line, str(folder), values, str(scale)],
            subject=shown(source, root),
            environment=os.environ,
            timeout=_DEADLINE_SECONDS,
            root=root,
        )

    times = [f"scale {scale}"] if scale != 1 else []
    key = f"{line}-{fingerprint(root, ['uv.lock', f'lines/{line}'], values, *times)}"
    return Sample(kept(root / ".assembly" / "samples", key, make))


def _make(line: str, folder: Path, given: Mapping[str, object], scale: int) -> None:
    module = importlib.import_module(f"lines.{line}.sample")
    parameters = resolve(load_bundle(line).definition.parameters, given)
    (folder / "raw").mkdir()
    if scale == 1:
        module.raw(folder / "raw", parameters)
    elif "scale" in inspect.signature(module.raw).parameters:
        module.raw(folder / "raw", parameters, scale=scale)
    else:
        raise LineError(
            f"lines/{line}/sample.py: raw(directory, parameters) makes no more data than it has, expected "
            "raw(directory, parameters, scale=1) that writes `scale` times as many rows: add it (docs/scale.md)"
        )
    (folder / "request.json").write_text(json.dumps(module.request(parameters), default=str), encoding="utf-8")
    with (folder / "ground_truth.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(truth, default=str) + "\n" for truth in module.ground_truth(parameters))


if __name__ == "__main__":
    try:
        _make(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4]))
    except LineError as error:
        print(error, file=sys.stderr)
        sys.exit(TOLD)
