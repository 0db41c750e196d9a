"""A result names the versions, hardware and command it was made with."""

from __future__ import annotations

import json
import os
import platform
import sys

import pytest
from pydantic import ValidationError

import kedro_nas
from kedro_nas import environment
from kedro_nas.environment import PACKAGES, Environment, describe_environment


def test_describe_environment_names_versions_and_hardware() -> None:
    """What a colleague needs to make the result again."""
    found = describe_environment()

    assert found.python == platform.python_version()
    assert tuple(found.versions) == PACKAGES
    assert found.versions["kedro-nas"] == kedro_nas.__version__
    assert found.cores == os.cpu_count()
    assert found.processor
    assert found.memory_gib is None or found.memory_gib > 0


def test_describe_environment_shows_the_command_without_path_and_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The program's folder says where somebody lives, and arguments may hold keys."""
    monkeypatch.setattr(sys, "argv", ["bin/kedro", "run", "--params=api_key=S3CRET"])

    assert describe_environment().command == "kedro run --params=api_key=***"


def test_describe_environment_without_a_package_has_no_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A package that is not installed has no version."""
    monkeypatch.setattr(environment, "PACKAGES", ("kedro", "no-such-package-here"))
    versions = describe_environment().versions

    assert versions["no-such-package-here"] is None
    assert versions["kedro"]


def test_describe_environment_of_a_system_without_sysconf(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where memory cannot be asked for, the rest is still written."""

    def refuse(name: str) -> int:
        raise ValueError(name)

    monkeypatch.setattr(os, "sysconf", refuse)

    assert describe_environment().memory_gib is None


def test_environment_survives_json() -> None:
    """It is part of files that other stages read."""
    found = describe_environment()
    again = Environment.model_validate(json.loads(found.model_dump_json()))

    assert again == found


def test_environment_refuses_fields_it_does_not_know() -> None:
    """A file of another version is an error, not silence."""
    with pytest.raises(ValidationError, match="gpu_model"):
        Environment.model_validate({"gpu_model": "x"})
