"""A bucket with files of one source, and a database into which they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config.errors import LineError
from config.sources import S3Source
from runtime import engine
from runtime.sources.loaded import Loaded
from runtime.sources.loading import Origins, load
from tests.moto_server import Aws

SOURCE = S3Source(columns={"id": "INTEGER", "name": "VARCHAR", "at": "TIMESTAMPTZ"})


class Raw:
    """A bucket with files of one source, and a database."""

    def __init__(self, aws: Aws, folder: Path) -> None:
        self.aws = aws
        self.s3, self.bucket, self.folder = aws.client("s3"), aws.bucket(), folder
        self.connection = engine.connect(threads=1)

    def load(self, source: S3Source = SOURCE, **files: str | bytes) -> Loaded:
        return self.load_keys({name.replace("_", "."): text for name, text in files.items()}, source)

    def put(self, files: Mapping[str, str | bytes]) -> None:
        for key, text in files.items():
            self.s3.put_object(Bucket=self.bucket, Key=f"shop/goods/{key}", Body=text)

    def load_keys(self, files: Mapping[str, str | bytes], source: S3Source = SOURCE) -> Loaded:
        self.put(files)
        return load(self.connection, "goods", source, origins=self.origins, parameters={}, folder=self.folder)

    @property
    def origins(self) -> Origins:
        return Origins(
            line="shop",
            environment="local",
            raw_bucket=self.bucket,
            database="db",
            client=self.aws.client,
            catalog=lambda: None,
        )

    def rejected(self) -> list[tuple[Any, ...]]:
        found = engine.rows(self.connection, "SELECT file, line, reason, raw FROM rejected.goods ORDER BY file, line")
        return [(file.rpartition("/")[2], *rest) for file, *rest in found]

    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = engine.fetched(self.connection, "FROM raw.goods").to_pylist()
        return rows

    def texts(self, column: str) -> list[Any]:
        """Return a column's values as text, in the order in which they were loaded."""
        return [value for (value,) in engine.rows(self.connection, f"SELECT CAST({column} AS VARCHAR) FROM raw.goods")]

    def refusal(self, source: S3Source = SOURCE, **files: str | bytes) -> str:
        with pytest.raises(LineError) as error:
            self.load(source, **files)
        return str(error.value).replace(self.bucket, "raw")


@pytest.fixture
def raw(aws: Aws, tmp_path: Path) -> Raw:
    return Raw(aws, tmp_path)
