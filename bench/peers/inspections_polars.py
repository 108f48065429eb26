# /// script
# requires-python = ">=3.11"
# dependencies = ["polars==1.34.0"]
# ///
"""The twenty tests by hand: one lazy query of counts, one more for samples of what failed."""

import datetime as dt
import json
import sys

import polars as pl
from reporting import reported

c = pl.col
FROM, TO = dt.datetime(2013, 1, 1), dt.datetime(2014, 1, 1)  # noqa: DTZ001 (as the column)
ROWS = {
    "code not null": c("code").is_null(),
    "customer not null": c("customer").is_null(),
    "ordered_at not null": c("ordered_at").is_null(),
    "delay not null": c("delay").is_null(),
    "origin accepted": ~c("origin").is_in(["EWR", "JFK", "LGA"]),
    "state accepted": ~c("state").is_in(["new", "paid", "sent", "back"]),
    "code pattern": ~c("code").str.contains("^k[0-9]{9}$"),
    "code length": c("code").str.len_chars() != 10,
    "price range": ~c("price").is_between(0, 100),
    "delay range": ~c("delay").is_between(0, 600),
    "ordered_at range": ~c("ordered_at").is_between(FROM, TO),
    "day range": ~c("day").is_between(FROM.date(), TO.date()),
    "score range": ~c("score").is_between(0, 1),
    "quantity range": ~c("quantity").is_between(0, 99),
    "value": ~(c("price") * c("quantity") >= 0),
    "same year": c("ordered_at").dt.year() != c("day").dt.year(),
}
with reported() as told:
    frame = pl.scan_parquet(sys.argv[1])
    found = (
        frame.select(
            pl.len().alias("rows"),
            c("id").n_unique().alias("ids"),
            c("id").is_null().sum().alias("id nulls"),
            c("price").mean().alias("mean price"),
            c("paid").mean().alias("share paid"),
            *(
                c(name).min().alias(f"{name} min")
                for name in ("price", "delay", "ordered_at", "day", "score", "quantity")
            ),
            *(
                c(name).max().alias(f"{name} max")
                for name in ("price", "delay", "ordered_at", "day", "score", "quantity")
            ),
            *(condition.sum().alias(name) for name, condition in ROWS.items()),
        )
        .collect(engine="streaming")
        .to_dicts()[0]
    )
    failed = [name for name in ROWS if found[name]]
    samples = {name: frame.filter(ROWS[name]).head(5).collect(engine="streaming").to_dicts() for name in failed}
    json.dumps([found, samples], default=str)
    told["failed"] = len(failed) + (found["rows"] != found["ids"])
