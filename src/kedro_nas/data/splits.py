"""Drawing of splits and folds, independent of the order of the images.

Every unit (an image, or a group of images that must stay together) has an identity of
64 bits; its position in a draw is a hash of identity and seed. So an image has the same
split for any order of the rows and on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kedro_nas.seeds import derive_seed


def stratified_group_split(
    labels: NDArray[np.integer],
    units: NDArray[np.uint64],
    shares: Sequence[float],
    *,
    seed: int,
    purpose: str,
) -> NDArray[np.int8]:
    """Divide rows into parts with the classes in proportion and units undivided.

    Units of several rows are assigned first, in order of size, each to the part that
    still needs its classes most. Single rows then fill each class to its quota. With
    two parts, a class of two or more single rows is in both.

    Args:
        labels: Class number per row, `(n,)`.
        units: Identity per row, `(n,)`; rows with one identity go together.
        shares: Fraction of each part; they sum to 1.
        seed: The root seed.
        purpose: Name of the draw, e.g. `test`, `fold_0`.

    Returns:
        Part of each row, int8 `(n,)`.
    """
    order_key = _mix(units, derive_seed(seed, "split", purpose))
    n_classes = int(labels.max(initial=-1)) + 1
    quota = _quotas(np.bincount(labels, minlength=n_classes), np.asarray(shares))
    remaining = quota.astype(np.float64)
    part = np.full(len(labels), -1, np.int8)
    _, unit_of_row, sizes = np.unique(units, return_inverse=True, return_counts=True)
    _assign_groups(part, labels, unit_of_row, sizes, order_key, remaining)
    single = sizes[unit_of_row] == 1
    rows = np.flatnonzero(single)
    # one sort for all classes: by class, then by position in the draw
    rows = rows[np.lexsort((order_key[rows], labels[rows]))]
    counts = np.bincount(labels[rows], minlength=n_classes)
    starts = np.concatenate([[0], np.cumsum(counts)])
    for label in range(n_classes):
        mine = rows[starts[label] : starts[label + 1]]
        want = _fill(np.maximum(remaining[label], 0), len(mine))
        part[mine] = np.repeat(np.arange(len(shares)), want)
    return part


def _assign_groups(
    part: NDArray[np.int8],
    labels: NDArray[np.integer],
    unit_of_row: NDArray[np.intp],
    sizes: NDArray[np.intp],
    order_key: NDArray[np.uint64],
    remaining: NDArray[np.float64],
) -> None:
    """Assign units of several rows greedily, as StratifiedGroupKFold does."""
    rows = np.flatnonzero(sizes[unit_of_row] > 1)
    if not len(rows):
        return
    by_unit = np.lexsort((order_key[rows], -sizes[unit_of_row[rows]]))
    rows = rows[by_unit]
    quota = np.maximum(remaining, 1.0)
    edges = np.flatnonzero(np.diff(order_key[rows], prepend=~order_key[rows[:1]]))
    for members in np.split(rows, edges[1:]):
        classes, counts = np.unique(labels[members], return_counts=True)
        lack = counts @ (remaining[classes] / quota[classes])
        chosen = int(np.argmax(lack))
        part[members] = chosen
        remaining[classes, chosen] -= counts


def _quotas(
    counts: NDArray[np.integer], shares: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Round the shares of each class to rows, so that equal parts have equal sizes."""
    quotas = np.zeros((len(counts), len(shares)), np.int64)
    spread = np.zeros(len(shares))
    for label, count in enumerate(counts):
        exact = count * shares
        whole = np.floor(exact).astype(np.int64)
        # the remainder goes to the parts that earlier classes rounded down
        behind = np.argsort(spread - (exact - whole), kind="stable")
        whole[behind[: int(count - whole.sum())]] += 1
        if len(shares) == 2 and count >= 2:
            whole[0] = min(max(whole[0], 1), count - 1)
            whole[1] = count - whole[0]
        spread += whole - exact
        quotas[label] = whole
    return quotas


def _fill(remaining: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """Divide exactly n rows in proportion to what the parts still need."""
    total = remaining.sum()
    exact = (
        remaining * (n / total)
        if total
        else np.full(len(remaining), n) / len(remaining)
    )
    whole = np.floor(exact + 1e-9).astype(np.int64)
    rest = np.argsort(whole - exact, kind="stable")[: n - int(whole.sum())]
    whole[rest] += 1
    return whole


def _mix(identity: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Hash identities with a seed; a bijection, so there are no ties.

    Source: Steele, Lea & Flood (2014), Fast Splittable Pseudorandom Number
    Generators, the finaliser of SplitMix64.
    """
    value = identity + np.uint64((seed * 0x9E3779B97F4A7C15 + 1) % 2**64)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)), np.uint64)
