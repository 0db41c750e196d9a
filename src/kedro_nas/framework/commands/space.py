"""`kedro nas space`: what may be built, and how large it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    print_answer,
)
from kedro_nas.framework.project import Search, opened
from kedro_nas.parameters.search_space import Range, SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile

if TYPE_CHECKING:
    from kedro_nas.space.acceptance import Acceptance
    from kedro_nas.space.bounds import DataFacts
    from kedro_nas.space.registry import Value
    from kedro_nas.space.search_space import SearchSpace

SAMPLES = 1_000
_BOUNDS = ("max_depth", "max_params", "max_macs", "max_memory_mb", "max_latency_ms")


@click.command()
@env_option
@namespace_option
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=SAMPLES,
    show_default=True,
    help="Networks drawn for the ranges.",
)
@json_option
@click.pass_obj
def space(
    metadata: Any,
    env: str | None,
    namespace: str | None,
    samples: int,
    *,
    as_json: bool,
) -> None:
    """Show the search space: choices, bounds, what is tried first, and 1,000 draws.

    It is the one that a run has written; where parameters have changed since, it says
    which of its choices and bounds would be others now. Nothing is trained.
    """
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        value = search.load("search_space")
        profile = DatasetProfile.read(search.load("dataset_profile"))
        seed = search.seed
        networks = _load(value)
        changed = _changes(networks, space_of_today(search, profile.facts))
        writes = search.run_command("--tags", "search_space")
    found = _survey(networks, samples, seed, profile.verdict.n_train)
    answer = {**value, "survey": asdict(found), "changed_since": changed}
    text = _text(networks, found)
    if changed:
        text = (
            "Parameters have changed since this space was written; others now: "
            f"{', '.join(changed)}.\nWrite it anew: {writes}\n\n{text}"
        )
    print_answer(answer, text, as_json=as_json)


@dataclass(frozen=True)
class CostRange:
    """Quantiles of a cost over drawn networks.

    Attributes:
        smallest: The minimum.
        lower_quarter: A quarter of the networks costs less.
        median: Half of them cost less.
        upper_quarter: Three quarters cost less.
        largest: The maximum.
    """

    smallest: float
    lower_quarter: float
    median: float
    upper_quarter: float
    largest: float


@dataclass(frozen=True)
class DrawnCosts:
    """Costs of networks that were drawn and fit the bounds.

    Attributes:
        samples: Number of draws.
        n_distinct: Distinct networks among them.
        n_train: Images per epoch, for the estimated seconds.
        ranges: By name of the cost.
    """

    samples: int
    n_distinct: int
    n_train: int
    ranges: dict[str, CostRange]


def _load(value: Any) -> SearchSpace:
    from kedro_nas.framework.quiet import import_tensorflow

    import_tensorflow(with_devices=False)  # quietly, before the next import does
    from kedro_nas.models.spaces import load_search_space

    return load_search_space(value)


def space_of_today(search: Search, data: DataFacts) -> SearchSpace:
    """Return the search space that a run with the present parameters would have.

    Args:
        search: An opened search.
        data: Properties of its images.

    Raises:
        SearchSpaceError: No network fits, or its device cannot be told.
    """
    from kedro_nas.models.spaces import build_search_space

    return build_search_space(
        search.options(SearchSpaceOptions, "search_space"),
        data,
        search.load_if_there("device_profiles"),
        seed=search.seed,
    )


def _changes(networks: SearchSpace, now: SearchSpace) -> list[str]:
    """Return the names of choices and bounds that differ between two spaces."""
    names = dict.fromkeys((*networks.choices, *now.choices))
    changed = [
        name for name in names if networks.choices.get(name) != now.choices.get(name)
    ]
    changed += [
        name
        for name in _BOUNDS
        if getattr(networks.bounds, name) != getattr(now.bounds, name)
    ]
    return changed


def _survey(networks: SearchSpace, samples: int, seed: int, n_train: int) -> DrawnCosts:
    from kedro_nas.space.survey import survey

    found = survey(networks, samples, seed, n_train=n_train)
    ranges = {
        str(name): CostRange(*map(float, row))
        for name, row in zip(found.ranges.index, found.ranges.to_numpy(), strict=True)
    }
    return DrawnCosts(samples, found.n_distinct, n_train, ranges)


def _text(networks: SearchSpace, found: DrawnCosts) -> str:
    height, width, channels = networks.input_shape
    lines = [f"{height} x {width} x {channels} pixels, {networks.n_classes} classes"]
    lines += ["", f"Choices (preset {networks.preset}):"]
    lines += [
        f"  {name}: {_values(values)}" for name, values in networks.choices.items()
    ]
    limits = {name: getattr(networks.bounds, name) for name in _BOUNDS}
    lines += ["", "Bounds:"]
    lines += [
        f"  {name}: {'none' if limit is None else f'{limit:,}'}"
        for name, limit in limits.items()
    ]
    lines += [f"  {reason}" for reason in networks.bounds.reasons]
    lines += ["", "Tried first:"]
    lines += [f"  {anchor.describe()}" for anchor in networks.anchors]
    return "\n".join(lines + _drawn(networks.acceptance, found))


def _drawn(acceptance: Acceptance, found: DrawnCosts) -> list[str]:
    rejected = ", ".join(
        f"{name} {count:,}" for name, count in acceptance.rejected.items()
    )
    drawn = (
        f"Of {acceptance.drawn:,} random draws {acceptance.accepted:,} fit as "
        f"drawn and {acceptance.repaired:,} after repair."
    )
    if rejected:
        drawn += f" Over a bound as drawn: {rejected}."
    fitting = (
        f"{found.samples:,} networks that fit, {found.n_distinct:,} distinct; "
        f"seconds per epoch of {found.n_train:,} images, estimated for one core:"
    )
    head = f"  {'':<18}{'smallest':>12}{'median':>12}{'largest':>12}"
    lines = ["", drawn, "", fitting, head]
    for name, row in found.ranges.items():
        numbers = (row.smallest, row.median, row.largest)
        lines.append(f"  {name:<18}" + "".join(f"{n:>12,.4g}" for n in numbers))
    return lines


def _values(values: tuple[Value, ...] | Range) -> str:
    if isinstance(values, Range):
        return f"{values.low:g} to {values.high:g}"
    return ", ".join(map(str, values))
