"""`kedro nas export`: another network of a run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kedro_nas.errors import ExportError
from kedro_nas.export.by_hand import ExportedByHand
from kedro_nas.export.named_network import NamedTrial
from kedro_nas.framework.commands.export import _choice, _place_of, _text
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.records.export import FinalFit
from kedro_nas.records.job import JobResults

FIT = FinalFit(
    key="k", epochs=18, train_loss=(0.1,), seeds=(0,), has_baseline=False, seconds=90.0
)


def search(path: str, protocol: str = "file") -> Any:
    """Return a search whose exports are kept there."""
    stored = SimpleNamespace(
        protocol=protocol, path=path, address=f"{protocol}://{path}"
    )
    return SimpleNamespace(stored=lambda _: stored)


def test_exports_go_beside_those_of_the_run() -> None:
    """What was chosen is not overwritten; the folder tells which network it is."""
    found = _place_of(search("data/06_models/nas/exports"), "0123456789ab")

    assert found == Path("data/06_models/nas/exports_01234567")


def test_exports_of_a_remote_catalog_need_a_folder() -> None:
    """It is not guessed which bucket they would go to."""
    with pytest.raises(ExportError, match="--output"):
        _place_of(search("bucket/exports", "s3"), "0123456789ab")


def test_text_says_that_the_test_was_not_read(results: JobResults) -> None:
    """And how it would be."""
    done = ExportedByHand(FIT, None)
    lines = _text(results.best_architecture, done, Path("somewhere")).splitlines()

    assert lines[1] == results.best_architecture.sentence
    assert lines[2].startswith("Trained for 18 epochs in 1 min 30 s")
    assert "--test does" in lines[3]
    assert lines[-1] == "Written to somewhere"


@pytest.mark.parametrize(
    ("reads", "said"),
    [
        (1, "for one model by now."),
        (3, "for 3 different models by now: the best of them looks better"),
    ],
)
def test_text_counts_the_readings_of_the_test(
    results: JobResults, reads: int, said: str
) -> None:
    """Each further reading is one more chance to be lucky."""
    test = results.test_metrics.model_copy(update={"reads": reads})
    text = _text(results.best_architecture, ExportedByHand(FIT, test), Path("x"))

    assert said in text
    assert "--test does" not in text


def test_a_named_network_is_trained_by_the_options_of_the_project(
    results: JobResults,
) -> None:
    """`nas.export.augmentation: as_searched` holds for it as for the chosen one."""
    found, best = results.finalists, results.best_architecture
    plan = found.budget.plan.model_copy(update={"final_s": 100.0})
    budget = found.budget.model_copy(update={"plan": plan})
    stored = {
        "finalists": found.model_copy(update={"budget": budget}).to_json(),
        "ranking": results.ranking,
    }
    network = best.architecture.with_recipe(augmentation="light")
    one = NamedTrial(best.key, best.name, network, 0.5, 3, None)

    def augmentation(wanted: Any) -> str:
        options = ExportOptions(augmentation=wanted)
        search: Any = SimpleNamespace(load=stored.get, options=lambda *_: options)
        long = best.model_copy(update={"final_epochs": 60.0})
        return _choice(search, one, long).architecture.recipe.augmentation

    assert augmentation("auto").startswith("trivial")
    assert augmentation("as_searched") == "light"
