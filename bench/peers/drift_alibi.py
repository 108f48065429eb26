# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["alibi-detect==0.13.0", "pandas==2.2.3", "pyarrow==19.0.1"]
# ///
"""``TabularDrift``: Kolmogorov-Smirnov and chi-squared; the detector is made from the training rows beforehand."""

import sys

import numpy as np
import pandas as pd
from alibi_detect.cd import TabularDrift
from reporting import reported

folder = sys.argv[1]
reference = pd.read_parquet(f"{folder}/reference.parquet")
names = [name for name in reference.columns if name.startswith("c")]
values = {name: sorted(reference[name].unique()) for name in names}


def matrix(frame: pd.DataFrame) -> np.ndarray:
    for name in names:
        frame[name] = pd.Categorical(frame[name], categories=values[name]).codes
    return frame.to_numpy(dtype=np.float64)


places = {reference.columns.get_loc(name): None for name in names}
detector = TabularDrift(matrix(reference), p_val=1e-6, categories_per_feature=places)
with reported() as told:
    found = detector.predict(matrix(pd.read_parquet(f"{folder}/current.parquet")), drift_type="feature")
    told["over"] = int(found["data"]["is_drift"].sum())
