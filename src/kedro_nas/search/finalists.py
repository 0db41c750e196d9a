"""Choice of the finalists: the best distinct networks of the highest rungs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kedro_nas.statistics.pareto_front import is_on_front


def choose_finalists(
    trials: pd.DataFrame,
    *,
    n: int,
    newest: int | None = None,
    max_per_family: int = 2,
    always: str | None = None,
    costs: Mapping[str, float] | None = None,
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
        costs: A cost of each trial's network, by `trial_id`: networks that no other one
            beats in both this order and the cost come first; None for no cost.

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
    invited = best_first if costs is None else _front_first(best_first, costs)
    chosen = set(_spread_over_families(invited, n, max_per_family))
    names = [name for name in best_first["trial_id"] if name in chosen]
    mine = [name for name in best_first["trial_id"] if name in set(kept["trial_id"])]
    if not mine or mine[0] in names:
        return names
    chosen = {*names[: n - 1], mine[0]}
    return [name for name in best_first["trial_id"] if name in chosen]


def _newest_networks(frame: pd.DataFrame, newest: int) -> list[str]:
    first_seen = frame.sort_values("_order").drop_duplicates("network_key")
    return list(first_seen["network_key"].tail(newest))


def _front_first(best_first: pd.DataFrame, costs: Mapping[str, float]) -> pd.DataFrame:
    """Return the networks on the front of order against cost, then the others."""
    place = -np.arange(len(best_first), dtype=float)
    front = is_on_front([costs[name] for name in best_first["trial_id"]], place)
    return pd.concat([best_first[front], best_first[~front]])


def _spread_over_families(
    in_order: pd.DataFrame, n: int, max_per_family: int
) -> list[str]:
    """Return the first `n`, those beyond the limit of a family after the others."""
    place_in_family = in_order.groupby("family", dropna=False).cumcount()
    waiting = place_in_family >= max_per_family
    invited = pd.concat([in_order[~waiting], in_order[waiting]]).head(n)
    return list(invited["trial_id"])
