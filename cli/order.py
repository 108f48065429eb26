"""What a user orders with ``line run``: checked before anything is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.ending import UsageError
from cli.site import ENVIRONMENT
from config.bundle import Bundle
from config.environment import PATTERN
from config.errors import LineError
from config.loading import environment_names, line_names, load_bundle, load_environment
from config.parameters import Value, resolve
from runtime.events import STATIONS


@dataclass(frozen=True)
class Order:
    """What is to be run: the line, and the values that this run gives to its parameters."""

    line: str
    bundle: Bundle
    given: Mapping[str, str]
    raw: Path | None = None
    force: Sequence[str] = ()
    """The stations that the run does not skip although they are fresh."""
    environment: str = ENVIRONMENT
    """Where it is ordered: its values of parameters stand over the line's defaults."""

    @property
    def local(self) -> dict[str, object]:
        """The values that differ from the line's defaults here: the environment's, and over them the run's."""
        known = self.environment if self.environment in environment_names() else PATTERN
        return {**load_environment(known).parameters.get(self.line, {}), **self.given}

    @property
    def values(self) -> dict[str, Value]:
        """Every parameter's value."""
        return resolve(self.bundle.definition.parameters, self.local)


def take_order(
    line: str,
    *,
    given: Sequence[str],
    raw: Path | None = None,
    force: Sequence[str] = (),
    environment: str = ENVIRONMENT,
) -> Order:
    """Check what the user asked for; raises UsageError, or LineError when the line itself does not hold together."""
    if line not in line_names():
        names = ", ".join(line_names()) or "none"
        raise UsageError(
            f"line {line!r} is unknown, expected one of {names}: correct the name or make it with `line new {line}`"
        )
    if raw is not None and not raw.is_dir():
        raise UsageError(f"--raw: {str(raw)!r} is not a folder, expected one with <source>/<file>.csv: correct it")
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--parameter: {text!r} has no value, expected NAME=VALUE: correct it")
        pairs[name] = value
    for station in force:
        if station not in STATIONS:
            raise UsageError(
                f"--force: {station!r} is not a station, expected one of {', '.join(STATIONS)}: correct it"
            )
    order = Order(
        line=line, bundle=load_bundle(line), given=pairs, raw=raw, force=tuple(force), environment=environment
    )
    try:
        resolve(order.bundle.definition.parameters, pairs)
    except LineError as error:
        raise UsageError(f"--parameter: {error}") from None
    return order
