"""What `kedro nas check` prints."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.framework.commands.check import _text

AHEAD: dict[str, Any] = {
    "namespace": "nas",
    "images": 1000,
    "image_shape": [8, 8, 1],
    "classes": 10,
    "mode": "small_data",
    "warnings": [],
    "candidate_0": "conv",
    "step_s": 0.01,
    "workers": 2,
    "architectures": 3,
    "trials": 4,
    "search_s": 5.0,
    "ranking_s": 5.0,
    "final_s": 5.0,
    "total_s": 15.0,
    "memory_mb": 100.0,
    "disk_mb": 10.0,
    "costs": {},
}


@pytest.mark.parametrize(
    ("gpus", "problem", "expected"),
    [
        (["0", "1"], "", ["GPUs:      0, 1"]),
        ([], "", ["GPUs:      none"]),
        ([], "packages miss", ["GPUs:      none", "           ! packages miss"]),
    ],
)
def test_check_names_the_gpus_and_what_keeps_others_from_use(
    gpus: list[str], problem: str, expected: list[str]
) -> None:
    """Somebody with an unusable card learns it before a night of CPU training."""
    text = _text({**AHEAD, "gpus": gpus, "gpu_problem": problem})
    lines = text.splitlines()
    first = lines.index(expected[0])

    assert lines[first : first + len(expected)] == expected
    assert lines[first + len(expected)].startswith("Ranking:")
