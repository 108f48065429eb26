"""A line's sample world: its raw files, one request, and the ground truth that arrives later.

``lines/<line>/sample.py`` makes them, in a process of its own: what it prints, how long it takes or how it fails is no
concern of the command. What it made is kept under .assembly/ while the line's folder, the parameters and the lock are
the same.
"""

from __future__ import annotations

import importlib
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


def prepare(processes: Processes, line: str, given: Mapping[str, object], root: Path = ROOT) -> Sample:
    """Return the line's sample for these parameter values; raises LineError when its sample.py fails."""
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
            ["-m", "cli.sample", line, str(folder), values],
            subject=shown(source, root),
            environment=os.environ,
            timeout=_DEADLINE_SECONDS,
            root=root,
        )

    key = f"{line}-{fingerprint(root, ['uv.lock', f'lines/{line}'], values)}"
    return Sample(kept(root / ".assembly" / "samples", key, make))


def _make(line: str, folder: Path, given: Mapping[str, object]) -> None:
    module = importlib.import_module(f"lines.{line}.sample")
    parameters = resolve(load_bundle(line).definition.parameters, given)
    (folder / "raw").mkdir()
    module.raw(folder / "raw", parameters)
    (folder / "request.json").write_text(json.dumps(module.request(parameters), default=str), encoding="utf-8")
    with (folder / "ground_truth.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(truth, default=str) + "\n" for truth in module.ground_truth(parameters))


if __name__ == "__main__":
    try:
        _make(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
    except LineError as error:
        print(error, file=sys.stderr)
        sys.exit(TOLD)
