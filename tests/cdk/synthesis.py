"""Synthesizes branch environments, one after another in one process: ``synthesis.py LINE REF FOLDER [REF FOLDER]``."""

from __future__ import annotations

import sys

from app import build, new_app
from config.choice import chosen

AS_THE_CLI = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}
"""What the CDK CLI asks of the app; a hash in the id of a REST API's deployment is made over it, too."""


def main(line: str, *asked: str) -> None:
    for ref, folder in zip(asked[::2], asked[1::2], strict=True):
        app = new_app(outdir=folder, context=AS_THE_CLI)
        build(app, environment=chosen({"branch": ref}.get, owner="ann"), lines=[line])
        app.synth()


if __name__ == "__main__":
    main(*sys.argv[1:])
