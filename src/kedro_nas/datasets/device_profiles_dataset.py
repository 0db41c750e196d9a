"""`DeviceProfilesDataset`: profiles of devices, one JSON file each."""

from __future__ import annotations

import json
import re
from pathlib import Path

from kedro.io.core import AbstractDataset, DatasetError
from pydantic import JsonValue

from kedro_nas.datasets.base import JSONPreview, to_json
from kedro_nas.datasets.file_location import KedroConfig
from kedro_nas.files import write_json

_NAME = re.compile(r"[\w.-]+")


def check_device_name(name: str) -> None:
    """Raise an error if a name cannot be that of a file.

    Raises:
        DatasetError: The name has other characters.
    """
    if not _NAME.fullmatch(name):
        raise DatasetError(
            f"A device cannot have this name. Received: {name!r}. "
            "Allowed: letters, digits, '_', '-' and '.'."
        )


class DeviceProfilesDataset(
    AbstractDataset[dict[str, JsonValue], dict[str, JsonValue]]
):
    """A local folder of device profiles, loaded as a dictionary by their names.

    `kedro nas profile-device` writes into it. A folder that is missing has no profiles.

    YAML API:

    ```yaml
    nas.device_profiles:
      type: kedro_nas.datasets.DeviceProfilesDataset
      path: data/01_raw/devices
    ```

    Python API:

    >>> import tempfile
    >>> dataset = DeviceProfilesDataset(path=tempfile.mkdtemp() + "/devices")
    >>> dataset.load()
    {}
    >>> dataset.save({"board": {"name": "board"}})
    >>> dataset.load()
    {'board': {'name': 'board'}}

    Args:
        path: The folder.
        metadata: For plugins such as kedro-viz; ignored by Kedro.
    """

    def __init__(self, *, path: str, metadata: KedroConfig | None = None) -> None:
        if "://" in path:
            raise DatasetError(
                f"Device profiles must be in a local folder. Received: {path}. "
                "Give a path on this machine's disk."
            )
        self._path = Path(path)
        self.metadata = metadata

    def load(self) -> dict[str, JsonValue]:
        """Read all profiles, sorted by name.

        Raises:
            DatasetError: A file is no JSON.
        """
        return {path.stem: _read(path) for path in sorted(self._path.glob("*.json"))}

    def save(self, data: dict[str, JsonValue]) -> None:
        """Write profiles by their names; others in the folder stay.

        Raises:
            DatasetError: A name cannot be that of a file.
        """
        for name, profile in data.items():
            check_device_name(name)
            self._path.mkdir(parents=True, exist_ok=True)
            write_json(self._path / f"{name}.json", profile)

    def _exists(self) -> bool:
        return True  # without a file there are no profiles

    def _describe(self) -> dict[str, str]:
        return {"path": str(self._path)}

    def preview(self) -> JSONPreview:
        """Show the machine and the prediction error of each profile."""
        return to_json(
            {
                name: {key: profile.get(key) for key in ("date", "machine", "error")}
                for name, profile in self.load().items()
                if isinstance(profile, dict)
            }
        )


def _read(path: Path) -> JsonValue:
    try:
        value: JsonValue = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no JSON, or no text
        raise DatasetError(
            f"The profile of a device cannot be read. Received: {path}, which is no "
            f"JSON ({error}). Make it again with `kedro nas profile-device --name "
            f"{path.stem}`, or move the file away."
        ) from error
    return value
