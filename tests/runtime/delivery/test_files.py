import hashlib
import json
from typing import Any

import pytest

from config.errors import LineError
from config.formats import Format
from runtime.delivery import files, reading
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.delivery.deliveries import scored


def test_the_manifest_tells_what_was_delivered(aws: Aws) -> None:
    s3, paths, bucket = aws.client("s3"), scored(aws, 3), aws.bucket()

    delivered = files.deliver(s3=s3, paths=paths, bucket=bucket)

    folder = f"flights/2013-08-15/{paths.run}/"
    body = s3.get_object(Bucket=bucket, Key=f"{folder}predictions.jsonl")["Body"].read()
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=f"{folder}manifest.json")["Body"].read())
    assert delivered == {"s3": f"s3://{bucket}/{folder}", "count": 3}
    assert manifest["count"] == 3
    assert manifest["files"] == {"predictions.jsonl": {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}}


def test_the_manifest_comes_last(aws: Aws) -> None:
    s3, paths, bucket = aws.client("s3"), scored(aws, 3), aws.bucket()
    put: list[str] = []
    s3.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: put.append(params["Key"]))

    files.deliver(s3=s3, paths=paths, bucket=bucket)

    assert [key.rsplit("/", 1)[1] for key in put] == ["predictions.jsonl", "manifest.json"]


def test_a_delivered_file_is_never_replaced(aws: Aws) -> None:
    s3, paths, bucket = aws.client("s3"), scored(aws, 3), aws.bucket()
    files.deliver(s3=s3, paths=paths, bucket=bucket)
    scored(aws, 4, lake=paths.lake, run=paths.run)

    with pytest.raises(LineError) as error:
        files.deliver(s3=s3, paths=paths, bucket=bucket)

    assert str(error.value) == (
        f"delivery: s3://{bucket}/flights/2013-08-15/{paths.run}/predictions.jsonl exists with other content, expected "
        "none or the same: a delivered file is never replaced, so start a new run"
    )


def test_a_run_without_predictions_delivers_nothing(aws: Aws) -> None:
    s3, paths, bucket = aws.client("s3"), scored(aws, 1), aws.bucket()
    s3.put_object(Bucket=paths.lake, Key=paths.predictions, Body=b"\n")

    with pytest.raises(LineError, match="holds no prediction"):
        files.deliver(s3=s3, paths=paths, bucket=bucket)

    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_fault_at_any_call_leaves_one_whole_delivery_after_a_retry(aws: Aws) -> None:
    def scenario() -> Scenario:
        s3, paths, bucket = aws.client("s3"), scored(aws, 3), aws.bucket()

        def check() -> None:
            keys = [item["Key"].rsplit("/", 1)[1] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
            assert keys == ["manifest.json", "predictions.jsonl"]

        return Scenario(("s3",), lambda client: files.deliver(s3=client, paths=paths, bucket=bucket), check)

    assert converge(aws, scenario) == ["GetObject", "GetObject", "PutObject", "PutObject"]


@pytest.mark.parametrize(("form", "body"), [("csv", b"schema\r\n1\r\n"), ("parquet", b"PAR1")])
def test_a_channel_has_a_folder_and_a_format_of_its_own(aws: Aws, form: Format, body: bytes) -> None:
    s3, paths, bucket = aws.client("s3"), scored(aws, 3), aws.bucket()
    s3.put_object(Bucket=paths.lake, Key=paths.predictions_as(form), Body=body)

    delivered = files.deliver(s3=s3, paths=paths, bucket=bucket, channel="desk", form=form)

    folder, name = f"flights/desk/2013-08-15/{paths.run}/", f"predictions.{form}"
    assert delivered == {"s3": f"s3://{bucket}/{folder}", "count": 3}
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=f"{folder}manifest.json")["Body"].read())
    assert manifest == {
        "schema": 1,
        "line": "flights",
        "run": paths.run,
        "score_date": "2013-08-15",
        "model_version": 3,
        "format": form,
        "count": 3,
        "files": {name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}},
    }
    assert s3.get_object(Bucket=bucket, Key=f"{folder}{name}")["Body"].read() == body


LARGE = b"0123456789abcdef" * (reading.PART // 16) + b"the end"


def test_a_large_file_goes_in_parts_of_which_no_two_are_sent_at_once(aws: Aws) -> None:
    s3, paths, bucket = aws.client("s3"), scored(aws, 3), aws.bucket()
    s3.put_object(Bucket=paths.lake, Key=paths.predictions_as("csv"), Body=LARGE)
    sent: list[int] = []
    s3.meta.events.register("provide-client-params.s3.UploadPart", lambda params, **_: sent.append(len(params["Body"])))

    delivered = files.deliver(s3=s3, paths=paths, bucket=bucket, channel="desk", form="csv")

    assert sent == [reading.PART, 7]
    key = f"{delivered['s3'].split('/', 3)[3]}predictions.csv"
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == LARGE
    files.deliver(s3=s3, paths=paths, bucket=bucket, channel="desk", form="csv")  # again: nothing to do
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_a_large_file_that_is_there_with_other_content_is_never_replaced(aws: Aws) -> None:
    s3, paths, bucket = aws.client("s3"), scored(aws, 3), aws.bucket()
    s3.put_object(Bucket=paths.lake, Key=paths.predictions_as("csv"), Body=LARGE)
    key = f"flights/desk/2013-08-15/{paths.run}/predictions.csv"
    s3.put_object(Bucket=bucket, Key=key, Body=b"other")

    with pytest.raises(LineError, match=r"predictions\.csv exists with other content"):
        files.deliver(s3=s3, paths=paths, bucket=bucket, channel="desk", form="csv")

    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"other"
    names = [item["Key"].rsplit("/", 1)[1] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert names == ["predictions.csv"]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.thorough
def test_a_fault_at_any_call_of_an_upload_in_parts_leaves_one_whole_delivery_after_a_retry(aws: Aws) -> None:
    def scenario() -> Scenario:
        s3, paths, bucket = aws.client("s3"), scored(aws, 3), aws.bucket()
        s3.put_object(Bucket=paths.lake, Key=paths.predictions_as("csv"), Body=LARGE)

        def check() -> None:
            key = f"flights/desk/2013-08-15/{paths.run}/predictions.csv"
            assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == LARGE

        def work(client: Any) -> None:
            files.deliver(s3=client, paths=paths, bucket=bucket, channel="desk", form="csv")

        return Scenario(("s3",), work, check)

    assert converge(aws, scenario) == [
        *("GetObject", "GetObject", "GetObject", "CreateMultipartUpload", "UploadPart", "UploadPart"),
        *("CompleteMultipartUpload", "PutObject"),
    ]
