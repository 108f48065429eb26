from __future__ import annotations

import json
from typing import Any

import pytest

from config.errors import LineError
from runtime.changes.compared import Comparison, compare, document
from runtime.changes.markdown import LONGEST, markdown
from runtime.changes.outcome import outcome
from tests.runtime.changes.templates import CREATE_ONLY, Json, resource, template

RUN = {
    "line": "flights",
    "status": "succeeded",
    "seconds": 41.2,
    "stations": [{"station": "training", "status": "succeeded", "seconds": 3.21}],
    "inspections": {"error": 0, "warning": 2, "info": 1},
    "model": {"version": 3, "role": "champion", "metrics": {"roc_auc": 0.75432}},
    "monitoring": {"performance": {"n": 890, "roc_auc": 0.7}},
    "grants": {"allowed": 9, "denied": 0},
}


def compared(before: dict[str, Json], after: dict[str, Json]) -> Comparison:
    return compare(before, after, CREATE_ONLY.get)


def exporting(name: str, value: Json, **resources: Json) -> Json:
    return {**template(**resources), "Outputs": {"Out": {"Value": value, "Export": {"Name": name}}}}


def test_what_is_the_same_says_so() -> None:
    same = {"Foundation": template(Lake=resource("S3::Bucket"))}
    assert markdown(compared(same, same)) == "## What changes\n\nNo resource changes.\n"


def test_the_worst_comes_first() -> None:
    before = {"Foundation": template(Lake=resource("S3::Bucket"), Role=resource("IAM::Role"))}
    after = {"Foundation": template(Role=resource("IAM::Role", ManagedPolicyArns=["arn:admin"]))}
    assert markdown(compared(before, after)) == (
        "## What changes\n\n"
        "**1 removed, 1 changed**. **Stateful resources whose data would be lost: 1.** **Privileges that grow: 1.**\n\n"
        "### Stateful resources\n\n"
        "|  | data | resource | type | because |\n|---|---|---|---|---|\n"
        "| `DELETE` | `lost` | `Foundation/Lake` | `AWS::S3::Bucket` "
        "| `it is no longer in the template, DeletionPolicy Delete` |\n\n"
        "### Privileges that grow\n\n"
        "|  | holder | may | on | who | only if |\n|---|---|---|---|---|---|\n"
        "|  | `Foundation/Role` | `managed policy` | `arn:admin` |  |  |\n\n"
        "<details><summary>Foundation: 1 removed, 1 changed</summary>\n\n"
        "|  | resource | type | properties |\n|---|---|---|---|\n"
        "| `removed` | `Lake` | `AWS::S3::Bucket` |  |\n"
        "| `changed` | `Role` | `AWS::IAM::Role` | `ManagedPolicyArns` |\n\n"
        "</details>\n"
    )


def test_a_stack_that_is_no_longer_made_is_told_and_removes_nothing() -> None:
    found = compared({"Flights": template(Lake=resource("S3::Bucket"))}, {})
    assert (found.dropped, found.risks, found.changes) == (["Flights"], [], {})
    assert "left as deployed until `cdk destroy`: `Flights`" in markdown(found)


@pytest.mark.parametrize(
    ("after", "because"),
    [
        (template(Lake=resource("S3::Bucket", BucketName="a")), "it is removed: keep it for one more deployment"),
        (
            exporting("lake", {"Ref": "Lake"}, Lake=resource("S3::Bucket", BucketName="b")),
            "what it names is replaced: export the new one under another name",
        ),
        (
            exporting("lake", {"Ref": "Other"}, Lake=resource("S3::Bucket", BucketName="a")),
            "its value changes: export the new one under another name",
        ),
    ],
)
def test_an_export_in_use_blocks_the_deployment(after: Json, because: str) -> None:
    line = template(Reader=resource("IAM::Role", Path={"Fn::ImportValue": "lake"}))
    before = exporting("lake", {"Ref": "Lake"}, Lake=resource("S3::Bucket", BucketName="a"))
    (found,) = compared({"Foundation": before, "Flights": line}, {"Foundation": after, "Flights": template()}).blocked
    assert (found.stack, found.export, found.importers, found.because) == ("Foundation", "lake", ("Flights",), because)
    alone = compared({"Foundation": before}, {"Foundation": after})
    assert alone.blocked == []


def test_nothing_of_a_template_is_read_as_markdown() -> None:
    evil = "a|b`<img src=x>`\n@everyone"
    before = {"Foundation": template(Role=resource("IAM::Role"))}
    after = {"Foundation": template(Role=resource("IAM::Role", ManagedPolicyArns=[evil]))}
    assert "| `a\\|b'<img src=x>' @everyone` |" in markdown(compared(before, after))


def test_a_comment_never_grows_too_long_for_github() -> None:
    wide: dict[str, Any] = {f"P{j}" * 20: j for j in range(40)}
    many = {f"R{i}": resource("S3::Bucket", None, **wide) for i in range(190)}
    text = markdown(compared({}, {f"S{i}": template(**many) for i in range(9)}), more=["x" * LONGEST])
    assert len(text) < 65_536
    assert text.endswith("`line changes` tells all of it.\n")


def test_the_document_is_json() -> None:
    before = {"Foundation": template(Lake=resource("S3::Bucket"))}
    found = json.loads(json.dumps(document(compared(before, {"Foundation": template()}))))
    assert found["stacks"]["Foundation"] == [
        {"resource": "Lake", "type": "AWS::S3::Bucket", "change": "removed", "properties": [], "replaced": "no"}
    ]
    assert [risk["lost"] for risk in found["risks"]] == [True]


def test_a_run_tells_tests_model_and_metrics() -> None:
    assert outcome(RUN) == (
        "### Line `flights`: succeeded in 41 s\n\n"
        "Tests that did not pass: 0 error, 2 warning, 1 info. Version 3 is in service.\n\n"
        "| station | status | seconds | message |\n|---|---|---|---|\n| `training` | `succeeded` | `3.2` |  |\n\n"
        "| metric | on test rows | on 890 labels |\n|---|---|---|\n| `roc_auc` | `0.7543` | `0.7` |"
    )


def test_a_denied_call_of_a_run_is_told() -> None:
    assert outcome({**RUN, "grants": {"denied": 2}}).endswith("**2 calls were denied: a role lacks a grant.**")


def test_another_document_is_refused() -> None:
    with pytest.raises(LineError) as told:
        outcome({"line": "flights", "status": "x"})
    assert str(told.value) == (
        "the run's document has no stations, inspections, model: give what `line run LINE --json` printed"
    )


def test_what_a_holder_may_do_with_one_thing_is_one_row_and_new_holders_are_folded_away() -> None:
    def role(*actions: str) -> Json:
        document = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "arn:a"}]}
        return resource("IAM::Role", Policies=[{"PolicyDocument": document}])

    before = {"Foundation": template(Old=role("s3:GetObject"))}
    after = {"Foundation": template(Old=role("s3:GetObject", "s3:PutObject", "s3:DeleteObject"), New=role("s3:Get*"))}
    text = markdown(compared(before, after))
    assert "|  | `Foundation/Old` | `s3:DeleteObject, s3:PutObject` | `arn:a` |  |  |" in text
    assert "| `WIDE` | `Foundation/New (new)` | `s3:Get*` | `arn:a` |  |  |" in text
    text = markdown(compared(before, {"Foundation": template(Old=role("s3:GetObject"), New=role("s3:GetObject"))}))
    assert "### Privileges that grow" not in text
    assert "<details><summary>Privileges of new holders: 1 of 1</summary>" in text
