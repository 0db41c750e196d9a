"""`kedro_nas.framework.registered`: our nodes in a project, and how to run them."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.pipeline import Node, Pipeline

from kedro_nas import create_pipeline
from kedro_nas.framework import registered

SEARCH = create_pipeline(namespace="defects.nas", outputs={"model": "classifier"})


def _own(value: Any) -> Any:
    return value


THEIRS = Pipeline(
    [
        Node(_own, "camera", "images", name="clean"),
        Node(_own, "classifier", "labels", name="label"),
    ]
)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> dict[str, Pipeline]:
    """Register pipelines as a project does; a test changes them."""
    pipelines = {"__default__": THEIRS, "team": THEIRS + SEARCH, "part": THEIRS}
    monkeypatch.setattr(registered, "pipelines", pipelines)
    return pipelines


def test_our_nodes_leaves_the_host_alone() -> None:
    """Checks concern our nodes only, whatever else a host runs."""
    found = {node.name for node in registered.our_nodes(THEIRS + SEARCH)}

    assert found == {node.name for node in SEARCH.nodes}


def test_run_command_names_the_pipeline_that_holds_the_search(
    project: dict[str, Pipeline],
) -> None:
    """The host's name for it, where `__default__` does without the search."""
    command = registered.run_command("defects.nas", "--tags", "ranking", env="smoke")

    assert command == "kedro run --pipelines team --env smoke --tags ranking"


def test_run_command_of_the_default_pipeline_names_none(
    project: dict[str, Pipeline],
) -> None:
    """A pipeline that is registered as `__default__` only has no other name."""
    del project["team"]
    project["__default__"] = SEARCH

    assert registered.run_command("defects.nas") == "kedro run"


def test_command_that_writes_finds_the_hosts_own_nodes(
    project: dict[str, Pipeline],
) -> None:
    """What a node of the host makes has a command too; what none makes has none."""
    found = {
        name: registered.command_that_writes(name, "defects.nas")
        for name in ("images", "classifier", "defects.nas.trials", "nowhere")
    }

    assert found == {
        "images": "kedro run --pipelines part --to-outputs images",
        "classifier": "kedro run --pipelines team --to-outputs classifier",
        "defects.nas.trials": (
            "kedro run --pipelines team --to-outputs defects.nas.trials"
        ),
        "nowhere": None,
    }


def test_names_of_search_say_what_the_host_calls_ours() -> None:
    """Renamed outputs are found by our name for them."""
    names = registered.names_of_search(SEARCH.nodes)

    assert names["model"] == "classifier"
    assert names["trials"] == "defects.nas.trials"
    assert names["params:search"] == "params:defects.nas.search"


def test_registered_search_tells_whether_a_plain_run_leaves_it_out(
    project: dict[str, Pipeline],
) -> None:
    """A search that is registered nowhere yet is not kept out of anything."""
    assert registered.registered_search("defects.nas").is_kept_out
    assert not registered.registered_search("other.nas").is_kept_out
    project["__default__"] = THEIRS + SEARCH

    assert not registered.registered_search("defects.nas").is_kept_out
