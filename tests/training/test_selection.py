"""The rows of a task, and what is known of those it trains on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.training.selection import (
    channel_statistics,
    draw_epoch,
    select_rows,
    thinned,
)


@pytest.fixture
def store(store_folder: Path) -> ImageStore:
    """Open the store of 20 training, 10 validation and 10 test images."""
    return ImageStore.open(store_folder)


def test_select_rows_never_gives_a_test_row(store: ImageStore) -> None:
    """Search, final fit and folds share out what is no test, each row once."""
    test = set(store.test_rows().tolist())
    for rows, held_out in (("search", 10), ("dev", 0), ("fold:0:1", 15)):
        train, other = select_rows(store, rows)
        both = [*train.tolist(), *other.tolist()]

        assert len(other) == held_out
        assert sorted(both) == sorted(set(range(40)) - test)


def test_thinned_keeps_a_share_of_each_class() -> None:
    """Half of eight and of three, rounded up; all of them where all are wanted."""
    labels = np.array([0] * 8 + [1] * 3)
    rows = np.arange(11)

    kept = thinned(rows, labels, 0.5)
    assert np.bincount(labels[kept]).tolist() == [4, 2]
    assert thinned(rows, labels, 1) is rows
    assert len(thinned(rows, labels, 0.01)) == 2


def test_channel_statistics_are_of_the_rows_to_train_on(store: ImageStore) -> None:
    """Each fold has its own, read once."""
    reports: list[int] = []
    found = {
        rows: channel_statistics(store, rows, lambda: reports.append(1))
        for rows in ("search", "fold:0:0")
    }
    first = len(reports)
    again = channel_statistics(store, "search", lambda: reports.append(1))

    for rows, (mean, std) in found.items():
        pixels = np.asarray(store.pixels[select_rows(store, rows)[0]], np.float64)
        assert mean == pytest.approx([pixels.mean()], rel=1e-5)
        assert std == pytest.approx([pixels.std()], rel=1e-5)
    assert again == found["search"]
    assert len(reports) == first


def test_draw_epoch_as_is_reads_each_row_once() -> None:
    """Without sampling an epoch is a permutation of the rows, as it always was."""
    rows = np.arange(5, 25, dtype=np.int32)
    drawn = draw_epoch(rows, np.zeros(25, int), "as_is", np.random.default_rng(3))

    assert sorted(drawn.tolist()) == rows.tolist()
    assert drawn.tolist() == np.random.default_rng(3).permutation(rows).tolist()


@pytest.mark.parametrize("sizes", [(90, 10), (7, 5, 1), (3, 3), (50, 1, 1, 1)])
def test_draw_epoch_balanced_reads_each_class_equally_often(
    sizes: tuple[int, ...],
) -> None:
    """As many rows of each class; within a class none is read twice before the rest."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    rows = np.arange(len(labels), dtype=np.int32)
    drawn = draw_epoch(rows, labels, "balanced", np.random.default_rng(0))
    per_class = np.bincount(labels[drawn], minlength=len(sizes))

    assert len(drawn) == len(rows)
    assert drawn.dtype == rows.dtype
    assert np.ptp(per_class) <= 1
    for one in range(len(sizes)):
        times = np.bincount(drawn, minlength=len(rows))[labels == one]
        assert np.ptp(times) <= 1
