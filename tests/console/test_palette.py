"""A picture with fewer colours is the same picture, to the pixel where it has no more than 256."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from console.palette import COLOURS, encoded, paletted


def pixels(colours: int) -> np.ndarray:
    """Return a picture of 64 by 64 with so many colours, those with low numbers the most frequent."""
    drawn = np.minimum(np.random.default_rng(7).geometric(0.02, 4096), colours) - 1
    return np.stack([drawn % 256, drawn // 2 % 256, 255 - drawn % 256], axis=1).astype(np.uint8)


def test_a_picture_of_few_colours_is_kept_to_the_pixel() -> None:
    drawn = pixels(200)
    colours, indices = paletted(drawn)
    assert (colours[indices] == drawn).all()


def test_rare_colours_become_the_nearest_frequent_one() -> None:
    drawn = np.random.default_rng(7).integers(0, 256, (4096, 3)).astype(np.uint8)
    drawn[:2000] = [10, 20, 30]
    drawn[2000] = [11, 20, 30]
    colours, indices = paletted(drawn)
    assert len(colours) == COLOURS
    assert (colours[indices[0]] == [10, 20, 30]).all()
    assert abs(colours[indices[2000]].astype(int) - [11, 20, 30]).sum() <= 1


@pytest.mark.parametrize("width", [64, 32])
def test_the_bytes_are_a_png_of_its_rows(width: int) -> None:
    colours, indices = paletted(pixels(200))
    made = encoded(colours, indices, width=width, height=4096 // width)
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    body = made[made.index(b"IDAT") + 4 : made.index(b"IEND") - 8]
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(-1, width + 1)
    assert (rows[:, 0] == 0).all()
    assert (rows[:, 1:].ravel() == indices).all()
