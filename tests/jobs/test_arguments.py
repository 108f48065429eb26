import pytest

from config.errors import LineError
from jobs.arguments import COMMON, parse

WORDS = [word for name in COMMON for word in (f"--{name.replace('_', '-')}", "{}" if name == "parameters" else name)]


def test_arguments_are_read_by_name() -> None:
    arguments = parse([*WORDS, "--variant=small", "--environment-parameters", '{"least": 2}'], ["variant"])
    assert (arguments.raw_bucket, arguments.variant, arguments.environment_parameters, arguments.parameters) == (
        "raw_bucket",
        "small",
        {"least": 2},
        {},
    )


def test_what_glue_adds_is_left_alone() -> None:
    words = ["--JOB_NAME", "curate", "--enable-metrics", "true", *WORDS, "--job-bookmark-option=job-bookmark-disable"]
    assert parse(words).line == "line"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (WORDS[2:], "argument --line is missing: give it to the job"),
        (WORDS, "argument --online-table is missing: give it to the job"),
        (
            [*WORDS, "--parameters", "least=2", "--online-table", "t"],
            "argument --parameters is 'least=2', expected a JSON object such as {}: correct it",
        ),
        (
            [*WORDS, "--parameters", "[2]", "--online-table", "t"],
            "argument --parameters is '[2]', expected a JSON object such as {}: correct it",
        ),
    ],
)
def test_a_bad_argument_is_named(words: list[str], message: str) -> None:
    with pytest.raises(LineError) as error:
        parse(words, ["online_table"])
    assert str(error.value) == message
