"""Contestants against the bound of latency: measured here, or else predicted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kedro_nas.errors import RankingError
from kedro_nas.files import append_json_line, read_json_lines
from kedro_nas.latency.bound_check import measure_for_bound, why_not_measured
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.records.latency import (
    LatencyBound,
    LatencyCheck,
    MeasuredLatency,
    NetworkLatency,
)
from kedro_nas.records.search import Finalist


def check_latency(
    contestants: Sequence[Finalist], bound: LatencyBound | None, folder: Path
) -> LatencyCheck | None:
    """Measure each contestant on this machine, if the bound is one on this machine.

    Args:
        contestants: Of the ranking.
        bound: Of the search; None for none.
        folder: Keeps what was measured in `latency.jsonl`, so that a ranking that is
            resumed chooses as before. Nothing is kept where no contestant keeps the
            bound: the next run measures again, perhaps on a quieter machine.

    Returns:
        None without a bound.

    Raises:
        ExportError: The LiteRT runtime refuses a network.
        RankingError: No contestant keeps the bound.
    """
    if bound is None:
        return None
    reason = why_not_measured(bound)
    path, threads = folder / "latency.jsonl", bound.machine.threads
    kept = _kept(path, threads)
    new = {
        one.network_key: measure_for_bound(one.architecture, bound, name=one.name)
        for one in contestants
        if not reason and one.network_key not in kept
    }
    measured = {} if reason else {**kept, **new}
    check = LatencyCheck(
        bound=bound,
        networks=tuple(
            _latency(one, bound, measured.get(one.network_key)) for one in contestants
        ),
        reason=reason,
    )
    fast_enough([one.key for one in contestants], check)  # before folds are trained
    folder.mkdir(parents=True, exist_ok=True)
    for key, one in new.items():
        line = {"network_key": key, "threads": threads, "measured": one.model_dump()}
        append_json_line(path, line)
    return check


def require_bound(options: RankingOptions, bound: LatencyBound | None) -> None:
    """Check that latency is bounded where the choice depends on it.

    Args:
        options: Options of the ranking.
        bound: Of the search; None for none.

    Raises:
        RankingError: There is no bound, or there was no profile to predict by.
    """
    if options.needs_latency and bound is None:
        raise RankingError(
            "the choice depends on a latency that is not known",
            received=f"{options.needs_latency}, and a search without a bound of "
            "latency",
            allowed="a search with nas.search_space.max_latency_ms and a profile of "
            "the device, or another option",
            remedy="Set nas.search_space.max_latency_ms and make a profile with "
            "`kedro nas profile-device`, then run again from the stage search_space "
            "on; or change that option",
        )


def fast_enough(keys: Sequence[str], latency: LatencyCheck | None) -> list[str]:
    """Return the contestants that keep the bound of latency.

    Args:
        keys: Of the contestants that may be chosen.
        latency: Contestants against the bound; None without a bound.

    Raises:
        RankingError: None of them keeps it.
    """
    if latency is None:
        return list(keys)
    allowed = [key for key in keys if key not in latency.too_slow]
    if not allowed:
        raise RankingError(
            "no contestant keeps the bound of latency",
            received="; ".join(
                f"{one.name}: {latency.describe(one)}" for one in latency.networks
            ),
            allowed=f"at most {latency.bound.max_ms:g} ms on {latency.bound.device}",
            remedy="Rank again while nothing else runs, raise "
            "nas.search_space.max_latency_ms, or search again with a new profile",
        )
    return allowed


def _kept(path: Path, threads: int) -> dict[str, MeasuredLatency]:
    return {
        line["network_key"]: MeasuredLatency.model_validate(line["measured"])
        for line in read_json_lines(path)
        if line["threads"] == threads
    }


def _latency(
    one: Finalist, bound: LatencyBound, measured: MeasuredLatency | None
) -> NetworkLatency:
    return NetworkLatency(
        key=one.key,
        name=one.name,
        predicted_ms=one.latency_ms,
        measured=measured,
        fits=bound.allows(one.latency_ms, measured),
    )
