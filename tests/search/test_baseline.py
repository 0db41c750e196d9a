"""The baseline of a search."""

from __future__ import annotations

from pathlib import Path

import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import SearchSpaceError
from kedro_nas.search.baseline import make_baseline
from kedro_nas.space.anchors import baseline_architecture


@pytest.mark.parametrize("option", ["auto", "none"])
def test_make_baseline_builds_the_hand_built_network(
    option: str, store_folder: Path
) -> None:
    """It is made for `none`, too, and left out of the ranking later."""
    store = ImageStore.open(store_folder)
    expected = baseline_architecture(
        store.image_shape, store.n_classes, len(store.rows("dev"))
    )

    assert make_baseline(option, store) == expected


def test_make_baseline_refuses_a_custom_one_that_does_not_exist(
    store_folder: Path,
) -> None:
    """A wrong name costs a second, not a search."""
    with pytest.raises(SearchSpaceError, match="no_such_module"):
        make_baseline("no_such_module:build", ImageStore.open(store_folder))
