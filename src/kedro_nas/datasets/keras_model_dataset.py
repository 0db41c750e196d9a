"""`KerasModelDataset`: a Keras 3 model in one `.keras` file."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kedro.io.core import DatasetError, Version

from kedro_nas.datasets.base import Described, FileDataset, JSONPreview, to_json
from kedro_nas.datasets.file_location import KedroConfig


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
        custom_objects: Mapping[str, type] | None = None,
        version: Version | None = None,
        credentials: KedroConfig | None = None,
        fs_args: KedroConfig | None = None,
        metadata: KedroConfig | None = None,
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
        return to_json(asdict(ModelSummary.read(self._read_bytes())))

    def _describe(self) -> dict[str, Described]:
        return {**super()._describe(), "safe_mode": self._safe_mode}


@dataclass(frozen=True)
class ModelSummary:
    """What a `.keras` file says of its model.

    Attributes:
        name: Of the model.
        keras_version: Which wrote the file.
        date_saved: As Keras writes it.
        parameters: Number of weights, without the state of an optimizer.
        layers: `<class> <name>` of each layer, in order.
    """

    name: str | None
    keras_version: str | None
    date_saved: str | None
    parameters: int
    layers: tuple[str, ...]

    @classmethod
    def read(cls, archive: bytes) -> ModelSummary:
        """Read the summary from the bytes of a `.keras` file, without Keras."""
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            config = json.loads(file.read("config.json"))["config"]
            about = json.loads(file.read("metadata.json"))
            weights = file.read("model.weights.h5")
        return cls(
            name=config.get("name"),
            keras_version=about.get("keras_version"),
            date_saved=about.get("date_saved"),
            parameters=_count_weights(weights),
            layers=tuple(
                f"{layer['class_name']} {layer['config'].get('name', '')}".strip()
                for layer in config.get("layers", [])
            ),
        )


def _count_weights(stored: bytes) -> int:
    import h5py

    sizes: list[int] = []

    def count(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            sizes.append(int(item.size))

    with h5py.File(io.BytesIO(stored), "r") as file:
        file.visititems(count)
    return sum(sizes)
