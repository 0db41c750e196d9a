"""What is logged of each node of ours: parameters before, results after.

To MLflow if a run is active, to TensorBoard if `reporting.tensorboard` names a folder.
Trials are logged while the search runs, by `kedro_nas.framework.tracking.live`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kedro_nas.framework.tracking import tensorboard, values
from kedro_nas.framework.tracking.finished_node import FinishedNode
from kedro_nas.framework.tracking.live_searches import LiveSearches
from kedro_nas.framework.tracking.mlflow import ActiveRun, active_run
from kedro_nas.pipelines.nas.pipeline import host_names, namespace_of
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import SearchResult
from kedro_nas.stages import (
    DRAW_SEARCH_SPACE,
    EVALUATE_ON_TEST,
    EXPORT_MODEL,
    RANK_FINALISTS,
    SEARCH_ARCHITECTURES,
    WRITE_REPORT,
)

logger = logging.getLogger(__name__)


class Recorder:
    """Logs what nodes of ours leave; a tracker that fails never ends a run."""

    def __init__(self) -> None:
        self._live = LiveSearches()
        self._warned: set[str] = set()
        self._logged: set[tuple[str, str]] = set()

    def begin_search(
        self, node: Any, catalog: Any, inputs: Any, *, root: Path = Path()
    ) -> None:
        """Begin to log the trials of a search, where that is asked for.

        Args:
            node: The node of the search, which is about to run.
            catalog: Kedro's, for the options of the report.
            inputs: What the node is given, by the host's names.
            root: Of the project, where a relative folder of logs begins.
        """
        namespace = namespace_of(node) or "nas"
        workspace = Path(inputs[host_names(node)["workspace"]])
        search = (namespace, workspace / "search" / "ledger.jsonl")
        self._attempt("MLflow", self._live.begin_mlflow, *search)
        begin = self._live.begin_tensorboard
        self._attempt("TensorBoard", begin, *search, catalog, root)

    def finish(self) -> None:
        """Wait a little until all trials are logged, at the end of a run."""
        self._live.finish()

    def record(self, ran: FinishedNode, *, root: Path = Path()) -> None:
        """Log parameters and results of one node, where they are asked for.

        Args:
            ran: A node that has just run; one of the host is left alone.
            root: Of the project, where a relative folder of logs begins.
        """
        if not ran.is_ours:
            return
        if ran.function == SEARCH_ARCHITECTURES:
            self._live.search_is_over(ran.namespace)
        is_told = self._live.tells_tensorboard(ran.namespace)
        if ran.function == WRITE_REPORT and not is_told:
            self._attempt("TensorBoard", _write_trials, ran, root)
        self._attempt("MLflow", self._log_to_mlflow, ran)

    def _log_to_mlflow(self, ran: FinishedNode) -> None:
        run = active_run()
        if run is not None:
            self._attempt("MLflow", self._log_parameters, run, ran)
            self._attempt("MLflow", _log_results, run, ran)

    def _attempt(self, tracker: str, log: Callable[..., None], *given: Any) -> None:
        try:
            log(*given)
        except Exception as error:  # noqa: BLE001 - a search outlives its tracker
            if tracker not in self._warned:
                logger.warning(
                    "%s did not take all of this run (%s: %s). The run goes on, and "
                    "the files of the catalog are complete.",
                    tracker,
                    type(error).__name__,
                    error,
                )
            self._warned.add(tracker)

    def _log_parameters(self, run: ActiveRun, ran: FinishedNode) -> None:
        for name, value in ran.parameters():
            seen = (run.run_id, name)
            if seen not in self._logged:
                self._logged.add(seen)
                run.log_parameters(values.flat_parameters(name, value))


def _write_trials(ran: FinishedNode, root: Path) -> None:
    folder = tensorboard.folder_of(ran.value("params:reporting"))
    if folder is not None:
        tensorboard.write_trials(root / folder / ran.namespace, ran.value("trials"))


def _log_results(run: ActiveRun, ran: FinishedNode) -> None:
    log = _RESULTS.get(ran.function)
    if log is not None:
        log(run, ran)


def _log_search(run: ActiveRun, ran: FinishedNode) -> None:
    search = SearchResult.read(ran.value("finalists")).search
    numbers = search.model_dump(mode="json", exclude={"environment"})
    run.log_points(values.flat_numbers(f"{ran.namespace}.finalists.search", numbers))
    run.log_points(values.incumbent(f"{ran.namespace}.incumbent", search.incumbent))


def _log_ranking(run: ActiveRun, ran: FinishedNode) -> None:
    best = Choice.read(ran.value("best_architecture"))
    name = f"{ran.namespace}.best_architecture"
    numbers = best.model_dump(mode="json", exclude={"architecture", "baseline"})
    run.log_points(values.flat_numbers(name, numbers))
    choices = values.flat_choices(best.architecture.model_dump_json())
    run.log_parameters(values.flat_parameters(f"{name}.choices", choices))
    words = {key: numbers[key] for key in ("name", "key", "rule", "sentence")}
    run.log_tags(values.flat_parameters(name, words))
    table = ran.value("ranking").to_csv(index=False)
    run.log_text(table, f"{ran.namespace}/ranking.csv")


def _log_export(run: ActiveRun, ran: FinishedNode) -> None:
    for path in sorted(Path(ran.value("exports")).iterdir()):
        run.log_file(path, f"{ran.namespace}/exports")
    run.log_model(ran.value("model"), ran.namespace.replace(".", "_") + "_model")


def _log_test(run: ActiveRun, ran: FinishedNode) -> None:
    name = f"{ran.namespace}.test_metrics"
    run.log_points(values.flat_numbers(name, ran.value("test_metrics")))


def _log_figures(run: ActiveRun, ran: FinishedNode, names: Sequence[str]) -> None:
    for name in names:
        html = ran.value(name).to_html(include_plotlyjs="cdn")
        run.log_text(html, f"{ran.namespace}/figures/{name}.html")


def _log_space(run: ActiveRun, ran: FinishedNode) -> None:
    _log_figures(run, ran, ["search_space_figure"])


def _log_report(run: ActiveRun, ran: FinishedNode) -> None:
    from kedro_nas.pipelines.reporting.nodes import FIGURES

    run.log_text(ran.value("report"), f"{ran.namespace}/report.html")
    _log_figures(run, ran, FIGURES)


_RESULTS: dict[str, Callable[[ActiveRun, FinishedNode], None]] = {
    DRAW_SEARCH_SPACE: _log_space,
    SEARCH_ARCHITECTURES: _log_search,
    RANK_FINALISTS: _log_ranking,
    EXPORT_MODEL: _log_export,
    EVALUATE_ON_TEST: _log_test,
    WRITE_REPORT: _log_report,
}
