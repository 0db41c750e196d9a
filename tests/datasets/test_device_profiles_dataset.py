"""`kedro_nas.datasets.device_profiles_dataset`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kedro.io.core import DatasetError

from kedro_nas.datasets import DeviceProfilesDataset


def test_device_profiles_without_a_folder_are_none(tmp_path: Path) -> None:
    """A project without devices needs no file."""
    dataset = DeviceProfilesDataset(path=str(tmp_path / "devices"))

    assert dataset.exists()
    assert dataset.load() == {}


def test_device_profiles_are_added_one_by_one(tmp_path: Path) -> None:
    """A new device leaves the others as they are."""
    dataset = DeviceProfilesDataset(path=str(tmp_path / "devices"))
    dataset.save({"phone": {"name": "phone"}})
    dataset.save({"board": {"name": "board", "error": {"margin": 0.1}}})
    shown = json.loads(dataset.preview())

    assert list(dataset.load()) == ["board", "phone"]
    assert shown["board"]["error"] == {"margin": 0.1}


def test_device_profiles_names_are_file_names(tmp_path: Path) -> None:
    """No name leads out of the folder."""
    with pytest.raises(DatasetError, match="cannot have this name"):
        DeviceProfilesDataset(path=str(tmp_path)).save({"../phone": {}})
    with pytest.raises(DatasetError, match="local folder"):
        DeviceProfilesDataset(path="s3://bucket/devices")


@pytest.mark.parametrize("text", [b'{"name": ', b"\xff\xfe\x00"])
def test_device_profiles_that_are_no_json_name_file_and_remedy(
    tmp_path: Path, text: bytes
) -> None:
    """A file that was cut off on the way from the device is found at once."""
    (tmp_path / "pi4.json").write_bytes(text)

    with pytest.raises(DatasetError, match=r"pi4\.json.*profile-device --name pi4"):
        DeviceProfilesDataset(path=str(tmp_path)).load()
