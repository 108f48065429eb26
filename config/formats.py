"""The formats of delivered files, and the channel that a line has unless it says otherwise."""

from __future__ import annotations

from typing import Literal

Format = Literal["jsonl", "csv", "parquet"]

FILES = "files"
"""The name of the channel of files that ``files: true`` stands for."""
