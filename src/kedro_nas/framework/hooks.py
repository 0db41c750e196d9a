"""Hooks of the plugin: registered by entry point, loaded on every Kedro run.

They change neither catalog nor parameters, and do nothing in a run without our
nodes. An import error here would stop every project of the environment, and every
command of Kedro waits for this module; so it imports nothing but Kedro and small
modules of ours, and the checks and the trackers once there is a run of our nodes.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from kedro_nas.framework import failures, quiet
from kedro_nas.framework.registered import is_ours, our_nodes
from kedro_nas.framework.running_mark import mark_running, unmark_running
from kedro_nas.pipelines.nas.pipeline import STAGES, host_names, namespace_of
from kedro_nas.stages import SEARCH_ARCHITECTURES
from kedro_nas.writer_lock import hold_workspace

if TYPE_CHECKING:
    from kedro_nas.framework.tracking.record import Recorder


class NasHooks:
    """Checks inputs before a run, quietens TensorFlow, and records results."""

    # pluggy's name for it: listed in settings.HOOKS too, it is still registered once
    __name__ = "kedro_nas"

    def __init__(self) -> None:
        self._scope = failures.RunScope()
        self._made_recorder: Recorder | None = None
        self._workspaces: dict[str, Path] = {}
        self._marked: tuple[Path, str] | None = None
        self._held = ExitStack()

    @hook_impl(tryfirst=True)  # other plugins' hooks may be what ends the run
    def after_context_created(self, context: Any) -> None:
        """Let errors of ours end in their message instead of a traceback."""
        self._scope.context, self._scope.pipeline = context, None
        failures.install(self._scope)

    @hook_impl
    def before_pipeline_run(self, pipeline: Any, catalog: Any, run_params: Any) -> None:
        """Check parameters and inputs of our nodes before any node runs.

        Raises:
            ParameterError: A section is missing, misspelt or not valid, names custom
                code that does not exist, asks for logs of a package that is not
                installed, or for a choice by a latency that nothing predicts.
            ExportError: An export format does not exist, or cannot be used.
            DataError: An input dataset is not in the catalog or not on disk.
            SearchError: Another run is writing into the workspace.
        """
        self._scope.pipeline = pipeline
        nodes = our_nodes(pipeline)
        if not nodes:
            return

        from kedro_nas.framework import preflight
        from kedro_nas.framework.custom_names import check_custom_names
        from kedro_nas.framework.latency_options import check_latency_options
        from kedro_nas.framework.tracking.tensorboard import require_tensorboard

        context = self._scope.context
        if context is not None:
            preflight.warn_of_destructive_merge(context, nodes)
        preflight.check_sections(nodes, catalog)
        check_custom_names(nodes, catalog)
        check_latency_options(nodes, catalog)
        require_tensorboard(nodes, catalog)
        preflight.warn_of_memory(nodes, catalog)
        if not run_params.get("only_missing_outputs"):
            env = getattr(context, "env", None)
            preflight.check_inputs(pipeline, nodes, catalog, env=env)
        self._workspaces = {
            namespace: catalog.get(f"{namespace}.workspace").load()
            for namespace in {namespace_of(node) for node in nodes}
            if f"{namespace}.workspace" in catalog
        }
        self._hold_workspaces(nodes)

    def _hold_workspaces(self, nodes: Any) -> None:
        """Lock the workspaces that the nodes of this run write into."""
        self._held.close()  # a run that was interrupted has told no hook of its end
        with ExitStack() as held:
            for namespace, workspace in self._workspaces.items():
                name = f"{namespace}.workspace"
                if any(name in node.inputs for node in nodes):
                    held.enter_context(hold_workspace(workspace))
            self._held = held.pop_all()

    @hook_impl
    def before_dataset_loaded(self, node: Any) -> None:
        """Note the stage; import TensorFlow without its noise."""
        if not is_ours(node):
            return
        workspace = self._workspaces.get(namespace_of(node))
        stage = next((tag for tag in node.tags if tag in STAGES), None)
        if workspace is not None and stage is not None:
            self._mark(workspace, stage)
        quiet.prepare_for(node)

    @hook_impl
    def before_node_run(self, node: Any, catalog: Any, inputs: Any) -> None:
        """Begin to tell MLflow and TensorBoard of trials, if asked for."""
        if is_ours(node) and node.func.__name__ == SEARCH_ARCHITECTURES:
            self._recorder.begin_search(node, catalog, inputs, root=self._root)

    @hook_impl
    def after_node_run(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Log what a node of ours leaves, to MLflow and TensorBoard if asked for."""
        if not is_ours(node):
            return
        from kedro_nas.framework.tracking.finished_node import FinishedNode

        self._recorder.record(FinishedNode(node, inputs, outputs), root=self._root)

    @hook_impl
    def on_node_error(self, error: Exception, node: Any) -> None:
        """Name parameters and datasets in our errors as this project does."""
        if is_ours(node):
            names = host_names(node)
            namespace = namespace_of(node) or "nas"
            failures.name_as_the_host_does(error, namespace, names)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Remove the note of what runs, once trackers are told of all trials."""
        self._finish()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Do the same after a failure."""
        self._finish()

    @property
    def _recorder(self) -> Recorder:
        """The trackers, made once there is something to tell them."""
        if self._made_recorder is None:
            from kedro_nas.framework.tracking.record import Recorder

            self._made_recorder = Recorder()
        return self._made_recorder

    def _finish(self) -> None:
        if self._made_recorder is not None:
            self._made_recorder.finish()
        self._unmark()

    @property
    def _root(self) -> Path:
        return Path(getattr(self._scope.context, "project_path", "."))

    def _mark(self, workspace: Path, stage: str) -> None:
        # a stage loads some twenty datasets, and begins once
        if self._marked != (workspace, stage):
            mark_running(workspace, stage)
            self._marked = (workspace, stage)

    def _unmark(self) -> None:
        for workspace in self._workspaces.values():
            unmark_running(workspace)
        self._workspaces = {}
        self._marked = None
        self._held.close()


hooks = NasHooks()
