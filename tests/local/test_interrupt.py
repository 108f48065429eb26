"""Ctrl-C in the middle leaves no process behind."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.local.embedded import wait_for
from tests.local.test_processes import alive

SOURCE = """
import sys, time
from local.server import EmbeddedAws
with EmbeddedAws() as aws:
    child = aws.processes.start(
        [sys.executable, "-c", "import time; time.sleep(60)"], environment={}, directory=aws.directory
    )
    print(child.pid, aws.directory, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_an_interrupted_server_ends_its_children(number: signal.Signals) -> None:
    server = subprocess.Popen([sys.executable, "-c", SOURCE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    child = int(server.stdout.readline().split()[0])
    server.send_signal(number)
    server.communicate(timeout=30)
    wait_for(lambda: not alive(child), seconds=5)
