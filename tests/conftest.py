"""What tests share: quiet libraries and small things to test with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import HealthCheck, settings
from sklearn.datasets import load_digits

from kedro_nas.data.layout import Layout
from kedro_nas.data.new_images import preprocessing_of
from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.records.job import JobResults
from kedro_nas.space import search_space
from kedro_nas.space.architecture import Architecture, Head, Recipe, Stage, Stem
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers import lease
from kedro_nas.training.workers.lease import end_kept_pool

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KEDRO_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
# TensorFlow in a test's own process: one thread, as in workers; tests run side by side
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# a machine that does something else as well is slow, not wrong
settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")


# files of half a minute of a core and more, the longest first
LONGEST = (
    "test_end_to_end.py",
    "search/test_search.py",
    "host_project/test_run.py",
    "accounting/test_whole_job_budget.py",
    "test_package.py",
    "host_project/test_how_to.py",
    "host_project/test_two_searches.py",
    "accounting/test_wall_time.py",
    "host_project/test_misuse.py",
    "export/formats/test_contract.py",
    "training/test_pretrained.py",
    "training/test_unit.py",
)


@pytest.hookimpl(trylast=True)  # after pytest-randomly has shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that parallel processes end together.

    Each file is run by one process (`--dist loadfile`), which makes its fixtures once.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    turns = {Path(__file__).parent / name: i for i, name in enumerate(LONGEST)}
    last = len(LONGEST)
    items.sort(key=lambda item: (item.path not in slow, turns.get(item.path, last)))


@pytest.fixture(autouse=True)
def _in_a_terminal_of_fixed_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let messages wrap alike on every machine."""
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(autouse=True)
def _empty_file_system_in_memory() -> None:
    """Let no test find what another one left in fsspec's memory."""
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(scope="session", autouse=True)
def _workers_outlive_a_test() -> Iterator[None]:
    """Let a job take over the workers of the test before: an import of TensorFlow less.

    It takes 5 s of a core for each worker of some forty jobs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease, "KEEP_S", 600.0)
        yield
    end_kept_pool()


@pytest.fixture(scope="session", autouse=True)
def _surveys_of_a_space_are_short() -> Iterator[None]:
    """Draw 50 networks to survey a new space, not 1,000, which take 2 to 4 s of a core.

    With custom blocks over Keras tensors 5, not 100: each block is built for each new
    use. What is surveyed is told to the user and decides nothing.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_space, "SURVEYED", 50)
        patch.setattr(search_space, "SURVEYED_KERAS", 5)
        yield


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an image store of 40 images of 8 x 8 x 1 in two classes."""
    folder = tmp_path_factory.mktemp("store") / "dataset"
    folder.mkdir()
    n = 40
    labels = np.arange(n, dtype=np.int32) % 2
    pixels = np.random.default_rng(0).integers(0, 256, (n, 8, 8, 1), dtype=np.uint8)
    pixels[labels == 1, :4] //= 4
    np.save(folder / "pixels.npy", pixels)
    split = np.array(["train"] * 20 + ["val"] * 10 + ["test"] * 10)
    fold = np.where(split == "test", -1, np.arange(n) % 2).astype(np.int8)
    pd.DataFrame(
        {
            "image_id": [f"{row:012x}" for row in range(n)],
            "label": labels,
            "split": split,
            "group": None,
            "fold_0": fold,
            "source": [f"row {row}" for row in range(n)],
        }
    ).to_parquet(folder / "index.parquet")
    description = {
        "format": 1,
        "image_shape": [8, 8, 1],
        "class_names": ["light", "dark"],
        "n_images": n,
        "n_folds": 2,
        "n_repeats": 1,
        "fingerprint": "0" * 12,
        "preprocessing": preprocessing_of(
            Layout(8, 8, 1, "pad", 255), ["light", "dark"], 10**6, None
        ).to_json(),
    }
    (folder / "store.json").write_text(json.dumps(description))
    return folder


@pytest.fixture(scope="session")
def make_results() -> Callable[..., JobResults]:
    """Return the builder of a made-up job, for tests that vary what it left."""
    from tests.results import build_results

    return build_results


@pytest.fixture(scope="session")
def results(make_results: Callable[..., JobResults]) -> JobResults:
    """Return the results of an ordinary made-up job; treat them as read-only."""
    return make_results()


@pytest.fixture(scope="session")
def digits(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ImageStore, dict[str, Any]]:
    """Prepare 400 digits; gives the store and the profile."""
    images, labels = load_digits(return_X_y=True)
    pixels = (images[:400].reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8)
    store, profile = prepare_images(
        (pixels, labels[:400]),
        DataPreparationOptions(),
        seed=0,
        workspace=tmp_path_factory.mktemp("digits"),
    )
    return store, profile.to_json()


@pytest.fixture(scope="session")
def small_architecture() -> Architecture:
    """Give a network that trains in a second, with dropout and batch norm."""
    return Architecture(
        input_shape=(8, 8, 1),
        n_classes=10,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=(Stage(block="conv", depth=1, width=16, kernel_size=3, stride=2),),
        head=Head(dropout=0.2),
        recipe=Recipe(learning_rate=5e-3, augmentation="light"),
    )


@pytest.fixture
def make_task(
    digits: tuple[ImageStore, dict[str, Any]],
    small_architecture: Architecture,
    tmp_path: Path,
) -> Callable[..., Task]:
    """Make a task on the digits; arguments replace its fields."""

    def make(**changes: Any) -> Task:
        fields: dict[str, Any] = {
            "task_id": "task",
            "architecture": small_architecture,
            "store": str(digits[0].path),
            "rows": "search",
            "epochs": 4,
            "schedule_epochs": 4,
            "seed": 3,
            "checkpoint": str(tmp_path / "task.npz"),
        }
        return Task(**{**fields, **changes})

    return make
