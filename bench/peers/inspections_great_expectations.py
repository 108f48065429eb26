# /// script
# requires-python = ">=3.11"
# dependencies = ["great_expectations==1.6.4", "pandas<2.3", "pyarrow==21.0.0"]
# ///
"""The tests as expectations on a pandas frame; the two of business logic are left out, which favours it."""

import datetime as dt
import sys

import great_expectations as gx
import pandas as pd
from great_expectations import expectations as e
from reporting import reported

FROM, TO = dt.datetime(2013, 1, 1), dt.datetime(2014, 1, 1)  # noqa: DTZ001 (as the column)
context = gx.get_context(mode="ephemeral")
asset = context.data_sources.add_pandas("bench").add_dataframe_asset("orders")
batch = asset.add_batch_definition_whole_dataframe("all")
suite = gx.ExpectationSuite(
    name="orders",
    expectations=[
        e.ExpectTableRowCountToBeBetween(min_value=1000),
        e.ExpectColumnValuesToBeUnique(column="id"),
        e.ExpectColumnValuesToNotBeNull(column="id"),
        e.ExpectColumnValuesToNotBeNull(column="code"),
        e.ExpectColumnValuesToNotBeNull(column="customer"),
        e.ExpectColumnValuesToNotBeNull(column="ordered_at"),
        e.ExpectColumnValuesToNotBeNull(column="delay", mostly=0.95),
        e.ExpectColumnValuesToBeInSet(column="origin", value_set=["EWR", "JFK", "LGA"]),
        e.ExpectColumnValuesToBeInSet(column="state", value_set=["new", "paid", "sent", "back"]),
        e.ExpectColumnValuesToMatchRegex(column="code", regex="^k[0-9]{9}$"),
        e.ExpectColumnValueLengthsToBeBetween(column="code", min_value=10, max_value=10),
        e.ExpectColumnValuesToBeBetween(column="price", min_value=0, max_value=100),
        e.ExpectColumnValuesToBeBetween(column="delay", min_value=0, max_value=600),
        e.ExpectColumnValuesToBeBetween(column="ordered_at", min_value=FROM, max_value=TO),
        e.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=1),
        e.ExpectColumnValuesToBeBetween(column="quantity", min_value=0, max_value=99),
        e.ExpectColumnMeanToBeBetween(column="price", min_value=45, max_value=55),
        e.ExpectColumnMeanToBeBetween(column="paid", min_value=0.45, max_value=0.55),
    ],
)
context.suites.add(suite)
with reported() as told:
    frame = pd.read_parquet(sys.argv[1])
    found = batch.get_batch({"dataframe": frame}).validate(suite, result_format="BASIC")
    told["failed"] = sum(not one.success for one in found.results)
