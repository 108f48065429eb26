"""The bottleneck and the durations of a journey in words, for every page and command that tells them."""

from __future__ import annotations

from runtime.throughput.bottleneck import Bottleneck, WhatIf


def says(found: Bottleneck) -> str:
    """Return the bottleneck in a sentence with its evidence."""
    load = next(one for one in found.loads if one.station == found.station)
    costs = f"a delivery costs it {lasting(load.seconds)}, {load.share:.0%} of all work"
    if found.limited_by == "demand":
        return (
            f"No station limits the line: it delivers {figure(found.rate)} a week "
            f"and could deliver {figure(found.capacity)}. "
            f"Asked for more, it would be limited by {found.station} ({costs})."
        )
    if found.limited_by == "station":
        places = "1 run" if load.at_once == 1 else f"{load.at_once} runs"
        return (
            f"{found.station} limits the line: it takes {places} at a time and works {load.used:.0%} of the time, and "
            f"runs wait {lasting(load.waited)} for it per delivery; {costs}."
        )
    runs = "runs follow one another" if found.at_once == 1 else f"{found.at_once} runs at a time are let in"
    return (
        f"{found.station} limits the line: {runs}, some are there {found.used:.0%} of the time, "
        f"so all of a run's time counts, and {costs}."
    )


def gains(one: WhatIf, *, limited_by: str) -> str:
    """Return a what-if in a few words."""
    change = "no run ends badly in it" if one.faster is None else f"{one.faster:.0%} faster"
    would = f"throughput +{one.throughput:.1%}" if limited_by != "demand" else f"capacity +{one.capacity:.1%}"
    return f"{one.station}, {change}: {would}"


def figure(value: float) -> str:
    """Return a figure to three digits, and a large one whole.

    >>> figure(0.12345), figure(12.345), figure(8451.2)
    ('0.123', '12.3', '8,451')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def lasting(seconds: float | None) -> str:
    """Return a duration as people read it.

    >>> lasting(0.25), lasting(75), lasting(4000), lasting(3 * 86400 + 7200), lasting(None)
    ('0.25 s', '1 min 15 s', '1 h 6 min', '3 d 2 h', '')
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit} {rest} {smaller}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"
