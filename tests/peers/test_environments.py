"""Environments of the peers: exact pins, made once."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from peer_runs import environments
from peer_runs.environments import PeerEnvironment
from peer_runs.tools import ADAPTERS


@pytest.mark.parametrize("name", ["autokeras", "our_space"])
def test_pins_are_exact_and_name_no_index(name):
    """What a peer is measured with is said exactly, not where it came from."""
    lines = (ADAPTERS / f"{name}.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]

    assert pins
    assert all(re.fullmatch(r"[\w.-]+==[\w.!+-]+", pin) for pin in pins)


def test_autokeras_has_the_keras_it_works_with():
    """AutoKeras 3.0.0 fails on its first trial with Keras 3.13 and later."""
    pins = (ADAPTERS / "autokeras.txt").read_text().splitlines()

    assert "autokeras==3.0.0" in pins
    assert any(pin.startswith("keras==3.12.") for pin in pins)
    assert any(pin.startswith("tensorboard==") for pin in pins)


def test_environment_is_made_once(tmp_path, monkeypatch):
    """With a stamp of the same pins nothing is installed."""
    made = PeerEnvironment("autokeras", tmp_path)
    (tmp_path / "autokeras").mkdir()
    (tmp_path / "autokeras/stamp.txt").write_text(made.stamp)

    def run(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(subprocess, "run", run)
    made.make()

    assert made.is_made


def test_environment_of_other_pins_is_made_again(tmp_path, monkeypatch):
    """A changed pin removes what was installed, and the stamp is written last."""
    old = tmp_path / "autokeras" / "stamp.txt"
    old.parent.mkdir()
    old.write_text("of other pins")
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> None:
        assert not old.exists()
        commands.append(command)
        Path(tmp_path / "autokeras").mkdir(exist_ok=True)

    monkeypatch.setattr(subprocess, "run", run)
    made = PeerEnvironment("autokeras", tmp_path)
    made.make()

    assert made.is_made
    assert commands[0][1:3] == ["-m", "venv"]
    assert commands[1][-2:] == ["-r", str(ADAPTERS / "autokeras.txt")]


def test_environment_that_cannot_be_installed_has_no_stamp(tmp_path, monkeypatch):
    """An installation that broke off is begun anew the next time."""

    def run(command: list[str], **_: object) -> None:
        if "pip" in command:
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", run)
    made = PeerEnvironment("autokeras", tmp_path)
    with pytest.raises(subprocess.CalledProcessError):
        made.make()

    assert not made.is_made


def test_our_space_is_installed_with_the_pins_of_the_project(tmp_path, monkeypatch):
    """kedro-nas runs in it under the versions it is tested with."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> None:
        commands.append(command)
        (tmp_path / "our_space").mkdir(exist_ok=True)

    monkeypatch.setattr(environments.subprocess, "run", run)
    PeerEnvironment("our_space", tmp_path).make()
    words = " ".join(commands[1])

    assert "-c constraints.txt" in words
    assert words.endswith("-e .")
