"""The list of exported files as a file."""

from __future__ import annotations

from tests.records.round_trip import assert_refused, assert_round_trip

from kedro_nas.records.manifest import ExportedFile, Manifest

MANIFEST = Manifest(
    network="conv 8",
    key="0123456789ab",
    files=(
        ExportedFile(
            format="litert",
            option="litert",
            file="model.tflite",
            purpose="phones",
            packages=("ai_edge_litert",),
            example="classify_with_litert.py",
        ),
    ),
    license="apache-2.0",
)


def test_manifest_read_from_its_own_file_is_equal() -> None:
    """Files, licence and how the model answers come back as they were."""
    assert_round_trip(MANIFEST)


def test_manifest_of_another_version_names_the_stage_to_run() -> None:
    """Who has an old file is told what to do."""
    assert_refused(MANIFEST, "export", nothere=1)
