"""The table of prices that estimates are made with: what ``config/prices.yaml`` may say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from config.errors import LineError
from config.loading import ROOT
from config.reading import read
from config.strict import Strict

FROM_MEMORY = "from memory"

Positive = Annotated[float, Field(gt=0)]


class Price(Strict):
    """What one unit costs in each region, where AWS says so, and where it was read."""

    unit: str
    usd: dict[str, Positive]
    source: str = Field(pattern="^https://")
    checked: str

    @property
    def remembered(self) -> bool:
        """Whether nobody has read it anywhere."""
        return self.checked == FROM_MEMORY


class Assumed(Strict):
    """What an estimate takes for granted where nobody says or measures it."""

    minutes: dict[str, Positive] = Field(description="of a job, by its command")
    function_seconds: Positive
    pollers: int = Field(gt=0)
    poll_seconds: Positive
    workbench_hours: Positive
    home_gb: Positive


class Prices(Strict):
    """Every price, as of one day; ``nothing_idle`` has the types that cost nothing while nothing happens."""

    as_of: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    hours_per_month: Positive
    prices: dict[str, Price]
    assumed: Assumed
    nothing_idle: dict[str, list[str]]

    def of(self, name: str, region: str) -> float | None:
        """Return a price in US dollars, or None where the table has none; see ``regions`` first."""
        price = self.prices.get(name)
        return None if price is None else price.usd.get(region)

    @property
    def regions(self) -> list[str]:
        """Return the regions of which it knows anything, in order."""
        return sorted({one for price in self.prices.values() for one in price.usd})

    def check(self, region: str) -> None:
        """Raise LineError for a region of which the table knows nothing."""
        known = self.regions
        if region not in known:
            raise LineError(
                f"config/prices.yaml: region {region!r} has no prices, expected one of {', '.join(known)}: "
                "add them to the table"
            )


def load_prices(root: Path = ROOT) -> Prices:
    """Return the table; raises LineError where it is not what it must be."""
    return read(root / "config" / "prices.yaml", Prices, root)
