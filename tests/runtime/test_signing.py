import pytest

from config.errors import LineError
from runtime import signing
from tests.moto_server import Aws

OF = {"line": "flights", "run": "run-1", "variant": "deep"}


@pytest.fixture(scope="module")
def key(aws: Aws) -> str:
    return made(aws)


def made(aws: Aws) -> str:
    created = aws.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    arn: str = created["KeyMetadata"]["Arn"]
    return arn


def test_a_signature_verifies(aws: Aws, key: str) -> None:
    kms = aws.client("kms")
    signing.verify(kms, key, "ab", signing.sign(kms, key, "ab", **OF), **OF)


@pytest.mark.parametrize("change", [{"line": "trains"}, {"run": "run-2"}, {"variant": "small"}])
def test_a_signature_is_worth_nothing_elsewhere(aws: Aws, key: str, change: dict[str, str]) -> None:
    kms = aws.client("kms")
    with pytest.raises(LineError, match="its signature does not verify"):
        signing.verify(kms, key, "ab", signing.sign(kms, key, "ab", **OF), **{**OF, **change})


def test_a_changed_manifest_does_not_verify(aws: Aws, key: str) -> None:
    kms = aws.client("kms")
    with pytest.raises(LineError) as error:
        signing.verify(kms, key, "abc", signing.sign(kms, key, "ab", **OF), **OF)
    assert str(error.value) == (
        "model of line 'flights', run 'run-1', variant 'deep': its signature does not verify, expected the one that "
        "registration made: the model or its record was changed, or comes from elsewhere: run the line again"
    )


def test_another_keys_signature_does_not_verify(aws: Aws, key: str) -> None:
    kms = aws.client("kms")
    with pytest.raises(LineError, match="its signature does not verify"):
        signing.verify(kms, key, "ab", signing.sign(kms, made(aws), "ab", **OF), **OF)


@pytest.mark.parametrize("signature", ["not base64!", "YWJj", "a"])
def test_what_is_no_signature_does_not_verify(aws: Aws, key: str, signature: str) -> None:
    with pytest.raises(LineError, match="its signature does not verify"):
        signing.verify(aws.client("kms"), key, "ab", signature, **OF)


def test_a_model_without_a_signature_is_refused_with_the_mend(aws: Aws, key: str) -> None:
    with pytest.raises(LineError, match=r"it has no signature, .*docs/release\.md"):
        signing.verify(aws.client("kms"), key, "ab", "", **OF)
