"""`kedro_nas.export.export`: the folder that is handed over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import ExportError
from kedro_nas.export.export import export_model
from kedro_nas.export.formats import EXPORTERS, missing_packages
from kedro_nas.export.formats.litert_int8 import LitertInt8Exporter
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.records.ranking import Choice
from kedro_nas.space.architecture import Architecture, Stage, Stem

pytestmark = pytest.mark.slow

ARCHITECTURE = Architecture(
    input_shape=(8, 8, 1),
    n_classes=2,
    stem=Stem(width=8, kernel_size=3, stride=1),
    stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=2),),
)
CHOICE = Choice.read({
    "name": "small",
    "key": ARCHITECTURE.key,
    "architecture": ARCHITECTURE.to_dict(),
    "is_baseline": False,
    "rule": "best_mean",
    "full_epochs": 2,
    "plan": {"finalists": 1, "folds": 2, "repeats": 1, "epochs": 2},
    "sentence": "It beat the baseline by 2 points.",
    "cv_mean": 0.9,
    "ci_low": 0.8,
    "ci_high": 0.95,
    "objective": "accuracy",
})  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Any:
    """Build a classifier that scales its pixels inside, with BatchNorm and dropout."""
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def store(store_folder: Path) -> ImageStore:
    """Open the small store."""
    return ImageStore.open(store_folder)


@pytest.fixture(scope="module")
def exports(model: Any, store: ImageStore) -> Path:
    """Export once for the tests that read."""
    return export_model(model, CHOICE, store, ExportOptions())


def test_export_model_writes_every_file_that_is_promised(exports: Path) -> None:
    """The folder holds what docs/reference/files.md names, and nothing else."""
    names = {path.name for path in exports.iterdir()}

    assert names == {
        "architecture.json",
        "SHA256SUMS",
        "classify_with_keras.py",
        "classify_with_saved_model.py",
        "labels.txt",
        "latency.json",
        "manifest.json",
        "model.keras",
        "model_card.md",
        "network.py",
        "parity.json",
        "preprocessing.json",
        "saved_model",
        "timings.json",
    }


def test_export_model_of_real_images_is_equal_in_each_format(exports: Path) -> None:
    """Each format was compared on all non-test images and found equal."""
    parity = json.loads((exports / "parity.json").read_text())

    assert set(parity) == {"keras", "saved_model"}
    for row in parity.values():
        assert row["n_images"] == 30
        assert row["max_difference"] < 1e-5
        assert row["equal_decisions"] == 1.0
        assert row["bytes"] > 1000


def test_export_model_for_devices_proves_each_file(
    model: Any, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Integers are fitted to images that are not test images, and accuracy compared."""
    names = ("litert", "litert_int8")
    if missing := missing_packages(EXPORTERS["litert"]):
        pytest.skip(f"needs {', '.join(missing)}")
    seen: list[Any] = []
    whole = LitertInt8Exporter.calibrated
    monkeypatch.setattr(
        LitertInt8Exporter,
        "calibrated",
        lambda self, images: seen.append(images) or whole(self, images),
    )
    options = ExportOptions(formats=names, max_accuracy_drop_pp=100)
    folder = export_model(model, CHOICE, store, options)
    parity = json.loads((folder / "parity.json").read_text())
    development = store.pixels[store.rows("dev")]

    assert tuple(parity) == names
    assert np.array_equal(seen[0], development)
    assert parity["litert"]["tolerance"] == options.parity_tolerance
    assert parity["litert_int8"]["tolerance"] is None
    assert parity["litert_int8"]["accuracy"] is not None


def test_export_model_architecture_round_trips(exports: Path) -> None:
    """The architecture in the folder is the one that was given."""
    value = json.loads((exports / "architecture.json").read_text())

    assert Architecture.from_dict(value["architecture"]) == ARCHITECTURE
    assert value["class_names"] == ["light", "dark"]


def test_export_model_card_holds_the_programs_that_ran(exports: Path) -> None:
    """The card has Hugging Face's front matter, the classes and each program."""
    card = (exports / "model_card.md").read_text()

    assert card.startswith("---\nlicense: apache-2.0\nlibrary_name: keras\n")
    assert "`light`, `dark`" in card
    assert "0.900 (95 %: 0.800 to 0.950)" in card
    assert all(EXPORTERS[name].snippet() in card for name in ExportOptions().formats)


def test_export_model_source_is_a_program_of_its_own(exports: Path) -> None:
    """`network.py` is Python that does not import this package."""
    text = (exports / "network.py").read_text()
    compile(text, "network.py", "exec")

    assert "from keras import" in text
    assert "kedro_nas" not in text.replace("kedro-nas", "").replace("# ", "")


def test_export_model_that_gives_logits_raises_and_leaves_nothing(
    model: Any, store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model without probabilities is refused, and its folder removed."""
    import keras

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    logits = keras.Model(
        model.inputs[0], keras.layers.Dense(2)(model.layers[-2].output)
    )

    with pytest.raises(ExportError, match="does not give class probabilities"):
        export_model(logits, CHOICE, store, ExportOptions())
    assert list(tmp_path.iterdir()) == []


def test_importing_export_does_not_import_keras() -> None:
    """The library function can be named without paying for TensorFlow."""
    program = (
        "import sys, kedro_nas.export.export;"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0
