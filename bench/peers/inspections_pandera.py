# /// script
# requires-python = ">=3.11"
# dependencies = ["pandera[polars]==0.26.1", "polars==1.34.0"]
# ///
"""The tests as a pandera schema on Polars, lazily validated; the frame is loaded within the time."""

import datetime as dt
import sys

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors
from reporting import reported

FROM, TO = dt.datetime(2013, 1, 1), dt.datetime(2014, 1, 1)  # noqa: DTZ001 (as the column)


def mean_price(data: pa.PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col("price").mean().is_between(45, 55))


def share_paid(data: pa.PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col("paid").mean().is_between(0.45, 0.55))


def value(data: pa.PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col("price") * pl.col("quantity") >= 0)


def same_year(data: pa.PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col("ordered_at").dt.year() == pl.col("day").dt.year())


def enough(data: pa.PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.len() >= 1000)


SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(pl.Int64, unique=True),
        "code": pa.Column(pl.String, [pa.Check.str_matches(r"^k[0-9]{9}$"), pa.Check.str_length(10, 10)]),
        "customer": pa.Column(pl.Int32),
        "origin": pa.Column(pl.String, pa.Check.isin(["EWR", "JFK", "LGA"])),
        "price": pa.Column(pl.Float64, pa.Check.in_range(0, 100)),
        "delay": pa.Column(pl.Int32, pa.Check.in_range(0, 600), nullable=True),
        "ordered_at": pa.Column(pl.Datetime("us"), pa.Check.in_range(FROM, TO)),
        "day": pa.Column(pl.Date, pa.Check.in_range(FROM.date(), TO.date())),
        "score": pa.Column(pl.Float64, pa.Check.in_range(0, 1)),
        "quantity": pa.Column(pl.Int16, pa.Check.in_range(0, 99)),
        "state": pa.Column(pl.String, pa.Check.isin(["new", "paid", "sent", "back"])),
    },
    checks=[pa.Check(one) for one in (mean_price, share_paid, value, same_year, enough)],
)
with reported() as told:
    told["failed"] = 0
    try:
        SCHEMA.validate(pl.read_parquet(sys.argv[1]), lazy=True)
    except SchemaErrors as error:
        told["failed"] = len(error.schema_errors)
