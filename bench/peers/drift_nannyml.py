# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["nannyml==0.13.1", "statsmodels==0.14.5", "pandas==2.2.3", "pyarrow==19.0.1"]
# ///
"""Univariate drift of the whole as one chunk; the calculator is fitted on the training rows before the time starts."""

import sys

import nannyml
import pandas as pd
from reporting import reported

folder = sys.argv[1]
reference = pd.read_parquet(f"{folder}/reference.parquet")
calculator = nannyml.UnivariateDriftCalculator(
    column_names=list(reference.columns),
    treat_as_categorical=[name for name in reference.columns if name.startswith("c")],
    continuous_methods=["kolmogorov_smirnov"],
    categorical_methods=["chi2"],
    chunk_number=1,
)
calculator.fit(reference)
with reported() as told:
    found = calculator.calculate(pd.read_parquet(f"{folder}/current.parquet"))
    alerts = found.filter(period="analysis").to_df().xs("alert", axis=1, level=2)
    told["over"] = int(alerts.iloc[0].sum())
