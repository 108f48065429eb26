"""Images: what a Dockerfile says of the process to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import LineError
from local.images import Image, Images, read_image


def dockerfile(directory: Path, text: str) -> Path:
    (directory / "Dockerfile").write_text(text, encoding="utf-8")
    return directory


def test_the_entry_point_workdir_and_variables_are_read(tmp_path: Path) -> None:
    text = """# a comment
FROM python:3.13-slim AS build
ENTRYPOINT ["other"]
FROM python:3.13-slim
WORKDIR /app
ENV PYTHONUNBUFFERED=1 \\
    MODE="fast and safe"
ENV OLD form of it
COPY --chown=app . /app
ENTRYPOINT ["python", "-m", "jobs"]
CMD ["serve"]
"""
    assert read_image(dockerfile(tmp_path, text)) == Image(
        directory=tmp_path,
        entrypoint=["python", "-m", "jobs"],
        environment={"PYTHONUNBUFFERED": "1", "MODE": "fast and safe", "OLD": "form of it"},
        command=["serve"],
    )


def test_a_workdir_below_the_copied_root_is_a_subfolder(tmp_path: Path) -> None:
    image = read_image(dockerfile(tmp_path, 'FROM x\nCOPY . /srv\nWORKDIR /srv/jobs\nCMD ["run"]\n'))
    assert (image.directory, image.entrypoint) == (tmp_path / "jobs", ["run"])


def test_a_shell_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LineError) as raised:
        read_image(dockerfile(tmp_path, "FROM x\nENTRYPOINT python -m jobs\n"))
    assert str(raised.value) == (
        f"{tmp_path}/Dockerfile: ENTRYPOINT python -m jobs is in shell form, expected exec form, such as "
        'ENTRYPOINT ["python", "-m", "jobs"]'
    )


def test_an_image_that_starts_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LineError, match=r"Dockerfile: it has no ENTRYPOINT, expected one in exec form"):
        read_image(dockerfile(tmp_path, "FROM x\n"))


def test_an_unknown_image_is_named() -> None:
    with pytest.raises(LineError) as raised:
        Images()["1.dkr.ecr.r.amazonaws.com/x:1"]
    assert str(raised.value) == (
        "image 1.dkr.ecr.r.amazonaws.com/x:1: it has not been published, expected one of none: deploy its stack first"
    )
