from __future__ import annotations

import subprocess
import sys

from runtime.peak_memory import peak_mb

HELD = """
from runtime.peak_memory import peak_mb
before = peak_mb()
held = b"1" * 100_000_000
del held
print(peak_mb() - before)
"""
NOTHING = "from runtime.peak_memory import peak_mb; print(peak_mb())"


def told(code: str) -> float:
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def test_memory_that_was_given_back_is_still_the_most_that_was_held() -> None:
    assert 90 < told(HELD) < 120


def test_a_process_tells_of_its_own_and_not_of_the_one_that_started_it() -> None:
    held = b"1" * 150_000_000
    assert (told(NOTHING) < 100, peak_mb() > 150, len(held)) == (True, True, 150_000_000)
