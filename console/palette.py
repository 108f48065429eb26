"""A picture in at most 256 colours, which for a page is a third of the bytes and the same to the eye."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from playwright.sync_api import Page

COLOURS = 256
_PIXELS = """async (data) => {
  const picture = new Image();
  picture.src = "data:image/png;base64," + data;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  const bytes = canvas.getImageData(0, 0, picture.width, picture.height).data;
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return [picture.width, picture.height, btoa(text)];
}"""


def fewer_colours(page: Page, png: bytes) -> bytes:
    """Return a PNG of the same picture with its most frequent colours; ``page``, an empty one, tells the pixels."""
    width, height, text = page.evaluate(_PIXELS, base64.b64encode(png).decode())
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 4)[:, :3]
    return encoded(*paletted(pixels), width=width, height=height)


def paletted(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (colours, index of each pixel's colour) of pixels, an array of rows of red, green and blue, 0 to 255."""
    packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    found, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    every = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.int32)
    colours = every[np.argsort(-counts, kind="stable")[:COLOURS]]
    away = ((every[:, None, :] - colours[None, :, :]) ** 2).sum(axis=2)
    return colours.astype(np.uint8), away.argmin(axis=1).astype(np.uint8)[places]


def encoded(colours: np.ndarray, indices: np.ndarray, *, width: int, height: int) -> bytes:
    """Return a PNG of pixels that are indices of colours, row by row."""
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = indices.reshape(height, width)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", colours.tobytes()), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
