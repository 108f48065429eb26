"""How a curated table is kept: what line.yaml may say beside its SELECT."""

from __future__ import annotations

from pydantic import Field

from config.strict import Strict


class CuratedTable(Strict):
    """A table whose SELECT treats each partition of a source by itself: only changed partitions are computed again."""

    incremental: str = Field(
        description="the source whose partitions it is computed by; its SELECT gives their column, and the table has it"
    )
