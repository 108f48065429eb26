"""``line new``: a small complete line, copied from ``cli/template`` under its own name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from rich.console import Console

from cli.ending import UsageError
from config.loading import ROOT

TEMPLATE = Path(__file__).parent / "template"
_NAME = re.compile(r"[a-z][a-z0-9]{0,19}")


def make_line(name: str, root: Path = ROOT) -> int:
    """Write ``lines/<name>`` and say what to do with it; raises UsageError for a bad name or one that is taken."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a line's name, expected a lowercase letter and up to 19 lowercase letters or digits: "
            "choose another"
        )
    folder = root / "lines" / name
    if folder.exists():
        raise UsageError(f"lines/{name} exists already: choose another name or remove the folder")
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            path.write_text(_renamed(path.read_text(encoding="utf-8"), name), encoding="utf-8")
    (folder / "tests" / "test_template.py").rename(folder / "tests" / f"test_{name}.py")
    Console(highlight=False).print(
        f"made lines/{name}: orders of a made-up shop, to change into your own\n\n"
        f"  line validate {name}          look for mistakes\n"
        f"  line run {name}               run it here\n"
        f"  pytest lines/{name}           its own tests\n\n"
        "docs/lines.md tells every setting of line.yaml",
        soft_wrap=True,
    )
    return 0


def _renamed(text: str, name: str) -> str:
    """Put the name where the template has its own: as a line, a package and a folder of raw files."""
    for old, new in (
        ("line: template\n", f"line: {name}\n"),
        ("line run template", f"line run {name}"),
        ("<raw bucket>/template/", f"<raw bucket>/{name}/"),
        ("cli.template", f"lines.{name}"),
    ):
        text = text.replace(old, new)
    return text
