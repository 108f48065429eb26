"""What a person reads of the journeys: tables, and the bottleneck in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from cli.models import console, table
from runtime.throughput.innovation import InnovationJourney
from runtime.throughput.spread import Spread
from runtime.throughput.value import ValueJourney
from runtime.throughput.words import figure, gains, lasting, says

_NEWEST_WEEKS, _CAUSES, _GAINS, _BRANCHES = 8, 10, 6, 10


def show_lines(told: Sequence[tuple[str, ValueJourney | None, bool]]) -> None:
    """Print a row per line; the third of each tells that the repository has it no more."""
    out = console()
    if not told:
        out.print("there is no line yet: `line new NAME` makes one")
        return
    columns = (
        "line",
        "runs",
        "delivered",
        "a week",
        "lead time",
        "first pass",
        "on the line",
        "bottleneck",
        "limited by",
    )
    made = table("Value journey", columns, right=columns[1:7])
    for line, found, removed in told:
        name = Text(line + (" (removed)" if removed else ""), style="dim" if removed else "")
        if found is None:
            made.add_row(name, "0")
            continue
        made.add_row(
            name,
            f"{found.runs:,}",
            f"{found.delivered:,}",
            f"{figure(found.per_week)}",
            lasting(found.lead.time.median),
            _share(found.first_pass),
            _there(found),
            Text(found.bottleneck.station if found.bottleneck else ""),
            found.bottleneck.limited_by if found.bottleneck else "",
        )
    out.print(made)
    if all(found is None for _, found, _ in told):
        out.print("the ledger has no run in this range yet: `line run LINE` makes one")


def show_line(line: str, found: ValueJourney | None, *, removed: bool) -> None:
    """Print everything that is known of a line."""
    out = console()
    if removed:
        out.print(Text(f"line {line} was removed from the repository: this is what its ledger has", style="yellow"))
    if found is None:
        out.print(Text(f"the ledger has no run of line {line} in this range yet: `line run {line}` makes one"))
        return
    facts = table(f"Value journey of {line}, {found.first:%Y-%m-%d %H:%M} to {found.last:%Y-%m-%d %H:%M}", ("", ""))
    for name, text in _facts(found):
        facts.add_row(name, text)
    out.print(facts)
    _stations(out, found)
    if found.halts:
        made = table("Why runs ended badly", ("station", "cause", "runs"), right=("runs",))
        for halt in found.halts[:_CAUSES]:
            made.add_row(Text(halt.station), Text(halt.cause), str(halt.runs))
        out.print(made)
    _weeks(out, found)
    if found.bottleneck is not None:
        out.print(Text(says(found.bottleneck), style="bold"))
        for one in found.bottleneck.what_if[:_GAINS]:
            out.print(Text(f"  {gains(one, limited_by=found.bottleneck.limited_by)}"))
    else:
        out.print(Text("nothing was delivered in this range, so no station can be called the bottleneck"))
    out.print()


def show_innovation(found: InnovationJourney) -> None:
    """Print the way of changes into an environment, and where ideas wait."""
    out = console()
    if found.changes:
        facts = table(f"Innovation journey to {found.environment}", ("", ""))
        rate = _share(found.failure_rate)
        facts.add_row("deployment frequency", f"{figure(found.per_week)} a week ({found.changes} deploys)")
        facts.add_row("lead time for change", f"{_spread(found.lead)} ({found.commits} commits)")
        facts.add_row("change failure rate", f"{rate} ({found.failed} of {found.changes})")
        lasts = f"; {found.unrestored} not yet" if found.unrestored else ""
        facts.add_row("time to restore", f"{_spread(found.restore)}{lasts}")
        out.print(facts)
    else:
        name = found.environment
        out.print(Text(f"no deploy of {name} in this range yet: `make deploy` and `line env deployed` tell of them"))
    if any(step.took.count or step.waiting for step in found.steps):
        columns = ("from", "to", "median", "p90", "ideas", "waiting", "oldest")
        made = table("Where ideas wait", columns, right=columns[2:])
        for step in found.steps:
            took, oldest = step.took, lasting(step.oldest_seconds) if step.waiting else ""
            row = (step.before, step.after, lasting(took.median), lasting(took.p90))
            made.add_row(*row, str(took.count), str(step.waiting), oldest)
        out.print(made)
    if found.branches:
        made = table("Branches that are not merged", ("branch", "commits", "first", "last"), right=("commits",))
        for branch in found.branches[:_BRANCHES]:
            made.add_row(Text(branch.name), str(branch.ahead), f"{branch.first:%Y-%m-%d}", f"{branch.last:%Y-%m-%d}")
        out.print(made)
        if len(found.branches) > _BRANCHES:
            out.print(f"and {len(found.branches) - _BRANCHES} more: --json has them all")
    for name, why in found.unreadable.items():
        out.print(Text(f"environment {name} is not in these figures: {why}", style="yellow"))


def _facts(found: ValueJourney) -> list[tuple[str, str]]:
    lead, little = found.lead, found.little
    notes = [
        f"{lead.from_start} from the run's start, since nothing tells when their data landed"
        if lead.from_start
        else "",
        f"{lead.carried} delivered by a later run" if lead.carried else "",
        f"{lead.skewed} with clocks that disagree" if lead.skewed else "",
    ]
    told = [
        ("runs", f"{found.runs:,}: {found.delivered:,} delivered, {found.bad:,} ended badly, {found.reruns:,} again"),
        ("throughput", f"{figure(found.per_week)} a week{_trend(found.trend)}"),
        ("lead time", "; ".join(filter(None, [_spread(lead.time), *notes]))),
        (
            "data that wait",
            f"{lead.undelivered}, the oldest for {lasting(lead.oldest_seconds)}" if lead.undelivered else "0",
        ),
        ("a run takes", _spread(found.run)),
        ("on the line now", _there(found)),
        ("on the line", f"{little.in_progress:.3g} on average{_little(little.ratio)}"),
        ("first pass", _share(found.first_pass)),
    ]
    if found.left_out:
        told.append(("not counted", f"{found.left_out:,} older runs: name a range with --from and --to"))
    if found.service is not None:
        one = found.service
        data = f", on data of {one.data_until:%Y-%m-%d %H:%M}" if one.data_until else ""
        age = f"for {lasting(one.age_seconds)}" if one.age_seconds is not None else "since before there was a history"
        told.append(("in production", f"version {one.version} {age}{data}"))
    return told


def _stations(out: Console, found: ValueJourney) -> None:
    columns = (
        "station",
        "visits",
        "now",
        "takes (median)",
        "p90",
        "all",
        "waited for (median)",
        "all",
        "first pass",
        "skipped",
    )
    made = table("Stations", columns, right=columns[1:])
    for one in found.stations:
        made.add_row(
            Text(one.station),
            f"{one.visits:,}",
            str(one.now or ""),
            lasting(one.cycle.median),
            lasting(one.cycle.p90),
            lasting(one.cycle.total),
            lasting(one.wait.median),
            lasting(one.wait.total),
            _share(one.first_pass),
            _share(one.skipped),
        )
    out.print(made)


def _weeks(out: Console, found: ValueJourney) -> None:
    if len(found.weeks) < 2:
        return
    columns = ("week from", "began", "delivered", "ended badly", "on the line", "most")
    made = table("Weeks", columns, right=columns[1:])
    for week in found.weeks[-_NEWEST_WEEKS:]:
        part = "" if week.whole else " (part)"
        counts = (str(week.started), str(week.delivered), str(week.bad))
        made.add_row(f"{week.monday}{part}", *counts, f"{week.in_progress:.3g}", str(week.most))
    out.print(made)


def _there(found: ValueJourney) -> str:
    now = found.in_progress
    stuck = f", {now.stuck} perhaps for ever" if now.stuck else ""
    return f"{now.runs}{stuck}"


def _little(ratio: float | None) -> str:
    """Say whether Little's law holds: where it does not, runs begin that never end, or the range is short."""
    return "" if ratio is None else f" (by Little's law {ratio:.0%} of that)"


def _trend(slope: float | None) -> str:
    return "" if slope is None else f", {slope:+.2g} from week to week"


def _spread(one: Spread) -> str:
    return f"{lasting(one.median)} (median), {lasting(one.p90)} (p90)" if one.count else "nothing to measure"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"
