"""Removal of unusable images, leaking copies and images with several labels."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kedro_nas.data.decode import kind_of_reason
from kedro_nas.data.duplicates import candidate_pairs, confirmed
from kedro_nas.data.ingest import Ingested
from kedro_nas.data.leaks import Findings, find_leaks
from kedro_nas.data.rows import Rows
from kedro_nas.data.sources.base import Source
from kedro_nas.errors import DataError
from kedro_nas.files import write_atomically
from kedro_nas.number_text import counted
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.records.profile import Leaks, SetAside, SetAsideExample

_EXAMPLES = 25
SET_ASIDE_FILE = "set_aside.csv"


@dataclass
class Cleaned:
    """The images that are kept, and why others are not.

    Attributes:
        table: A row per decoded image, with the columns `image_id` and `unit`.
        keep: Whether each is kept, `(n,)`.
        set_aside: `source` and `reason` of all others, sorted by source.
        leaks: Counts of copies and leaks, without examples.
        findings: Copies found, by row of the table.
        warnings: Sentences for the user.
    """

    table: pd.DataFrame
    keep: NDArray[np.bool_]
    set_aside: pd.DataFrame
    leaks: Leaks
    findings: Findings
    warnings: list[str]

    def summary(self) -> SetAside:
        """Summarise the images set aside: counts by reason, and the first examples."""
        kinds = self.set_aside["reason"].map(kind_of_reason)
        first = self.set_aside.head(_EXAMPLES)
        return SetAside(
            n=len(self.set_aside),
            reasons=kinds.value_counts().to_dict(),
            examples=tuple(
                SetAsideExample(source=source, reason=reason)
                for source, reason in zip(first["source"], first["reason"], strict=True)
            ),
        )


def clean(
    rows: Rows, ingested: Ingested, source: Source, options: DataPreparationOptions
) -> Cleaned:
    """Decide for every decoded image whether it is kept.

    Raises:
        DataError: More unusable images than `max_bad_fraction`, or leaks while
            `on_leak` is `stop`.
    """
    records = ingested.records
    table = rows.table.assign(image_id=records["image_id"].to_numpy())
    bad = records["bad"].to_numpy() != ""
    set_aside = [rows.set_aside, _reasons(table, bad, records["bad"].to_numpy())]
    n = len(rows.set_aside) + len(table)
    listed = ingested.pixels.with_name(SET_ASIDE_FILE)
    _check_bad(pd.concat(set_aside), n, source, options, listed)
    good = np.flatnonzero(~bad)
    findings = _findings(rows, table, ingested, good, options)
    if findings.leaks and options.on_leak == "stop":
        raise _leak_error(table, findings)
    dropped = findings.conflicting.copy()
    if options.on_leak == "remove":
        dropped |= findings.leaking
    set_aside.append(_reasons(table, dropped, _why(findings)))
    table = table.assign(unit=findings.units)
    leaks = Leaks(
        exact_copies=findings.n_exact,
        near_copies=findings.n_near,
        conflicting_labels=int(findings.conflicting.sum()),
        across_splits=len(findings.leaks),
        removed=int((findings.leaking & dropped).sum()),
    )
    return Cleaned(
        table,
        ~(bad | dropped),
        pd.concat(set_aside).sort_values("source").reset_index(drop=True),
        leaks,
        findings,
        _warnings(int(bad.sum()) + len(rows.set_aside), findings, options),
    )


def _findings(
    rows: Rows,
    table: pd.DataFrame,
    ingested: Ingested,
    good: NDArray[np.int64],
    options: DataPreparationOptions,
) -> Findings:
    """Find copies among the decodable rows; return findings about all rows."""
    records = ingested.records.iloc[good]
    near = np.zeros((0, 2), np.int64)
    if options.near_duplicates:
        candidates = candidate_pairs(
            records["phash"].to_numpy(),
            records["mean"].to_numpy(),
            records["std"].to_numpy(),
        )
        near = np.searchsorted(good, confirmed(good[candidates], ingested.pixels))
    seen = table.iloc[good]
    has_groups = bool((table["group_id"] > 0).any())
    found = find_leaks(
        seen["image_id"].to_numpy(dtype=object),
        seen["label"].to_numpy(),
        seen["split"].to_numpy(dtype="U5") if rows.has_splits else None,
        seen["group_id"].to_numpy() if has_groups else None,
        near,
    )
    return found.scattered(good, len(table))


def _why(findings: Findings) -> NDArray[np.object_]:
    why = np.full(len(findings.units), "", dtype=object)
    for leak in findings.leaks:
        joint = "as" if leak.kind == "same group" else "of"
        why[leak.removed] = f"{leak.kind} {joint} a held-out image"
    why[findings.conflicting] = "one image under several labels"
    return why


def _reasons(
    table: pd.DataFrame, chosen: NDArray[np.bool_], why: NDArray[Any]
) -> pd.DataFrame:
    return pd.DataFrame({"source": table["source"][chosen], "reason": why[chosen]})


def _check_bad(
    set_aside: pd.DataFrame,
    n: int,
    source: Source,
    options: DataPreparationOptions,
    listed: Path,
) -> None:
    if len(set_aside) <= options.max_bad_fraction * n:
        return
    write_atomically(listed, lambda file: set_aside.to_csv(file, index=False))
    raise DataError(
        f"too many images of {source.describe()} cannot be used",
        received=f"{len(set_aside)} of {n}: {_by_reason(set_aside)}; "
        f"all are in {listed}",
        allowed=f"a share of {options.max_bad_fraction:g} (max_bad_fraction)",
        remedy=_remedy(set_aside),
    )


def _remedy(set_aside: pd.DataFrame) -> str:
    reasons = set(set_aside["reason"])
    missing = any(os.strerror(errno.ENOENT) in reason for reason in reasons)
    where = "Correct the paths, which start from the folder of their table or from root"
    return (
        f"{where if missing else 'Repair or remove them'}, or raise "
        "data_preparation.max_bad_fraction"
    )


def _by_reason(set_aside: pd.DataFrame) -> str:
    """Return the most frequent reasons, each with its number and a few examples."""
    kinds = set_aside["reason"].map(kind_of_reason)
    said = []
    for kind, count in kinds.value_counts().head(5).items():
        examples = set_aside[kinds == kind].head(3).itertuples(index=False)
        names = ", ".join(
            f"{name} {reason.removeprefix(kind).lstrip(' :')}".rstrip()
            for name, reason in examples
        )
        said.append(f"{count} x {kind} ({names}{', ...' if count > 3 else ''})")
    return "; ".join(said)


def _leak_error(table: pd.DataFrame, findings: Findings) -> DataError:
    leak = findings.leaks[0]
    names = table["source"]
    return DataError(
        "training images are copies of held-out images, or of one group with them",
        received=f"{len(findings.leaks)}, e.g. {names[leak.removed]} and "
        f"{names[leak.kept]} ({leak.kind})",
        allowed="none, as on_leak is stop",
        remedy="Remove them, or set data_preparation.on_leak to remove",
    )


def _warnings(
    n_bad: int, findings: Findings, options: DataPreparationOptions
) -> list[str]:
    warnings = []
    if n_bad:
        warnings.append(
            f"Set aside, as they cannot be used: {counted(n_bad, 'image')}."
        )
    if findings.conflicting.any():
        warnings.append(
            f"{int(findings.conflicting.sum())} images occur under several labels and "
            "were dropped."
        )
    if findings.leaks:
        done = "removed" if options.on_leak == "remove" else "kept, as on_leak is warn"
        warnings.append(
            f"{len(findings.leaks)} training images are copies of held-out images, or "
            f"in one group with them; they were {done}."
        )
    if findings.n_exact or findings.n_near:
        warnings.append(
            f"{findings.n_exact} exact and {findings.n_near} near copies were found; "
            "copies stay on one side of every split and fold that is drawn."
        )
    return warnings
