"""What is logged of each node of ours: parameters before, results after.

To MLflow if a run is active, to TensorBoard if `reporting.tensorboard` names a folder.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kedro_nas.framework.registered import is_ours
from kedro_nas.framework.tracking import tensorboard, values
from kedro_nas.framework.tracking.mlflow import ActiveRun, active_run
from kedro_nas.stages import (
    DRAW_SEARCH_SPACE,
    EVALUATE_ON_TEST,
    EXPORT_MODEL,
    RANK_FINALISTS,
    SEARCH_ARCHITECTURES,
    WRITE_REPORT,
)

logger = logging.getLogger(__name__)

_PREFIX = "params:"


class Recorder:
    """Logs what nodes of ours leave; a tracker that fails never ends a run."""

    def __init__(self) -> None:
        self._warned: set[str] = set()
        self._logged: set[tuple[str, str]] = set()

    def record(
        self,
        node: Any,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        *,
        root: Path = Path(),
    ) -> None:
        """Log parameters and results of one node, where they are asked for.

        Args:
            node: A node that has just run.
            inputs: What it was given, by dataset.
            outputs: What it returned, by dataset; not saved yet.
            root: Of the project, where a relative folder of logs begins.
        """
        if not is_ours(node):
            return
        if node.func.__name__ == WRITE_REPORT:
            self._attempt("TensorBoard", _write_trials, node, inputs, root)
        self._attempt("MLflow", self._log_to_mlflow, node, inputs, outputs)

    def _log_to_mlflow(
        self, node: Any, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> None:
        run = active_run()
        if run is not None:
            self._attempt("MLflow", self._log_parameters, run, inputs)
            self._attempt("MLflow", _log_results, run, node, inputs, outputs)

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

    def _log_parameters(self, run: ActiveRun, inputs: Mapping[str, Any]) -> None:
        for name, value in inputs.items():
            seen = (run.run_id, name)
            if name.startswith(_PREFIX) and seen not in self._logged:
                self._logged.add(seen)
                named = name.removeprefix(_PREFIX)
                run.log_parameters(values.flat_parameters(named, value))


def _write_trials(node: Any, inputs: Mapping[str, Any], root: Path) -> None:
    # by position, as a host may have renamed our datasets
    trials, reporting = inputs[node.inputs[2]], inputs[node.inputs[-1]]
    folder = tensorboard.folder_of(reporting)
    if folder is not None:
        tensorboard.write_trials(root / folder / (node.namespace or "nas"), trials)


def _log_results(
    run: ActiveRun, node: Any, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
) -> None:
    namespace = node.namespace or "nas"
    log = _RESULTS.get(node.func.__name__)
    if log is not None:
        # by position, as a host may have renamed our datasets
        given = [inputs[name] for name in node.inputs]
        made = [outputs[name] for name in node.outputs]
        log(run, namespace, given, made)


def _log_search(run: ActiveRun, namespace: str, _: list[Any], made: list[Any]) -> None:
    trials, finalists = made
    search = {k: v for k, v in finalists["search"].items() if k != "environment"}
    run.log_points(values.flat_numbers(f"{namespace}.finalists.search", search))
    run.log_points(values.incumbent(f"{namespace}.incumbent", finalists))
    run.log_trials(values.trial_runs(trials))


def _log_ranking(run: ActiveRun, namespace: str, _: list[Any], made: list[Any]) -> None:
    _scores, ranking, best = made
    name = f"{namespace}.best_architecture"
    run.log_points(values.flat_numbers(name, _without_architectures(best)))
    words = {key: best[key] for key in ("name", "key", "rule", "sentence")}
    run.log_tags(values.flat_parameters(name, words))
    run.log_text(ranking.to_csv(index=False), f"{namespace}/ranking.csv")


def _log_export(
    run: ActiveRun, namespace: str, given: list[Any], made: list[Any]
) -> None:
    for path in sorted(Path(made[0]).iterdir()):
        if path.suffix in {".json", ".md", ".py"}:
            run.log_file(path, f"{namespace}/exports")
    run.log_model(given[0], namespace.replace(".", "_") + "_model")


def _log_test(run: ActiveRun, namespace: str, _: list[Any], made: list[Any]) -> None:
    run.log_points(values.flat_numbers(f"{namespace}.test_metrics", made[0]))


def _log_figures(
    run: ActiveRun, namespace: str, names: Sequence[str], figures: Sequence[Any]
) -> None:
    for name, figure in zip(names, figures, strict=True):
        html = figure.to_html(include_plotlyjs="cdn")
        run.log_text(html, f"{namespace}/figures/{name}.html")


def _log_space(run: ActiveRun, namespace: str, _: list[Any], made: list[Any]) -> None:
    _log_figures(run, namespace, ["search_space_figure"], made)


def _log_report(run: ActiveRun, namespace: str, _: list[Any], made: list[Any]) -> None:
    from kedro_nas.pipelines.reporting.nodes import FIGURES

    page, *figures = made
    run.log_text(page, f"{namespace}/report.html")
    _log_figures(run, namespace, FIGURES, figures)


def _without_architectures(best: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in best.items() if k not in {"architecture", "baseline"}}


_RESULTS: dict[str, Callable[[ActiveRun, str, list[Any], list[Any]], None]] = {
    DRAW_SEARCH_SPACE: _log_space,
    SEARCH_ARCHITECTURES: _log_search,
    RANK_FINALISTS: _log_ranking,
    EXPORT_MODEL: _log_export,
    EVALUATE_ON_TEST: _log_test,
    WRITE_REPORT: _log_report,
}
