"""The models that contestants of the serving benchmark share, and what predicting costs without a server.

``make(folder)`` writes a LightGBM and a scikit-learn model as artefacts and request bodies; run as a script, it times
parsing and predicting a thousand rows in process, with the libraries' own calls.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
import pyarrow as pa

from runtime import artefact, histograms, manifest, models
from runtime import encoding as encodings
from runtime.formats import trained

ROWS, FEATURES, TREES, LEAVES = 50_000, 30, 100, 31
BATCH = 1000


def make(folder: Path) -> None:
    """Write ``lightgbm/`` and ``sklearn/``, artefacts as a server finds them, ``model.txt`` and the bodies."""
    import lightgbm
    from sklearn.ensemble import HistGradientBoostingClassifier

    random = np.random.default_rng(0)
    names = [f"f{i:02d}" for i in range(FEATURES)]
    rows = random.normal(size=(ROWS, FEATURES))
    labels = (rows[:, 0] + rows[:, 1] * rows[:, 2] + np.sin(rows[:, 3]) + random.normal(size=ROWS) > 0).astype(int)
    table = pa.table(dict(zip(names, rows.T, strict=True)))
    encoding = encodings.fit(table, [{"name": name, "type": "number", "source": "request"} for name in names])
    frame = encoding.frame(table)
    fitted: dict[str, Any] = {
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=TREES, num_leaves=LEAVES, verbose=-1),
        "sklearn": HistGradientBoostingClassifier(max_iter=TREES, max_leaf_nodes=LEAVES, early_stopping=False),
    }
    for name, estimator in fitted.items():
        model = trained.taken(estimator.fit(frame, labels), frame[:BATCH], "bench", "binary")
        files = artefact.packed(
            model, encoding, histograms.reference(frame, models.scores(model, frame, "binary")), name
        )
        sealed = manifest.Manifest(
            line="bench",
            run="run",
            variant=name,
            files={file: manifest.digest(body) for file, body in files.items()},
            dataset={},
            code={},
            parameters={},
            metrics={},
            columns=tuple(names),
            format=artefact.format_of(model),
        )
        (folder / name).mkdir()
        for file, body in {**files, manifest.NAME: sealed.encoded()}.items():
            (folder / name / file).write_bytes(body)
    (folder / "model.txt").write_bytes((folder / "lightgbm" / "model.txt").read_bytes())
    chosen = [dict(zip(names, row, strict=True)) for row in rows[:BATCH].tolist()]
    for count, name in ((1, "one"), (BATCH, "batch")):
        (folder / f"{name}.json").write_text(json.dumps({"instances": chosen[:count]}))
        (folder / f"{name}.mlflow.json").write_text(json.dumps({"dataframe_records": chosen[:count]}))


def main() -> None:
    folder = Path(sys.argv[1])
    import lightgbm
    import msgspec

    booster = lightgbm.Booster(model_file=str(folder / "model.txt"))
    estimator = artefact.read_folder(folder / "sklearn").model
    body = (folder / "batch.json").read_bytes()
    names = booster.feature_name()

    def matrix(parse: Callable[[bytes], Any]) -> Any:
        return np.array([[row[name] for name in names] for row in parse(body)["instances"]])

    rows = matrix(json.loads)
    import pandas as pd

    frame = pd.DataFrame(rows, columns=names)
    told = {
        "parse, json": _milliseconds(lambda: matrix(json.loads)),
        "parse, msgspec": _milliseconds(lambda: matrix(msgspec.json.decode)),
        "predict, lightgbm": _milliseconds(lambda: booster.predict(rows, num_threads=1)),
        "predict, sklearn": _milliseconds(lambda: estimator.predict_proba(frame)),
    }
    print(json.dumps(told))


def _milliseconds(call: Callable[[], object], times: int = 40) -> float:
    call()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return round(1000 * statistics.median(taken), 2)


if __name__ == "__main__":
    main()
