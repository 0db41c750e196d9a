"""Which trackers are told of the trials of the searches of a run, and until when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_nas.framework.registered import names_of_search, registered_nodes
from kedro_nas.framework.tracking.live_mlflow import MlflowTrials
from kedro_nas.framework.tracking.live_tensorboard import TensorBoardTrials
from kedro_nas.framework.tracking.mlflow import active_run
from kedro_nas.framework.tracking.tensorboard import folder_of
from kedro_nas.pipelines.nas.pipeline import PREFIX, host_names

if TYPE_CHECKING:  # it imports what takes half a second, and only a search needs it
    from kedro_nas.framework.tracking.live import LiveTracker, LiveTracking

FINISH_S = 10.0  # a tracker may hold up the end of a run by as much


class LiveSearches:
    """The threads that tell trackers of the trials of this run's searches.

    Attributes:
        tells_tensorboard: Whether TensorBoard was told of the trials of this run.
    """

    def __init__(self) -> None:
        self.tells_tensorboard = False
        self._threads: list[LiveTracking] = []

    def begin(self, node: Any, catalog: Any, inputs: Any, root: Path) -> None:
        """Start to tell of the search that a node is about to run.

        MLflow is told if a run is active, TensorBoard if an option names a folder.

        Args:
            node: The node of the search, of Kedro.
            catalog: Kedro's, for the options of the report.
            inputs: What the node is given, by the host's names.
            root: Of the project, where a relative folder of logs begins.
        """
        namespace = str(node.namespace or "nas")
        workspace = Path(inputs[host_names(node)["workspace"]])
        ledger = workspace / "search" / "ledger.jsonl"
        run = active_run()
        if run is not None:
            self._start("MLflow", ledger, lambda: MlflowTrials(run, namespace))
        folder = _logs_folder(namespace, catalog)
        if folder is not None:
            place = root / folder / namespace
            self._start("TensorBoard", ledger, lambda: TensorBoardTrials(place))
            self.tells_tensorboard = True

    def _start(
        self, name: str, ledger: Path, open_tracker: Callable[[], LiveTracker]
    ) -> None:
        from kedro_nas.framework.tracking.live import LiveTracking

        self._threads.append(LiveTracking(name, ledger, open_tracker))
        self._threads[-1].start()

    def search_is_over(self) -> None:
        """Let trackers end that have been told everything; wait for none."""
        for thread in self._threads:
            thread.search_is_over()

    def finish(self) -> None:
        """Wait a little for trackers that are behind, at the end of a run."""
        for thread in self._threads:
            thread.finish(FINISH_S)
        self._threads = []
        self.tells_tensorboard = False


def _logs_folder(namespace: str, catalog: Any) -> str | None:
    """Return the folder of `reporting.tensorboard`, also of a run without a report."""
    names = names_of_search(registered_nodes(namespace))
    name = names.get(f"{PREFIX}reporting", f"{PREFIX}{namespace}.reporting")
    return folder_of(catalog.get(name).load()) if name in catalog else None
