"""The rows a task trains on and is scored on, and the statistics of the former."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.store import ImageStore

_Statistics = tuple[tuple[float, ...], tuple[float, ...]]
_KNOWN_STATISTICS: dict[tuple[str, str, str], _Statistics] = {}


def select_rows(
    store: ImageStore, rows: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the training and held-out row numbers of a task's `rows`."""
    if rows == "search":
        return store.rows("train"), store.rows("val")
    if rows == "dev":
        return store.rows("dev"), np.empty(0, np.int64)
    _, repeat, fold = rows.split(":")
    return store.fold(int(repeat), int(fold))


def thinned(
    rows: NDArray[np.int64], labels: NDArray[np.integer], share: float
) -> NDArray[np.int64]:
    """Keep a share of the rows of each class, at least one, evenly spaced.

    Independent of any seed: every candidate is scored on the same images.

    >>> thinned(np.arange(10), np.array([0] * 8 + [1] * 2), 0.5)
    array([0, 2, 4, 6, 8])
    """
    if share == 1:
        return rows
    kept = []
    for label in np.unique(labels[rows]):
        members = rows[labels[rows] == label]
        n = math.ceil(len(members) * share)
        kept.append(members[np.arange(n) * len(members) // n])
    return np.sort(np.concatenate(kept))


def draw_epoch(
    rows: NDArray[np.int32],
    labels: NDArray[np.integer],
    sampling: str,
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """Return the rows of one epoch in random order, as many as there are.

    Args:
        rows: Rows to train on, or their positions.
        labels: Class ids by row.
        sampling: `as_is` for each row once; `balanced` for as many rows of each class:
            those of a rare class several times, those of a common one in part.
        rng: Of this epoch.

    >>> labels = np.array([0] * 8 + [1] * 2)
    >>> rng = np.random.default_rng(0)
    >>> drawn = draw_epoch(np.arange(10, dtype=np.int32), labels, "balanced", rng)
    >>> np.bincount(labels[drawn]).tolist(), sorted(np.bincount(drawn)[8:].tolist())
    ([5, 5], [2, 3])
    """
    if sampling == "as_is":
        return rng.permutation(rows)
    classes = np.unique(labels[rows])
    quotas = np.diff(np.linspace(0, len(rows), len(classes) + 1).round().astype(int))
    drawn = []
    for one, quota in zip(rng.permutation(classes), quotas, strict=True):
        members = rows[labels[rows] == one]
        times = -(-int(quota) // len(members))
        drawn += [rng.permutation(members) for _ in range(times - 1)]
        rest = int(quota) - (times - 1) * len(members)
        drawn.append(rng.permutation(members)[:rest])
    return rng.permutation(np.concatenate(drawn))


def channel_statistics(
    store: ImageStore, rows: str, on_progress: Callable[[], None]
) -> _Statistics:
    """Read mean and deviation of training rows once per process, not per candidate.

    Args:
        store: The images.
        rows: As in `Task.rows`; the rows to train on count.
        on_progress: Called after each piece that is read.

    Returns:
        Two tuples, a value per channel, in units of 0 to 255.
    """
    key = (str(store.path), store.fingerprint, rows)
    if key not in _KNOWN_STATISTICS:
        mean, std = store.channel_statistics(
            select_rows(store, rows)[0], on_progress=on_progress
        )
        _KNOWN_STATISTICS[key] = (tuple(map(float, mean)), tuple(map(float, std)))
    return _KNOWN_STATISTICS[key]
