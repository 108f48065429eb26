"""What each space of the workbench runs when it starts: settings of the environment, and one script that uses them."""

from __future__ import annotations

import base64
import hashlib
import shlex
from pathlib import Path

from config.environment import Environment

LONGEST = 16_384
"""Characters that SageMaker takes, of the script in base64."""

_SCRIPT = Path(__file__).with_name("workbench_start.sh")
_END = "END_OF_START"
_FRAME = """#!/bin/bash
# A script that fails, or takes five minutes, keeps its space from starting: this one starts another and ends.
export HOME="${{HOME:-/home/sagemaker-user}}"
mkdir -p "$HOME/.assembly-line" && cat >"$HOME/.assembly-line/start.sh" <<'{end}'
WORK="$HOME/.assembly-line"
{settings}
{script}
{end}
setsid nohup bash "$HOME/.assembly-line/start.sh" >"$HOME/.assembly-line/start.log" 2>&1 </dev/null &
exit 0
"""


def start_script(environment: Environment) -> str:
    """Return the script of an environment that has a workbench; raises ValueError for one without."""
    wanted = environment.workbench
    if wanted is None:
        raise ValueError(f"environment {environment.name!r} has no workbench")
    settings = {
        "LINE_ENVIRONMENT": environment.name,
        "AWS_REGION": environment.region,
        "REPOSITORY": wanted.repository,
        "REF": wanted.ref or "",
        "TOKEN_SECRET": wanted.token_secret or "",
        "PACKAGE_INDEX": wanted.package_index or "",
    }
    said = "\n".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    return _FRAME.format(settings=said, script=_SCRIPT.read_text(encoding="utf-8").strip(), end=_END)


def encoded(script: str) -> str:
    """Return a script as SageMaker takes it; raises ValueError for one that is too long."""
    text = base64.b64encode(script.encode()).decode()
    if len(text) > LONGEST:
        raise ValueError(f"the script of the workbench takes {len(text)} characters, expected at most {LONGEST}")
    return text


def digest(script: str) -> str:
    """Return what tells one script from another in a name: SageMaker changes none that is there.

    >>> digest("true")
    'b5bea41b6c62'
    """
    return hashlib.sha256(script.encode()).hexdigest()[:12]
