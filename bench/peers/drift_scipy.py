# /// script
# requires-python = ">=3.11"
# dependencies = ["scipy==1.16.3", "pandas==2.3.3", "pyarrow==21.0.0"]
# ///
"""Two-sample Kolmogorov-Smirnov for numbers, chi-squared for categories; the training rows are loaded already."""

import sys

import pandas as pd
from reporting import reported
from scipy import stats

folder, least = sys.argv[1], 0.1
reference = pd.read_parquet(f"{folder}/reference.parquet")
with reported() as told:
    current = pd.read_parquet(f"{folder}/current.parquet")
    over = 0
    for name in reference.columns:
        if name.startswith("n"):
            over += stats.ks_2samp(reference[name], current[name], method="asymp").statistic > least
        else:
            counts = pd.concat([one[name].value_counts() for one in (reference, current)], axis=1).fillna(0)
            over += stats.contingency.association(counts.to_numpy().astype(int), method="cramer") > least
    told["over"] = int(over)
