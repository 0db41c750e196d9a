"""`kedro_nas.latency.probe_files`: what a device is asked to time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kedro_nas.latency.probe_files import draw_networks, draw_probes, write_probes
from kedro_nas.space.costs import costs
from kedro_nas.space.operator_model import group_of


def test_probes_have_operators_of_every_kind_once() -> None:
    """No kind of the vocabulary is left without a time, and none is timed twice."""
    probes = draw_probes(
        [(32, 32, 3)], n_operators=200, n_networks=5, seed=0, n_drawn=150
    )
    groups = {group_of(one) for one in probes.operators}

    assert len(set(probes.operators)) == len(probes.operators)
    assert len(probes.networks) == 5
    assert {"conv 1x1", "conv kxk", "conv of a vector", "depthwise"} <= groups
    assert {"attention", "layer_norm", "conv1d", "channel_max", "gelu"} <= groups


def test_probes_of_one_seed_are_the_same_again() -> None:
    """A profile can be repeated on the same files."""
    first, again = (
        draw_probes([(16, 16, 1)], n_operators=60, n_networks=2, seed=3, n_drawn=30)
        for _ in range(2)
    )

    assert first == again


def test_networks_differ_by_purpose_and_are_limited() -> None:
    """Networks that check a table are not those it was drawn from."""
    ours = draw_networks([(32, 32, 3)], 20, 0)
    others = draw_networks([(32, 32, 3)], 20, 0, purpose="benchmark")

    assert {one.key for one in ours}.isdisjoint(one.key for one in others)
    assert max(costs(one).macs for one in ours) <= 100_000_000


def test_written_folder_is_all_that_a_device_needs(tmp_path: Path) -> None:
    """Files, manifest and the program for them are in one folder."""
    pytest.importorskip("ai_edge_litert")
    probes = draw_probes(
        [(16, 16, 3)], n_operators=40, n_networks=2, seed=0, n_drawn=20
    )
    folder = write_probes(tmp_path / "probes", probes)
    manifest = json.loads((folder / "manifest.json").read_text())

    assert (folder / "kedro_nas_device_benchmark.py").is_file()
    assert len(manifest["files"]) == len(probes.operators) + 2
    assert all((folder / entry["file"]).is_file() for entry in manifest["files"])
