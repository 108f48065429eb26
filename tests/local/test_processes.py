"""Children: their groups, their time, their end."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from config.errors import LineError
from local.processes import Processes
from tests.local.embedded import wait_for


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


def test_a_run_gives_its_exit_code_and_lines(tmp_path: Path) -> None:
    heard: list[str] = []
    source = "import sys; print('a'); print('b', file=sys.stderr); sys.exit(3)"
    finished = Processes().run(python(source), environment={}, directory=tmp_path, timeout=20, on_line=heard.append)
    assert (finished.exit_code, finished.timed_out, sorted(finished.lines), sorted(heard)) == (
        3,
        False,
        ["a", "b"],
        ["a", "b"],
    )


def test_a_run_out_of_time_is_killed_with_its_own_children(tmp_path: Path) -> None:
    source = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)"
    )
    finished = Processes().run(python(source), environment={}, directory=tmp_path, timeout=1.5)
    assert finished.timed_out
    assert finished.exit_code == -9
    wait_for(lambda: not alive(int(finished.lines[0])), seconds=5)


def test_a_child_sees_only_its_own_environment(tmp_path: Path) -> None:
    source = "import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE' and not k.startswith('__')))"
    finished = Processes().run(python(source), environment={"A": "1"}, directory=tmp_path, timeout=20)
    assert finished.lines == ["['A']"]


def test_close_ends_children_that_do_not_want_to(tmp_path: Path) -> None:
    processes = Processes()
    ready = tmp_path / "ready"
    source = (
        "import signal, time, pathlib\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(ready)!r}).touch()\ntime.sleep(60)"
    )
    child = processes.start(python(source), environment={}, directory=tmp_path, log=tmp_path / "log")
    while not ready.exists():
        time.sleep(0.02)
    processes.close()
    assert child.poll() == -9


def test_nothing_starts_after_close(tmp_path: Path) -> None:
    processes = Processes()
    processes.close()
    with pytest.raises(LineError, match=r"^embedded AWS: it is closing and starts no more processes: start it again$"):
        processes.run(python("pass"), environment={}, directory=tmp_path, timeout=5)


def test_output_can_go_to_a_file(tmp_path: Path) -> None:
    processes = Processes()
    processes.start(python("print('hello')"), environment={}, directory=tmp_path, log=tmp_path / "log").wait(20)
    assert (tmp_path / "log").read_text() == "hello\n"
