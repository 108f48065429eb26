"""Folders that are made once for a key and used again: whole or not there, the newest few of each kind."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

_NEWEST = 6


def kept(place: Path, key: str, make: Callable[[Path], None]) -> Path:
    """Return the folder ``place/key``; ``make`` fills it when it is not there yet.

    It is made beside its place and renamed, so that a failure, Ctrl-C or a second command never shows half of one.
    """
    folder = place / key
    if not folder.is_dir():
        fresh = place / f"{key}.{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        try:
            make(fresh)
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another command was quicker with the same
                raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    os.utime(folder)
    for old in sorted(place.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[_NEWEST:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def fingerprint(root: Path, names: Iterable[str], *further: str) -> str:
    """Return a hash of the named files and folders under ``root``, and of what else decides."""
    digest = hashlib.sha256("\0".join(further).encode())
    for name in names:
        path = root / name
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"\0{file.relative_to(root).as_posix()}\0{file.stat().st_size}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:20]
