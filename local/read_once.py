"""What moto and botocore read anew for each client, request or path is read once: a fifth of a server's time."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import botocore.session
from moto import backends
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils import json_path

if TYPE_CHECKING:
    from local.patches import Patches
    from local.server import EmbeddedAws

_loader = cache(botocore.session.create_loader)
_parsed = cache(json_path.parse)  # type: ignore[attr-defined]
_modules = frozenset(backends.list_of_moto_modules())
_syntax = lru_cache(maxsize=32)(AmazonStateLanguageParser.parse)


def _program(definition: str) -> tuple[Any, Any]:
    """Build what is executed from the tree of a definition: moto reads its text for each execution (asl_parser.py:51).

    The tree stays as it is; what is built of it has a state, and is each execution's own.
    """
    tree = _syntax(definition)[1]
    return Preprocessor().visit(tree), tree


def install(aws: EmbeddedAws) -> None:
    """Share what is read, as long as the server runs; nobody changes it."""
    replace(aws.patches)


def replace(patches: Patches) -> None:
    """The same for whoever runs moto without the rest."""
    patches.replace(botocore.session, "create_loader", _loader)
    patches.replace(json_path, "parse", _parsed)
    patches.replace(AmazonStateLanguageParser, "parse", staticmethod(_program))
    patches.replace(backends, "list_of_moto_modules", lambda: _modules)
