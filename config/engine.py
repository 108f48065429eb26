"""Which engine runs a line's SQL: the line says so, and an environment may say otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from config.environment import Environment
    from config.line import Line

Engine = Literal["duckdb", "spark"]


def engine_of(line: Line, environment: Environment | None = None) -> Engine:
    """Return the engine of a line's curation and features in an environment."""
    return environment.engines.get(line.line, line.engine) if environment is not None else line.engine
