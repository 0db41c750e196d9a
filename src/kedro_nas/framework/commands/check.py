"""`kedro nas check`: everything but the training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    print_answer,
)
from kedro_nas.framework.custom_names import check_custom_names
from kedro_nas.framework.preflight import check_inputs, check_sections
from kedro_nas.framework.project import Search, opened
from kedro_nas.framework.registered import our_nodes
from kedro_nas.framework.tables import format_table
from kedro_nas.number_text import counted
from kedro_nas.parameters.base import OptionsType
from kedro_nas.stages import PREPARE_IMAGES

if TYPE_CHECKING:
    from kedro_nas.parameters.reporting import CostOptions
    from kedro_nas.search.forecast import JobSetup


@click.command()
@env_option
@namespace_option
@json_option
@click.pass_obj
def check(
    metadata: Any, env: str | None, namespace: str | None, *, as_json: bool
) -> None:
    """Check parameters and data, and predict what a run will take.

    Images are prepared as a run would (it will not do it again), the workers are
    started, and a few training steps of one network are timed on all of them. From
    that follows how the seconds of the job are divided. Nothing is trained.
    """
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        _check_configuration(search)
        value = _look_ahead(search)
    print_answer(value, _text(value), as_json=as_json)


def _check_configuration(search: Search) -> None:
    from kedro.framework.project import pipelines

    for pipeline in pipelines.values():
        nodes = [n for n in our_nodes(pipeline) if n.namespace == search.namespace]
        if any(node.func.__name__ == PREPARE_IMAGES for node in nodes):
            check_sections(nodes, search.catalog)
            check_custom_names(nodes, search.catalog)
            check_inputs(
                pipeline.only_nodes(*(n.name for n in nodes)),
                nodes,
                search.catalog,
                env=search.context.env,
            )


def _look_ahead(search: Search) -> dict[str, Any]:
    from kedro_nas.framework.quiet import import_tensorflow

    import_tensorflow(with_devices=False)  # quietly, before the imports below do
    from kedro_nas.data.prepare import prepare_images
    from kedro_nas.devices import find_gpus
    from kedro_nas.models.spaces import build_search_space
    from kedro_nas.parameters.data_preparation import DataPreparationOptions
    from kedro_nas.parameters.reporting import ReportingOptions
    from kedro_nas.parameters.search_space import SearchSpaceOptions
    from kedro_nas.search.forecast import forecast
    from kedro_nas.search.network_timing import measure_network
    from kedro_nas.search.search import check_ends

    setup = _setup(search)
    check_ends(setup.search, setup.budget_s)
    store, profile = prepare_images(
        search.load_images(),
        _options(search, DataPreparationOptions, "data_preparation"),
        seed=setup.seed,
        workspace=search.catalog.get(search.name("workspace")).load(),
    )
    # decoders are forked by now: not from a process in which TensorFlow has threads
    import_tensorflow(with_devices=True)
    space = build_search_space(
        _options(search, SearchSpaceOptions, "search_space"),
        profile.to_json(),
        seed=setup.seed,
    )
    timing = measure_network(store, space, profile.verdict, setup.job, setup.budget_s)
    data_s = profile.seconds + space.seconds
    ahead = forecast(store, profile.verdict, setup, timing, data_s=data_s)
    gpus = find_gpus()
    prices = _options(search, ReportingOptions, "reporting").costs
    return {
        "namespace": search.namespace,
        "images": profile.n_images,
        "image_shape": list(profile.image_shape),
        "classes": len(profile.class_names),
        "mode": profile.verdict.mode,
        "warnings": list(profile.warnings),
        "candidate_0": timing.candidate_0.describe(),
        "step_s": timing.step_s,
        "workers": timing.speed.workers,
        "gpus": list(gpus.names),
        "gpu_problem": gpus.problem,
        **ahead.model_dump(mode="json"),
        "total_s": ahead.division.total_s,
        "costs": _costs(ahead.division.total_s, prices),
    }


def _setup(search: Search) -> JobSetup:
    from kedro_nas.parameters.export import ExportOptions
    from kedro_nas.parameters.job import JobOptions, check_budget
    from kedro_nas.parameters.ranking import RankingOptions
    from kedro_nas.parameters.search import SearchOptions
    from kedro_nas.search.forecast import JobSetup

    given = search.parameters()
    return JobSetup(
        search=_options(search, SearchOptions, "search"),
        ranking=_options(search, RankingOptions, "ranking"),
        export=_options(search, ExportOptions, "export"),
        job=_options(search, JobOptions, "job"),
        budget_s=check_budget(
            given.get("budget_s"), where=search.parameter("budget_s")
        ),
        seed=given["seed"],
    )


def _options(search: Search, model: type[OptionsType], section: str) -> OptionsType:
    given = search.parameters().get(section)
    return model.parse(given, where=search.parameter(section))


def _costs(seconds: float, options: CostOptions) -> dict[str, float]:
    from kedro_nas.accounting.job_costs import price_time
    from kedro_nas.accounting.time_spent import TimeSpent

    priced = price_time(TimeSpent((), seconds, None, ()), options)
    return {f"{item.name}, {priced.currency}": item.amount for item in priced.prices}


def _text(value: dict[str, Any]) -> str:
    height, width, channels = value["image_shape"]
    mode = value["mode"].replace("_", " ")
    lines = [
        f"Parameters and data of '{value['namespace']}' are fine.",
        (
            f"Data:      {value['images']:,} images of {height} x {width} x "
            f"{channels}, {value['classes']} classes ({mode})"
        ),
        *(f"           ! {warning}" for warning in value["warnings"]),
        f"GPUs:      {', '.join(value['gpus']) or 'none'}",
        *([f"           ! {value['gpu_problem']}"] if value["gpu_problem"] else []),
        (
            f"First:     {value['candidate_0']}, {value['step_s'] * 1000:.1f} ms a "
            f"step on each of {value['workers']} workers; a full training, "
            f"{value['full_epochs']} epochs on all of them, takes "
            f"{_time(value['full_training_s'])}"
        ),
        f"Plan:      {_plan(value)}",
        (
            f"Search:    about {counted(value['architectures'], 'architecture')} in "
            f"{counted(value['trials'], 'trial')}"
        ),
        (
            f"In all:    about {_time(value['total_s'])}, "
            f"{value['memory_mb'] / 1024:.1f} GiB of memory, "
            f"{value['disk_mb']:,.0f} MiB of disk"
        ),
        *(
            f"Cost:      {name}: {amount:.2f}"
            for name, amount in value["costs"].items()
        ),
        "",
        "How seconds are divided on this machine, this job first:",
        _table([value["division"], *value["examples"]]),
        "",
        "A stage ends with its seconds; what it leaves goes to the final training.",
        "Numbers of networks are right within a factor of two.",
    ]
    return "\n".join(lines)


def _plan(value: dict[str, Any]) -> str:
    division = value["division"]
    kind = (
        "a race between proven networks, then the final training"
        if division["kind"] == "race"
        else "a search of the space"
    )
    if division["full_trainings"] is None:
        return f"{kind}; no budget, counts end it"
    return (
        f"{kind}; {_time(division['budget_s'])} afford "
        f"{division['full_trainings']:.1f} full trainings"
    )


_COLUMNS = {
    "budget_s": "budget",
    "full_trainings": "full trainings",
    "kind": "plan",
    "data_s": "data",
    "search_s": "search",
    "ranking_s": "ranking",
    "final_s": "final training",
    "finish_s": "finish",
}


def _table(divisions: list[dict[str, Any]]) -> str:
    rows = [
        {name: _cell(name, division[name]) for name in _COLUMNS}
        for division in divisions
    ]
    return format_table(rows, _COLUMNS)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "none" if name == "budget_s" else "-"
    if name == "full_trainings":
        return f"{value:.1f}"
    return _time(value) if name.endswith("_s") else str(value)


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
