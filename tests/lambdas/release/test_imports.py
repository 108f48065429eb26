import subprocess
import sys

from tests.lambdas.processes import ROOT
from tests.lambdas.test_imports import HEAVY
from tests.moto_server import CREDENTIALS

NAMES = [
    *("LAKE_BUCKET", "MODELS_BUCKET", "LEDGER_TABLE", "ENDPOINT_NAME", "MODEL_PACKAGE_GROUP", "IMAGE_URI", "METRIC"),
    *("ENDPOINT_ROLE", "ENDPOINT_KIND", "INSTANCE_TYPE", "KMS_KEY", "SIGNING_KEY", "APPROVAL", "LINE", "STATE_MACHINE"),
]
NUMBERS = ["MARGIN", "MEMORY_MB", "MAX_CONCURRENCY", "INSTANCE_COUNT", "LEAST", "MOST", "INVOCATIONS_PER_INSTANCE"]
HANDLERS = ["gate", "register", "deploy", "verify", "lifecycle", "scale", "approve", "approved", "rollback"]


def test_a_handler_imports_nothing_heavy() -> None:
    environment = {**CREDENTIALS, **dict.fromkeys(NAMES, "x"), **dict.fromkeys(NUMBERS, "1"), "GATES": "[]"}
    environment |= {"ENDPOINT_KIND": "instance", "ROLLOUT": "{}", "ALARMS": "[]", "SHADOW": "{}", "SHADOW_ALARMS": "[]"}
    environment |= {"VPC": "{}", "TAGS": "{}"}
    imports = ", ".join(f"lambdas.release.{name}" for name in HANDLERS)

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import sys, {imports}; print(*sys.modules)"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert HEAVY & set(done.stdout.split()) == set()
