"""What a run's events say of the line's pace, as metrics: how long stations took and waited, and runs from end to end.

Metrics are for a look at a dashboard: one that was lost with its process is not told again. Figures that count are
computed from the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runtime import measures
from runtime.events import WHOLE_RUN
from runtime.records import RunRecord, StationRecord


def tell(record: RunRecord, station: str) -> None:
    """Write the metrics of an end that was just recorded: that of a station, or of the run as station ``run``."""
    if station == WHOLE_RUN:
        measures.emit({measures.LINE: record.line}, of_run(record))
        return
    ended = next((one for one in record.stations if one.station == station), None)
    if ended is not None and ended.status not in ("skipped", "running"):
        dimensions = {measures.LINE: record.line, measures.STATION: station}
        measures.emit(dimensions, of_station(record, ended))


def of_run(record: RunRecord) -> Mapping[str, Sequence[float]]:
    """Return a run's seconds, its lead time where both ends are known, and whether it ended early."""
    whole = [_positive((record.finished - record.started).total_seconds())] if record.finished else []
    lead = []
    if record.delivered is not None and record.landed is not None:
        lead.append(_positive((record.delivered - record.landed).total_seconds()))
    early = float(record.status in ("halted", "failed", "aborted"))
    return {measures.RUN_SECONDS: whole, measures.LEAD_TIME: lead, measures.HALTS: [early]}


def of_station(record: RunRecord, station: StationRecord) -> Mapping[str, Sequence[float]]:
    """Return a station's seconds, and how long it waited after the end of what came before it."""
    return {measures.STATION_SECONDS: [station.seconds], measures.STATION_WAIT: _wait(record, station)}


def _wait(record: RunRecord, station: StationRecord) -> list[float]:
    """Nothing where its start is unknown; the first station waits since the start of the run."""
    if station.started is None:
        return []
    before = [one.finished for one in record.stations if one.finished and one is not station]
    ready = max((end for end in before if end <= station.started), default=record.started)
    return [_positive((station.started - ready).total_seconds())]


def _positive(seconds: float) -> float:
    return max(0.0, seconds)
