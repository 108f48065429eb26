"""The console in a real browser, beside a real ``line up``: the tests of all pages share one world.

Each page has its tests in a module ``seen_<page>.py``, whose names come in here.
"""

from __future__ import annotations

from tests import browser
from tests.console.seen_datasets import *  # noqa: F403  # noqa: F403 (the tests of a page)
from tests.console.seen_environments import *  # noqa: F403
from tests.console.seen_lines import *  # noqa: F403
from tests.console.seen_models import *  # noqa: F403
from tests.console.seen_monitoring import *  # noqa: F403
from tests.console.seen_run import *  # noqa: F403
from tests.console.seen_throughput import *  # noqa: F403
from tests.console.world import chromium, page, world  # noqa: F401 (fixtures)

pytestmark = browser.needed
