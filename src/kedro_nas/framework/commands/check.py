"""`kedro nas check`: everything but the training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from pydantic import JsonValue

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    params_option,
    print_answer,
)
from kedro_nas.framework.commands.space import space_of_today
from kedro_nas.framework.custom_names import check_custom_names
from kedro_nas.framework.latency_options import check_latency_options
from kedro_nas.framework.preflight import check_inputs, check_sections
from kedro_nas.framework.project import Search, opened
from kedro_nas.framework.registered import our_nodes
from kedro_nas.framework.terminal_tables import format_table
from kedro_nas.number_text import counted
from kedro_nas.pipelines.nas.pipeline import namespace_of
from kedro_nas.stages import PREPARE_IMAGES

if TYPE_CHECKING:
    from kedro_nas.parameters.reporting import CostOptions
    from kedro_nas.search.forecast import Division, Forecast, JobSetup


@click.command()
@env_option
@namespace_option
@params_option
@json_option
@click.pass_obj
def check(
    metadata: Any,
    env: str | None,
    namespace: str | None,
    params: dict[str, JsonValue],
    *,
    as_json: bool,
) -> None:
    """Check parameters and data, and predict what a run will take.

    Images are prepared as a run would (it will not do it again), the workers are
    started, and a few training steps of one network are timed on all of them. From
    that follows how the seconds of the job are divided. Nothing is trained.
    """
    with opened(
        metadata.project_path, env=env, namespace=namespace, params=params
    ) as search:
        _check_configuration(search)
        ahead = _look_ahead(search)
    print_answer(ahead.to_json(), _text(ahead), as_json=as_json)


@dataclass(frozen=True)
class JobOutlook:
    """What a run would begin with, and what it would take.

    Attributes:
        namespace: Of the search.
        images: Number of images.
        image_shape: Height, width, channels.
        classes: Number of classes.
        mode: `normal` or `small_data`.
        warnings: Sentences on the images.
        candidate_0: The first network in a line.
        step_s: Seconds of one gradient step of it.
        workers: Training processes.
        gpus: Names of the GPUs that would be used.
        gpu_problem: Why others are not, or empty.
        forecast: Seconds, networks, memory and disk of the job.
        costs: Amount by the name of a price and its currency.
    """

    namespace: str
    images: int
    image_shape: tuple[int, int, int]
    classes: int
    mode: str
    warnings: tuple[str, ...]
    candidate_0: str
    step_s: float
    workers: int
    gpus: tuple[str, ...]
    gpu_problem: str
    forecast: Forecast
    costs: dict[str, float]

    @property
    def total_s(self) -> float:
        """Wall seconds of the whole job."""
        return self.forecast.division.total_s

    def to_json(self) -> dict[str, JsonValue]:
        """Return plain JSON values; those of the forecast are among them."""
        own = dict(vars(self))
        forecast, costs = own.pop("forecast"), own.pop("costs")
        return {
            **own,
            **forecast.model_dump(mode="json"),
            "total_s": self.total_s,
            "costs": costs,
        }


def _check_configuration(search: Search) -> None:
    from kedro.framework.project import pipelines

    for pipeline in pipelines.values():
        nodes = [n for n in our_nodes(pipeline) if namespace_of(n) == search.namespace]
        if any(node.func.__name__ == PREPARE_IMAGES for node in nodes):
            check_sections(nodes, search.catalog)
            check_custom_names(nodes, search.catalog)
            check_latency_options(nodes, search.catalog)
            check_inputs(
                pipeline.only_nodes(*(n.name for n in nodes)),
                nodes,
                search.catalog,
                env=search.context.env,
            )


def _look_ahead(search: Search) -> JobOutlook:
    from kedro_nas.framework.quiet import import_tensorflow

    import_tensorflow(with_devices=False)  # quietly, before the imports below do
    from kedro_nas.data.prepare import prepare_images
    from kedro_nas.devices import find_gpus
    from kedro_nas.parameters.data_preparation import DataPreparationOptions
    from kedro_nas.parameters.reporting import ReportingOptions
    from kedro_nas.search.forecast import forecast
    from kedro_nas.search.network_timing import measure_network
    from kedro_nas.search.search import check_ends

    setup = _setup(search)
    check_ends(setup.search, setup.budget_s)
    store, profile = prepare_images(
        search.load_images(),
        search.options(DataPreparationOptions, "data_preparation"),
        seed=setup.seed,
        workspace=search.catalog.get(search.name("workspace")).load(),
    )
    # decoders are forked by now: not from a process in which TensorFlow has threads
    import_tensorflow(with_devices=True)
    space = space_of_today(search, profile.facts)
    timing = measure_network(store, space, profile.verdict, setup.job, setup.budget_s)
    data_s = profile.seconds + space.seconds
    ahead = forecast(store, profile.verdict, setup, timing, data_s=data_s)
    gpus = find_gpus()
    prices = search.options(ReportingOptions, "reporting").costs
    return JobOutlook(
        namespace=search.namespace,
        images=profile.n_images,
        image_shape=profile.image_shape,
        classes=len(profile.class_names),
        mode=profile.verdict.mode,
        warnings=profile.warnings,
        candidate_0=timing.candidate_0.describe(),
        step_s=timing.step_s,
        workers=timing.speed.workers,
        gpus=tuple(gpus.names),
        gpu_problem=gpus.problem,
        forecast=ahead,
        costs=_costs(ahead.division.total_s, prices),
    )


def _setup(search: Search) -> JobSetup:
    from kedro_nas.parameters.export import ExportOptions
    from kedro_nas.parameters.job import JobOptions
    from kedro_nas.parameters.ranking import RankingOptions
    from kedro_nas.parameters.search import SearchOptions
    from kedro_nas.search.forecast import JobSetup

    return JobSetup(
        search=search.options(SearchOptions, "search"),
        ranking=search.options(RankingOptions, "ranking"),
        export=search.options(ExportOptions, "export"),
        job=search.options(JobOptions, "job"),
        budget_s=search.budget_s,
        seed=search.seed,
    )


def _costs(seconds: float, options: CostOptions) -> dict[str, float]:
    from kedro_nas.accounting.job_costs import price_time
    from kedro_nas.accounting.time_spent import TimeSpent

    priced = price_time(TimeSpent((), seconds, None, ()), options)
    return {f"{item.name}, {priced.currency}": item.amount for item in priced.prices}


def _text(ahead: JobOutlook) -> str:
    height, width, channels = ahead.image_shape
    mode, forecast = ahead.mode.replace("_", " "), ahead.forecast
    lines = [
        f"Parameters and data of '{ahead.namespace}' are fine.",
        (
            f"Data:      {ahead.images:,} images of {height} x {width} x "
            f"{channels}, {ahead.classes} classes ({mode})"
        ),
        *(f"           ! {warning}" for warning in ahead.warnings),
        f"GPUs:      {', '.join(ahead.gpus) or 'none'}",
        *([f"           ! {ahead.gpu_problem}"] if ahead.gpu_problem else []),
        (
            f"First:     {ahead.candidate_0}, {ahead.step_s * 1000:.1f} ms a "
            f"step on each of {ahead.workers} workers; a full training, "
            f"{forecast.full_epochs} epochs on all of them, takes "
            f"{_time(forecast.full_training_s)}"
        ),
        f"Plan:      {_plan(forecast.division)}",
        (
            f"Search:    about {counted(forecast.architectures, 'architecture')} in "
            f"{counted(forecast.trials, 'trial')}"
        ),
        *([f"           ! {forecast.waiting}"] if forecast.waiting else []),
        (
            f"In all:    about {_time(ahead.total_s)}, "
            f"{forecast.memory_mb / 1024:.1f} GiB of memory, "
            f"{forecast.disk_mb:,.0f} MiB of disk"
        ),
        *(f"Cost:      {name}: {amount:.2f}" for name, amount in ahead.costs.items()),
        "",
        "How seconds are divided on this machine, this job first:",
        _table([forecast.division, *forecast.examples]),
        "",
        "A stage ends with its seconds; what it leaves goes to the final training.",
        "Numbers of networks are right within a factor of two.",
    ]
    return "\n".join(lines)


def _plan(division: Division) -> str:
    kind = (
        "a race between proven networks, then the final training"
        if division.kind == "race"
        else "a search of the space"
    )
    if division.budget_s is None or division.full_trainings is None:
        return f"{kind}; no budget, counts end it"
    return (
        f"{kind}; {_time(division.budget_s)} afford "
        f"{division.full_trainings:.1f} full trainings"
    )


_COLUMNS = {
    "budget_s": "budget",
    "full_trainings": "full trainings",
    "kind": "plan",
    "data_s": "data",
    "import_s": "import",
    "search_s": "search",
    "ranking_s": "ranking",
    "final_s": "final training",
    "finish_s": "finish",
}


def _table(divisions: Sequence[Division]) -> str:
    rows = [
        {name: _cell(name, getattr(division, name)) for name in _COLUMNS}
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
