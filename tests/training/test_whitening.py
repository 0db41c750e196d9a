"""First filters from the principal directions of the training images' patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.models.build import build_model
from kedro_nas.space.architecture import Architecture, CustomModel, Stem
from kedro_nas.training.learner_cache import LearnerCache
from kedro_nas.training.learner_setup import make_learner
from kedro_nas.training.pixels import development_pixels
from kedro_nas.training.tasks import Task
from kedro_nas.training.whitening import whiten_stem, whitening_filters

MEAN, STD = (90.0, 120.0, 100.0), (60.0, 50.0, 70.0)
STATISTICS: dict[str, Any] = {"mean": [80.0], "std": [90.0]}


def smooth_images(n: int = 40) -> Any:
    """Draw images whose neighbouring pixels are nearly equal."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (n, 4, 5, 3)).repeat(3, axis=1).repeat(3, axis=2)
    return np.clip(coarse + rng.normal(0, 9, coarse.shape), 0, 255).astype(np.uint8)


def stem_after(
    architecture: Architecture, store: ImageStore, rows: str = "search"
) -> tuple[Any, Any]:
    """Return the stem's kernel before and after whitening."""
    model = build_model(architecture, seed=0)
    before = np.array(model.get_layer("stem_conv1").kernel)
    whiten_stem(model, architecture, store, rows, **STATISTICS)
    return before, np.array(model.get_layer("stem_conv1").kernel)


def test_whitening_filters_make_outputs_uncorrelated() -> None:
    """Over all patches each output has variance 1 and none goes with another."""
    images = smooth_images()
    filters = whitening_filters([images[:30], images[30:]], 3, mean=MEAN, std=STD)
    scaled = (images - np.array(MEAN)) / np.array(STD)
    windows = np.lib.stride_tricks.sliding_window_view(scaled, (3, 3), axis=(1, 2))
    outputs = np.einsum("nyxcij,ijcf->nyxf", windows, filters).reshape(-1, 27)

    moments = outputs.T @ outputs / len(outputs)
    off_diagonal = moments - np.diag(np.diag(moments))
    assert filters.shape == (3, 3, 3, 27)
    assert np.abs(off_diagonal).max() < 1e-3
    assert np.diag(moments) == pytest.approx(1, abs=0.05)


def test_whitening_filters_of_constant_images_are_finite() -> None:
    """Directions in which nothing varies are not divided by zero."""
    blocks = [np.full((3, 6, 6, 1), 7, np.uint8)]
    filters = whitening_filters(blocks, 2, mean=[7.0], std=[0.0])

    assert np.isfinite(filters).all()


def test_whiten_stem_sets_pairs_of_both_signs_and_leaves_the_rest(
    digits: tuple[ImageStore, dict[str, Any]], small_architecture: Architecture
) -> None:
    """Nine directions of 3 x 3 pixels fill 18 of 20 filters; of 8 filters all."""
    wide = small_architecture.model_copy(
        update={"stem": Stem(width=20, kernel_size=3, stride=1)}
    )
    before, after = stem_after(wide, digits[0])
    _, narrow = stem_after(small_architecture, digits[0])

    np.testing.assert_array_equal(after[..., 9:18], -after[..., :9])
    np.testing.assert_array_equal(after[..., 18:], before[..., 18:])
    np.testing.assert_array_equal(narrow[..., :4], after[..., :4])
    np.testing.assert_array_equal(narrow[..., 4:], -after[..., :4])


def test_whiten_stem_reads_only_the_rows_to_train_on(
    digits: tuple[ImageStore, dict[str, Any]], small_architecture: Architecture
) -> None:
    """Each fold has filters of its own, the same in every run."""
    kernels = [
        stem_after(small_architecture, digits[0], rows)[1]
        for rows in ("search", "fold:0:0", "fold:0:1", "search")
    ]

    np.testing.assert_array_equal(kernels[0], kernels[3])
    assert not np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[1], kernels[2])


def test_whiten_stem_leaves_other_first_layers(
    digits: tuple[ImageStore, dict[str, Any]], small_architecture: Architecture
) -> None:
    """Kernels larger than the image and custom models keep what they have."""
    large = small_architecture.model_copy(
        update={"stem": Stem(width=8, kernel_size=9, stride=1)}
    )
    np.testing.assert_array_equal(*stem_after(large, digits[0]))
    custom = Architecture(
        input_shape=(8, 8, 1),
        n_classes=10,
        stem=Stem(width=1, kernel_size=1, stride=1),
        custom_model=CustomModel(function="a:b", digest="0", gives="logits"),
    )
    whiten_stem(None, custom, digits[0], "search", **STATISTICS)


@pytest.mark.slow
def test_whitened_learner_restarted_equals_a_new_one(
    make_task: Callable[..., Task], digits: tuple[ImageStore, dict[str, Any]]
) -> None:
    """A learner that another fold has left begins with the filters of this fold."""
    store = digits[0]
    pixels = development_pixels(str(store.path), store.fingerprint, 1024)
    first, second = (make_task(rows=f"fold:0:{k}") for k in (0, 1))
    spares = LearnerCache()
    spares.keep(first, store.fingerprint, make_learner(first, store, pixels))
    restarted = make_learner(second, store, pixels, spares)
    new = make_learner(second, store, pixels)
    plain = make_learner(
        second.model_copy(update={"whitened_stem": False}), store, pixels
    )

    pairs = zip(new.state().values(), restarted.state().values(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    assert (
        sum(
            not np.array_equal(a, b)
            for a, b in zip(new.state().values(), plain.state().values(), strict=True)
        )
        == 1
    )
