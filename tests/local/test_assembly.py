"""Assemblies: order, assets, archives."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from config.errors import LineError
from local.assembly import read_assembly, zipped
from tests.local.assemblies import write_assembly


def test_stacks_come_after_those_they_depend_on(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"First": {}, "Second": {}})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["artifacts"] = dict(reversed(manifest["artifacts"].items()))
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert [stack.name for stack in read_assembly(tmp_path, account="1", region="r")] == ["First", "Second"]


def test_a_folder_that_is_no_assembly_is_named(tmp_path: Path) -> None:
    with pytest.raises(LineError) as raised:
        read_assembly(tmp_path, account="1", region="r")
    assert str(raised.value) == (
        f"{tmp_path}: it is not a cloud assembly (no manifest.json): synthesize the app into it first"
    )


def test_assets_know_their_place(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"S": {}})
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "Dockerfile").write_text('FROM x\nENTRYPOINT ["python"]\n')
    assets = {
        "files": {
            "f": {
                "source": {"path": "image", "packaging": "zip"},
                "destinations": {
                    "here": {"bucketName": "assets-${AWS::AccountId}-${AWS::Region}", "objectKey": "f.zip"}
                },
            }
        },
        "dockerImages": {
            "i": {
                "source": {"directory": "image"},
                "destinations": {"here": {"repositoryName": "repo-${AWS::AccountId}", "imageTag": "i"}},
            }
        },
    }
    (tmp_path / "S.assets.json").write_text(json.dumps(assets))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["artifacts"]["S.assets"] = {"type": "cdk:asset-manifest", "properties": {"file": "S.assets.json"}}
    manifest["artifacts"]["S"]["dependencies"] = ["S.assets"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (stack,) = read_assembly(tmp_path, account="1", region="r")
    assert [(asset.bucket, asset.key) for asset in stack.files] == [("assets-1-r", "f.zip")]
    assert [image.uri for image in stack.images] == ["1.dkr.ecr.r.amazonaws.com/repo-1:i"]
    assert stack.images[0].image().entrypoint == ["python"]


def test_an_archive_depends_on_content_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "x.py").write_text("1")
        (tmp_path / name / "y.py").write_text("2")
    os.utime(tmp_path / "b" / "y.py", (1, 1))
    first, second = zipped(tmp_path / "a"), zipped(tmp_path / "b")
    assert first == second
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["deep/x.py", "y.py"]
