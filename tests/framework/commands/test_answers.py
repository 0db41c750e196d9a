"""Answers of commands: JSON alone on standard output, logs elsewhere."""

from __future__ import annotations

import json
import sys

import click
import pytest
import yaml
from click.testing import CliRunner

from kedro_nas.framework.commands import NasGroup, json_option, print_answer


@click.group(cls=NasGroup)
def group() -> None:
    """Hold one command."""


@group.command()
@json_option
def answer(*, as_json: bool) -> None:
    """Log, then answer."""
    print("a line of a log", file=sys.stdout)
    print_answer({"score": float("nan")}, "said", as_json=as_json)


@group.command()
@click.argument("file")
def broken(file: str) -> None:
    """Fail as Kedro does on a file that is not YAML."""
    raise yaml.parser.ParserError(f"Invalid YAML file conf/base/{file}")


def test_json_is_alone_on_standard_output() -> None:
    """Another program can read what is printed, whatever is logged before."""
    found = CliRunner().invoke(group, ["answer", "--json"])

    assert json.loads(found.stdout) == {"score": None}
    assert "a line of a log" in found.stderr


@pytest.mark.parametrize(
    ("file", "is_ours"), [("catalog.yml", False), ("catalog_nas.yml", True)]
)
def test_command_on_broken_yaml_of_the_host_ends_in_one_message(
    file: str, *, is_ours: bool
) -> None:
    """No traceback for a bracket that is missing; a hint follows where it is ours."""
    found = CliRunner().invoke(group, ["broken", file])
    message = (
        "Error: the configuration of this project cannot be read. Received: Invalid "
        f"YAML file conf/base/{file}. Allowed: YAML. Correct that file.\n"
    )

    assert found.exit_code == 1
    assert found.stderr == ("" if is_ours else message)
    assert isinstance(found.exception, yaml.YAMLError if is_ours else SystemExit)


def test_text_shares_standard_output_with_logs() -> None:
    """A person sees both."""
    found = CliRunner().invoke(group, ["answer"])

    assert found.stdout == "a line of a log\nsaid\n"
