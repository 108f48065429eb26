"""The ten-minute tour, run as it stands in the manual: each command, in order, and what it says that it prints."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.loading import ROOT
from tests.clone import PATIENCE_SECONDS, Clone

TOUR = ROOT / "docs" / "tour.md"
PORT = "4566"
_STEP = re.compile(
    r"(?:<!-- tour: (?P<how>\w+) -->\n)?```bash\n(?P<commands>.*?)```(?:\n\n```text\n(?P<prints>.*?)```)?", re.DOTALL
)


@dataclass(frozen=True)
class Step:
    """Commands of the tour, how they are called, and the lines that they are said to print."""

    how: str
    """``before`` the tour, ``beside`` the others in a terminal of its own, or in the one terminal of the tour."""
    commands: str
    prints: tuple[str, ...]


STEPS = [
    Step(found["how"] or "", found["commands"].strip(), tuple((found["prints"] or "").splitlines()))
    for found in _STEP.finditer(TOUR.read_text(encoding="utf-8"))
]


def missing(wanted: tuple[str, ...], printed: str) -> list[str]:
    """Return the first line that was not printed after those before it, as a list, or an empty one.

    >>> missing(("a … d", "e"), "x\\na b c d\\ne f\\n")
    []
    """
    lines = iter([" ".join(line.split()) for line in printed.splitlines()])
    for line in wanted:
        parts = [re.escape(" ".join(part.split())) for part in line.split("…")]
        pattern = re.compile(".*".join(parts))
        if not any(pattern.search(said) for said in lines):
            return [line]
    return []


@dataclass
class Terminal:
    """A shell in a copy of the repository, whose variables stay from step to step."""

    clone: Clone
    port: str = PORT

    def start(self, commands: str) -> subprocess.Popen[str]:
        home = self.clone.home
        state, names = home / "state", home / "bin"
        names.mkdir(exist_ok=True)
        line = names / "line"
        line.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m cli.main "$@"\n')
        line.chmod(0o755)
        commands = commands.replace(PORT, self.port)
        script = f"set -ea; test ! -f {state} || . {state}; {commands}\nexport -p > {state}"
        return subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.clone.root,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
                "HOME": str(home),
                "COLUMNS": "200",
                "PATH": f"{names}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": f"{self.clone.root}{os.pathsep}{self.clone.root / 'constructs'}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, step: Step) -> None:
        process = self.start(step.commands)
        try:
            printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        assert process.returncode == 0, f"{step.commands}\n{printed}"
        assert missing(step.prints, printed) == [], f"{step.commands}\n{printed}"

    @contextmanager
    def beside(self, step: Step) -> Iterator[str]:
        """Keep a command going while others are called; gives the line by which one knows that it is up."""
        (wanted,) = step.prints
        command = f"exec {step.commands} --port 0"
        process = self.start(command)
        assert process.stdout is not None
        try:
            pattern = " ".join(wanted.replace(PORT, "…").split("…")[0].split())
            yield next((said for said in process.stdout if pattern in said), "")
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def test_the_tour_has_steps_of_each_kind() -> None:
    assert [step.how for step in STEPS].count("beside") == 2
    assert STEPS[0].how == "before"
    assert all(step.prints for step in STEPS if step.commands.startswith("line "))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [(("b", "a"), "a\nb\n"), (("a … c",), "c a\n"), (("a", "a"), "a\n"), (("gone…",), "")],
)
def test_a_line_that_is_not_printed_in_its_order_is_missed(wanted: tuple[str, ...], said: str) -> None:
    assert missing(wanted, said) == [wanted[-1]]


@pytest.mark.thorough
def test_the_tour_does_what_it_says(tmp_path: Path) -> None:
    terminal = Terminal(Clone.make(tmp_path))
    steps = [step for step in STEPS if step.how != "before"]
    made, up, *rest = steps
    console = rest.pop()
    terminal.run(made)
    with terminal.beside(up) as said:
        found = re.search(r"127\.0\.0\.1:(\d+)", said)
        assert found, said
        terminal.port = found[1]
        for step in rest:
            terminal.run(step)
        with terminal.beside(console) as address:
            assert re.search(r"http://127\.0\.0\.1:\d+/\?key=", address), address
    assert terminal.clone.gone(), terminal.clone.processes()
