"""A model's signature: made when it is registered, with a key that training cannot use; verified before it is used.

What is signed is the manifest's SHA-256 together with whose model it is: a signature is worth nothing on another line,
run or variant.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from config.errors import LineError

ALGORITHM = "ECDSA_SHA_256"


def sign(kms: Any, key_id: str, manifest_sha256: str, *, line: str, run: str, variant: str) -> str:
    """Return the signature of a model, base64."""
    signed = kms.sign(
        KeyId=key_id,
        Message=message(manifest_sha256, line=line, run=run, variant=variant),
        MessageType="RAW",
        SigningAlgorithm=ALGORITHM,
    )["Signature"]
    return base64.b64encode(signed).decode()


def verify(kms: Any, key_id: str, manifest_sha256: str, signature: str, *, line: str, run: str, variant: str) -> None:
    """Return when the signature is this model's; raises LineError for none, another model's, or another key's."""
    subject = f"model of line {line!r}, run {run!r}, variant {variant!r}"
    if not signature:
        raise LineError(
            f"{subject}: it has no signature, expected the one that registration makes: "
            "run the line again, or sign it as docs/release.md tells for models from before there were signatures"
        )
    try:
        valid = kms.verify(
            KeyId=key_id,
            Message=message(manifest_sha256, line=line, run=run, variant=variant),
            MessageType="RAW",
            Signature=base64.b64decode(signature, validate=True),
            SigningAlgorithm=ALGORITHM,
        )["SignatureValid"]
    except (binascii.Error, kms.exceptions.KMSInvalidSignatureException):
        valid = False
    if not valid:
        raise LineError(
            f"{subject}: its signature does not verify, expected the one that registration made: "
            "the model or its record was changed, or comes from elsewhere: run the line again"
        )


def message(manifest_sha256: str, *, line: str, run: str, variant: str) -> bytes:
    """Return what is signed.

    >>> message("ab", line="flights", run="run-1", variant="deep")
    b'["flights","run-1","deep","ab"]'
    """
    return json.dumps([line, run, variant, manifest_sha256], separators=(",", ":")).encode()
