"""The baseline every search has to beat: the hand-built one, or a custom network."""

from __future__ import annotations

from kedro_nas.data.store import ImageStore
from kedro_nas.models.custom_baseline import read_custom_baseline
from kedro_nas.space.anchors import baseline_architecture
from kedro_nas.space.architecture import Architecture


def make_baseline(option: str, store: ImageStore) -> Architecture:
    """Build the baseline before anything is trained, so that errors show up early.

    Args:
        option: `nas.job.baseline`; with `none` the hand-built one is built but excluded
            from the ranking.
        store: For shape, classes and the number of development images.

    Raises:
        SearchSpaceError: A custom baseline violates its contract.
    """
    shape, n_classes = store.image_shape, store.n_classes
    if option in {"auto", "none"}:
        return baseline_architecture(shape, n_classes, len(store.rows("dev")))
    return read_custom_baseline(option, shape, n_classes)
