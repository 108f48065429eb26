from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.ending import UsageError, ended
from config.errors import LineError, ManyLineError


def failing_with(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (UsageError("wrong name"), 2, "error: wrong name\n"),
        (LineError("broken line"), 1, "error: broken line\n"),
        (ManyLineError(["first", "second"]), 1, "error: first\nerror: second\n"),
        (
            KeyboardInterrupt(),
            130,
            "interrupted: everything that this command started has been ended\n",
        ),
    ],
)
def test_each_kind_of_end_has_its_status_and_its_line(
    error: BaseException, status: int, told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert ended(lambda: failing_with(error), tmp_path) == status
    assert capsys.readouterr().err == told


def test_an_unexpected_error_is_one_line_that_names_its_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert ended(lambda: failing_with(RuntimeError("boom\nand more")), tmp_path) == 1
    (log,) = (tmp_path / ".assembly" / "logs").iterdir()
    assert capsys.readouterr().err == (
        f"error: unexpected RuntimeError: boom: see .assembly/logs/{log.name} and report it\n"
    )
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_ending_signal_ends_a_command_through_its_blocks(number: signal.Signals, tmp_path: Path) -> None:
    closed = []

    def work() -> int:
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            os.kill(os.getpid(), number)  # impatience while it closes changes nothing
            closed.append(True)
        return 0

    before = signal.getsignal(number)
    assert (ended(work, tmp_path), closed) == (130, [True])
    assert signal.getsignal(number) == before


def test_a_reader_that_has_read_enough_is_no_error() -> None:
    command = (
        f"{sys.executable} -c \"from cli.ending import ended; ended(lambda: [print('x' * 99) for _ in range(9999)])\""
    )
    done = subprocess.run(["bash", "-c", f"{command} | head -1"], capture_output=True, text=True, check=True)
    assert (len(done.stdout), done.stderr) == (100, "")
