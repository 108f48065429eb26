import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from local.processes import Child, Processes
from local.warm import ISOLATION, WarmInterpreter, possible
from tests.local.embedded import wait_for

pytestmark = pytest.mark.skipif(not possible(), reason="processes are forked from a warm interpreter on Linux only")


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with closing(Processes(WarmInterpreter())) as started:
        yield started


def environment(folder: Path, **variables: str) -> Mapping[str, str]:
    path = os.pathsep.join([str(ISOLATION), str(folder)])
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8", **variables}


def started(
    processes: Processes, folder: Path, source: str, *words: str, warm: bool = True, **variables: str
) -> tuple[Child, list[str]]:
    """Start a script in a folder; return the child and the lines that it prints."""
    script, lines = folder / "script.py", list[str]()
    script.write_text(source)
    child = processes.start(
        [sys.executable, str(script), *words],
        environment=environment(folder, **variables),
        directory=folder,
        on_line=lines.append,
        warm=warm,
    )
    return child, lines


SEEN = """
import json, os, sys
import beside
print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd(), __name__, beside.WHERE, sys.path[0]]))
print("told", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


def test_a_job_sees_what_it_would_see_as_a_fresh_process(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("WHERE = __file__")
    told = []
    for warm in (True, False):
        child, lines = started(processes, tmp_path, SEEN, "3", warm=warm, STAGE="dev")
        assert child.wait(30) == 3
        child.drain()
        told.append(lines)

    assert told[0] == told[1]


def test_a_module_is_found_in_the_directory_and_not_in_the_checkout(processes: Processes, tmp_path: Path) -> None:
    package = tmp_path / "jobs"
    package.mkdir()
    (package / "__main__.py").write_text("import sys; print(__file__, sys.argv[1:], 'config' in sys.modules)")
    lines: list[str] = []
    child = processes.start(
        [sys.executable, "-m", "jobs", "train"],
        environment=environment(tmp_path),
        directory=tmp_path,
        on_line=lines.append,
        warm=True,
    )

    assert child.wait(30) == 0
    child.drain()
    assert lines == [f"{package / '__main__.py'} ['train'] False"]


def test_libraries_are_there_already_and_draws_differ(processes: Processes, tmp_path: Path) -> None:
    source = "import sys; was = 'pandas' in sys.modules\n"
    source += "import random, numpy\nprint(was, random.random(), numpy.random.rand())"
    told = set()
    for _ in range(2):
        child, lines = started(processes, tmp_path, source)
        assert child.wait(30) == 0
        child.drain()
        was, *draws = lines[0].split()
        assert was == "True"
        told |= set(draws)
    assert len(told) == 4


def test_an_error_ends_with_its_trace_and_1(processes: Processes, tmp_path: Path) -> None:
    child, lines = started(processes, tmp_path, "raise ValueError('no')")

    assert child.wait(30) == 1
    child.drain()
    assert lines[-1] == "ValueError: no"


def test_what_is_registered_for_the_end_is_done(processes: Processes, tmp_path: Path) -> None:
    child, lines = started(processes, tmp_path, "import atexit; atexit.register(print, 'at the end')")

    assert child.wait(30) == 0
    child.drain()
    assert lines == ["at the end"]


SLEEPING = (
    "import os, subprocess, time; subprocess.Popen(['sleep', '60']); print(os.getpid(), flush=True); time.sleep(60)"
)


def test_a_killed_job_ends_with_its_signal_and_takes_what_it_started_along(
    processes: Processes, tmp_path: Path
) -> None:
    child, lines = started(processes, tmp_path, SLEEPING)
    wait_for(lambda: lines)
    child.terminate()

    assert child.wait(30) == -signal.SIGTERM
    assert int(lines[0]) == child.pid
    child.drain()
    assert not group(child.pid)


def test_a_wait_gives_up_in_time(processes: Processes, tmp_path: Path) -> None:
    child, _ = started(processes, tmp_path, SLEEPING)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.01)
    child.kill()
    assert child.poll() == -signal.SIGKILL


def test_many_at_once_each_get_their_own_end(processes: Processes, tmp_path: Path) -> None:
    codes: dict[int, int] = {}

    def run(i: int) -> None:
        folder = tmp_path / str(i)
        folder.mkdir()
        codes[i] = started(processes, folder, "import sys; sys.exit(int(sys.argv[1]))", str(i))[0].wait(30)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {i: i for i in range(20)}


def test_nothing_is_left_when_it_is_closed_or_its_owner_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text(SLEEPING)
    owner = f"""
import os, sys, time
from pathlib import Path
from local.processes import Processes
from local.warm import WarmInterpreter
child = Processes(WarmInterpreter()).start(
    [sys.executable, {str(script)!r}], environment={dict(environment(tmp_path))!r},
    directory=Path({str(tmp_path)!r}), on_line=lambda line: print(line, flush=True), warm=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", owner], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        job = int(process.stdout.readline())
        process.kill()

    wait_for(lambda: not group(job))


def test_another_number_of_threads_needs_a_fresh_process(processes: Processes, tmp_path: Path) -> None:
    source = "import sys; print('pandas' in sys.modules)"
    child, lines = started(processes, tmp_path, source, OMP_NUM_THREADS="2")

    assert child.wait(30) == 0
    child.drain()
    assert lines == ["False"]


def group(leader: int) -> list[int]:
    """Return the processes of a group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(int(folder.name))
    return found
