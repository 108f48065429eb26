# /// script
# requires-python = ">=3.11"
# dependencies = ["polars==2.1.0"]
# ///
"""The flights' curation in Polars, lazily, by hand."""

from __future__ import annotations

import sys
import tempfile

import polars as pl
from reporting import reported

folder = sys.argv[1]


def clock(zone: str) -> pl.Expr:
    """Minutes of the day that a clock in a zone shows at departure."""
    local = pl.col("departed_at").dt.convert_time_zone(zone)
    return 60 * local.dt.hour().cast(pl.Int32) + local.dt.minute().cast(pl.Int32)


with tempfile.TemporaryDirectory() as target, reported() as told:
    airports = pl.scan_parquet(f"{folder}/airports/*.parquet").select(dest="faa", dest_zone="tzone")
    weather = pl.scan_parquet(f"{folder}/weather/*.parquet").select(
        "origin", "time_hour", weather_reported=pl.lit(True)
    )
    zones = [zone for zone in airports.collect()["dest_zone"].unique() if zone] + ["America/Puerto_Rico"]
    minute = pl.duration(minutes=1)
    flights = (
        pl.scan_parquet(f"{folder}/flights/*.parquet")
        .join(airports, on="dest", how="left")
        .join(weather, on=["origin", "time_hour"], how="left")
        .with_columns(
            scheduled_departure=pl.col("time_hour") + pl.col("minute") * minute,
            departed_at=pl.col("time_hour") + (pl.col("minute") + pl.col("dep_delay")) * minute,
            arrival_clock=(pl.col("arr_time") // 100) * 60 + pl.col("arr_time") % 100,
            clock_zone=pl.col("dest_zone").fill_null("America/Puerto_Rico"),
        )
        .with_columns(
            clock=pl.coalesce(pl.when(pl.col("clock_zone") == zone).then(clock(zone)) for zone in dict.fromkeys(zones))
        )
        .select(
            pl.format(
                "{}{}-{}{}{}-{}-{}",
                "carrier",
                "flight",
                "year",
                pl.col("month").cast(pl.String).str.zfill(2),
                pl.col("day").cast(pl.String).str.zfill(2),
                "origin",
                pl.col("sched_dep_time").cast(pl.String).str.zfill(4),
            ).alias("id"),
            *("carrier", "tailnum", "origin", "dest", "dest_zone", "distance"),
            pl.col("hour").alias("local_hour"),
            *("scheduled_departure", "departed_at"),
            (pl.col("departed_at") + ((pl.col("arrival_clock") - pl.col("clock") + 1440) % 1440) * minute).alias(
                "arrived_at"
            ),
            *("dep_delay", "arr_delay"),
            pl.col("departed_at").is_null().alias("cancelled"),
            (pl.col("departed_at").is_not_null() & pl.col("arr_delay").is_null()).alias("diverted"),
            pl.col("weather_reported").fill_null(False),
        )
    )
    flights.sink_parquet(f"{target}/flights.parquet", compression="zstd", compression_level=1)
    told["rows"] = pl.scan_parquet(f"{target}/flights.parquet").select(pl.len()).collect().item()
