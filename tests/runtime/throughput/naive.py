"""The figures of the value journey once more, from the raw items of the ledger: a loop over dictionaries per figure.

It shares no code with what it checks: it knows DynamoDB's items, moments as text, and the definitions of the manual.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

Item = Mapping[str, Mapping[str, str]]
Run = dict[str, Any]
LINE_ORDER = ["curation", "features", "training", "release", "scoring", "delivery", "monitoring"]
GOOD, ELSE = ("succeeded", "flagged"), ("running", "skipped", "waiting", "succeeded", "flagged")


def journey(items: Sequence[Item], now: dt.datetime) -> dict[str, Any]:
    """Return the figures by name, as ``dataclasses.asdict`` names those of the value journey."""
    runs = sorted((_run(told) for told in _by_run(items).values()), key=lambda run: run["start"])
    first, last = runs[0]["start"], max(now, runs[0]["start"])
    span = (last - first).total_seconds()
    ended = [run for run in runs if run["status"] != "running" and run["end"]]
    bad = [run for run in runs if run["status"] not in ELSE]
    delivered = [run for run in runs if run["delivered"]]
    took = [_length(run["start"], run["end"]) for run in ended]
    under_way = [run for run in runs if run["status"] == "running"]
    slow = _percentile(took, 0.9)
    stuck = [run for run in under_way if slow is not None and (now - run["start"]).total_seconds() > 10 * slow]
    stations = _stations(runs)
    shares = [one["first_pass"] for one in stations if one["first_pass"] is not None]
    product = 1.0
    for share in shares:
        product *= share
    weeks = _weeks(runs, first, last)
    return {
        "runs": len(runs),
        "delivered": len(delivered),
        "bad": len(bad),
        "reruns": sum(1 for run in runs if _is_rerun(run, ended)),
        "lead": _lead(runs, now),
        "run": _spread(took),
        "in_progress": {
            "runs": len(under_way),
            "oldest_seconds": max([0.0, *((now - run["start"]).total_seconds() for run in under_way)]),
            "stuck": len(stuck),
        },
        "little": _little(runs, ended, first, last),
        "first_pass": product if shares else None,
        "stations": stations,
        "halts": _halts(bad),
        "per_week": len(delivered) / span * 604800 if span else 0.0,
        "weeks": weeks,
        "trend": _slope([week["delivered"] for week in weeks if week["whole"]]),
        "loads": _loads(runs, stuck, first, last) if delivered else None,
    }


def _by_run(items: Iterable[Item]) -> dict[str, dict[str, Item]]:
    found: dict[str, dict[str, Item]] = {}
    for item in items:
        found.setdefault(item["run"]["S"], {})[item["sk"]["S"]] = item
    return found


def _run(told: Mapping[str, Item]) -> Run:
    events = list(told.values())
    visits: dict[str, dict[str, Any]] = {}
    whole: dict[str, Any] = {}
    for item in events:
        station, moment, at = item["station"]["S"], item["moment"]["S"], _at(item["at"]["S"])
        into = whole if station == "run" else visits.setdefault(station, {"station": station, "status": "running"})
        into[moment] = at
        if moment == "finished":
            into["status"] = item["status"]["S"]
            into["measured"] = float(item["seconds"]["N"])
            into["causes"] = json.loads(item["causes"]["S"]) if "causes" in item else []
    for visit in visits.values():
        begun, ended = visit.get("started"), visit.get("finished")
        if ended is None:
            visit["seconds"] = 0.0
        elif begun is None:
            visit["seconds"] = visit["measured"]
        else:
            visit["seconds"] = max(0.0, (ended - begun).total_seconds())
    far = dt.datetime.max.replace(tzinfo=dt.UTC)
    in_order = sorted(
        visits.values(),
        key=lambda one: (one.get("started") or one["finished"], one.get("finished") or far, one["station"]),
    )
    delivery = visits.get("delivery", {})
    return {
        "start": min(_at(item["at"]["S"]) for item in events),
        "end": whole.get("finished"),
        "status": whole.get("status", "running"),
        "landed": max((_at(item["landed"]["S"]) for item in events if "landed" in item), default=None),
        "delivered": delivery.get("finished") if delivery.get("status") in GOOD else None,
        "visits": in_order,
    }


def _is_rerun(run: Run, ended: list[Run]) -> bool:
    before = [one for one in ended if one["end"] <= run["start"]]
    if not before:
        return False
    newest = max(one["end"] for one in before)
    return any(one["status"] not in ELSE for one in before if one["end"] == newest)


def _lead(runs: list[Run], now: dt.datetime) -> dict[str, Any]:
    times, known, from_start, carried, skewed = [], 0, 0, 0, 0
    waiting = []
    for run in runs:
        until = run["delivered"]
        if until is None and run["landed"] and run["status"] not in ELSE:
            later = [one["delivered"] for one in runs if one["start"] > run["start"] and one["delivered"]]
            if later:
                until, carried = min(later), carried + 1
        if until is not None:
            seconds = (until - (run["landed"] or run["start"])).total_seconds()
            skewed += seconds < 0
            times.append(max(0.0, seconds))
            known += run["landed"] is not None
            from_start += run["landed"] is None
        elif run["landed"] and run["status"] not in ("skipped", *GOOD):
            waiting.append((now - run["landed"]).total_seconds())
    return {
        "time": _spread(times),
        "landed_known": known,
        "from_start": from_start,
        "carried": carried,
        "skewed": skewed,
        "undelivered": len(waiting),
        "oldest_seconds": max([0.0, *waiting]),
    }


def _stations(runs: list[Run]) -> list[dict[str, Any]]:
    names = {visit["station"] for run in runs for visit in run["visits"]}
    ordered = [name for name in LINE_ORDER if name in names]
    ordered += [visit["station"] for run in runs for visit in run["visits"] if visit["station"] not in LINE_ORDER]
    found = []
    for name in dict.fromkeys(ordered):
        all_ = [(run, visit) for run in runs for visit in run["visits"] if visit["station"] == name]
        worked = [(run, visit) for run, visit in all_ if visit["status"] not in ("running", "skipped")]
        skipped = sum(1 for _, visit in all_ if visit["status"] == "skipped")
        good = sum(1 for _, visit in all_ if visit["status"] in GOOD)
        bad = sum(1 for _, visit in all_ if visit["status"] not in ELSE)
        waits = [wait for run, visit in worked if (wait := _wait(run, visit)) is not None]
        found.append(
            {
                "station": name,
                "visits": len(worked),
                "now": sum(1 for run, visit in all_ if visit["status"] == "running" == run["status"]),
                "cycle": _spread([visit["seconds"] for _, visit in worked]),
                "wait": _spread(waits),
                "good": good,
                "bad": bad,
                "first_pass": good / (good + bad) if good + bad else None,
                "skipped": skipped / (skipped + len(worked)) if skipped + len(worked) else None,
            }
        )
    return found


def _wait(run: Run, visit: Mapping[str, Any]) -> float | None:
    before = run["visits"][: run["visits"].index(visit)]
    if "started" not in visit or any("finished" not in one for one in before):
        return None
    free = max([run["start"], *(one["finished"] for one in before)])
    seconds: float = (visit["started"] - free).total_seconds()
    return max(0.0, seconds)


def _halts(bad: list[Run]) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, str]] = Counter()
    for run in bad:
        to_blame = [visit for visit in run["visits"] if visit["status"] not in ELSE]
        if to_blame:
            for cause in set(to_blame[0]["causes"]) or {to_blame[0]["status"]}:
                counts[to_blame[0]["station"], cause] += 1
        else:
            counts[run["visits"][-1]["station"] if run["visits"] else "run", run["status"]] += 1
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [{"station": station, "cause": cause, "runs": count} for (station, cause), count in ordered]


def _little(runs: list[Run], ended: list[Run], first: dt.datetime, last: dt.datetime) -> dict[str, Any]:
    span = (last - first).total_seconds()
    mean = _area([(run["start"], run["end"] or last) for run in runs], first, last) / span if span else 0.0
    inside = [_length(run["start"], run["end"]) for run in ended if first <= run["end"] <= last]
    rate = len(inside) / span if span else 0.0
    each = sum(inside) / len(inside) if inside else 0.0
    return {"in_progress": mean, "rate": rate, "seconds": each, "ratio": rate * each / mean if mean else None}


def _weeks(runs: list[Run], first: dt.datetime, last: dt.datetime) -> list[dict[str, Any]]:
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = day - dt.timedelta(days=day.weekday())
    spans = [(run["start"], run["end"] or last) for run in runs]
    found = []
    while monday < max(last, first + dt.timedelta(microseconds=1)):
        end = monday + dt.timedelta(days=7)
        begin, stop = max(monday, first), min(end, last)

        def within(at: dt.datetime | None, monday: dt.datetime = monday, end: dt.datetime = end) -> bool:
            final = end >= last  # the last week holds its end
            return at is not None and first <= at <= last and (monday <= at < end or (final and at == end))

        length = (stop - begin).total_seconds()
        moments = [begin, *(a for a, _ in spans if begin <= a < stop)]
        found.append(
            {
                "monday": monday.date(),
                "whole": monday >= first and end <= last,
                "started": sum(1 for run in runs if within(run["start"])),
                "delivered": sum(1 for run in runs if within(run["delivered"])),
                "bad": sum(1 for run in runs if run["status"] not in ELSE and within(run["end"])),
                "in_progress": _area(spans, begin, stop) / length if length > 0 else 0.0,
                "most": max([0, *(_count(spans, at) for at in moments if at < stop)]),
            }
        )
        monday = end
    return found


def _loads(runs: list[Run], stuck: list[Run], first: dt.datetime, last: dt.datetime) -> list[dict[str, Any]]:
    deliveries = sum(1 for run in runs if run["delivered"])
    span = (last - first).total_seconds()
    found = []
    for one in _stations(runs):
        if not one["cycle"]["total"]:
            continue
        spans = []
        for run in runs:
            for visit in run["visits"]:
                if visit["station"] != one["station"] or "started" not in visit or any(run is lost for lost in stuck):
                    continue
                if visit["status"] not in ("running", "skipped"):
                    spans.append((visit["started"], visit["started"] + dt.timedelta(seconds=visit["seconds"])))
                elif visit["status"] == "running" == run["status"]:
                    spans.append((visit["started"], last))
        places = max(1, _usual_most(spans, first, last))
        found.append(
            {
                "station": one["station"],
                "seconds": one["cycle"]["total"] / deliveries,
                "at_once": places,
                "used": _area(spans, first, last) / span / places if span else 0.0,
                "waited": one["wait"]["total"] / deliveries,
            }
        )
    whole = sum(load["seconds"] for load in found)
    return [{**load, "share": load["seconds"] / whole} for load in found]


def _usual_most(spans: list[tuple[dt.datetime, dt.datetime]], first: dt.datetime, last: dt.datetime) -> int:
    edges = sorted({first, last, *(min(max(at, first), last) for span in spans for at in span)})
    held: Counter[int] = Counter()
    for begin, end in pairwise(edges):
        held[_count(spans, begin)] += int((end - begin) / dt.timedelta(microseconds=1))
    busy = sum(time for count, time in held.items() if count)
    return next(
        (
            most
            for most in range(1, len(spans) + 1)
            if busy and sum(time for count, time in held.items() if count > most) <= 0.005 * busy
        ),
        0,
    )


def _count(spans: list[tuple[dt.datetime, dt.datetime]], at: dt.datetime) -> int:
    return sum(1 for begin, end in spans if begin <= at < end)


def _area(spans: list[tuple[dt.datetime, dt.datetime]], first: dt.datetime, last: dt.datetime) -> float:
    return sum(max(0.0, (min(end, last) - max(begin, first)).total_seconds()) for begin, end in spans)


def _length(begin: dt.datetime, end: dt.datetime) -> float:
    return max(0.0, (end - begin).total_seconds())


def _spread(values: list[float]) -> dict[str, Any]:
    return {
        "count": len(values),
        "median": _percentile(values, 0.5),
        "p90": _percentile(values, 0.9),
        "total": sum(values),
    }


def _percentile(values: list[float], share: float) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _slope(counts: list[int]) -> float | None:
    n = len(counts)
    if n < 3:
        return None
    middle, mean = (n - 1) / 2, sum(counts) / n
    return sum((i - middle) * (count - mean) for i, count in enumerate(counts)) / sum(
        (i - middle) ** 2 for i in range(n)
    )


def _at(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
