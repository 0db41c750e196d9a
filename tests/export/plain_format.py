"""A format that needs nothing but NumPy: shares follow from the mean of an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kedro_nas.data.layout import Layout
from kedro_nas.data.new_images import preprocessing_of
from kedro_nas.export.handover import MANIFEST, exported_file, write_kit
from kedro_nas.files import write_json
from kedro_nas.records.manifest import Manifest

OPTION = "tests.export.plain_format:PlainExporter"
LAYOUT = Layout(8, 8, 1, "pad", 255)


class PlainExporter:
    """Writes `plain.txt`, the level at which an image is as dark as it is light."""

    name = "plain"
    file_name = "plain.txt"

    def export(self, model: Any, folder: Path) -> Path:
        """Write the level."""
        path = folder / self.file_name
        path.write_text("255")
        return path

    def snippet(self) -> str:
        """Return a program whose answer is not the same for a mirrored image."""
        return (
            "from pathlib import Path\n"
            "\n"
            "import numpy\n"
            "\n"
            f'level = float(Path("{self.file_name}").read_text())\n'
            'print("a line of the runtime")\n'
            "\n"
            "\n"
            "def predict(pixels):\n"
            "    left = pixels[:, :, : pixels.shape[2] // 2]\n"
            "    light = left.mean(axis=(1, 2, 3)) / level\n"
            '    return numpy.stack([1 - light, light], axis=-1).astype("float32")\n'
        )


def write_exports(folder: Path, *, averages_flips: bool = False) -> Path:
    """Write a folder of exports as far as predictions read it."""
    folder.mkdir()
    exporter = PlainExporter()
    exporter.export(None, folder)
    contract = preprocessing_of(LAYOUT, ["dark", "light"], 10_000, None)
    write_kit(folder, [exporter], contract)
    manifest = Manifest(
        network="a plain network",
        key="0123456789ab",
        files=(exported_file(exporter, OPTION),),
        averages_flips=averages_flips,
        license="apache-2.0",
    )
    write_json(folder / MANIFEST, manifest.to_json())
    return folder


def write_images(folder: Path) -> Path:
    """Write a dark image, a light one in a folder below, a broken one and a text."""
    (folder / "below").mkdir(parents=True)
    Image.fromarray(np.full((8, 8), 0, np.uint8)).save(folder / "a.png")
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(folder / "below" / "b.png")
    (folder / "c.jpg").write_bytes(b"no image")
    (folder / "notes.txt").write_text("no image either")
    return folder
