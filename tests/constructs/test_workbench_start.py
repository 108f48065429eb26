"""The script with which a space starts, run for real: a home of its own, a git repository, a venv, an installation."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assembly_line.workbench_start import LONGEST, encoded, start_script
from config.environment import Environment
from config.loading import ROOT, load_environment
from config.workbench import Workbench
from tests.moto_server import REGION, Aws

FIVE_MINUTES, PATIENCE, INSTALLATION = 300, 120, 900

PYPROJECT = """
[project]
name = "tiny-line"
version = "0.1.0"
requires-python = ">=3.11"
[project.scripts]
line = "tiny_line:main"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
LOCK = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "tiny-line"
version = "0.1.0"
source = { editable = "." }
"""
BACKEND = """
import zipfile
from pathlib import Path

def build_editable(folder, config_settings=None, metadata_directory=None):
    name, info = "tiny_line-0.1.0-py3-none-any.whl", "tiny_line-0.1.0.dist-info"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        wheel.writestr("tiny_line.pth", str(Path.cwd()))
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: tiny-line\\nVersion: 0.1.0\\n")
        kind = "Wheel-Version: 1.0\\nGenerator: tiny\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(f"{info}/WHEEL", kind)
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\\nline = tiny_line:main\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""


def git(*arguments: str, at: Path) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *who, *arguments], cwd=at, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository like the project's, whose installation needs nothing from anywhere."""
    root = tmp_path_factory.mktemp("repository")
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "uv.lock").write_text(LOCK)
    (root / "backend.py").write_text(BACKEND)
    (root / ".gitignore").write_text("__pycache__/\n")
    (root / "tiny_line.py").write_text(
        'import os\n\n\ndef main() -> None:\n    print("line in", os.environ["LINE_ENVIRONMENT"])\n'
    )
    git("init", "--quiet", at=root)
    git("add", "--all", at=root)
    git("commit", "--quiet", "--message", "tiny", at=root)
    return root


def environment(**changed: object) -> Environment:
    wanted = {"profiles": ["ada"], "repository": "https://git.example.com/lines.git", **changed}
    return load_environment("dev").model_copy(update={"workbench": Workbench.model_validate(wanted)})


class Space:
    """A space of the workbench: a home, in which the script runs as SageMaker runs it."""

    def __init__(self, home: Path, script: str) -> None:
        self.home, self.file = home, home / "lifecycle.sh"
        home.mkdir(exist_ok=True)
        self.file.write_text(script)
        tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self.variables = {"HOME": str(home), "PATH": tools, "UV_OFFLINE": "1", "PIP_NO_INDEX": "1", "LC_ALL": "C.UTF-8"}

    def start(self, patience: float = PATIENCE) -> tuple[float, str]:
        """Start the space; returns how long that took (s), and the title of its note once nothing moves any more."""
        (self.home / "WORKBENCH.md").unlink(missing_ok=True)
        began = time.monotonic()
        ended = subprocess.run(["bash", str(self.file)], env=self.variables, timeout=FIVE_MINUTES, check=False)
        took = time.monotonic() - began
        assert ended.returncode == 0
        until = time.monotonic() + patience
        while (title := self.title()) in ("", "# Workbench of dev: getting ready"):
            assert time.monotonic() < until, (self.home / ".assembly-line/start.log").read_text()
            time.sleep(0.02)
        return took, title

    def title(self) -> str:
        return self.note.partition("\n")[0] if (self.home / "WORKBENCH.md").exists() else ""

    @property
    def note(self) -> str:
        return (self.home / "WORKBENCH.md").read_text()

    def terminal(self, command: str) -> str:
        """Return what a command prints in a new terminal."""
        asked = ["bash", "-lc", command]
        ended = subprocess.run(asked, env=self.variables, check=True, capture_output=True, text=True)
        return ended.stdout.strip()


def script_of(where: Path, **changed: object) -> str:
    """Return the script as dev has it, with a repository on this machine, which no environment's file may name."""
    said = start_script(environment(**changed))
    return said.replace("REPOSITORY=https://git.example.com/lines.git", f"REPOSITORY=file://{where}")


@pytest.fixture(scope="module")
def ready(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Space, float, str]:
    space = Space(tmp_path_factory.mktemp("ready") / "home", script_of(repository))
    return space, *space.start()


def test_a_space_starts_at_once_and_readies_itself_behind(ready: tuple[Space, float, str]) -> None:
    space, took, title = ready
    assert took < 5
    assert title == "# Workbench of dev: ready", (space.note, (space.home / ".assembly-line/start.log").read_text())


def test_a_terminal_knows_the_line_command_and_the_environment(ready: tuple[Space, float, str]) -> None:
    space = ready[0]
    assert space.terminal("line") == "line in dev"
    assert space.terminal("echo $AWS_REGION") == "eu-central-1"
    assert git("status", "--short", "--untracked-files=no", at=space.home / "assembly-line") == ""


def test_a_notebook_finds_a_kernel_that_imports_the_library(ready: tuple[Space, float, str]) -> None:
    kernel = json.loads((ready[0].home / ".local/share/jupyter/kernels/assembly-line/kernel.json").read_text())
    python = kernel["argv"][0]
    asked = [python, "-c", "import tiny_line; print(tiny_line.__file__)"]
    found = subprocess.run(asked, capture_output=True, text=True, check=True, cwd="/").stdout
    assert found.strip() == str(ready[0].home / "assembly-line" / "tiny_line.py")
    assert kernel["env"]["LINE_ENVIRONMENT"] == "dev"


def test_another_start_changes_nothing_that_somebody_works_in(ready: tuple[Space, float, str]) -> None:
    space = ready[0]
    (space.home / "assembly-line" / "idea.sql").write_text("select 1")
    installed = (space.home / ".assembly-line/venv/pyvenv.cfg").stat().st_mtime_ns
    profile = (space.home / ".bashrc").read_text()
    assert space.start()[1] == "# Workbench of dev: ready"
    assert (space.home / "assembly-line" / "idea.sql").read_text() == "select 1"
    assert (space.home / ".assembly-line/venv/pyvenv.cfg").stat().st_mtime_ns == installed
    assert (space.home / ".bashrc").read_text() == profile


def test_a_repository_that_cannot_be_cloned_is_told_in_a_note_and_the_space_starts(tmp_path: Path) -> None:
    space = Space(tmp_path / "home", script_of(tmp_path / "nowhere"))
    took, title = space.start()
    assert took < 5
    assert title == "# Workbench of dev: not ready"
    assert f"the repository file://{tmp_path}/nowhere could not be cloned: fatal: " in space.note
    assert "The mend: correct workbench.repository" in space.note
    assert not list(space.home.glob("assembly-line*"))


def test_what_cannot_be_installed_is_told_and_installed_with_the_next_start(repository: Path, tmp_path: Path) -> None:
    broken = tmp_path / "repository"
    shutil.copytree(repository, broken)
    (broken / "uv.lock").write_text("no lock")
    git("commit", "--quiet", "--all", "--message", "broken", at=broken)
    space = Space(tmp_path / "home", script_of(broken))
    assert space.start()[1] == "# Workbench of dev: not ready"
    assert "the library could not be installed: " in space.note
    (space.home / "assembly-line" / "uv.lock").write_text(LOCK)
    assert space.start()[1] == "# Workbench of dev: ready"


def test_a_folder_in_the_clones_place_is_left_alone(repository: Path, tmp_path: Path) -> None:
    space = Space(tmp_path / "home", script_of(repository))
    (space.home / "assembly-line").mkdir()
    (space.home / "assembly-line" / "mine.txt").write_text("mine")
    assert space.start()[1] == "# Workbench of dev: not ready"
    assert "is there and is no clone of a git repository" in space.note
    assert (space.home / "assembly-line" / "mine.txt").read_text() == "mine"


class Private(SimpleHTTPRequestHandler):
    """A git server of the oldest kind: files, for whoever knows the token."""

    def do_GET(self) -> None:
        wanted = base64.b64encode(b"x-access-token:s3cret").decode()
        if self.headers["Authorization"] == f"Basic {wanted}":
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="lines"')
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def private(repository: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the repository behind a password."""
    git("clone", "--quiet", "--bare", str(repository), str(tmp_path / "served" / "lines.git"), at=tmp_path)
    git("update-server-info", at=tmp_path / "served" / "lines.git")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Private, directory=str(tmp_path / "served")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/lines.git"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_private_repository_is_cloned_with_a_token_that_is_never_on_the_disk(
    private: str, tmp_path: Path, aws: Aws
) -> None:
    aws.client("secretsmanager").create_secret(Name="git/reader", SecretString="s3cret")
    script = script_of(tmp_path, token_secret="git/reader").replace(f"file://{tmp_path}", private)
    space = Space(tmp_path / "home", script.replace("eu-central-1", REGION))
    space.variables |= aws.environment()
    assert space.start()[1] == "# Workbench of dev: ready", space.note
    git_again = f"cd {space.home / 'assembly-line'} && git fetch --quiet && git rev-parse origin/main"
    assert len(space.terminal(git_again)) == 40  # with the token again, asked for anew
    config = git("config", "--list", at=space.home / "assembly-line")
    host = re.escape(private.removesuffix("/lines.git"))
    assert re.search(rf"^credential\.{host}\.helper=!", config, re.MULTILINE)
    kept = [path for path in space.home.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert kept == []


def test_a_token_that_cannot_be_read_is_told(private: str, tmp_path: Path, aws: Aws) -> None:
    script = script_of(tmp_path, token_secret="git/none").replace(f"file://{tmp_path}", private)
    space = Space(tmp_path / "home", script.replace("eu-central-1", REGION))
    space.variables |= aws.environment()
    assert space.start()[1] == "# Workbench of dev: not ready"
    assert "could not be cloned: fatal: could not read" in space.note
    assert "token_secret" in space.note


@pytest.mark.thorough  # it installs all that the lock names, from the package index where uv's cache lacks it
def test_the_repository_itself_is_installed_and_both_terminal_and_notebook_use_it(tmp_path: Path) -> None:
    tools = [str(Path(sys.executable).parent), os.environ["PATH"]]
    asked = ["uv", "cache", "dir"]
    told = subprocess.run(asked, env={**os.environ, "PATH": os.pathsep.join(tools)}, capture_output=True, check=True)
    space = Space(tmp_path / "home", script_of(ROOT))
    space.variables |= {"UV_CACHE_DIR": told.stdout.decode().strip(), "UV_COMPILE_BYTECODE": "0"}
    space.variables |= {name: value for name, value in os.environ.items() if name.startswith(("UV_", "SSL_"))}
    del space.variables["UV_OFFLINE"], space.variables["PIP_NO_INDEX"]
    assert space.start(INSTALLATION)[1] == "# Workbench of dev: ready", space.note
    assert "dataset" in space.terminal("line --help")
    clone = space.home / "assembly-line"
    assert "flights" in space.terminal(f"cd {clone} && line validate")
    kernel = json.loads((space.home / ".local/share/jupyter/kernels/assembly-line/kernel.json").read_text())
    asked = [kernel["argv"][0], "-c", "from cli.dataset import load; import cli.site; print(cli.site.meant())"]
    variables = {**space.variables, **kernel["env"]}
    found = subprocess.run(asked, env=variables, capture_output=True, text=True, check=True, cwd="/").stdout
    assert found == "dev\n"


def test_a_script_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match=f"expected at most {LONGEST}"):
        encoded("x" * LONGEST)


def test_an_environment_without_a_workbench_has_no_script() -> None:
    with pytest.raises(ValueError, match="environment 'prod' has no workbench"):
        start_script(load_environment("prod"))
