import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from pyiceberg.catalog.glue import GlueCatalog

from jobs import maintain
from runtime import receipts
from runtime.receipts import Receipt
from tests.jobs.runs import job
from tests.moto_server import Aws
from tests.runtime.lake import Lake, rows
from tests.runtime.modelled import World, world

Run = Callable[..., tuple[int, Receipt]]
SETTINGS = {"keep_days": 0, "keep_last": 1, "grace_hours": 2}


@pytest.fixture
def line(aws: Aws, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.syspath_prepend(tmp_path)
    return world(aws, tmp_path)


@pytest.fixture
def lake(aws: Aws, line: World) -> Lake:
    made = Lake(aws, bucket=line.paths.lake, database=line.paths.line, line=line.paths.line)
    for table in ("flights", "gone"):
        made.create(table)
        made.publish(rows(1), table)
        made.append(rows(2), table)
    return made


@pytest.fixture
def run(aws: Aws, line: World, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Run:
    group = f"group-{uuid.uuid4().hex[:8]}"
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=group)
    machine = aws.client("stepfunctions").create_state_machine(
        name=group,
        definition=json.dumps({"StartAt": "Busy", "States": {"Busy": {"Type": "Wait", "Seconds": 15, "End": True}}}),
        roleArn="arn:aws:iam::123456789012:role/states",
    )["stateMachineArn"]
    given = {
        "ledger_table": aws.table("pk", "sk"),
        "model_group": group,
        "state_machine": machine,
        "retention": json.dumps(SETTINGS),
        "dry_run": "no",
    }

    def done(*, busy: bool = False, **more: str) -> tuple[int, Receipt]:
        if busy:
            aws.client("stepfunctions").start_execution(stateMachineArn=machine)
        code = job(monkeypatch, line, maintain.main, **{**given, **more})
        receipt = receipts.read(line.s3, line.paths, "maintenance")
        assert receipt is not None
        return code, receipt

    return done


def told(receipt: Receipt, what: str) -> dict[str, Any]:
    return {table["table"]: table[what] for table in receipt.outputs["tables"]}


def test_every_table_of_the_line_is_maintained_also_one_that_is_declared_no_more(run: Run, lake: Lake) -> None:
    code, receipt = run()
    assert (code, receipt.status, receipt.outputs["dry_run"]) == (0, "succeeded", False)
    assert told(receipt, "compacted") == {"flights": 2, "gone": 2}
    assert told(receipt, "compacted_into") == {"flights": 1, "gone": 1}
    assert lake.ids(table="flights") == [1, 2]


def test_it_says_what_it_did(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    assert capsys.readouterr().out.splitlines()[1] == (
        "flights: 4 snapshots kept (branch main, one of the last, seen lately), 0 expired; "
        "2 files rewritten into 1; 0 files removed (0 bytes), 0 waiting"
    )


def test_a_dry_run_says_what_would_be_done_and_does_nothing(run: Run, lake: Lake) -> None:
    before = lake.files("flights")
    _, receipt = run(dry_run="yes")
    assert (receipt.outputs["dry_run"], told(receipt, "compacted")["flights"]) == (True, 2)
    assert lake.files("flights") == before


def test_nothing_is_compacted_under_a_run(run: Run) -> None:
    _, receipt = run(busy=True)
    assert told(receipt, "compacted") == {"flights": 0, "gone": 0}


def test_a_table_that_fails_does_not_keep_the_others_from_it(run: Run, lake: Lake) -> None:
    stock = GlueCatalog.commit_table

    def commit(catalog: Any, table: Any, *more: Any) -> Any:
        if table.name()[-1].endswith("flights"):
            raise OSError("no more")
        return stock(catalog, table, *more)

    with patch.object(GlueCatalog, "commit_table", commit):
        code, receipt = run()
    assert (code, receipt.status) == (70, "failed")
    assert re.fullmatch(
        rf"maintenance: {re.escape(lake.name('flights'))}: OSError at \S+\.py:\d+ \(unexpected; see the job's log\)",
        receipt.message,
    )
    assert len(list(lake.table("gone").scan().plan_files())) == 1
