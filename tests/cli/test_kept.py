from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.kept import fingerprint, kept


def write(folder: Path) -> None:
    (folder / "file").write_text("made")


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    kept(tmp_path, "key", write)
    folder = kept(tmp_path, "key", lambda _: pytest.fail("made again"))
    assert (folder / "file").read_text() == "made"


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path, "key", fail)
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_folders_go(tmp_path: Path) -> None:
    for number in range(8):
        folder = kept(tmp_path, f"key{number}", write)
        os.utime(folder, (number, number))
    kept(tmp_path, "key8", write)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key3", "key4", "key5", "key6", "key7", "key8"]


def test_the_fingerprint_changes_with_content_and_name_but_not_with_caches(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "a.py").write_text("1")
    first = fingerprint(tmp_path, ["code"])
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_text("1")
    assert fingerprint(tmp_path, ["code"]) == first
    (folder / "a.py").write_text("2")
    second = fingerprint(tmp_path, ["code"])
    (folder / "a.py").rename(folder / "b.py")
    assert len({first, second, fingerprint(tmp_path, ["code"]), fingerprint(tmp_path, ["code"], "more")}) == 4
