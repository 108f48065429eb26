"""What people see and touch: the path of a new user, and the console in a real browser, beside one ``line up``.

The tests are in ``console/new_user.py`` and, page by page, in ``console/seen_<page>.py``; their names come in here.
"""

from __future__ import annotations

from tests.console.new_user import *  # noqa: F403
from tests.console.seen_datasets import *  # noqa: F403
from tests.console.seen_environments import *  # noqa: F403
from tests.console.seen_lines import *  # noqa: F403
from tests.console.seen_models import *  # noqa: F403
from tests.console.seen_monitoring import *  # noqa: F403
from tests.console.seen_run import *  # noqa: F403
from tests.console.seen_throughput import *  # noqa: F403
from tests.console.world import chromium, page, world  # noqa: F401 (fixtures)
