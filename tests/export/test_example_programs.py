"""`kedro_nas.export.example_programs`: programs that are handed over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.export.plain_format import PlainExporter, write_exports

from kedro_nas.data.layout import Layout
from kedro_nas.data.new_images import decode_in_parts, list_new_images, preprocessing_of
from kedro_nas.export.example_programs import example_program
from kedro_nas.export.formats import EXPORTERS
from kedro_nas.records.preprocessing import Preprocessing


def contract_of(fit: str, channels: int) -> Preprocessing:
    """Return a contract of 9 x 12 pixels on a grey background."""
    return preprocessing_of(Layout(9, 12, channels, fit, 200), ["a", "b"], 10**6, None)


def written(folder: Path) -> list[Path]:
    """Write an image of each common kind."""
    drawn = np.random.default_rng(0).integers(0, 256, (25, 14, 3), np.uint8)
    image = Image.fromarray(drawn).resize((40, 31), Image.Resampling.BICUBIC)
    turned = Image.Exif()
    turned[0x0112] = 6
    clear = image.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(image.size))
    kinds: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "rgb.png": (image, {}),
        "grey.png": (image.convert("L"), {}),
        "turned.jpg": (image, {"exif": turned}),
        "clear.png": (clear, {}),
        "palette.gif": (image.convert("P"), {}),
        "exact.png": (image.resize((12, 9)), {}),
    }
    for name, (kind, options) in kinds.items():
        kind.save(folder / name, **options)
    return [folder / name for name in kinds]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
def test_example_reads_images_as_the_training_did(
    tmp_path: Path, fit: str, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounding to whole levels in another order is all that may differ."""
    paths = written(tmp_path)
    contract = contract_of(fit, channels)
    images = pd.DataFrame({"image": list(map(str, paths))})
    listed = list_new_images(images, contract)
    (part,) = decode_in_parts(listed, contract, n_workers=1)
    text = example_program(PlainExporter(), contract)
    (tmp_path / "labels.txt").write_text("a\nb\n")
    (tmp_path / "plain.txt").write_text("255")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["example"])
    program: dict[str, Any] = {}
    exec(text, program)

    assert not any(part.faults)
    for path, expected in zip(paths, part.pixels, strict=True):
        found = program["read"](path)
        difference = np.abs(found.astype(int) - expected)
        assert found.shape == expected.shape
        assert found.dtype == np.uint8
        assert difference.max() <= 2, path.name


def test_example_prints_a_line_per_image(tmp_path: Path) -> None:
    """Path, class and probability, by the program as it is handed over."""
    folder = write_exports(tmp_path / "exports")
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(tmp_path / "light.png")
    done = subprocess.run(
        [sys.executable, "classify_with_plain.py", str(tmp_path / "light.png")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{tmp_path / 'light.png'}\tlight\t1.0000"


@pytest.mark.parametrize("name", EXPORTERS)
def test_example_of_each_format_is_short_and_stands_alone(name: str) -> None:
    """Some twenty lines beside those that load the file, without this package."""
    exporter = EXPORTERS[name]
    text = example_program(exporter, contract_of("pad", 3))
    code = [line for line in text.splitlines() if line.strip()]
    own = [line for line in exporter.snippet().splitlines() if line.strip()]
    compile(text, name, "exec")

    assert "kedro_nas" not in text
    assert text.count("import numpy\n") == 1
    assert len(code) - len(own) <= 26
