"""What options name is looked up before the run, not hours later."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

from kedro_nas.custom_code import find_custom, import_custom, is_import_path
from kedro_nas.errors import ParameterError
from kedro_nas.framework.registered import by_namespace, names_of_search
from kedro_nas.pipelines.nas.pipeline import PREFIX


def check_custom_names(nodes: Iterable[Any], catalog: Any) -> None:
    """Import what options name: exporters, proposers, pools, objectives, figures.

    Built-in proposers and pools are passed over, as they are there and importing them
    takes time; their packages may be missing, as those of built-in formats.

    Args:
        nodes: Nodes of ours.
        catalog: Kedro's catalog, parameters included.

    Raises:
        ParameterError: A proposer, worker pool, objective or figure does not exist, or
            Ray is not installed.
        ExportError: An export format does not exist, or cannot be used, or a package
            it needs is not installed.
    """
    # this module is imported by every command of Kedro, whatever it does
    from kedro_nas.export.formats import find_exporters
    from kedro_nas.proposers.factories import PROPOSERS, find_proposer
    from kedro_nas.statistics.objectives import find_metric
    from kedro_nas.training.workers.worker_pool import POOL_GROUP, POOLS

    for _, group in by_namespace(nodes):
        names = names_of_search(group)
        formats = _option(names, catalog, "export", "formats") or ()
        find_exporters(list(formats))
        proposer = _option(names, catalog, "search", "proposer")
        if proposer is not None and proposer not in PROPOSERS:
            find_proposer(proposer)
        for path in _option(names, catalog, "reporting", "figures") or ():
            import_custom(path, "figure", ParameterError)
        objective = _option(names, catalog, "job", "objective")
        if is_import_path(str(objective)):
            find_metric(objective)
        pool = _option(names, catalog, "job", "pool")
        if pool == "ray" and find_spec("ray") is None:
            from kedro_nas.training.workers.ray_cluster import import_ray

            import_ray()
        if pool is not None and pool not in POOLS:
            find_custom(
                pool, POOLS, what="worker pool", error=ParameterError, group=POOL_GROUP
            )


def _option(names: dict[str, str], catalog: Any, section: str, option: str) -> Any:
    """Return a value of a section that is in use, None where it is not given."""
    theirs = names.get(PREFIX + section)
    if theirs is None or theirs not in catalog:
        return None
    value = catalog.get(theirs).load()
    return (
        value.get(option) if isinstance(value, dict) else getattr(value, option, None)
    )
