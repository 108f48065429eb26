from contextlib import suppress
from typing import Any
from unittest.mock import patch

import pytest
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException

from config.environment import Snapshots
from runtime import maintenance, sweeping
from runtime.maintenance import Done
from tests.gate import gate
from tests.moto_server import Aws
from tests.runtime.lake import Lake, rows

DAY = 24


@pytest.fixture
def lake(aws: Aws) -> Lake:
    made = Lake(aws)
    made.create()
    return made


def snapshots(lake: Lake) -> set[int]:
    return {snapshot.snapshot_id for snapshot in lake.table().metadata.snapshots}


def test_what_readers_saw_lately_stays(lake: Lake) -> None:
    first, second = lake.publish(rows(1)), lake.publish(rows(2))
    lake.maintain(hours=DAY - 1)
    assert (lake.ids(first), lake.ids(second)) == ([1], [2])


def test_what_nobody_needs_is_expired_and_its_files_go_a_grace_period_later(lake: Lake) -> None:
    first = lake.publish(rows(1))
    old = lake.files()
    second = lake.publish(rows(2))
    done = lake.maintain(hours=DAY + 1)
    assert (snapshots(lake), done.expired, done.removed) == ({second}, 2, 0)
    assert first not in snapshots(lake)
    assert old <= lake.files()
    assert lake.maintain(hours=2 * DAY).removed == 0
    assert lake.maintain(hours=2 * DAY + 2).removed == done.waiting > 0
    assert not any("/data/" in file for file in old & lake.files())
    assert lake.ids() == [2]


def test_the_last_stay_whatever_their_age(lake: Lake) -> None:
    published = [lake.publish(rows(n)) for n in range(4)]
    lake.maintain(hours=1000, keep_last=3)
    assert snapshots(lake) == set(published[1:])


def test_days_keep_more_than_the_grace_period(lake: Lake) -> None:
    first = lake.publish(rows(1))
    lake.publish(rows(2))
    lake.maintain(hours=6 * DAY, keep_days=7)
    assert lake.ids(first) == [1]


@pytest.mark.parametrize("kind", ["tag", "branch"])
def test_a_tag_or_a_branch_keeps_what_it_refers_to(lake: Lake, kind: str) -> None:
    first = lake.publish(rows(1))
    manage = lake.table().manage_snapshots()
    (manage.create_tag if kind == "tag" else manage.create_branch)(first, "mine").commit()
    lake.publish(rows(2))
    for hours in (1000, 2000):
        done = lake.maintain(hours=hours)
    assert lake.ids(first) == [1]
    assert done.kept_by[f"{kind} mine"] == 1


def test_who_names_a_snapshot_keeps_it(lake: Lake) -> None:
    first = lake.publish(rows(1))
    lake.publish(rows(2))
    for hours in (1000, 2000):
        done = lake.maintain(hours=hours, holders={first: ["champion", "model 3"]})
    assert lake.ids(first) == [1]
    assert done.kept_by == {"branch main": 1, "champion": 1, "model 3": 1, "one of the last": 1, "seen lately": 1}


def test_an_audit_branch_that_is_being_written_stays(lake: Lake) -> None:
    lake.publish(rows(1))
    audited = lake.audit(rows(2))
    lake.maintain(hours=DAY - 1)
    assert lake.ids(audited) == [2]
    assert "audit" in lake.table().refs()


def test_an_audit_branch_that_was_left_goes_and_what_it_held(lake: Lake) -> None:
    published = lake.publish(rows(1))
    lake.audit(rows(2))
    lake.maintain(hours=DAY + 1)
    assert (snapshots(lake), list(lake.table().refs())) == ({published}, ["main"])


def test_files_that_were_never_committed_go_after_the_grace_period(lake: Lake) -> None:
    lake.publish(rows(1))
    orphan = lake.put("data/orphan +ø.parquet")
    first = lake.maintain()
    assert (first.removed, first.waiting) == (0, 1)
    assert lake.maintain(hours=DAY - 1).removed == 0
    second = lake.maintain(hours=DAY + 1)
    assert (second.removed, second.removed_bytes) == (1, 4)
    assert orphan not in lake.files()


def test_a_table_whose_name_begins_alike_is_left_alone(lake: Lake) -> None:
    lake.create("orders_more")
    lake.publish(rows(1))
    lake.publish(rows(3), "orders_more")
    other = lake.files("orders_more")
    for hours in (0, 1000, 2000):
        lake.maintain(hours=hours)
    assert lake.files("orders_more") == other


def test_metadata_beyond_the_kept_versions_goes(lake: Lake) -> None:
    for n in range(7):
        lake.publish(rows(n))
    for hours in (1000, 2000):
        lake.maintain(hours=hours)
    kept = {file for file in lake.files() if file.endswith(".metadata.json")}
    assert len(kept) == len(lake.table().metadata.metadata_log) + 1


def test_again_changes_nothing(lake: Lake) -> None:
    lake.publish(rows(1))
    lake.publish(rows(2))
    lake.maintain(hours=DAY + 1)
    before = (lake.table().metadata_location, lake.files())
    again = lake.maintain(hours=DAY + 1)
    assert (again.expired, again.removed) == (0, 0)
    assert (lake.table().metadata_location, lake.files()) == before


def test_a_table_without_a_snapshot_is_fine(lake: Lake) -> None:
    assert lake.maintain(hours=1000) == Done(table="orders", kept=0)


def test_a_look_tells_what_would_be_done_and_does_nothing(lake: Lake) -> None:
    lake.publish(rows(1))
    lake.publish(rows(2))
    before = (lake.table().metadata_location, lake.files())
    look = lake.keeper(hours=DAY + 1).look(lake.name())
    assert (lake.table().metadata_location, lake.files()) == before
    assert look.expired == 2
    assert look.kept == 1
    assert look.waiting == lake.maintain(hours=DAY + 1).waiting + 0


def test_a_publication_in_between_is_not_undone(lake: Lake) -> None:
    """The commit is not the newest state's any more, so the step is taken again from it."""
    first = lake.publish(rows(1))
    lake.publish(rows(2))
    stock = GlueCatalog.commit_table
    published: list[int] = []

    def commit(*arguments: Any, **named: Any) -> Any:
        with patch.object(GlueCatalog, "commit_table", stock):
            if not published:
                published.append(lake.publish(rows(3)))
            return stock(*arguments, **named)

    with patch.object(GlueCatalog, "commit_table", commit):
        lake.maintain(hours=DAY + 1)
    assert first not in snapshots(lake)
    assert (lake.ids(), lake.table().current_snapshot().snapshot_id) == ([3], published[0])  # type: ignore[union-attr]


def test_a_tag_in_between_keeps_its_snapshot(lake: Lake) -> None:
    first = lake.publish(rows(1))
    lake.publish(rows(2))
    stock = GlueCatalog.commit_table
    tagged: list[str] = []

    def commit(*arguments: Any, **named: Any) -> Any:
        with patch.object(GlueCatalog, "commit_table", stock):
            if not tagged:
                tagged.append("mine")
                lake.table().manage_snapshots().create_tag(first, "mine").commit()
            return stock(*arguments, **named)

    with patch.object(GlueCatalog, "commit_table", commit):
        lake.maintain(hours=DAY + 1)
    assert lake.ids(first) == [1]


def test_a_table_that_is_never_quiet_is_told(lake: Lake) -> None:
    lake.publish(rows(1))
    lake.publish(rows(2))
    overtaken = patch.object(GlueCatalog, "commit_table", side_effect=CommitFailedException("overtaken"))
    with overtaken, pytest.raises(CommitFailedException, match=r"^overtaken$"):
        lake.maintain(hours=DAY + 1)


def test_the_tables_of_a_line_are_found_by_their_folders(lake: Lake) -> None:
    lake.create("prices")
    catalog = lake.catalog()
    catalog.drop_table(lake.name("prices"))
    lake.create("items")
    found = maintenance.tables(lake.aws.client("s3"), catalog, lake=lake.bucket, database=lake.database, line="shop")
    assert found == [lake.name("items"), lake.name("orders")]


@pytest.mark.thorough
def test_a_kill_at_any_write_hurts_no_reader_and_a_rerun_converges(aws: Aws) -> None:
    lake, at, hours, struck = Lake(aws), 0, 0, []
    lake.create()
    with gate() as door:
        while True:
            held, tagged = lake.publish(rows(at)), lake.append(rows(at + 1))
            lake.table().manage_snapshots().create_tag(tagged, f"tag {at}").commit()
            lake.append(rows(at + 2))  # three small files: worth a compaction
            lake.put("data/orphan.parquet")
            holders: dict[str, Any] = {"holders": {held: ["model 1"]}}
            lake.maintain(hours=hours, keep_last=20, busy=True, **holders)
            hours += DAY
            door.open(at=max(at - 1, 0), landed=at > 0)
            with suppress(Exception):  # whatever the death became, the rerun must mend it
                lake.maintain(hours=hours, endpoint=door.endpoint, **holders)
            hours += DAY
            lake.maintain(hours=hours, **holders)
            assert (lake.ids(held), lake.ids(tagged)) == ([at], [at, at + 1])
            assert lake.ids() == [at, at + 1, at + 2]
            if not door.closed:
                break
            struck += door.writes[-1:]
            lake.table().manage_snapshots().remove_tag(f"tag {at}").commit()
            at += 1
    for _ in range(4):  # expire what compaction replaced, note its files, remove them, and then nothing
        hours += DAY
        done = lake.maintain(hours=hours)
    assert (done.expired, done.compacted, done.removed, done.waiting) == (0, 0, 0, 0)
    assert lake.files() == sweeping.referenced(lake.table())
    assert {"UpdateTable", "POST"} <= {write.split()[0] for write in struck}
    assert len(struck) > 8


def test_the_environments_keep_at_least_what_their_grace_needs() -> None:
    assert Snapshots().grace_hours <= 24 * Snapshots().keep_days
