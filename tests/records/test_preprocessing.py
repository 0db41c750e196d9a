"""The preprocessing contract as a file."""

from __future__ import annotations

from tests.records.round_trip import assert_refused, assert_round_trip

from kedro_nas.records.preprocessing import Preprocessing

CONTRACT = Preprocessing(
    height=28,
    width=30,
    channels=1,
    fit="crop",
    background=0,
    max_pixels=1000,
    formats=("PNG",),
    pixel_scale=15.9375,
    class_names=("cat", "dog"),
)


def test_preprocessing_read_from_its_own_file_is_equal() -> None:
    """What a device reads is what the training did."""
    assert_round_trip(CONTRACT)


def test_preprocessing_of_another_version_names_the_stage_to_run() -> None:
    """Who has an old file is told what to do."""
    assert_refused(CONTRACT, "export", nothere=1)
