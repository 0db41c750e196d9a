"""GPUs and cores that training can use, found without importing TensorFlow here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata

DRIVER_ANSWERS_S = 10.0  # nvidia-smi takes 1 s; with a hung driver it never ends
TENSORFLOW_ANSWERS_S = 180.0  # its import takes 3 s, on a cold network disk a minute

_COUNT = (
    "import tensorflow\n"
    "print('usable', len(tensorflow.config.list_physical_devices('GPU')))\n"
)
_INSTALL = "Install them with: pip install 'kedro-nas[gpu]'"
_SILENCE = "To train on the CPU without this message set CUDA_VISIBLE_DEVICES=-1"


@dataclass(frozen=True)
class Gpus:
    """The GPUs that training can use.

    Attributes:
        names: As `CUDA_VISIBLE_DEVICES` names them.
        problem: Why there are fewer than the driver or `CUDA_VISIBLE_DEVICES` names,
            and what to do about it; empty where all of them can be used.
    """

    names: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class _Answer:
    """Output of a short program; `code` is None if it did not end in time."""

    code: int | None
    printed: str = ""
    errors: str = ""


def gpu_names() -> list[str]:
    """Return the GPUs training can use, as `CUDA_VISIBLE_DEVICES` names them."""
    return list(find_gpus().names)


def find_gpus() -> Gpus:
    """Return the GPUs that TensorFlow can use of those this process may use.

    `CUDA_VISIBLE_DEVICES` decides which GPUs may be used; if it is not set, all that
    `nvidia-smi` lists may be. A separate process then asks TensorFlow, once per
    process, which of them it can use: with missing or outdated CUDA libraries the
    driver still lists the cards, and TensorFlow trains on the CPU without an error.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        named = [name.strip() for name in visible.split(",")]
        names = tuple(name for name in named if name not in ("", "-1"))
        return _usable(names, "CUDA_VISIBLE_DEVICES names") if names else Gpus()
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Gpus()
    listed = _list_cards(tool)
    return _usable(listed.names, "nvidia-smi lists") if listed.names else listed


def cpu_numbers() -> list[int]:
    """Return the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def share_gpu_memory() -> None:
    """Let TensorFlow allocate GPU memory as needed, here and in child processes.

    By default its first operation allocates nearly all memory of every GPU, which
    leaves none for the workers, even if this process only counts a custom block or
    loads a pretrained body. A value set by the user is kept.
    """
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")


def environment_of_child(
    *, gpus: str | None = None, has_our_modules: bool = False, **settings: str
) -> dict[str, str]:
    """Return the environment of a process that this one starts.

    It is this process's, except that TensorFlow's C++ code writes errors only: its
    notes on the CPU would be taken for the program's messages.

    Args:
        gpus: Names of the GPUs it may use, separated by commas, `-1` for none; None for
            those that this process may use.
        has_our_modules: Whether it imports modules from where this process does; else
            it finds installed packages only, as a user of an exported file does.
        settings: Further variables, which replace those of the same name.
    """
    child = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if gpus is not None:
        child["CUDA_VISIBLE_DEVICES"] = gpus
    if has_our_modules:
        child["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return {**child, **settings}


@lru_cache(maxsize=8)
def _list_cards(tool: str) -> Gpus:
    """Return the numbers of the GPUs that the driver lists."""
    answer = _run([tool, "-L"], DRIVER_ANSWERS_S)
    if answer.code is None:
        return Gpus(
            problem=f"nvidia-smi did not answer within {DRIVER_ANSWERS_S:.0f} s, so "
            "training runs on the CPU. Restart the machine or its NVIDIA driver. "
            + _SILENCE
        )
    cards = [line for line in answer.printed.splitlines() if line.startswith("GPU ")]
    return Gpus(tuple(str(number) for number in range(len(cards))))


@lru_cache(maxsize=8)
def _usable(names: tuple[str, ...], source: str) -> Gpus:
    """Return which of some GPUs TensorFlow can use.

    Args:
        names: As `CUDA_VISIBLE_DEVICES` names them, at least one.
        source: Origin of the names, for the message.
    """
    answer = _ask_tensorflow(names)
    count = _count(answer)
    if count >= len(names):
        return Gpus(names)
    kept: tuple[str, ...] = ()
    if count:  # some are too old or too small; ask about each, as workers use one
        kept = tuple(name for name in names if _count(_ask_tensorflow((name,))))
    if len(kept) == len(names):
        return Gpus(names)  # MIG slices of one GPU are visible only one at a time
    cards = f"{len(names)} GPU" + "s" * (len(names) > 1)
    if kept:
        return Gpus(
            kept,
            f"{source} {cards}, but TensorFlow can only use {', '.join(kept)}. To use "
            f"them without this message set CUDA_VISIBLE_DEVICES={','.join(kept)}",
        )
    return Gpus(
        (),
        f"{source} {cards}, but TensorFlow can use none, so training runs on the "
        f"CPU: {_reason(answer)}. {_SILENCE}",
    )


def _ask_tensorflow(names: tuple[str, ...]) -> _Answer:
    environment = environment_of_child(
        gpus=",".join(names),
        has_our_modules=True,
        TF_CPP_MIN_LOG_LEVEL="0",  # the reason is a warning of its C++ code
    )
    return _run([sys.executable, "-c", _COUNT], TENSORFLOW_ANSWERS_S, environment)


def _count(answer: _Answer) -> int:
    found = re.search(r"^usable (\d+)$", answer.printed, flags=re.MULTILINE)
    return int(found[1]) if found else 0


def _reason(answer: _Answer) -> str:
    if answer.code is None:
        return f"TensorFlow did not answer within {TENSORFLOW_ANSWERS_S:.0f} s"
    missing = _missing_cuda_packages()
    if answer.code == 0 and missing:
        return (
            f"the CUDA packages of TensorFlow are not installed ({len(missing)} are "
            f"missing, among them {missing[0]}). {_INSTALL}"
        )
    lines = [line.strip() for line in answer.errors.splitlines() if line.strip()]
    matching = [
        line for line in lines if re.search("cuda|gpu|error", line, re.IGNORECASE)
    ]
    message = (matching or lines or ["no message"])[-1][:300]
    return (
        f"TensorFlow reports '{message}'. Compare the driver's version (nvidia-smi) "
        "with the CUDA version TensorFlow needs: https://www.tensorflow.org/install/pip"
    )


def _missing_cuda_packages() -> list[str]:
    """Return the packages of TensorFlow's extra `and-cuda` that are not installed."""
    try:
        wanted = metadata.requires("tensorflow") or []
    except metadata.PackageNotFoundError:
        return []
    names = [line for line in wanted if re.search(r"extra == .and-cuda.", line)]
    return [
        name
        for name in (re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in names)
        if not _is_installed(name)
    ]


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _run(
    command: list[str], timeout_s: float, environment: dict[str, str] | None = None
) -> _Answer:
    """Run a short program; stop waiting if it does not end in time."""
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
        # files instead of pipes: reading them cannot block, whatever the program starts
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=errors,
            env=environment,
        )
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            # a process blocked in the driver does not end even when killed
            with suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
            return _Answer(None)
        printed.seek(0)
        errors.seek(0)
        return _Answer(
            code,
            printed.read().decode(errors="replace"),
            errors.read().decode(errors="replace"),
        )
