"""The stages of a job and their nodes: the one place where their names are written.

Pipelines, progress, tracking and the quiet import of TensorFlow read this table; a test
holds it against the registered pipelines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PREPARE_IMAGES = "prepare_images"
BUILD_SEARCH_SPACE = "build_search_space"
DRAW_SEARCH_SPACE = "draw_search_space"
SEARCH_ARCHITECTURES = "search_architectures"
RANK_FINALISTS = "rank_finalists"
FIT_FINAL_MODELS = "fit_final_models"
EXPORT_MODEL = "export_model"
EVALUATE_ON_TEST = "evaluate_on_test"
WRITE_REPORT = "write_report"


@dataclass(frozen=True)
class StageNode:
    """A node of a stage.

    Attributes:
        name: Of the node and of its function.
        tensorflow: What it does with TensorFlow in Kedro's own process: `no`, only
            `imports` it (training is in workers), or `computes` with it.
    """

    name: str
    tensorflow: Literal["no", "imports", "computes"] = "no"


@dataclass(frozen=True)
class JobStage:
    """A stage: a pipeline, a section of the parameters, a tag.

    Attributes:
        name: Of all three.
        nodes: In the order in which they run.
        last_output: The dataset it writes last; once it is there, the stage is done.
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
    JobStage("ranking", (StageNode(RANK_FINALISTS),), "best_architecture"),
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
STAGE_NAMES = tuple(stage.name for stage in STAGES)
NUMBERS = ("seed", "budget_s")  # parameters of a job that are no section of options
SECTIONS = ("job", *STAGE_NAMES)  # the others: what stages share, and one a stage


def node_of(name: str) -> StageNode | None:
    """Return the node of a name, None for one that is not ours.

    >>> node_of("rank_finalists")
    StageNode(name='rank_finalists', tensorflow='no')
    """
    nodes = (node for stage in STAGES for node in stage.nodes)
    return next((node for node in nodes if node.name == name), None)
