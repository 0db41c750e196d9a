"""Actors are started for as many workers as the nodes have room for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.workers.ray_actors import ActorFactory


class _FakeRay:
    """A cluster of two living nodes and a dead one."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.made: list[Any] = []
        self.killed: list[Any] = []

    def nodes(self) -> list[dict[str, Any]]:
        return [
            _node("a", alive=True, CPU=8.0),
            _node("b", alive=True, CPU=4.0, GPU=2.0),
            _node("c", alive=False, CPU=64.0, GPU=8.0),
        ]

    def remote(self, **asked: Any) -> Callable[[type], Any]:
        self.asked = asked

        def start(*given: Any) -> Any:
            describe = SimpleNamespace(remote=lambda *_: f"place {len(self.made)}")
            self.made.append(SimpleNamespace(given=given, describe=describe))
            return self.made[-1]

        return lambda _: SimpleNamespace(remote=start)

    def kill(self, actor: Any) -> None:
        self.killed.append(actor)
        raise ValueError("it is dead already")


def _node(name: str, *, alive: bool, **resources: float) -> dict[str, Any]:
    return {
        "NodeID": name,
        "Alive": alive,
        "NodeManagerHostname": f"host-{name}",
        "Resources": resources,
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 12),
        ({"threads_per_worker": 3}, 3),
        ({"ray_cpus": 0.5}, 24),
        ({"ray_gpus": 0.1, "ray_cpus": 0.1}, 20),
        ({"ray_gpus": 1}, 2),
        ({"ray_cpus": 5, "ray_gpus": 1}, 0),
        ({"workers": 100}, 100),
    ],
)
def test_wanted_is_what_living_nodes_have_room_for_or_the_number_given(
    options: dict[str, Any], expected: int, tmp_path: Path
) -> None:
    """A worker fits on one node; a number asks for more, and waits for nodes."""
    job = JobOptions(pool="ray", **options)
    factory = ActorFactory(_FakeRay(), job, tmp_path)

    assert factory.wanted() == expected
    factory.close()


def test_start_asks_for_the_resources_and_kill_bears_the_dead(tmp_path: Path) -> None:
    """What Ray reserves is what the options say; marks do not stay behind."""
    ray = _FakeRay()
    factory = ActorFactory(ray, JobOptions(pool="ray", ray_gpus=0.5), tmp_path)
    marks = list(tmp_path.iterdir())
    slot = factory.start(3)
    factory.kill(slot)
    factory.close()

    assert (ray.asked["num_cpus"], ray.asked["num_gpus"]) == (1, 0.5)
    assert ray.made[0].given[0].uses_gpu
    assert (slot.number, slot.state, slot.pending) == (3, "starting", "place 1")
    assert ray.killed == [slot.actor]
    assert len(marks) == 1
    assert list(tmp_path.iterdir()) == []


def test_room_is_described_for_the_message_that_there_is_none(tmp_path: Path) -> None:
    """Dead nodes are left out."""
    factory = ActorFactory(_FakeRay(), JobOptions(pool="ray", ray_gpus=1), tmp_path)
    factory.close()

    assert factory.needs == "1 CPU and 1 GPU"
    assert factory.describe_room() == "host-a: 8 CPU, 0 GPU; host-b: 4 CPU, 2 GPU"
    assert factory.alive_nodes() == {"a", "b"}
