"""The cloud assembly of some lines: synthesized by the CDK app in a process of its own, kept while nothing changes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cli.children import run_python
from cli.kept import fingerprint, kept
from config.loading import ROOT
from local.processes import Processes

_SOURCES = ("app.py", "cdk.json", "uv.lock", "config", "constructs", "stacks", "runtime", "lambdas", "jobs")
_DEADLINE_SECONDS = 300


def synthesize(
    processes: Processes, lines: Sequence[str], root: Path = ROOT, *, where: Mapping[str, str] | None = None
) -> Path:
    """Return the folder of the lines' cloud assembly for environment ``local``, or for what ``where`` says to the app.

    Raises LineError with what the app said when it fails.
    """
    chosen = dict(where or {"env": "local"})

    def make(folder: Path) -> None:
        run_python(
            processes,
            ["app.py"],
            subject="synth",
            environment=_environment(lines, folder, chosen),
            timeout=_DEADLINE_SECONDS,
            root=root,
        )

    key = assembly_key(lines, root)
    if where is not None:
        key += "." + "".join(c if c.isalnum() else "-" for c in "-".join(f"{k}-{v}" for k, v in sorted(chosen.items())))
    return kept(root / ".assembly" / "assemblies", key, make)


def assembly_key(lines: Sequence[str], root: Path = ROOT) -> str:
    """Return the hash of everything that the assembly of these lines is made from."""
    return fingerprint(root, [*_SOURCES, *(f"lines/{line}" for line in sorted(lines))], *sorted(lines))


def _environment(lines: Sequence[str], folder: Path, chosen: Mapping[str, str]) -> dict[str, str]:
    """What the CDK CLI would give the app: the wanted environment and lines, and where to write."""
    return {
        **os.environ,
        "CDK_OUTDIR": str(folder),
        # nothing is bundled: what is deployed here, or looked at, needs none of it
        "CDK_CONTEXT_JSON": json.dumps({**chosen, "lines": ",".join(lines), "aws:cdk:bundling-stacks": []}),
        "CDK_VALIDATION": "false",  # the built-in template validation costs seconds; `make synth` has it on
    }
