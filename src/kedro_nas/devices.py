"""What this machine can train on, found out without importing TensorFlow."""

from __future__ import annotations

import os
import shutil
import subprocess


def gpu_names() -> list[str]:
    """Return the GPUs a process may use, as `CUDA_VISIBLE_DEVICES` names them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name not in ("", "-1")]
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    listed = subprocess.run([tool, "-L"], capture_output=True, text=True, check=False)
    lines = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
    return [str(i) for i in range(len(lines))]


def cpu_numbers() -> list[int]:
    """Return the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def share_gpu_memory() -> None:
    """Let TensorFlow take GPU memory as it needs it, here and in child processes.

    Its first operation would else take nearly all of every GPU, and the workers would
    find none: a process that only counts a user's block or loads a pretrained body
    does such an operation. What the user has set stays.
    """
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
