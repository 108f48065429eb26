"""The catalogue of tests that an inspection can run on a table, a view or the predictions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.measures import Freshness, Mean, Quantile, RowCount, RowCountChange, Share
from config.rows import AcceptedValues, Complete, Key, Length, NotNull, Pattern, Range, References, Sql, Unique
from config.thresholds import BaseCheck, Severity

Check = Annotated[
    NotNull
    | Unique
    | Key
    | AcceptedValues
    | Range
    | Pattern
    | Length
    | References
    | Complete
    | Sql
    | RowCount
    | RowCountChange
    | Freshness
    | Mean
    | Quantile
    | Share,
    Field(discriminator="check"),
]

Measure = RowCount | RowCountChange | Freshness | Mean | Quantile | Share
"""Tests of a table as a whole: no row fails by itself."""

__all__ = [
    "AcceptedValues",
    "BaseCheck",
    "Check",
    "Complete",
    "Freshness",
    "Key",
    "Length",
    "Mean",
    "Measure",
    "NotNull",
    "Pattern",
    "Quantile",
    "Range",
    "References",
    "RowCount",
    "RowCountChange",
    "Severity",
    "Share",
    "Sql",
    "Unique",
]
