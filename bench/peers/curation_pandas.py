# /// script
# requires-python = ">=3.11"
# dependencies = ["pandas==3.0.0", "pyarrow==26.0.1"]
# ///
"""The flights' curation in pandas, by hand."""

from __future__ import annotations

import sys
import tempfile

import pandas as pd
from reporting import reported

folder = sys.argv[1]

with tempfile.TemporaryDirectory() as target, reported() as told:
    flights = pd.read_parquet(f"{folder}/flights")
    airports = pd.read_parquet(f"{folder}/airports")[["faa", "tzone"]]
    airports = airports.rename(columns={"faa": "dest", "tzone": "dest_zone"})
    weather = pd.read_parquet(f"{folder}/weather")[["origin", "time_hour"]].assign(weather_reported=True)
    flights = flights.merge(airports, on="dest", how="left").merge(weather, on=["origin", "time_hour"], how="left")
    minutes = pd.to_timedelta(flights["minute"], unit="m")
    flights["scheduled_departure"] = flights["time_hour"] + minutes
    flights["departed_at"] = flights["scheduled_departure"] + pd.to_timedelta(flights["dep_delay"], unit="m")
    arrival = (flights["arr_time"] // 100) * 60 + flights["arr_time"] % 100
    clock = pd.Series(float("nan"), index=flights.index)
    for zone, rows in flights.groupby(flights["dest_zone"].fillna("America/Puerto_Rico")):
        local = rows["departed_at"].dt.tz_convert(zone)
        clock.loc[rows.index] = 60 * local.dt.hour + local.dt.minute
    flights["arrived_at"] = flights["departed_at"] + pd.to_timedelta((arrival - clock + 1440) % 1440, unit="m")
    texts = flights[["flight", "year", "month", "day", "sched_dep_time"]].astype(str)
    flights["id"] = (
        flights["carrier"]
        + texts["flight"]
        + "-"
        + texts["year"]
        + texts["month"].str.zfill(2)
        + texts["day"].str.zfill(2)
        + "-"
        + flights["origin"]
        + "-"
        + texts["sched_dep_time"].str.zfill(4)
    )
    flights["cancelled"] = flights["departed_at"].isna()
    flights["diverted"] = ~flights["cancelled"] & flights["arr_delay"].isna()
    flights["weather_reported"] = flights["weather_reported"].notna()
    columns = ["id", "carrier", "tailnum", "origin", "dest", "dest_zone", "distance", "hour", "scheduled_departure"]
    columns += ["departed_at", "arrived_at", "dep_delay", "arr_delay", "cancelled", "diverted", "weather_reported"]
    flights[columns].to_parquet(f"{target}/flights.parquet", compression="zstd", compression_level=1)
    told["rows"] = len(flights)
