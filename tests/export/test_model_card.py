"""The model card says what was measured, and no more."""

from __future__ import annotations

from typing import Any

import yaml
from tests.latency_checks import measured

from kedro_nas.export.formats import EXPORTERS
from kedro_nas.export.model_card import write_card
from kedro_nas.records.export import FormatParity
from kedro_nas.records.latency import ExportLatency, FormatLatency
from kedro_nas.records.ranking import Choice
from kedro_nas.space.architecture import Architecture

PARITY = {
    "keras": FormatParity(
        max_difference=1.2e-7,
        equal_decisions=1.0,
        n_images=30,
        bytes=4096,
        tolerance=1e-4,
        accuracy=0.9,
        accuracy_drop_pp=0.0,
    ),
    "litert_int8": FormatParity(
        max_difference=0.02,
        equal_decisions=0.99,
        n_images=100,
        bytes=2048,
        accuracy=0.89,
        accuracy_drop_pp=1.0,
    ),
}

LATENCY = ExportLatency(
    processor="Board 4",
    cores=4,
    platform="Linux",
    formats={
        "litert": FormatLatency(
            one_thread=measured(3.0),
            all_threads=measured(1.5).model_copy(update={"threads": 4}),
        )
    },
)


def _choice(architecture: Architecture, **changes: Any) -> Choice:
    fields = {
        "name": "small",
        "key": architecture.key,
        "architecture": architecture.to_dict(),
        "is_baseline": False,
        "rule": "best_mean",
        "objective": "accuracy",
        "sentence": "It beat the baseline by 2 points.",
        "cv_mean": 0.9,
        "ci_low": 0.8,
        "ci_high": 0.95,
        "full_epochs": 2,
        "plan": {"finalists": 1, "folds": 2, "repeats": 1, "epochs": 2},
    }
    return Choice.read({**fields, **changes})


def _card(choice: Choice, class_names: tuple[str, ...] = ("light", "dark")) -> str:
    exporters = [EXPORTERS["keras"]]
    return write_card(choice, class_names, exporters, PARITY, LATENCY, "mit", 1.5)


def test_write_card_begins_with_front_matter(small_architecture: Architecture) -> None:
    """Hugging Face reads the licence and the task from YAML between dashes."""
    card = _card(_choice(small_architecture))
    front = yaml.safe_load(card.split("---\n")[1])

    assert card.startswith("---\n")
    assert front["license"] == "mit"
    assert front["pipeline_tag"] == "image-classification"


def test_write_card_shows_scores_program_and_parity(
    small_architecture: Architecture,
) -> None:
    """Classes, interval, the program that ran and what was compared are in it."""
    card = _card(_choice(small_architecture))

    assert "`light`, `dark`" in card
    assert "Cross-validated accuracy: 0.900 (95 %: 0.800 to 0.950)." in card
    assert EXPORTERS["keras"].snippet() in card
    assert "`model.keras`: Keras 3 on any of its backends" in card
    assert "| keras | 30 | 1.2e-07 | 100.0 % | 0.00 | 0.0001 | 4096 |" in card
    assert "| litert_int8 | 100 | 2.0e-02 | 99.0 % | 1.00 | 1.5 pp | 2048 |" in card


def test_write_card_without_scores_claims_none(
    small_architecture: Architecture,
) -> None:
    """One fold has no interval, and a network that was not ranked no accuracy."""
    one_fold = _card(_choice(small_architecture, ci_low=None, ci_high=None))
    unranked = _card(_choice(small_architecture, cv_mean=None, sentence=""))

    assert "Cross-validated accuracy: 0.900." in one_fold
    assert "No cross-validated accuracy is known." in unranked
    assert "It was not compared with other networks." in unranked


def test_write_card_does_not_call_a_score_with_floors_an_accuracy(
    small_architecture: Architecture,
) -> None:
    """A floor of recall that is missed makes the score smaller than the accuracy."""
    card = _card(_choice(small_architecture, recall_floors={"dark": 0.95}))

    assert "Cross-validated accuracy with floors of recall: 0.900 (95 %" in card


def test_write_card_of_a_comparison_on_validation_images_says_so(
    small_architecture: Architecture,
) -> None:
    """A score after a few epochs of the search is no cross-validated accuracy."""
    plan = {"scored_on": "validation", "finalists": 2, "folds": 0, "repeats": 0}
    card = _card(_choice(small_architecture, plan={**plan, "epochs": 3}))

    assert (
        "After 3 epochs of the search, on validation images: accuracy 0.900 (95 %: "
        "0.800 to 0.950)."
    ) in card
    assert "Cross-validated" not in card


def test_write_card_states_the_latency_of_each_file(
    small_architecture: Architecture,
) -> None:
    """Milliseconds come with the machine and the threads they were measured with."""
    card = _card(_choice(small_architecture))

    assert "on Board 4, 4 cores" in card
    assert "| litert | 1 | 2.7 | 3 | 6 |" in card
    assert "| litert | 4 | 1.35 | 1.5 | 3 |" in card
