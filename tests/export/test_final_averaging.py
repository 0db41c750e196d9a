"""The exported model averages over the views of an image it was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.export.fitting import fit, fit_all, smaller
from tests.export.writing_pool import WritingPool

from kedro_nas.export import final_fit
from kedro_nas.export.final_fit import _Fits
from kedro_nas.models.build import build_model
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Task

AVERAGING = {"averaging": "auto"}


@pytest.mark.parametrize("left_s", [None, 300.0])
@pytest.mark.parametrize(
    ("augmentation", "copies"),
    [
        ("none", 1),
        ("none+cutmix", 1),
        ("flip", 2),
        ("light", 3),
        ("trivial+mixup", 3),
        ("light+flip", 6),
        ("medium+flip+cutmix", 6),
    ],
)
def test_fit_final_models_counts_the_copies_of_an_image(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    augmentation: str,
    copies: int,
    left_s: float | None,
) -> None:
    """Shifts where training moved images, mirrors where it mirrored them."""
    network = small_architecture.with_recipe(augmentation=augmentation)
    _, averaged = fit(network, tmp_path, left_s=left_s, export=AVERAGING)
    _, plain = fit(network, tmp_path, left_s=left_s, export={"averaging": "none"})

    assert (averaged.copies, plain.copies) == (copies, 1)
    assert len(pool.tasks) == 1  # what is trained is the same


def test_fit_final_models_averages_the_baseline_as_well(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both models of the test are read with the same advantage."""
    asked: list[bool] = []
    monkeypatch.setattr(final_fit, "_load", lambda _, fits: asked.append(fits.averages))
    fit_all(
        small_architecture,
        tmp_path,
        baseline=smaller(small_architecture),
        export=AVERAGING,
    )

    assert asked == [True, True]


@pytest.fixture(scope="module")
def network(small_architecture: Architecture) -> Architecture:
    """Give a network of two classes that was trained on mirrored images."""
    two = small_architecture.model_copy(update={"n_classes": 2})
    return two.with_recipe(augmentation="light+flip")


def _loaded(network: Architecture, folder: Path, *, averages: bool) -> Any:
    """Load a network from its file as the final training does."""
    file = folder / "trained.keras"
    if not file.exists():
        build_model(network, seed=0, mean=(90.0,), std=(60.0,)).save(file)
    task = Task.model_construct(architecture=network, model_file=str(file))
    return final_fit._load(task, _Fits([task], None, "", averages))


def test_averaged_model_decides_alike_on_images_that_look_the_same_from_all_views(
    network: Architecture, tmp_path: Path
) -> None:
    """A plain grey image has no other view: nothing changes; on others it does."""
    plain = _loaded(network, tmp_path, averages=False)
    averaged = _loaded(network, tmp_path, averages=True)
    grey = np.repeat(np.arange(0, 256, 51, dtype=np.float32), 64).reshape(-1, 8, 8, 1)
    noise = np.random.default_rng(0).uniform(0, 255, (6, 8, 8, 1)).astype(np.float32)

    assert averaged.name == "averaged_network"
    np.testing.assert_allclose(averaged(grey), plain(grey), atol=1e-5)
    assert not np.allclose(averaged(noise), plain(noise), atol=1e-5)
