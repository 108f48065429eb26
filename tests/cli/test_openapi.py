import json

from typer.testing import CliRunner

from cli.main import app
from config.loading import load_bundle
from runtime.delivery.openapi import document

RUNNER = CliRunner()


def test_the_document_of_a_line_is_printed() -> None:
    result = RUNNER.invoke(app, ["openapi", "flights", "--url", "https://example.com/v1/"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found == document(load_bundle("flights").definition, url="https://example.com/v1/")
    assert found["servers"] == [{"url": "https://example.com/v1"}]


def test_a_line_that_is_none_is_told() -> None:
    result = RUNNER.invoke(app, ["openapi", "flihgts"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 'flihgts' is unknown, expected one of fleet, flights" in result.stderr
