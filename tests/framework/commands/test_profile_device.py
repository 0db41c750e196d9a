"""`kedro nas profile-device`: a profile for searches, for people and programs."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kedro.io.core import DatasetError
from tests.device import device_json

from kedro_nas.datasets import DeviceProfilesDataset
from kedro_nas.errors import DataError
from kedro_nas.framework.commands import profile_device as module

ENTRY = "nas.device_profiles"


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeviceProfilesDataset:
    """Return the dataset of a project that the command opens."""
    dataset = DeviceProfilesDataset(path=str(tmp_path / "devices"))

    class Catalog(dict):
        pass

    search = SimpleNamespace(
        name=lambda name: f"nas.{name}", catalog=Catalog({ENTRY: dataset})
    )

    @contextmanager
    def opened(*_: Any, **__: Any):
        yield search

    monkeypatch.setattr(module, "opened", opened)
    return dataset


def call(*arguments: str) -> Result:
    return CliRunner().invoke(
        module.profile_device,
        list(arguments),
        obj=SimpleNamespace(project_path=Path()),
        catch_exceptions=False,
    )


def test_timings_of_a_device_become_a_profile(
    devices: DeviceProfilesDataset, tmp_path: Path
) -> None:
    """What a board brought back bounds the next search."""
    path = tmp_path / "board.json"
    path.write_text(json.dumps(device_json(n_operators=120, n_networks=8)))
    done = call("--name", "board", "--timings", str(path))

    assert done.exit_code == 0
    assert list(devices.load()) == ["board"]
    assert "Profile 'board' in nas.device_profiles: Made-up Board 4" in done.output
    assert "nas.search_space.device: board" in done.output
    assert "busy" not in done.output


def test_a_busy_machine_is_told(devices: DeviceProfilesDataset, tmp_path: Path) -> None:
    """Timings beside other work are marked as such."""
    timings = device_json(n_operators=120, n_networks=8) | {"load_after": 9.5}
    path = tmp_path / "board.json"
    path.write_text(json.dumps(timings))
    done = call("--timings", str(path), "--json")

    assert json.loads(done.output)["load_after"] == 9.5
    assert "busy (load 9.5 on 4 cores)" in call("--timings", str(path)).output


def test_a_file_that_is_no_json_is_refused(
    devices: DeviceProfilesDataset, tmp_path: Path
) -> None:
    """The message says what to copy again."""
    path = tmp_path / "board.json"
    path.write_text("no")

    with pytest.raises(DataError, match="cannot be read"):
        call("--timings", str(path))
    assert devices.load() == {}


def test_a_name_that_is_none_of_a_file_is_refused_before_the_timing(
    devices: DeviceProfilesDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three minutes of timing are not lost to a space in the name."""
    monkeypatch.setattr(module, "_time_here", lambda *_: pytest.fail("timed"))

    with pytest.raises(DatasetError, match="cannot have this name"):
        call("--name", "my phone")


def test_prepared_folder_says_what_to_do_on_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two commands of a device are printed, ready to copy."""
    from kedro_nas.latency import profiling

    asked: list[Any] = []

    def prepare(folder: Path, shapes: Any) -> Path:
        asked.append(shapes)
        return folder

    monkeypatch.setattr(profiling, "prepare_files", prepare)
    done = call("--prepare", str(tmp_path / "probes"), "--image-side", "48")

    assert asked == [((48, 48, 3),)]
    assert "python probes/kedro_nas_device_benchmark.py probes" in done.output
    assert "--timings this_machine.json" in done.output
