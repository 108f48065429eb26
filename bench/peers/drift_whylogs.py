# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["whylogs[viz]==1.6.4", "pandas==2.2.3", "pyarrow==19.0.1", "setuptools<80"]
# ///
"""A profile of the day beside the profile of the training rows, which is made beforehand."""

import sys

import pandas as pd
import whylogs
from reporting import reported
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

folder = sys.argv[1]
reference = whylogs.log(pd.read_parquet(f"{folder}/reference.parquet")).view()
with reported() as told:
    current = whylogs.log(pd.read_parquet(f"{folder}/current.parquet")).view()
    found = calculate_drift_scores(target_view=current, reference_view=reference, with_thresholds=True)
    told["over"] = sum(one is not None and one["drift_category"] == "DRIFT" for one in found.values())
