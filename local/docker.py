"""What stands in for the docker program where there is none: the CDK CLI calls it to build and push an image.

Nothing is built. The embedded AWS notes the build context and its Dockerfile, and keeps a copy of it once it is
pushed, from which its jobs and endpoints run. Run as a script that imports nothing of the project.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

ROUTE = "/embedded/images"


def main(arguments: Sequence[str]) -> int:
    """Do what one call of docker asks for; returns the exit status."""
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if command == "login":
        return 0
    if command == "build":
        asked = {"do": command, "tag": _option(rest, "--tag", "-t"), "directory": str(Path(rest[-1]).resolve())}
        asked["dockerfile"] = _option(rest, "--file", "-f") or "Dockerfile"
    elif command == "tag" and len(rest) == 2:
        asked = {"do": command, "tag": rest[1], "source": rest[0]}
    elif command in ("push", "inspect") and rest:
        asked = {"do": command, "tag": rest[-1]}
    else:
        return _refused(f"`docker {' '.join(arguments)}`: expected build, tag, push, login or inspect")
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return _refused("AWS_ENDPOINT_URL is not set: call the CDK CLI by `line cdk`")
    place = urlsplit(endpoint)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    try:
        connection.request("POST", ROUTE, body=json.dumps(asked))
        answer = connection.getresponse()
        return 0 if answer.status == http.client.OK else _refused(answer.read().decode())
    except OSError as error:
        return _refused(f"no embedded AWS answers at {endpoint} ({error}): start `line up`")
    finally:
        connection.close()


def _option(arguments: Sequence[str], *names: str) -> str:
    for i, argument in enumerate(arguments):
        for name in names:
            if argument == name and i + 1 < len(arguments):
                return arguments[i + 1]
            if argument.startswith(f"{name}="):
                return argument.partition("=")[2]
    return ""


def _refused(why: str) -> int:
    print(f"stand-in for docker: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
