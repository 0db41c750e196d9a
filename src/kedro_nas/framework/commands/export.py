"""`kedro nas export`: another network of the run, without searching again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import JsonValue

from kedro_nas.errors import ExportError, SearchSpaceError
from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    params_option,
    print_answer,
)
from kedro_nas.framework.project import Search, opened
from kedro_nas.number_text import duration, percent
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import SearchResult

if TYPE_CHECKING:
    from kedro_nas.export.by_hand import ExportedByHand
    from kedro_nas.export.named_network import NamedTrial

logger = logging.getLogger(__name__)


@click.command()
@click.option(
    "--architecture",
    required=True,
    help="Its key in nas.pareto_table or nas.trials, or the beginning of it.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Folder of the exports.  [default: that of nas.exports, with the key added]",
)
@click.option(
    "--overwrite", is_flag=True, help="Replace exports that are in that folder."
)
@click.option(
    "--test",
    "reads_test",
    is_flag=True,
    help="Also score it on the test images, which counts as one more reading of them.",
)
@env_option
@namespace_option
@params_option
@json_option
@click.pass_obj
def export(
    metadata: Any,
    architecture: str,
    output: Path | None,
    env: str | None,
    namespace: str | None,
    params: dict[str, JsonValue],
    *,
    overwrite: bool,
    reads_test: bool,
    as_json: bool,
) -> None:
    """Train a network of the search finally, and export it, without searching again.

    It is trained as the winner was, for the same epochs or seconds, and written in the
    formats of nas.export.formats with the same checks. What the run exported stays.
    """
    with opened(
        metadata.project_path, env=env, namespace=namespace, params=params
    ) as search:
        from kedro_nas.export.by_hand import check_place
        from kedro_nas.export.named_network import find_network

        trials = search.load("trials")
        best = Choice.read(search.load("best_architecture"))
        against = None if best.baseline is None else best.baseline.key
        one = find_network(trials, architecture, baseline=against)
        place = output or _place_of(search, one.key)
        check_place(place, overwrite=overwrite)
        logger.info(
            "Training %s as the winner was, on all images but the test split; then it "
            "is exported, and each file is compared with it.",
            one.name,
        )
        choice, done = _export(search, one, best, place, reads_test=reads_test)
    value = {
        "key": one.key,
        "name": one.name,
        "path": str(place),
        "sentence": choice.sentence,
        "score": one.score,
        "score_epochs": one.epochs,
        "final_fit": done.fit.to_json(),
        "test": None if done.test is None else done.test.to_json(),
    }
    print_answer(value, _text(choice, done, place), as_json=as_json)


def _place_of(search: Search, key: str) -> Path:
    """Return a folder beside the exports of the run.

    Raises:
        ExportError: They are not on this machine's disk.
    """
    from kedro_nas.export.named_network import NAMED_DIGITS

    stored = search.stored("exports")
    if stored.protocol != "file":
        raise ExportError(
            "there is no folder for these exports",
            received=f"{stored.address}, which is not on this machine's disk",
            allowed="a folder here",
            remedy="Name one with --output",
        )
    beside = Path(stored.path)
    return beside.with_name(f"{beside.name}_{key[:NAMED_DIGITS]}")


def _export(
    search: Search, one: NamedTrial, best: Choice, place: Path, *, reads_test: bool
) -> tuple[Choice, ExportedByHand]:
    from kedro_nas.framework.quiet import import_tensorflow

    import_tensorflow(with_devices=True)
    from kedro_nas.datasets import ExportsDataset
    from kedro_nas.export.by_hand import export_by_hand

    choice = _choice(search, one, best)
    done = export_by_hand(
        search.load("dataset"),
        DatasetProfile.read(search.load("dataset_profile")),
        choice,
        search.catalog.get(search.name("workspace")).load(),
        search.options(ExportOptions, "export"),
        search.options(JobOptions, "job"),
        search.seed,
        reads_test=reads_test,
        keep=ExportsDataset(path=str(place)).save,
    )
    return choice, done


def _choice(search: Search, one: NamedTrial, best: Choice) -> Choice:
    """Return the choice by hand, with the network against the bound of latency."""
    from kedro_nas.export.named_network import choose_by_hand
    from kedro_nas.latency.bound_check import check_network
    from kedro_nas.models.spaces import load_search_space

    result = SearchResult.read(search.load("finalists"))
    latency = None
    if result.latency is not None:
        device = load_search_space(search.load("search_space")).device
        try:
            predicted = None if device is None else device.predict_ms(one.architecture)
        except SearchSpaceError:  # its layers are not known without building it
            predicted = None
        latency = check_network(
            one.architecture,
            result.latency,
            key=one.key,
            name=one.name,
            predicted_ms=predicted,
        )
    final = search.options(ExportOptions, "export")
    return choose_by_hand(
        one, result, best, search.load("ranking"), latency, final=final
    )


def _text(choice: Choice, done: ExportedByHand, place: Path) -> str:
    fit, test = done.fit, done.test
    lines = [
        f"Network: {choice.name}",
        choice.sentence,
        (
            f"Trained for {fit.epochs} epochs in {duration(fit.seconds)} on all images "
            "but the test split."
        ),
    ]
    if test is None:
        lines.append(
            "The test images were not read for it; --test does, and counts the reading."
        )
    else:
        models = "one model" if test.reads == 1 else f"{test.reads} different models"
        lines.append(
            f"Test: {percent(test.accuracy)} ({percent(test.ci_low)} to "
            f"{percent(test.ci_high)}) on {test.n_images} images, which have been read "
            f"for {models} by now"
            + (
                "."
                if test.reads == 1
                else ": the best of them looks better than it is."
            )
        )
    lines.append(f"Written to {place}")
    return "\n".join(lines)
