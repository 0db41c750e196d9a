"""`KerasModelDataset`: a Keras 3 model in one `.keras` file."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from kedro.io.core import DatasetError, Version

from kedro_nas.datasets.base import FileDataset, JSONPreview, to_json


class KerasModelDataset(FileDataset[Any, Any]):
    """A Keras model, saved and loaded by `keras.saving` on any backend.

    Models are loaded in Keras' safe mode, so a file cannot run code. The preview is
    read from the archive without importing Keras.

    YAML API:

    ```yaml
    nas.model:
      type: kedro_nas.datasets.KerasModelDataset
      filepath: s3://models/nas/model.keras
      versioned: true
    ```

    Python API:

    >>> import tempfile, keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> dataset = KerasModelDataset(filepath=tempfile.mkdtemp() + "/model.keras")
    >>> dataset.save(model)
    >>> dataset.load().count_params()
    10

    Args:
        filepath: Path that ends in `.keras`.
        compile: Whether optimizer and loss are restored when loading.
        safe_mode: Refuse layers that carry code (Keras' own default).
        custom_objects: Classes of custom layers by name, for use from Python.
        version, credentials, fs_args, metadata: As in `FileDataset`.
    """

    def __init__(
        self,
        *,
        filepath: str,
        compile: bool = False,  # noqa: A002 - the name in Keras
        safe_mode: bool = True,
        custom_objects: dict[str, Any] | None = None,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        if not filepath.endswith(".keras"):
            raise DatasetError(
                f"A Keras model is one '.keras' file. Received: {filepath}. "
                "Let `filepath` end in '.keras'."
            )
        super().__init__(
            filepath=filepath,
            version=version,
            credentials=credentials,
            fs_args=fs_args,
            metadata=metadata,
        )
        self._compile = compile
        self._safe_mode = safe_mode
        self._custom_objects = custom_objects

    def load(self) -> Any:
        """Load the model."""
        import keras

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(self._read_bytes())
            return keras.saving.load_model(
                path,
                custom_objects=self._custom_objects,
                compile=self._compile,
                safe_mode=self._safe_mode,
            )

    def save(self, data: Any) -> None:
        """Write the model atomically."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            data.save(path)
            self._write_bytes(path.read_bytes())

    def preview(self) -> JSONPreview:
        """Show parameters and layers, read from the archive."""
        return to_json(summarize(self._read_bytes()))

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "safe_mode": self._safe_mode}


def summarize(archive: bytes) -> dict[str, Any]:
    """Read name, parameters and layers from the bytes of a `.keras` file.

    Returns:
        `name`, `keras_version`, `date_saved`, `parameters` and `layers`, a list of
        `<class> <name>` in order.
    """
    import h5py

    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        config = json.loads(file.read("config.json"))
        about = json.loads(file.read("metadata.json"))
        weights = file.read("model.weights.h5")
    sizes: list[int] = []

    def count(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            sizes.append(int(item.size))

    with h5py.File(io.BytesIO(weights), "r") as stored:
        stored.visititems(count)
    layers = config["config"].get("layers", [])
    return {
        "name": config["config"].get("name"),
        "keras_version": about.get("keras_version"),
        "date_saved": about.get("date_saved"),
        "parameters": sum(sizes),
        "layers": [
            f"{layer['class_name']} {layer['config'].get('name', '')}".strip()
            for layer in layers
        ],
    }
