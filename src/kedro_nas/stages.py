"""Names of the stages of a job and of their nodes.

Pipelines, progress, tracking and the import of TensorFlow read this table; a test
compares it with the registered pipelines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PREPARE_IMAGES = "prepare_images"
BUILD_SEARCH_SPACE = "build_search_space"
DRAW_SEARCH_SPACE = "draw_search_space"
SEARCH_ARCHITECTURES = "search_architectures"
RANK_FINALISTS = "rank_finalists"
TABULATE_FRONT = "tabulate_front"
FIT_FINAL_MODELS = "fit_final_models"
EXPORT_MODEL = "export_model"
EVALUATE_ON_TEST = "evaluate_on_test"
WRITE_REPORT = "write_report"
PREDICT_IMAGES = "predict_images"


@dataclass(frozen=True)
class StageNode:
    """A node of a stage.

    Attributes:
        name: Name of the node and of its function.
        tensorflow: Use of TensorFlow in Kedro's own process: `no`; `imports` (training
            runs in workers); `computes`.
    """

    name: str
    tensorflow: Literal["no", "imports", "computes"] = "no"


@dataclass(frozen=True)
class JobStage:
    """A stage: a pipeline, a section of the parameters and a tag of the same name.

    Attributes:
        name: Name of all three.
        nodes: In the order in which they run.
        last_output: The dataset written last; if it exists, the stage has finished.
    """

    name: str
    nodes: tuple[StageNode, ...]
    last_output: str


STAGES = (
    JobStage("data_preparation", (StageNode(PREPARE_IMAGES),), "dataset_profile"),
    JobStage(
        "search_space",
        (StageNode(BUILD_SEARCH_SPACE), StageNode(DRAW_SEARCH_SPACE)),
        "search_space",
    ),
    JobStage("search", (StageNode(SEARCH_ARCHITECTURES, "imports"),), "finalists"),
    JobStage(
        "ranking",
        (StageNode(RANK_FINALISTS), StageNode(TABULATE_FRONT)),
        "best_architecture",
    ),
    JobStage(
        "export",
        (
            StageNode(FIT_FINAL_MODELS, "computes"),
            StageNode(EXPORT_MODEL, "computes"),
            StageNode(EVALUATE_ON_TEST, "computes"),
        ),
        "test_metrics",
    ),
    JobStage("reporting", (StageNode(WRITE_REPORT),), "report"),
)
# run on their own, after a job and as often as wanted
LATER_STAGES = (JobStage("prediction", (StageNode(PREDICT_IMAGES),), "predictions"),)
STAGE_NAMES = tuple(stage.name for stage in STAGES)
LATER_STAGE_NAMES = tuple(stage.name for stage in LATER_STAGES)
NUMBERS = ("seed", "budget_s")  # parameters of a job that are no section of options
# the others: what stages share, and one a stage
SECTIONS = ("job", *STAGE_NAMES, *LATER_STAGE_NAMES)


def node_of(name: str) -> StageNode | None:
    """Return the node with a name, None if the table has none.

    >>> node_of("rank_finalists")
    StageNode(name='rank_finalists', tensorflow='no')
    """
    nodes = (node for stage in (*STAGES, *LATER_STAGES) for node in stage.nodes)
    return next((node for node in nodes if node.name == name), None)


def stage_of(name: str) -> str | None:
    """Return the name of the stage to which a node belongs, None for no node of ours.

    Args:
        name: Of the node's function.

    >>> stage_of("rank_finalists")
    'ranking'
    """
    for stage in (*STAGES, *LATER_STAGES):
        if any(node.name == name for node in stage.nodes):
            return stage.name
    return None
