"""What the machine can train on."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from kedro_nas import devices
from kedro_nas.framework import quiet

GROWTH = "TF_FORCE_GPU_ALLOW_GROWTH"


@pytest.mark.parametrize(
    ("visible", "expected"),
    [("0,2", ["0", "2"]), ("", []), ("-1", []), ("GPU-8f3a", ["GPU-8f3a"])],
)
def test_gpu_names_are_those_the_process_may_use(
    monkeypatch: pytest.MonkeyPatch, visible: str, expected: list[str]
) -> None:
    """`CUDA_VISIBLE_DEVICES` has the last word, whatever is built in."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert devices.gpu_names() == expected


def test_gpu_names_are_counted_by_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is said every GPU that nvidia-smi lists is used."""
    listed = "GPU 0: NVIDIA A (UUID: a)\n  MIG 1g\nGPU 1: NVIDIA B (UUID: b)\n"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices.shutil, "which", lambda _: "nvidia-smi")
    monkeypatch.setattr(
        devices.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=listed)
    )

    assert devices.gpu_names() == ["0", "1"]


@pytest.mark.parametrize(("before", "after"), [(None, "true"), ("false", "false")])
def test_gpu_memory_is_left_to_the_workers(
    monkeypatch: pytest.MonkeyPatch, before: str | None, after: str
) -> None:
    """A node that builds a model in Kedro's own process does not take it all."""
    monkeypatch.setenv(GROWTH, "unset")
    if before is None:
        monkeypatch.delenv(GROWTH)
    else:
        monkeypatch.setenv(GROWTH, before)
    monkeypatch.setattr(quiet, "import_tensorflow", lambda **_: None)
    node = SimpleNamespace(func=SimpleNamespace(__name__="build_search_space"))

    quiet.prepare_for(node)

    assert os.environ[GROWTH] == after
