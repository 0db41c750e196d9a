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
from kedro_nas.pipelines.nas.pipeline import PREFIX

if TYPE_CHECKING:  # it imports what takes half a second, and only a search needs it
    from kedro_nas.framework.tracking.live import LiveTracker, LiveTracking

FINISH_S = 10.0  # a tracker may hold up the end of a run by as much


class LiveSearches:
    """The threads that tell trackers of the trials of this run's searches.

    A run may have several searches, at the same time in a `ThreadRunner`.
    """

    def __init__(self) -> None:
        self._threads: dict[tuple[str, str], LiveTracking] = {}

    def begin_mlflow(self, namespace: str, ledger: Path) -> None:
        """Start to tell MLflow of a search, if a run is active.

        Args:
            namespace: Of the search.
            ledger: Its file of trials, which need not exist yet.
        """
        run = active_run()
        if run is not None:
            self._start(
                "MLflow", namespace, ledger, lambda: MlflowTrials(run, namespace)
            )

    def begin_tensorboard(
        self, namespace: str, ledger: Path, catalog: Any, root: Path
    ) -> None:
        """Start to tell TensorBoard of a search, if an option names a folder.

        Args:
            namespace: Of the search.
            ledger: Its file of trials, which need not exist yet.
            catalog: Kedro's, for the options of the report.
            root: Of the project, where a relative folder of logs begins.
        """
        folder = _logs_folder(namespace, catalog)
        if folder is not None:
            place = root / folder / namespace
            self._start(
                "TensorBoard", namespace, ledger, lambda: TensorBoardTrials(place)
            )

    def tells_tensorboard(self, namespace: str) -> bool:
        """Return whether TensorBoard is told of the search of a namespace."""
        return (namespace, "TensorBoard") in self._threads

    def search_is_over(self, namespace: str) -> None:
        """Let trackers of a search end once they know all of it; wait for none."""
        for (of, _), thread in self._threads.items():
            if of == namespace:
                thread.search_is_over()

    def finish(self) -> None:
        """Wait a little for trackers that are behind, at the end of a run."""
        for thread in self._threads.values():
            thread.finish(FINISH_S)
        self._threads = {}

    def _start(
        self,
        tracker: str,
        namespace: str,
        ledger: Path,
        open_tracker: Callable[[], LiveTracker],
    ) -> None:
        from kedro_nas.framework.tracking.live import LiveTracking

        thread = LiveTracking(tracker, ledger, open_tracker)
        self._threads[namespace, tracker] = thread
        thread.start()


def _logs_folder(namespace: str, catalog: Any) -> str | None:
    """Return the folder of `reporting.tensorboard`, also of a run without a report."""
    names = names_of_search(registered_nodes(namespace))
    name = names.get(f"{PREFIX}reporting", f"{PREFIX}{namespace}.reporting")
    return folder_of(catalog.get(name).load()) if name in catalog else None
