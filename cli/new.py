"""``line new``: a small complete line, copied from ``cli/templates`` under its own name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from cli.ending import UsageError
from config.loading import ROOT

FOLDER = Path(__file__).parent / "templates"
TEMPLATES: Mapping[str, str] = {
    "classification": "which orders of a made-up shop come back",
    "regression": "how long the deliveries of a made-up courier take",
    "forecast": "what the stores of a made-up chain sell a week from now",
}
"""What each template asks, in a few words; the first is taken when none is named."""

DEFAULT = next(iter(TEMPLATES))
_NAME = re.compile(r"[a-z][a-z0-9]{0,19}")
_TEXTS = (".yaml", ".sql", ".py", ".ipynb")


def make_line(name: str, root: Path = ROOT, *, template: str = DEFAULT) -> int:
    """Write ``lines/<name>`` and say what to do with it; raises UsageError for a bad name or one that is taken."""
    if template not in TEMPLATES:
        raise UsageError(f"--template: {template!r} is unknown, expected one of {', '.join(TEMPLATES)}: correct it")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a line's name, expected a lowercase letter and up to 19 lowercase letters or digits: "
            "choose another"
        )
    folder = root / "lines" / name
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"lines/{name} exists already: choose another name or remove the folder")
    _write(folder, name, template)
    Console(highlight=False).print(
        f"made lines/{name}: {TEMPLATES[template]}, to change into your own\n\n"
        f"  line check {name}\n    looks for mistakes and runs its tests\n"
        f"  line run {name}\n    runs it here\n"
        f"  line up {name} --run {name}\n    keeps it up, for the notebook lines/{name}/explore.ipynb\n\n"
        "docs/new-line.md tells what is in it, docs/lines.md every setting of line.yaml",
        soft_wrap=True,
    )
    return 0


def _write(folder: Path, name: str, template: str) -> None:
    """Copy the template; whole or not at all."""
    fresh = folder.with_name(f".{name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        shutil.copytree(FOLDER / template, fresh, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        for path in sorted(fresh.rglob("*")):
            if path.suffix in _TEXTS:
                path.write_text(_renamed(path.read_text(encoding="utf-8"), name, template), encoding="utf-8")
        (fresh / "tests" / "test_template.py").rename(fresh / "tests" / f"test_{name}.py")
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _renamed(text: str, name: str, template: str) -> str:
    """Put the name where the template has its own: as a line, a package and a folder of raw files."""
    for old, new in (
        ("line: template\n", f"line: {name}\n"),
        ("line run template", f"line run {name}"),
        ("line up template --run template", f"line up {name} --run {name}"),
        ('load(\\"template\\"', f'load(\\"{name}\\"'),
        ("<raw bucket>/template/", f"<raw bucket>/{name}/"),
        (f"cli.templates.{template}", f"lines.{name}"),
    ):
        text = text.replace(old, new)
    return text
