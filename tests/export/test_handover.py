"""`kedro_nas.export.handover`: labels, preprocessing, programs and checksums."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.export.plain_format import LAYOUT, PlainExporter, write_exports

from kedro_nas.data.new_images import preprocessing_of
from kedro_nas.errors import ExportError, RecordError
from kedro_nas.export.handover import (
    pretrained_weights,
    read_contract,
    read_manifest,
    write_checksums,
    write_kit,
)
from kedro_nas.space.architecture import Architecture, Backbone, Stem


def test_kit_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The contract and the list of files come back."""
    folder = write_exports(tmp_path / "exports")
    contract, manifest = read_contract(folder), read_manifest(folder)

    assert (contract.height, contract.width, contract.channels) == LAYOUT.shape
    assert contract.class_names == ("dark", "light")
    assert [each.file for each in manifest.files] == ["plain.txt"]
    assert (folder / manifest.files[0].example).is_file()


def test_labels_are_a_line_each_whatever_they_are_called(tmp_path: Path) -> None:
    """A line break in a name would shift all labels after it."""
    contract = preprocessing_of(LAYOUT, ["a\nb", "ç"], 100, None)
    write_kit(tmp_path, [PlainExporter()], contract)
    text = (tmp_path / "labels.txt").read_text(encoding="utf-8")

    assert text.splitlines() == ["a b", "ç"]
    assert read_contract(tmp_path).class_names == ("a\nb", "ç")


def test_checksums_are_those_sha256sum_checks(tmp_path: Path) -> None:
    """Files in folders are included; a changed one is found out."""
    if shutil.which("sha256sum") is None:
        pytest.skip("needs sha256sum")
    folder = write_exports(tmp_path / "exports")
    (folder / "saved").mkdir()
    (folder / "saved" / "weights").write_bytes(b"1")
    write_checksums(folder)
    command = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    intact = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    (folder / "saved" / "weights").write_bytes(b"2")
    changed = subprocess.run(command, cwd=folder, capture_output=True, check=False)

    assert "saved/weights" in (folder / "SHA256SUMS").read_text()
    assert intact.returncode == 0
    assert b"saved/weights: FAILED" in changed.stdout


@pytest.mark.parametrize("name", ["manifest.json", "preprocessing.json"])
def test_exports_of_an_earlier_version_name_the_stages_to_run(
    tmp_path: Path, name: str
) -> None:
    """Who has an old folder is told what to do."""
    folder = write_exports(tmp_path / "exports")
    (folder / name).unlink()
    read = read_manifest if name == "manifest.json" else read_contract

    with pytest.raises(ExportError, match=f"without {name}.*stages data_preparation"):
        read(folder)


def test_exports_that_were_edited_are_refused(tmp_path: Path) -> None:
    """A contract that says something else is no contract."""
    folder = write_exports(tmp_path / "exports")
    value = json.loads((folder / "preprocessing.json").read_text())
    (folder / "preprocessing.json").write_text(json.dumps({**value, "fit": "zoom"}))

    with pytest.raises(RecordError, match="fit"):
        read_contract(folder)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("none", ""),
        ("imagenet", "imagenet, mobilenet_v2 of Keras Applications"),
        ("somewhere/ours.keras", "ours.keras"),
    ],
)
def test_pretrained_weights_are_named(weights: str, said: str) -> None:
    """Their licence applies as well; a path on this machine is nobody's business."""
    backbone = Backbone(
        name="mobilenet_v2", kept=3, unfrozen=0, input_size=96, weights=weights
    )
    network = Architecture(
        input_shape=(8, 8, 1),
        n_classes=2,
        stem=Stem(width=8, kernel_size=3, stride=1),
        backbone=backbone,
    )

    assert pretrained_weights(network) == said
