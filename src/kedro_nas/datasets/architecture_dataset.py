"""`ArchitectureDataset`: an architecture with further values, as JSON."""

from __future__ import annotations

import json
from typing import Any

from kedro.io.core import DatasetError
from pydantic import JsonValue

from kedro_nas.datasets.base import FileDataset, JSONPreview, to_json
from kedro_nas.files import finite
from kedro_nas.space.architecture import Architecture


class ArchitectureDataset(FileDataset[dict[str, JsonValue], dict[str, JsonValue]]):
    """A JSON object with a valid `architecture`, checked on save and on load.

    YAML API:

    ```yaml
    nas.best_architecture:
      type: kedro_nas.datasets.ArchitectureDataset
      filepath: data/07_model_output/nas/best_architecture.json
      versioned: true
    ```

    Python API:

    >>> import tempfile
    >>> from kedro_nas.space.architecture import Architecture, Stage, Stem
    >>> network = Architecture(input_shape=(8, 8, 1), n_classes=2,
    ...     stem=Stem(width=8, kernel_size=3, stride=1),
    ...     stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=1),))
    >>> dataset = ArchitectureDataset(filepath=tempfile.mkdtemp() + "/best.json")
    >>> dataset.save({"name": "small", "architecture": network.to_dict()})
    >>> Architecture.from_dict(dataset.load()["architecture"]) == network
    True

    Args: those of `FileDataset`.
    """

    def load(self) -> dict[str, JsonValue]:
        """Read the object.

        Raises:
            DatasetError: Its architecture is missing or not valid.
        """
        return self._checked(json.loads(self._read_bytes()))

    def save(self, data: dict[str, JsonValue]) -> None:
        """Write the object; NaN becomes null."""
        text = json.dumps(finite(self._checked(data)), indent=2, allow_nan=False)
        self._write_bytes(text.encode())

    def preview(self) -> JSONPreview:
        """Show the network in one line, then all values."""
        value = json.loads(self._read_bytes())
        network = Architecture.from_dict(value["architecture"])
        return to_json({"network": network.describe(), **value})

    def _checked(self, value: Any) -> dict[str, JsonValue]:
        try:
            Architecture.from_dict(value["architecture"])
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                "There is no valid architecture. "
                f"Received: {str(value)[:200]}. "
                "Allowed: a JSON object with the key 'architecture'. "
                "Run the stage 'ranking' again to write one."
            ) from error
        return dict(value)
