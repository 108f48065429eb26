"""Which engine computes a job's SELECTs: DuckDB in this process, or Spark, whose imports only its lines pay for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.main import Context
from jobs.raw import Raw

if TYPE_CHECKING:
    from jobs.distributed import Distributed


def distributed(context: Context, raw: Raw) -> Distributed | None:
    """Return Spark for a line whose engine it is in this environment, None for DuckDB."""
    if context.engine != "spark":
        return None
    from jobs.distributed import Distributed

    return Distributed(context, raw.declared, raw.origins)
