"""`kedro nas check`: everything but the training."""

from __future__ import annotations

from typing import Any

import click

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    say,
)
from kedro_nas.framework.preflight import check_inputs, check_sections
from kedro_nas.framework.project import Search, opened
from kedro_nas.framework.registered import our_nodes
from kedro_nas.stages import PREPARE_IMAGES


@click.command()
@env_option
@namespace_option
@json_option
@click.pass_obj
def check(
    metadata: Any, env: str | None, namespace: str | None, *, as_json: bool
) -> None:
    """Check parameters and data, and predict what a run will take.

    Images are prepared as a run would (it will not do it again), one network is
    built, a few of its training steps are timed. Nothing is trained.
    """
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        _check_configuration(search)
        value = _look_ahead(search)
    say(value, _text(value), as_json=as_json)


def _check_configuration(search: Search) -> None:
    from kedro.framework.project import pipelines

    for pipeline in pipelines.values():
        nodes = [n for n in our_nodes(pipeline) if n.namespace == search.namespace]
        if any(node.func.__name__ == PREPARE_IMAGES for node in nodes):
            check_sections(nodes, search.catalog)
            check_inputs(
                pipeline.only_nodes(*(n.name for n in nodes)),
                nodes,
                search.catalog,
                env=search.context.env,
            )


def _look_ahead(search: Search) -> dict[str, Any]:
    from kedro_nas.data.prepare import prepare_images
    from kedro_nas.devices import find_gpus
    from kedro_nas.framework.quiet import import_tensorflow
    from kedro_nas.models.spaces import build_search_space
    from kedro_nas.parameters.data_preparation import DataPreparationOptions
    from kedro_nas.parameters.ranking import RankingOptions
    from kedro_nas.parameters.reporting import ReportingOptions
    from kedro_nas.parameters.search import SearchOptions
    from kedro_nas.parameters.search_space import SearchSpaceOptions
    from kedro_nas.search.forecast import forecast, measure_network
    from kedro_nas.training.workers.local import resolve_workers

    given = search.parameters()

    def options(model: Any, name: str) -> Any:
        return model.parse(given.get(name), where=search.parameter(name))

    searching = options(SearchOptions, "search")
    ranking = options(RankingOptions, "ranking")
    store, prepared = prepare_images(
        search.load_images(),
        options(DataPreparationOptions, "data_preparation"),
        seed=given["seed"],
        workspace=search.catalog.get(search.name("workspace")).load(),
    )
    profile = prepared.to_json()
    import_tensorflow(with_devices=True)  # quietly, before something else does
    space = build_search_space(
        options(SearchSpaceOptions, "search_space"), profile, seed=given["seed"]
    )
    measured = measure_network(store, space.anchors[0], profile["verdict"], searching)
    workers = resolve_workers(searching.workers, searching.threads_per_worker)
    ahead = forecast(
        store,
        space,
        profile["verdict"],
        searching,
        ranking,
        measured,
        workers=workers,
        seed=given["seed"],
    )
    gpus = find_gpus()
    prices = options(ReportingOptions, "reporting").costs
    return {
        "namespace": search.namespace,
        "images": profile["n_images"],
        "image_shape": profile["image_shape"],
        "classes": len(profile["class_names"]),
        "mode": profile["verdict"]["mode"],
        "warnings": profile["warnings"],
        "candidate_0": space.anchors[0].describe(),
        "step_s": measured.step_s,
        "workers": workers,
        "gpus": list(gpus.names),
        "gpu_problem": gpus.problem,
        **ahead,
        "costs": _costs(ahead["total_s"], prices),
    }


def _costs(seconds: float, options: Any) -> dict[str, float]:
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
        f"First:     {value['candidate_0']}, {value['step_s'] * 1000:.1f} ms a step",
        (
            f"Search:    about {value['architectures']:,} architectures in "
            f"{value['trials']:,} trials, {_time(value['search_s'])}, "
            f"{value['workers']} workers"
        ),
        f"GPUs:      {', '.join(value['gpus']) or 'none'}",
        *([f"           ! {value['gpu_problem']}"] if value["gpu_problem"] else []),
        f"Ranking:   about {_time(value['ranking_s'])}",
        f"Final fit: about {_time(value['final_s'])}",
        (
            f"In all:    about {_time(value['total_s'])}, "
            f"{value['memory_mb'] / 1024:.1f} GiB of memory, "
            f"{value['disk_mb']:,.0f} MiB of disk"
        ),
        *(
            f"Cost:      {name}: {amount:.2f}"
            for name, amount in value["costs"].items()
        ),
        "Seconds are right within a factor of two; the search obeys its budget.",
    ]
    return "\n".join(lines)


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
