# /// script
# requires-python = ">=3.11"
# dependencies = ["polars==1.34.0"]
# ///
"""The same tables by hand, lazily; clocks are read zone by zone, since a column has one time zone."""

import json
import shutil
import sys
from pathlib import Path

import polars as pl
from reporting import reported

form, folder, out, statements = sys.argv[1:5]
shutil.rmtree(out, ignore_errors=True)
KINDS = {"INTEGER": pl.Int32, "DOUBLE": pl.Float64, "VARCHAR": pl.String, "TIMESTAMPTZ": pl.String}
sources = json.loads(Path(statements).read_text())["sources"]


def read(name: str) -> pl.LazyFrame:
    if form == "parquet":
        return pl.scan_parquet(f"{folder}/{name}/*.parquet")
    kinds = {column: KINDS[kind] for column, kind in sources[name].items()}
    frame = pl.scan_csv(f"{folder}/{name}/*.csv", schema_overrides=kinds, null_values=["", "NA"])
    moments = [column for column, kind in sources[name].items() if kind == "TIMESTAMPTZ"]
    return frame.with_columns(
        pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC") for column in moments
    )


def write(name: str, frame: pl.LazyFrame) -> None:
    Path(f"{out}/{name}").mkdir(parents=True)
    frame.sink_parquet(f"{out}/{name}/0.parquet", compression="zstd", compression_level=1)


def minutes(text: str) -> pl.Expr:
    return pl.duration(minutes=pl.col(text))


with reported():
    write("airports", read("airports").select("name", airport="faa", latitude="lat", longitude="lon", zone="tzone"))
    write("planes", read("planes").select("tailnum", "manufacturer", "engines", "seats", built="year"))
    weather = read("weather").select(
        "origin", "wind_speed", "wind_gust", "pressure",
        hour_start="time_hour", known_at=pl.col("time_hour") + pl.duration(hours=1), temperature="temp",
        dew_point="dewp", humidity="humid", wind_direction="wind_dir", precipitation="precip", visibility="visib",
    )  # fmt: skip
    write("weather", weather)
    airports = pl.scan_parquet(f"{out}/airports/0.parquet").select("airport", dest_zone="zone")
    hours = pl.scan_parquet(f"{out}/weather/0.parquet").select("origin", "hour_start", weather_reported=pl.lit(True))
    zones = [zone for zone in airports.select("dest_zone").unique().collect()["dest_zone"] if zone]
    zones = sorted({*zones, "America/Puerto_Rico"})
    clock = pl.lit(None, dtype=pl.Int32)
    for zone in zones:
        local = pl.col("departed_at").dt.convert_time_zone(zone)
        shown = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()
        clock = pl.when(pl.col("clock_zone") == zone).then(shown).otherwise(clock)
    flights = (
        read("flights")
        .join(airports, left_on="dest", right_on="airport", how="left")
        .join(hours, left_on=["origin", "time_hour"], right_on=["origin", "hour_start"], how="left")
        .with_columns(
            id=pl.format(
                "{}{}-{}{}{}-{}-{}", "carrier", "flight", "year",
                pl.col("month").cast(pl.String).str.zfill(2), pl.col("day").cast(pl.String).str.zfill(2),
                "origin", pl.col("sched_dep_time").cast(pl.String).str.zfill(4),
            ),
            clock_zone=pl.col("dest_zone").fill_null("America/Puerto_Rico"),
            scheduled_departure=pl.col("time_hour") + minutes("minute"),
            departed_at=pl.col("time_hour") + pl.duration(minutes=pl.col("minute") + pl.col("dep_delay")),
            arrival_clock=pl.col("arr_time") // 100 * 60 + pl.col("arr_time") % 100,
        )
        .with_columns(waited=(pl.col("arrival_clock") - clock + 1440) % 1440)
        .select(
            "id", "carrier", "tailnum", "origin", "dest", "dest_zone", "distance", pl.col("hour").alias("local_hour"),
            "scheduled_departure", "departed_at",
            (pl.col("departed_at") + minutes("waited")).alias("arrived_at"), "dep_delay", "arr_delay",
            pl.col("departed_at").is_null().alias("cancelled"),
            (pl.col("departed_at").is_not_null() & pl.col("arr_delay").is_null()).alias("diverted"),
            pl.col("weather_reported").fill_null(False),
        )
    )  # fmt: skip
    write("flights", flights)
