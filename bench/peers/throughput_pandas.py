# /// script
# requires-python = ">=3.11"
# dependencies = ["pandas==2.3.3"]
# ///
"""The figures that pandas makes as one would write them: lead time, cycle and wait per station, yield, weeks, halts.

No work in progress, no replay and no bottleneck: less than what it is compared with.
"""

import json
import sys
from pathlib import Path

import pandas as pd
from reporting import reported

with reported() as told, Path(sys.argv[1]).open(encoding="utf-8") as lines:
    records = [json.loads(line) for line in lines]
    runs = pd.DataFrame(records).drop(columns="stations").drop_duplicates("run", keep="last")
    for column in ("started", "finished", "landed", "delivered"):
        runs[column] = pd.to_datetime(runs[column], format="ISO8601")
    names = ["station", "status", "started", "finished", "seconds", "message", "causes", "counts"]
    visits = pd.DataFrame(
        [[record["run"], *station] for record in records for station in record["stations"]], columns=["run", *names]
    )
    for column in ("started", "finished"):
        visits[column] = pd.to_datetime(visits[column], format="ISO8601")
    lead = (runs.delivered - runs.landed.fillna(runs.started)).dt.total_seconds().dropna()
    worked = visits[visits.status != "skipped"]
    cycle = worked.groupby("station").seconds.describe(percentiles=[0.5, 0.9])
    before = visits.groupby("run").finished.shift()
    began = visits.run.map(runs.set_index("run").started)
    wait = (visits.started - before.fillna(began)).dt.total_seconds().clip(lower=0)
    waited = wait[worked.index].groupby(worked.station).describe(percentiles=[0.5, 0.9])
    passed = worked.assign(good=worked.status.isin(["succeeded", "flagged"])).groupby("station").good.mean()
    weeks = runs.set_index("delivered").resample("W-MON").run.count()
    halts = worked.explode("causes").groupby(["station", "causes"]).size().sort_values(ascending=False)
    told["runs"] = len(runs)
    told["lead"] = round(float(lead.median()), 3)
