"""The contestant every search has to beat: ours, or the user's own."""

from __future__ import annotations

from kedro_nas.data.store import ImageStore
from kedro_nas.models.custom_baseline import read_custom_baseline
from kedro_nas.space.anchors import baseline_architecture
from kedro_nas.space.architecture import Architecture


def make_baseline(option: str, store: ImageStore) -> Architecture:
    """Make the baseline, before anything is trained: a wrong one should not cost a run.

    Args:
        option: `nas.ranking.baseline`; with `none` ours is made, and left out later.
        store: For shape, classes and the number of development images.

    Raises:
        SearchSpaceError: The user's own does not keep its contract.
    """
    shape, n_classes = store.image_shape, store.n_classes
    if option in {"auto", "none"}:
        return baseline_architecture(shape, n_classes, len(store.rows("dev")))
    return read_custom_baseline(option, shape, n_classes)
