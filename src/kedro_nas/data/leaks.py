"""Leaks between splits through copies and groups, and rows that belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kedro_nas.data.duplicates import Pairs
from kedro_nas.records.profile import LeakKind

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Leak:
    """A training image that is a copy of a held-out image, or in one group with it.

    Attributes:
        kept: Row of the held-out image.
        removed: Row of the training image.
        kind: How the two are related.
    """

    kept: int
    removed: int
    kind: LeakKind


@dataclass
class Findings:
    """Copies and leaks among rows of the decoded images.

    Attributes:
        units: Identity per row; rows with one identity must stay together.
        leaking: Training rows whose copy is held out, `(n,)`.
        conflicting: Rows of images that occur with several labels, `(n,)`.
        leaks: One for each leaking row.
        n_exact: Rows beyond the first of each exact copy.
        n_near: Pairs of near copies that are not exact.
    """

    units: NDArray[np.uint64]
    leaking: Flags
    conflicting: Flags
    leaks: list[Leak] = field(default_factory=list)
    n_exact: int = 0
    n_near: int = 0

    def scattered(self, rows: NDArray[np.int64], n: int) -> Findings:
        """Convert findings about some rows of a table to findings about all rows."""

        def spread(values: NDArray[Any]) -> NDArray[Any]:
            whole = np.zeros(n, values.dtype)
            whole[rows] = values
            return whole

        return Findings(
            spread(self.units),
            spread(self.leaking),
            spread(self.conflicting),
            [
                Leak(int(rows[leak.kept]), int(rows[leak.removed]), leak.kind)
                for leak in self.leaks
            ],
            self.n_exact,
            self.n_near,
        )


def find_leaks(
    image_ids: NDArray[np.object_],
    labels: NDArray[np.integer],
    splits: NDArray[np.str_] | None,
    groups: NDArray[np.uint64] | None,
    near: Pairs,
) -> Findings:
    """Compare copies and groups with labels and given splits.

    Args:
        image_ids: Hash of each image's pixels, `(n,)`, hexadecimal.
        labels: Class numbers, `(n,)`.
        splits: Given splits; None if they are to be drawn.
        groups: Identity of each row's group; 0 for none. None without groups.
        near: Pairs of near copies.
    """
    exact, _ = pd.factorize(image_ids)
    sizes = np.bincount(exact)
    near = near[exact[near[:, 0]] != exact[near[:, 1]]]
    own = _first_64_bits(image_ids)
    conflicting = _several_labels(exact, labels)
    findings = Findings(
        units=_units(own, exact, groups, near),
        leaking=np.zeros(len(labels), np.bool_),
        conflicting=conflicting,
        n_exact=int((sizes - 1).sum()),
        n_near=len(near),
    )
    if splits is not None:
        rank = np.select([splits == "test", splits == "val"], [2, 1], 0)
        _mark_shared(findings, exact, rank, "exact copy")
        _mark_pairs(findings, near, rank, "near copy")
        if groups is not None:
            _, number = np.unique(groups, return_inverse=True)
            _mark_shared(findings, np.where(groups > 0, number, -1), rank, "same group")
    return findings


def _first_64_bits(image_ids: NDArray[np.object_]) -> NDArray[np.uint64]:
    content = bytes.fromhex("".join(name[:16] for name in image_ids))
    return np.frombuffer(content, ">u8").astype(np.uint64)


def _several_labels(exact: NDArray[Any], labels: NDArray[np.integer]) -> Flags:
    pairs = np.unique(np.stack([exact, labels], axis=1), axis=0)
    n_labels = np.bincount(pairs[:, 0], minlength=int(exact.max(initial=-1)) + 1)
    return np.asarray(n_labels[exact] > 1)


def _units(
    own: NDArray[np.uint64],
    exact: NDArray[Any],
    groups: NDArray[np.uint64] | None,
    near: Pairs,
) -> NDArray[np.uint64]:
    """Join copies and groups to units; the smallest identity in a unit names it."""
    n = len(own)
    links = [near, _chain(exact)]
    identity = own
    if groups is not None:
        grouped = np.flatnonzero(groups > 0)
        links.append(grouped[_chain(groups[grouped])])
        identity = np.where(groups > 0, groups, own)
    ends = np.concatenate(links)
    if not len(ends):
        return identity
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(ends), np.int8)
    graph = coo_array((ones, (ends[:, 0], ends[:, 1])), shape=(n, n))
    n_units, unit = connected_components(graph, directed=False)
    least = np.full(n_units, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(least, unit, identity)
    named: NDArray[np.uint64] = least[unit]
    return named


def _chain(keys: NDArray[Any]) -> Pairs:
    """Link each row to the next with the same key."""
    order = np.argsort(keys, kind="stable").astype(np.int64)
    same = keys[order[:-1]] == keys[order[1:]]
    return np.stack([order[:-1][same], order[1:][same]], axis=1)


def _mark_pairs(
    findings: Findings, pairs: Pairs, rank: NDArray[Any], kind: LeakKind
) -> None:
    """Mark the row of a pair in the lower split; the order is test, val, train."""
    for first, second in pairs[rank[pairs[:, 0]] != rank[pairs[:, 1]]].tolist():
        lower, higher = sorted((first, second), key=lambda row: int(rank[row]))
        _mark(findings, lower, higher, kind)


def _mark_shared(
    findings: Findings, keys: NDArray[Any], rank: NDArray[Any], kind: LeakKind
) -> None:
    """Mark the rows of one key (-1 for none) in all splits but the highest."""
    n_keys = int(keys.max(initial=-1)) + 1
    highest = np.full(n_keys + 1, -1)
    np.maximum.at(highest, keys, rank)
    highest[-1] = -1
    leaking = np.flatnonzero(rank < highest[keys])
    if not len(leaking):
        return
    holder = np.full(n_keys + 1, -1, np.int64)
    top = np.flatnonzero(rank == highest[keys])
    holder[keys[top[::-1]]] = top[::-1]
    for row in leaking.tolist():
        _mark(findings, row, int(holder[keys[row]]), kind)


def _mark(findings: Findings, removed: int, kept: int, kind: LeakKind) -> None:
    if not findings.leaking[removed]:
        findings.leaking[removed] = True
        findings.leaks.append(Leak(kept, removed, kind))
