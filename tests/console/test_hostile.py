"""Names and texts that would run, or break out of where they stand, if a page wrote them as they are."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser

import pytest

from config import tags
from runtime import events, receipts, reports
from runtime.inspection import Result
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from tests.console.looked_at import Looked, ended
from tests.moto_server import Aws

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
)
EVERY = " ".join(PAYLOADS)
LINE, RUN = "a'b<i>&c", 'r"1<b>'
PAGES = (
    "/lines",
    "/lines/live",
    "/lines?q=%3Cscript%3Ealert(1)%3C/script%3E",
    "/lines/a'b%3Ci%3E&c",
    "/lines/a'b%3Ci%3E&c/live",
    "/lines/a'b%3Ci%3E&c/runs/r%221%3Cb%3E",
    "/lines/a'b%3Ci%3E&c/runs/r%221%3Cb%3E/left",
    "/environments",
)


@pytest.fixture(scope="module")
def looked(aws: Aws) -> Looked:
    """An environment in which every field that is shown holds what would run."""
    made = Looked(aws)
    paths = RunPaths(lake=made.lake, line=LINE, run=RUN)
    station = EVERY.replace("#", "")
    made.say(
        LINE,
        RUN,
        (events.RUN_STARTED, "run", {}),
        (events.STATION_STARTED, station, {}),
        (events.STATION_FINISHED, station, ended(EVERY, EVERY, [EVERY])),
        (events.STATION_FINISHED, "curation", ended("halted", EVERY, [EVERY])),
        (events.RUN_FINISHED, "run", ended("halted", EVERY)),
        at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )
    outputs = {
        "sources": {
            EVERY: {"rows": 1, "files": 1, "fingerprint": EVERY, "objects": [{"uri": EVERY, "version": EVERY}]}
        },
        "tables": {EVERY: {"snapshot": EVERY, "rows": 1, "fresh": False}},
    }
    s3 = aws.plain("s3")
    receipts.write(s3, paths, "curation", Receipt("curation", "succeeded", outputs=outputs))
    sent = {EVERY: {"kind": EVERY, "count": 1, "s3": EVERY}}
    receipts.write(s3, paths, "delivery", Receipt("delivery", "succeeded", outputs={"channels": sent}))
    failed = Result(
        table=EVERY, check="row_count", column=EVERY, severity="error", passed=False, observed=EVERY, expected=EVERY,
        failed_rows=1, total_rows=1, why=EVERY, sample=[{EVERY: EVERY}], test=EVERY, proposal=EVERY,
    )  # fmt: skip
    reports.publish(s3, paths, "curation", [failed], status="halted", rows={EVERY: 1}, at=EVERY)
    ref = {tags.PROJECT: tags.PROJECT_VALUE, tags.ENVIRONMENT: EVERY[:250], tags.REF: tags.encoded(EVERY)[:250]}
    made.stack("branch", {"Owner": EVERY, "TtlDays": EVERY}, tags=ref)
    made.forget()
    return made


@pytest.mark.parametrize("path", PAGES)
def test_nothing_that_was_told_becomes_html(looked: Looked, path: str) -> None:
    shown = looked.get(path)
    assert "alert(1)" in shown or "r&#34;1&lt;b&gt;" in shown
    for payload in (*PAYLOADS[:2], LINE, RUN):
        assert payload not in shown
    found = Elements()
    found.feed(shown)
    assert not {"i", "iframe", "object", "style", "base"} & {name for name, _ in found.each}
    for name, attributes in found.each:
        assert not [key for key in attributes if key.startswith("on") or key == "style"]
        assert not [value for value in attributes.values() if (value or "").strip().lower().startswith("javascript:")]
        if name in ("script", "img"):
            assert (attributes.get("src") or "").startswith("/static/")


class Elements(HTMLParser):
    """The elements of a page as a browser takes them, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.each: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.each.append((tag, dict(attrs)))


def test_a_report_that_holds_what_would_run_is_shut_in(looked: Looked) -> None:
    answer = looked.browser.get("/lines/a'b%3Ci%3E&c/runs/r%221%3Cb%3E/reports/curation")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "<script>alert" not in answer.text


def test_a_log_line_that_would_run_does_not(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    from console import logs
    from console.logs import Job

    client, at = looked.aws.plain("logs"), dt.datetime.now(dt.UTC)
    client.create_log_stream(logGroupName=group(client), logStreamName="bad/1")
    event = {"timestamp": int(at.timestamp() * 1000), "message": EVERY}
    client.put_log_events(logGroupName=group(client), logStreamName="bad/1", logEvents=[event])
    monkeypatch.setattr(logs, "jobs", lambda *_: [Job("sagemaker", "bad", EVERY, at)])
    shown = looked.get("/lines/a'b%3Ci%3E&c/runs/r%221%3Cb%3E/logs")
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown


def group(client: object) -> str:
    from contextlib import suppress

    with suppress(client.exceptions.ResourceAlreadyExistsException):  # type: ignore[attr-defined]
        client.create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")  # type: ignore[attr-defined]
    return "/aws/sagemaker/TrainingJobs"
