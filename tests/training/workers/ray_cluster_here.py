"""A Ray cluster of two nodes on this machine, for tests."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

WHY_NOT = "Ray is not installed: pip install 'kedro-nas[ray]'"
_NODE = {"object_store_memory": 80_000_000}


class SmallCluster:
    """A head without CPUs, and nodes of one CPU, each a process with its own store."""

    def __init__(self) -> None:
        # Ray lowers the priority of workers, which starves them on a busy machine
        os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - Ray's spelling
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from ray.cluster_utils import Cluster

            self._cluster = Cluster(
                initialize_head=True,
                head_node_args={"num_cpus": 0, "include_dashboard": False, **_NODE},
            )
        self.address: str = self._cluster.address
        self.nodes: list[Any] = []

    def add(self) -> Any:
        """Start another node of one CPU."""
        node = self._cluster.add_node(num_cpus=1, **_NODE)
        self.nodes.append(node)
        return node

    def kill(self, node: Any) -> None:
        """Kill a node with SIGKILL."""
        self.nodes.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)

    def close(self) -> None:
        """End all of it."""
        self._cluster.shutdown()


@contextmanager
def small_cluster(nodes: int = 2) -> Iterator[SmallCluster]:
    """Start a cluster for the length of a block, or skip the test."""
    pytest.importorskip("ray", reason=WHY_NOT)
    cluster = SmallCluster()
    try:
        for _ in range(nodes):
            cluster.add()
        yield cluster
    finally:
        import ray

        ray.shutdown()
        cluster.close()
