"""The monitors of a line, by name: apart from the models, so that a handler may know them without these."""

from __future__ import annotations

from typing import Literal

Monitor = Literal["drift", "quality", "performance"]
MONITORS: tuple[Monitor, ...] = ("drift", "quality", "performance")
