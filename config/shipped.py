"""The project's modules that jobs are given, and one digest of them all."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from config.loading import ROOT

MODULE_FILES = ["config/*.py", "runtime/**/*.py", "jobs/*.py"]


def module_files(root: Path = ROOT) -> list[Path]:
    """Return the modules that jobs import, in the order of their paths."""
    return sorted({file for pattern in MODULE_FILES for file in root.glob(pattern) if "__pycache__" not in file.parts})


def code_digest(root: Path = ROOT) -> str:
    """Return a digest of the modules: with another one, no earlier outcome of a station is taken for fresh."""
    digest = hashlib.sha256()
    for file in module_files(root):
        digest.update(f"\0{file.relative_to(root).as_posix()}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def commit_of(root: Path = ROOT) -> str:
    """Return the commit that is checked out, with ``+`` behind it when files differ from it.

    Without git, what CodeBuild says it was given, or nothing.
    """
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("CODEBUILD_RESOLVED_SOURCE_VERSION", "")
    return f"{head}+" if changed else head


def committer(root: Path = ROOT) -> str:
    """Return who works here, as git knows them; empty where it does not."""
    try:
        return _git(root, "config", "user.email")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(root: Path, *words: str) -> str:
    told = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True)
    return told.stdout.strip()
