from runtime import publication
from runtime.publication import Publication
from tests.moto_server import Aws


def test_readers_see_the_snapshots_that_one_run_published_together(aws: Aws) -> None:
    s3, lake = aws.client("s3"), aws.bucket()
    assert publication.snapshots(s3, lake, "shop", "curation") == {}
    publication.write(s3, lake, "shop", "curation", Publication("run-1", {"orders": 1, "prices": 2}))
    publication.write(s3, lake, "shop", "curation", Publication("run-2", {"orders": 3, "prices": 2}))
    assert publication.snapshots(s3, lake, "shop", "curation") == {"orders": 3, "prices": 2}
    assert publication.read(s3, lake, "shop", "features") is None
