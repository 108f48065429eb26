# /// script
# requires-python = ">=3.11"
# dependencies = ["pandas==2.3.3", "pyarrow==22.0.0"]
# ///
"""The same tables by hand, in memory."""

import shutil
import sys
from pathlib import Path

import pandas as pd
from reporting import reported

form, folder, out = sys.argv[1:4]
shutil.rmtree(out, ignore_errors=True)


def read(name: str) -> pd.DataFrame:
    return pd.read_parquet(f"{folder}/{name}", dtype_backend="pyarrow")


def write(name: str, frame: pd.DataFrame) -> None:
    Path(f"{out}/{name}").mkdir(parents=True)
    frame.to_parquet(f"{out}/{name}/0.parquet", compression="zstd", compression_level=1, index=False)


with reported():
    airports = read("airports").rename(
        columns={"faa": "airport", "lat": "latitude", "lon": "longitude", "tzone": "zone"}
    )
    write("airports", airports[["airport", "name", "latitude", "longitude", "zone"]])
    write("planes", read("planes").rename(columns={"year": "built"}))
    weather = read("weather").rename(columns={"time_hour": "hour_start", "temp": "temperature"})
    weather["known_at"] = weather["hour_start"] + pd.Timedelta(hours=1)
    write("weather", weather)
    flights = read("flights")
    flights["hour_start"] = pd.to_datetime(flights["time_hour"], utc=True).astype("datetime64[us, UTC]")
    flights = flights.merge(
        airports[["airport", "zone"]].rename(columns={"airport": "dest", "zone": "dest_zone"}), on="dest", how="left"
    )
    known = weather[["origin", "hour_start"]].assign(weather_reported=True)
    known["hour_start"] = pd.to_datetime(known["hour_start"], utc=True).astype("datetime64[us, UTC]")
    flights = flights.merge(known, on=["origin", "hour_start"], how="left")
    flights["weather_reported"] = flights["weather_reported"].notna()
    flights["id"] = (
        flights["carrier"] + flights["flight"].astype(str) + "-" + flights["year"].astype(str)
        + flights["month"].astype(str).str.zfill(2) + flights["day"].astype(str).str.zfill(2)
        + "-" + flights["origin"] + "-" + flights["sched_dep_time"].astype(str).str.zfill(4)
    )  # fmt: skip
    flights["scheduled_departure"] = flights["hour_start"] + pd.to_timedelta(flights["minute"].astype(int), unit="min")
    delay = pd.to_timedelta(flights["dep_delay"].astype("Float64").astype(float), unit="min")
    flights["departed_at"] = (flights["scheduled_departure"] + delay).astype("datetime64[us, UTC]")
    clock_zone = flights["dest_zone"].fillna("America/Puerto_Rico").astype(str)
    shown = pd.Series(float("nan"), index=flights.index)
    for zone, part in flights["departed_at"].groupby(clock_zone):
        local = part.dt.tz_convert(zone)
        shown[part.index] = local.dt.hour * 60 + local.dt.minute
    arrival = flights["arr_time"].astype("Float64").astype(float)
    waited = (arrival // 100 * 60 + arrival % 100 - shown + 1440) % 1440
    arrived = flights["departed_at"] + pd.to_timedelta(waited, unit="min")
    flights["arrived_at"] = arrived.astype("datetime64[us, UTC]")
    flights["cancelled"] = flights["departed_at"].isna()
    flights["diverted"] = flights["departed_at"].notna() & flights["arr_delay"].isna()
    flights = flights.rename(columns={"hour": "local_hour"})
    columns = [
        "id",
        "carrier",
        "tailnum",
        "origin",
        "dest",
        "dest_zone",
        "distance",
        "local_hour",
        "scheduled_departure",
    ]
    columns += ["departed_at", "arrived_at", "dep_delay", "arr_delay", "cancelled", "diverted", "weather_reported"]
    write("flights", flights[columns])
