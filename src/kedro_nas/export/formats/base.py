"""What a format must offer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol


class Exporter(Protocol):
    """One format in which a model leaves this package."""

    name: str
    """Its name in `export.formats`."""

    file_name: str
    """File or folder it writes, inside the folder of exports."""

    def export(self, model: Any, folder: Path) -> Path:
        """Write a Keras model into a folder.

        Args:
            model: Takes raw 0-255 pixels `(n, height, width, channels)`, gives class
                probabilities `(n, n_classes)`.
            folder: Existing folder; `file_name` is made in it.

        Returns:
            Path of what was written.
        """

    def snippet(self) -> str:
        """Return a plain program that defines `predict`, without kedro_nas.

        It is run in a fresh process to prove parity, with the folder of exports as
        working directory, and printed in the model card: readers get code that ran.
        `predict` takes uint8 pixels `(n, height, width, channels)` and returns class
        probabilities as a NumPy array `(n, n_classes)`.
        """
