"""The cloud assembly of some lines: synthesized by the CDK app in a process of its own, kept while nothing changes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from cli.children import run_python
from cli.kept import fingerprint, kept
from config.loading import ROOT
from local.processes import Processes

_SOURCES = ("app.py", "cdk.json", "uv.lock", "config", "constructs", "stacks", "runtime", "lambdas", "jobs")
_DEADLINE_SECONDS = 300


def synthesize(processes: Processes, lines: Sequence[str], root: Path = ROOT) -> Path:
    """Return the folder of the lines' cloud assembly for environment ``local``.

    Raises LineError with what the app said when it fails.
    """

    def make(folder: Path) -> None:
        run_python(
            processes,
            ["app.py"],
            subject="synth",
            environment=_environment(lines, folder),
            timeout=_DEADLINE_SECONDS,
            root=root,
        )

    return kept(root / ".assembly" / "assemblies", assembly_key(lines, root), make)


def assembly_key(lines: Sequence[str], root: Path = ROOT) -> str:
    """Return the hash of everything that the assembly of these lines is made from."""
    return fingerprint(root, [*_SOURCES, *(f"lines/{line}" for line in sorted(lines))], *sorted(lines))


def _environment(lines: Sequence[str], folder: Path) -> dict[str, str]:
    """What the CDK CLI would give the app: the wanted environment and lines, and where to write."""
    return {
        **os.environ,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps({"env": "local", "lines": ",".join(lines)}),
        "CDK_VALIDATION": "false",  # the built-in template validation costs seconds; `make synth` has it on
    }
