# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["evidently==0.7.21", "pandas==2.2.3", "pyarrow==19.0.1"]
# ///
"""The drift preset with PSI for every column; the training rows are loaded already."""

import sys

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from reporting import reported

folder = sys.argv[1]
frame = pd.read_parquet(f"{folder}/reference.parquet")
definition = DataDefinition(
    numerical_columns=[name for name in frame.columns if name.startswith("n")],
    categorical_columns=[name for name in frame.columns if name.startswith("c")],
)
reference = Dataset.from_pandas(frame, data_definition=definition)
with reported() as told:
    current = Dataset.from_pandas(pd.read_parquet(f"{folder}/current.parquet"), data_definition=definition)
    preset = DataDriftPreset(num_method="psi", cat_method="psi", num_threshold=0.2, cat_threshold=0.2)
    found = Report([preset]).run(current, reference)
    told["over"] = int(found.dict()["metrics"][0]["value"]["count"])
