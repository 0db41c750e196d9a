"""What the machine can train on."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from kedro_nas import devices
from kedro_nas.framework import quiet

GROWTH = "TF_FORCE_GPU_ALLOW_GROWTH"
TWO_CARDS = "echo 'GPU 0: NVIDIA A (UUID: a)'; echo '  MIG 1g'; echo 'GPU 1: NVIDIA B'"


@pytest.fixture
def nvidia_smi(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], None]:
    """Put a driver's tool on the path that runs the given shell commands."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    tool = tmp_path / "nvidia-smi"

    def write(commands: str) -> None:
        tool.write_text(f"#!/bin/sh\n{commands}\n")
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)

    return write


@pytest.fixture
def tensorflow_sees(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let TensorFlow see some cards only; gives what it was asked about."""
    devices._usable.cache_clear()
    monkeypatch.setattr(devices, "_missing_cuda_packages", list)
    asked = []

    def see(*cards: str, errors: str = "", code: int | None = 0) -> list[str]:
        def ask(names: tuple[str, ...]) -> devices._Answer:
            asked.append(",".join(names))
            count = len(set(names) & set(cards))
            return devices._Answer(code, f"usable {count}\n", errors)

        monkeypatch.setattr(devices, "_ask_tensorflow", ask)
        return asked

    yield see
    devices._usable.cache_clear()


@pytest.mark.parametrize(
    ("visible", "expected"),
    [("0,2", ["0", "2"]), ("", []), ("-1", []), ("GPU-8f3a", ["GPU-8f3a"])],
)
def test_gpu_names_are_those_the_process_may_use(
    monkeypatch: pytest.MonkeyPatch,
    tensorflow_sees: Callable[..., list[str]],
    visible: str,
    expected: list[str],
) -> None:
    """`CUDA_VISIBLE_DEVICES` has the last word, whatever is built in."""
    asked = tensorflow_sees("0", "1", "2", "GPU-8f3a")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert devices.gpu_names() == expected
    assert asked == ([visible] if expected else [])


def test_gpu_names_are_counted_by_the_driver(
    nvidia_smi: Callable[[str], None], tensorflow_sees: Callable[..., list[str]]
) -> None:
    """Without that variable every GPU that nvidia-smi lists is used; asked once."""
    nvidia_smi(TWO_CARDS)
    asked = tensorflow_sees("0", "1")

    assert devices.find_gpus() == devices.Gpus(("0", "1"))
    assert devices.gpu_names() == ["0", "1"]
    assert asked == ["0,1"]


def test_find_gpus_leaves_out_a_card_tensorflow_cannot_use(
    nvidia_smi: Callable[[str], None], tensorflow_sees: Callable[..., list[str]]
) -> None:
    """An old GPU beside a new one gets no worker, and a message says so."""
    nvidia_smi(TWO_CARDS)
    tensorflow_sees("1")
    found = devices.find_gpus()

    assert found.names == ("1",)
    assert "nvidia-smi lists 2 GPUs, but TensorFlow can only use 1" in found.problem


@pytest.mark.slow
def test_find_gpus_without_cuda_packages_says_what_to_install(
    nvidia_smi: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card that TensorFlow itself, really asked, cannot use is not counted."""
    nvidia_smi(TWO_CARDS)
    monkeypatch.setattr(devices, "_missing_cuda_packages", lambda: ["nvidia-cudnn"])
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    devices._usable.cache_clear()
    found = devices.find_gpus()
    devices._usable.cache_clear()
    if found.names:
        pytest.skip("this machine has GPUs")

    assert "pip install 'kedro-nas[gpu]'" in found.problem


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"errors": "x\n] CUDA driver version is insufficient\n"}, "is insufficient"),
        ({"code": None}, "did not answer within 180 s"),
        ({"code": 1, "errors": "ImportError: no tensorflow\n"}, "no tensorflow"),
    ],
)
def test_find_gpus_tensorflow_can_use_none_says_why(
    nvidia_smi: Callable[[str], None],
    tensorflow_sees: Callable[..., list[str]],
    answer: dict[str, str | int | None],
    expected: str,
) -> None:
    """With all packages installed TensorFlow's own words are passed on."""
    nvidia_smi(TWO_CARDS)
    tensorflow_sees(**answer)
    found = devices.find_gpus()

    assert found.names == ()
    assert expected in found.problem
    assert "training runs on the CPU" in found.problem


def test_find_gpus_driver_that_hangs_is_left_behind(
    nvidia_smi: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken driver costs seconds and a message, not the run."""
    nvidia_smi("exec sleep 60")
    monkeypatch.setattr(devices, "DRIVER_ANSWERS_S", 0.2)
    began = time.monotonic()
    found = devices.find_gpus()

    assert time.monotonic() - began < 20
    assert found.names == ()
    assert "nvidia-smi did not answer" in found.problem


def test_missing_cuda_packages_are_those_of_tensorflows_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is named missing is what the extra would install."""
    wanted = [
        "absent>=1",
        "pytest<99,>=1; extra == 'and-cuda'",
        'nvidia-none-cu12<13.0,>=12.5; extra == "and-cuda"',
    ]
    monkeypatch.setattr(devices.metadata, "requires", lambda _: wanted)

    assert devices._missing_cuda_packages() == ["nvidia-none-cu12"]


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


def test_environment_of_child_is_this_one_s_without_tensorflow_s_notes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A child has the user's settings, GPUs included, and prints errors only."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.setenv("HTTPS_PROXY", "proxy:3128")
    monkeypatch.delenv("PYTHONPATH", raising=False)

    child = devices.environment_of_child()

    assert child == {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"


@pytest.mark.parametrize("gpus", ["-1", "3", "3,4"])
def test_environment_of_child_has_the_gpus_it_is_given(
    monkeypatch: pytest.MonkeyPatch, gpus: str
) -> None:
    """Each worker sees its own GPU, and a comparison of exports none."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2")

    child = devices.environment_of_child(gpus=gpus)

    assert child["CUDA_VISIBLE_DEVICES"] == gpus


def test_environment_of_child_with_our_modules_imports_from_where_we_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A block in a folder that only this process has on its path is found by workers.

    A process for an exported file does not get the path: the file has to do without.
    """
    monkeypatch.setattr(devices.sys, "path", ["", str(tmp_path), "/else"])
    monkeypatch.setenv("PYTHONPATH", "/given")

    ours = devices.environment_of_child(has_our_modules=True)
    theirs = devices.environment_of_child()

    assert ours["PYTHONPATH"] == f"{tmp_path}:/else"
    assert theirs["PYTHONPATH"] == "/given"


def test_environment_of_child_settings_replace_all_others() -> None:
    """Who needs TensorFlow's notes, as for the reason why it sees no GPU, asks so."""
    child = devices.environment_of_child(TF_CPP_MIN_LOG_LEVEL="0", OMP_NUM_THREADS="7")

    assert (child["TF_CPP_MIN_LOG_LEVEL"], child["OMP_NUM_THREADS"]) == ("0", "7")
