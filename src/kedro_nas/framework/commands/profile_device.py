"""`kedro nas profile-device`: how fast networks are on a device."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    print_answer,
)
from kedro_nas.framework.project import opened

if TYPE_CHECKING:
    from kedro_nas.latency.timings import DeviceTimings
    from kedro_nas.space.device_profile import DeviceProfile

SECONDS = 180


@click.command(name="profile-device")
@env_option
@namespace_option
@click.option(
    "--name",
    default="this_machine",
    show_default=True,
    help="Name of the device, for nas.search_space.device.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=SECONDS,
    show_default=True,
    help="Wall seconds of timing on this machine.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Threads of the runtime on this machine.",
)
@click.option(
    "--image-side",
    "sides",
    type=click.IntRange(min=8, max=512),
    multiple=True,
    help="Side of the images in pixels; may be repeated.  [default: 32, 96]",
)
@click.option(
    "--prepare",
    type=click.Path(path_type=Path, file_okay=False),
    help="Only write the files for another device into this folder.",
)
@click.option(
    "--timings",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Use the timings that another device brought back.",
)
@json_option
@click.pass_obj
def profile_device(
    metadata: Any,
    env: str | None,
    namespace: str | None,
    name: str,
    seconds: float,
    threads: int,
    sides: tuple[int, ...],
    prepare: Path | None,
    timings: Path | None,
    *,
    as_json: bool,
) -> None:
    """Time operators on this machine, or for another device, as a profile for searches.

    With nas.search_space.max_latency_ms the search then builds only networks that are
    predicted to be fast enough there. Needs the extra `litert`.

    On another device: write files with --prepare, copy the folder there, run the
    program kedro_nas_device_benchmark.py in it, and read its JSON with --timings.
    """
    from kedro_nas.datasets.device_profiles_dataset import check_device_name
    from kedro_nas.latency.profiling import IMAGE_SHAPES, make_profile, prepare_files

    check_device_name(name)  # before minutes of timing
    shapes = tuple((side, side, 3) for side in sides) or IMAGE_SHAPES
    if prepare is not None:
        folder = prepare_files(prepare, shapes)
        print_answer({"folder": str(folder)}, _prepared(folder, name), as_json=as_json)
        return
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        entry = search.name("device_profiles")
        if entry not in search.catalog:
            search.place("device_profiles")  # raises the error that names the entry
        profile = make_profile(
            name, _read(timings) if timings else _time_here(shapes, seconds, threads)
        )
        search.catalog.get(entry).save({name: profile.model_dump(mode="json")})
    shown = profile.model_dump(mode="json", exclude={"operators", "networks"})
    answer = {**shown, "dataset": entry, "n_operators": len(profile.operators)}
    print_answer(answer, _text(profile, entry), as_json=as_json)


def _read(path: Path) -> DeviceTimings:
    from kedro_nas.latency.timings import DeviceTimings

    return DeviceTimings.read(path.read_text())


def _time_here(
    shapes: tuple[tuple[int, int, int], ...], seconds: float, threads: int
) -> DeviceTimings:
    from kedro_nas.latency.profiling import prepare_files, time_here

    with tempfile.TemporaryDirectory(prefix="kedro-nas-device-") as scratch:
        folder = prepare_files(Path(scratch), shapes)
        return time_here(
            folder,
            seconds=seconds,
            threads=threads,
            say=lambda line: click.echo(line, err=True),
        )


def _prepared(folder: Path, name: str) -> str:
    return (
        f"Written: {folder}\n"
        "On the device, with a LiteRT runtime (pip install ai-edge-litert numpy), run\n"
        f"  python {folder.name}/kedro_nas_device_benchmark.py {folder.name} "
        f"--output {name}.json\n"
        "and here, with the file it wrote,\n"
        f"  kedro nas profile-device --name {name} --timings {name}.json"
    )


def _text(profile: DeviceProfile, entry: str) -> str:
    machine, error = profile.machine, profile.error
    made = (
        f"Profile '{profile.name}' in {entry}: {machine.processor}, "
        f"{machine.threads} thread(s), {machine.runtime} {machine.runtime_version}, "
        f"{len(profile.operators)} operators."
    )
    checked = (
        "Networks it was not fitted to are predicted within "
        f"{error.median_percent:.1f} % (median of {error.n_networks}, largest "
        f"{error.largest_percent:.0f} %; rank correlation {error.spearman:.3f}). "
        f"A bound keeps a margin of {100 * error.margin:.0f} %."
    )
    use = (
        "Bound a search with nas.search_space.max_latency_ms and "
        f"nas.search_space.device: {profile.name}."
    )
    lines = [made, checked, use]
    load = profile.load_after
    if load is not None and load > machine.cores:
        lines.insert(
            2,
            f"The machine was busy (load {load:g} on {machine.cores} cores): the "
            "margin is larger than on a quiet one. Repeat it when nothing else runs.",
        )
    return "\n".join(lines)
