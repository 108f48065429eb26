"""Our contestant: a day's rows counted in the bins of a stored reference, and every column compared with it.

``make(folder)`` writes what training leaves behind: ``encoding.json`` and ``reference.json``. Run as a script, it reads
them and Parquet of what was scored, a row group at a time, whose sketches add up; the score is a column more.
``--sketch`` takes the rows as captured events, one Python object each, as a handler counts them.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
import pyarrow.parquet as pq

from bench.peers.reporting import reported
from runtime import encoding as encodings
from runtime import histograms
from runtime.encoding import Encoding
from runtime.monitoring import shift, sketch
from runtime.monitoring.shift import Method

METHOD: Method = "psi"
THREADS = 2


def columns(names: list[str]) -> list[dict[str, str]]:
    return [
        {"name": name, "type": "category" if name.startswith("c") else "number", "source": "request"} for name in names
    ]


def table(path: Path) -> Any:
    return pq.read_table(path, read_dictionary=categories(pq.read_schema(path).names))


def categories(names: list[str]) -> list[str]:
    return [name for name in names if name.startswith("c")]


def counted(path: Path, encoding: Encoding, reference: dict[str, Any], group: int) -> sketch.Sketch:
    """Return the sketch of a row group."""
    file = pq.ParquetFile(path, read_dictionary=categories(pq.read_schema(path).names))
    frame = encoding.frame(file.read_row_group(group, use_threads=False))
    return sketch.of_profile(histograms.profile(reference, frame, np.linspace(0, 1, len(frame))))


def make(folder: Path) -> None:
    rows = table(folder / "reference.parquet")
    encoding = encodings.fit(rows, columns(rows.column_names))
    frame = encoding.frame(rows)
    reference = histograms.reference(frame, np.linspace(0, 1, len(frame)))
    (folder / "encoding.json").write_bytes(encoding.encoded())
    (folder / "reference.json").write_text(json.dumps(reference))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    encoding = encodings.decode((folder / "encoding.json").read_bytes())
    reference = json.loads((folder / "reference.json").read_text())
    if "--sketch" in sys.argv:
        rows = table(folder / "current.parquet")
        events = rows.append_column("score", [np.linspace(0, 1, rows.num_rows)]).to_pylist()
        with reported() as told:
            plan = sketch.Plan(reference)
            parts = [sketch.of(plan, events[i : i + 100]) for i in range(0, len(events), 100)]
            found = shift.compare(reference, sketch.merge(parts), method=METHOD)
            told["over"] = sum(one["over"] for one in found.values())
    else:
        with reported() as told, ThreadPoolExecutor(THREADS) as pool:
            groups = range(pq.ParquetFile(folder / "current.parquet").num_row_groups)
            parts = list(pool.map(partial(counted, folder / "current.parquet", encoding, reference), groups))
            found = shift.compare(reference, sketch.merge(parts), method=METHOD)
            told["over"] = sum(one["over"] for one in found.values())
