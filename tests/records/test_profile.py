"""The profile of the images, and the verdict that later stages follow."""

from __future__ import annotations

import pytest
from tests.records.round_trip import assert_refused, assert_round_trip

from kedro_nas.records.job import JobResults
from kedro_nas.records.profile import Verdict
from kedro_nas.space.bounds import DataFacts


def test_profile_read_from_its_own_file_is_equal(results: JobResults) -> None:
    """Counts, examples and the verdict come back as they were."""
    assert_round_trip(results.dataset_profile)


def test_profile_of_another_version_names_the_stage_to_run(results: JobResults) -> None:
    """Who has an old file is told what to do."""
    assert_refused(results.dataset_profile, "data_preparation", duplicates=3)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("auto", "balanced_accuracy"),
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced_accuracy"),
    ],
)
def test_verdict_objective_is_its_own_unless_the_user_says_otherwise(
    option: str, expected: str
) -> None:
    """`auto` takes what the data suggests."""
    verdict = Verdict(n_train=9, n_folds=2, n_repeats=1, objective="balanced_accuracy")

    assert verdict.objective_of(option) == expected


def test_profile_has_the_facts_of_a_search_space(results: JobResults) -> None:
    """Shape, classes, training images and how small data limits the networks."""
    profile = results.dataset_profile.model_copy(
        update={
            "image_shape": (28, 20, 3),
            "class_names": ("a", "b"),
            "verdict": Verdict(
                n_train=100,
                n_folds=2,
                n_repeats=1,
                max_params_factor=0.2,
                augmentation="strong",
            ),
        }
    )

    assert profile.facts == DataFacts((28, 20, 3), 2, 100, 0.2, "strong")
