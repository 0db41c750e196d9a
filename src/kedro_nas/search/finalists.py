"""Choice of the finalists: the best distinct networks of the highest rungs."""

from __future__ import annotations

import numpy as np
import pandas as pd


def choose_finalists(
    trials: pd.DataFrame,
    *,
    n: int,
    newest: int | None = None,
    max_per_family: int = 2,
    always: str | None = None,
) -> list[str]:
    """Choose the trials whose networks are cross-validated, best first.

    A network counts once, with the trial of its highest rung. Networks are ordered by
    rung first, then by score, since scores after different numbers of epochs are not
    comparable; a network that stopped early has reached the rung, too. Networks of a
    family beyond its limit are chosen only if the others do not suffice.

    Args:
        trials: A row per architecture and rung, in the order of the schedule, see
            docs/reference/files.md.
        n: Finalists wanted, at least 1.
        newest: Choose only among this number of newest distinct networks, None for all.
        always: Network key of a network that is a finalist regardless of its score.
        max_per_family: Finalists of one `family` while others can fill the places.

    Returns:
        Up to `n` values of `trial_id`; fewer when there are fewer distinct networks
        with a score, none when every trial failed.
    """
    frame = trials.assign(_order=np.arange(len(trials)))
    frame = frame[frame["status"] != "failed"]
    frame = frame[np.isfinite(frame["score"].astype(float))]
    kept = frame[frame["network_key"] == always]
    if newest is not None:
        frame = frame[frame["network_key"].isin(_newest_networks(frame, newest))]
    best_first = (
        pd.concat([frame, kept])
        .sort_values(
            ["rung_epochs", "score", "params", "_order"],
            ascending=[False, False, True, True],
            kind="stable",
        )
        .drop_duplicates("network_key")
    )
    names = _spread_over_families(best_first, n, max_per_family)
    mine = [name for name in best_first["trial_id"] if name in set(kept["trial_id"])]
    if not mine or mine[0] in names:
        return names
    chosen = {*names[: n - 1], mine[0]}
    return [name for name in best_first["trial_id"] if name in chosen]


def _newest_networks(frame: pd.DataFrame, newest: int) -> list[str]:
    first_seen = frame.sort_values("_order").drop_duplicates("network_key")
    return list(first_seen["network_key"].tail(newest))


def _spread_over_families(
    best_first: pd.DataFrame, n: int, max_per_family: int
) -> list[str]:
    place_in_family = best_first.groupby("family", dropna=False).cumcount()
    waiting = place_in_family >= max_per_family
    invited = pd.concat([best_first[~waiting], best_first[waiting]]).head(n)
    # best first again, after networks beyond the family limit were added
    return [name for name in best_first["trial_id"] if name in set(invited["trial_id"])]
