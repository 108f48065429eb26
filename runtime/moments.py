"""The moments that every part of a line can write: those of the years 1 to 9999."""

from __future__ import annotations

FIRST, LAST = "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00"
