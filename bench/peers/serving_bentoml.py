# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm==4.7.0", "bentoml==1.4.40"]
# ///
"""``bentoml serve`` of one API over the same LightGBM model."""

import os
import sys
import tempfile
from pathlib import Path

port, folder = sys.argv[1:3]
service = Path(tempfile.mkdtemp()) / "service.py"
service.write_text(f"""
import bentoml, lightgbm, numpy


@bentoml.service(workers=1)
class Served:
    def __init__(self) -> None:
        self.booster = lightgbm.Booster(model_file={folder + "/model.txt"!r})
        self.names = self.booster.feature_name()

    @bentoml.api(route="/invocations")
    def predict(self, instances: list[dict[str, float]]) -> dict[str, list[dict[str, float]]]:
        rows = numpy.array([[row[name] for name in self.names] for row in instances], dtype=float)
        scores = self.booster.predict(rows, num_threads=1).tolist()
        return {{"predictions": [{{"score": score}} for score in scores]}}
""")
os.chdir(service.parent)
os.execv(
    sys.executable, [sys.executable, "-m", "bentoml", "serve", "service:Served", "-p", port, "--host", "127.0.0.1"]
)
