"""The image, as far as it can be told without Docker: its rules, its build context, its packages, its entry point."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from assembly_line.code import IMAGE_FILES
from config.loading import ROOT
from jobs.__main__ import JOBS

DOCKERFILE = ROOT / "jobs" / "Dockerfile"
GLIBC = 36
"""Minor version of the C library of Debian 12."""
PYTHON = {"python_version": "3.13", "python_full_version": "3.13.14", "sys_platform": "linux"}
PYTHON |= {"platform_machine": "x86_64", "platform_system": "Linux", "os_name": "posix"}
IMPORTED = """
import importlib, json, sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ModuleNotFoundError(name + " is not in jobs/requirements.txt", name=name)

sys.meta_path.insert(0, Refusing())
sys.path[:] = [{context!r}, *sys.path, {packages!r}]
for name in {names!r}:
    importlib.import_module(name)
found = {{name: getattr(module, "__file__", None) for name, module in sys.modules.items()}}
print(json.dumps({{name: file for name, file in found.items() if file}}))
"""


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in text.splitlines() if line.strip()]


def packages(files: str = "requirements.txt") -> list[Requirement]:
    """Return the locked packages of jobs that the image's Python and platform need."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "jobs").glob(files)))
    given = [Requirement(line) for line in re.findall(r"^([a-z][^\s;]*==[^\\\n]+)", text, re.MULTILINE)]
    return [one for one in given if one.marker is None or one.marker.evaluate(PYTHON)]


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    hadolint = Path(sys.executable).parent / "hadolint"
    return subprocess.run([hadolint, "--no-color", path], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exactly the files that are sent to be built."""
    folder = tmp_path_factory.mktemp("context")
    for pattern in IMAGE_FILES:
        for file in ROOT.glob(pattern):
            if file.name != "sample.py" and "__pycache__" not in file.parts:
                target = folder / file.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
    return folder


def test_the_dockerfile_has_no_fault_that_a_linter_knows() -> None:
    done = lint(DOCKERFILE)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_linter_sees_faults(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text(DOCKERFILE.read_text().replace(":3.13.14-slim-bookworm", ":latest"))
    assert "DL3007" in lint(bad).stdout


def test_the_base_is_pinned_to_a_release_of_the_python_that_functions_have_too() -> None:
    (base,) = [rest for keyword, rest in instructions() if keyword == "FROM"]
    assert re.fullmatch(r"public\.ecr\.aws/docker/library/python:3\.13\.\d+-slim-bookworm(@sha256:[0-9a-f]{64})?", base)


def test_the_process_is_not_root_and_cannot_change_its_code() -> None:
    keywords = [keyword for keyword, _ in instructions()]
    users = [rest for keyword, rest in instructions() if keyword == "USER"]
    assert users == ["10001"]
    assert keywords.index("USER") > max(i for i, keyword in enumerate(keywords) if keyword in ("COPY", "RUN"))
    assert "--chown" not in DOCKERFILE.read_text()


def test_what_is_copied_is_in_the_build_context(context: Path) -> None:
    sources = [rest.split()[0] for keyword, rest in instructions() if keyword == "COPY"]
    assert sources
    assert [source for source in sources if source != "." and not list(context.glob(source))] == []


def test_packages_are_installed_by_their_hashes_only() -> None:
    runs = [rest for keyword, rest in instructions() if keyword == "RUN"]
    installs = [found for rest in runs for found in re.findall(r"pip install[^&;|]*", rest)]
    assert installs
    assert [found for found in installs if "--require-hashes" not in found or "--only-binary=:all:" not in found] == []


def test_every_package_has_a_locked_wheel_for_the_image() -> None:
    """Linux, x86-64, Python 3.13: built and looked for without a package index."""
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC, 16, -1)]
    platforms += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    tags: set[Tag] = {*cpython_tags((3, 13), platforms=platforms), *compatible_tags((3, 13), "cp313", platforms)}
    every = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    locked = {(one["name"], one.get("version")): one.get("wheels", []) for one in every}
    texts = [path.read_text() for path in (ROOT / "jobs").glob("requirements*.txt")]
    hashes = {found for text in texts for found in re.findall(r"sha256:[0-9a-f]{64}", text)}
    without = []
    for package in packages("requirements*.txt"):
        wheels = locked[package.name, str(package.specifier).removeprefix("==")]
        names = [wheel["url"].rsplit("/", 1)[1] for wheel in wheels if wheel["hash"] in hashes]
        if not any(parse_wheel_filename(name)[3] & tags for name in names):
            without.append(str(package))
    assert without == []


@pytest.fixture(scope="module")
def loaded(context: Path) -> dict[str, str]:
    """Each module that the entry point and every job of it import, and its file.

    Nothing is on the path but the build context and the locked packages of jobs.
    """
    pinned = {package.name.lower().replace("_", "-") for package in packages()}
    known = importlib.metadata.packages_distributions()
    installed = {top: {name.lower().replace("_", "-") for name in names} for top, names in known.items()}
    code = IMPORTED.format(
        context=str(context),
        packages=str(Path(str(importlib.metadata.distribution("numpy").locate_file("")))),
        names=["jobs.__main__", "jobs.health", *(f"jobs.{job}" for job in JOBS)],
        refused={top for top, distributions in installed.items() if not distributions & pinned},
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_the_entry_point_needs_nothing_beyond_the_build_context_and_its_packages(
    loaded: dict[str, str], context: Path
) -> None:
    ours = {name: file for name, file in loaded.items() if name.split(".")[0] in ("config", "jobs", "lines", "runtime")}
    assert len(ours) > 50
    assert [name for name, file in ours.items() if not Path(file).is_relative_to(context)] == []
