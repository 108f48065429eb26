from __future__ import annotations

import pytest
from aws_cdk import Stack
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from assembly_line.alarms import publish_runbooks
from assembly_line.monitors import composite_alarm, monitor_alarm
from config.loading import load_bundle, load_environment
from config.monitors import MONITORS


@pytest.mark.parametrize("folder", ["docs/runbooks/", "https://wiki.example.com/runbooks/"])
def test_alarms_link_to_the_pages_that_say_what_to_do(folder: str) -> None:
    stack, line = Stack(), load_bundle("flights").definition
    published = folder if folder.startswith("https") else None
    publish_runbooks(stack, load_environment("dev").model_copy(update={"runbooks": published}))
    alarms = [monitor_alarm(stack, monitor, line=line) for monitor in MONITORS]
    composite_alarm(stack, "Line", line="flights", topic=sns.Topic(stack, "Topic"), alarms=alarms)
    template = Template.from_stack(stack)
    said = {
        found["Properties"]["AlarmDescription"].rpartition(" see ")[2]
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for found in template.find_resources(kind).values()
    }
    assert said == {f"{folder}line.md", *(f"{folder}{monitor}.md" for monitor in MONITORS)}
