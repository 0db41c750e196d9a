"""`kedro nas space`: what may be built, and how large it is."""

from __future__ import annotations

from typing import Any

import click

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    print_answer,
)
from kedro_nas.framework.project import opened
from kedro_nas.space.architecture import Architecture

SAMPLES = 1_000


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

    Nothing is trained.
    """
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        value = search.load("search_space")
        profile = search.load("dataset_profile")
        seed = int(search.parameters().get("seed", 0))
    found = _survey(value, samples, seed, profile["verdict"]["n_train"])
    print_answer({**value, "survey": found}, _text(value, found), as_json=as_json)


def _survey(
    value: dict[str, Any], samples: int, seed: int, n_train: int
) -> dict[str, Any]:
    from kedro_nas.framework.quiet import import_tensorflow

    import_tensorflow(with_devices=False)  # quietly, before the next import does
    from kedro_nas.models.spaces import load_search_space
    from kedro_nas.space.survey import survey

    found = survey(load_search_space(value), samples, seed, n_train=n_train)
    return {
        "samples": samples,
        "n_distinct": found.n_distinct,
        "n_train": n_train,
        "ranges": found.ranges.to_dict("index"),
    }


def _text(value: dict[str, Any], found: dict[str, Any]) -> str:
    height, width, channels = value["input_shape"]
    lines = [f"{height} x {width} x {channels} pixels, {value['n_classes']} classes"]
    lines += ["", f"Choices (preset {value['preset']}):"]
    lines += [
        f"  {name}: {_values(values)}" for name, values in value["choices"].items()
    ]
    bounds = dict(value["bounds"])
    reasons = bounds.pop("reasons", ())
    lines += ["", "Bounds:"]
    lines += [
        f"  {name}: {'none' if limit is None else f'{limit:,}'}"
        for name, limit in bounds.items()
    ]
    lines += [f"  {reason}" for reason in reasons]
    lines += ["", "Tried first:"]
    lines += [f"  {Architecture.from_dict(a).describe()}" for a in value["anchors"]]
    return "\n".join(lines + _drawn(value["acceptance"], found))


def _drawn(acceptance: dict[str, Any], found: dict[str, Any]) -> list[str]:
    rejected = ", ".join(
        f"{name} {count:,}" for name, count in acceptance["rejected"].items()
    )
    drawn = (
        f"Of {acceptance['drawn']:,} random draws {acceptance['accepted']:,} fit as "
        f"drawn and {acceptance['repaired']:,} after repair."
    )
    if rejected:
        drawn += f" Over a bound as drawn: {rejected}."
    fitting = (
        f"{found['samples']:,} networks that fit, {found['n_distinct']:,} distinct; "
        f"seconds per epoch of {found['n_train']:,} images, estimated for one core:"
    )
    head = f"  {'':<18}{'smallest':>12}{'median':>12}{'largest':>12}"
    lines = ["", drawn, "", fitting, head]
    for name, row in found["ranges"].items():
        numbers = (row["smallest"], row["median"], row["largest"])
        lines.append(f"  {name:<18}" + "".join(f"{n:>12,.4g}" for n in numbers))
    return lines


def _values(values: Any) -> str:
    if isinstance(values, dict):
        return f"{values['low']:g} to {values['high']:g}"
    return ", ".join(map(str, values))
