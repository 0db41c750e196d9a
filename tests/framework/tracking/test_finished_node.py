"""`kedro_nas.framework.tracking.finished_node`: what Kedro hands over, by our names."""

from __future__ import annotations

from kedro.pipeline import Node

from kedro_nas import create_pipeline
from kedro_nas.framework.tracking.finished_node import FinishedNode

(SEARCH,) = create_pipeline(
    namespace="defects.nas", stages=("search",), outputs={"trials": "their_trials"}
).nodes


def test_finished_node_is_read_by_our_names() -> None:
    """A host may rename a dataset; what is logged of it does not depend on that."""
    inputs = {name: name.upper() for name in SEARCH.inputs}
    ran = FinishedNode(SEARCH, inputs, {name: name for name in SEARCH.outputs})

    assert ran.is_ours
    assert (ran.function, ran.namespace) == ("search_architectures", "defects.nas")
    assert ran.value("trials") == "their_trials"
    assert ran.value("dataset") == "DEFECTS.NAS.DATASET"
    assert ran.value("params:seed") == "PARAMS:DEFECTS.NAS.SEED"


def test_finished_node_names_parameters_as_the_host_does() -> None:
    """They are logged under the names that stand in the host's files."""
    ran = FinishedNode(SEARCH, {"defects.nas.dataset": 1, "params:defects.nas.seed": 2})

    assert list(ran.parameters()) == [("defects.nas.seed", 2)]


def test_finished_node_of_the_host_is_not_ours() -> None:
    """Nothing else is asked of it."""
    assert not FinishedNode(Node(sorted, "a", "b", name="theirs")).is_ours
