"""What adapters share: the command line, the images, the journal, the result."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from peers import contract
from peers.contract import Job, Journal, Result, load_images, read_job, read_journal

from .conftest import BENCHMARKS, encoded


def _job(data: Path, tmp_path: Path, **given: float) -> Job:
    return Job(data=data, seconds=60.0, seed=0, out=tmp_path / "out.json", **given)


def _result() -> Result:
    return Result(
        test_accuracy=0.5,
        n_params=10,
        network="small",
        trials=2,
        epochs=6,
        training_s=3.0,
        trained_s=9.0,
        versions={"keras": "3"},
    )


def test_read_job_takes_the_contract_of_the_issue(table, tmp_path):
    """`--data FILE --seconds N --seed S --out JSON` is the whole command line."""
    words = ["--data", str(table), "--seconds", "9", "--seed", "3"]

    job = read_job(words=[*words, "--out", str(tmp_path / "a.json")])

    assert (job.data, job.seconds, job.seed) == (table, 9.0, 3)
    assert job.journal == tmp_path / "a.jsonl"
    assert job.spent == 0


def test_read_job_with_methods_refuses_another(table, tmp_path, capsys):
    """An adapter of several methods names them when it is asked for another."""
    words = ["--data", str(table), "--seconds", "9", "--out", str(tmp_path / "a.json")]

    with pytest.raises(SystemExit):
        read_job(("hyperband", "random"), [*words, "--method", "grid"])

    assert "hyperband" in capsys.readouterr().err


def test_job_counts_the_seconds_of_an_earlier_session(table, tmp_path):
    """What was spent before a kill is not given twice."""
    fresh, resumed = _job(table, tmp_path), _job(table, tmp_path, spent=20.0)

    assert fresh.left - resumed.left == pytest.approx(20.0, abs=0.5)
    assert fresh.elapsed + fresh.left == pytest.approx(60.0, abs=0.5)


def test_load_images_keeps_the_test_rows_and_stratifies_the_rest(table, tmp_path):
    """The rows for test are those of the table; a fifth of each class validates."""
    images = load_images(_job(table, tmp_path))

    assert images.shape == (4, 4, 1)
    assert images.test[:, 0, 0, 0].tolist() == list(range(30, 36))
    assert np.bincount(images.val_labels).tolist() == [3, 3]
    assert np.bincount(images.train_labels).tolist() == [12, 12]
    seen = np.concatenate([images.train, images.val])[:, 0, 0, 0]
    assert sorted(seen.tolist()) == list(range(30))
    assert (images.dev == np.concatenate([images.train, images.val])).all()


def test_load_images_labels_stay_with_their_images(table, tmp_path):
    """Shuffling moves an image and its class together."""
    images = load_images(_job(table, tmp_path))

    assert (images.dev[:, 0, 0, 0] % 2 == images.dev_labels).all()
    assert (images.test[:, 0, 0, 0] % 2 == images.test_labels).all()


def test_load_images_of_several_sizes_pads_to_the_median(tmp_path):
    """Images of other sizes and colours are used as they come."""
    sizes = [(4, 4), (4, 4), (8, 4), (4, 4)]
    data = tmp_path / "mixed.parquet"
    pd.DataFrame(
        {
            "image": [encoded(*size, 0, "RGB") for size in sizes],
            "label": ["a", "b", "a", "b"],
            "split": ["train", "train", "train", "test"],
        }
    ).to_parquet(data)

    images = load_images(_job(data, tmp_path))

    assert images.shape == (4, 4, 3)
    assert sorted({int(image.max()) for image in images.dev}) == [0, 255]


@pytest.mark.parametrize("column", ["image", "label", "split"])
def test_load_images_names_a_missing_column(column, table, tmp_path):
    """A table of another form is refused by what it lacks."""
    other = tmp_path / "other.parquet"
    pd.read_parquet(table).drop(columns=column).to_parquet(other)

    with pytest.raises(ValueError, match=f"other.parquet has no column {column}"):
        load_images(_job(other, tmp_path))


def test_load_images_without_test_rows_is_refused(table, tmp_path):
    """Nothing is scored on rows that were trained on."""
    other = tmp_path / "other.parquet"
    pd.read_parquet(table).assign(split="train").to_parquet(other)

    with pytest.raises(ValueError, match="no row whose split is 'test'"):
        load_images(_job(other, tmp_path))


def test_journal_tells_what_a_kill_left(table, tmp_path):
    """A line cut by a kill is left out, and kept trials say until when work is kept."""
    job = _job(table, tmp_path)
    journal = Journal(job.journal, job)
    journal.epoch(1, 1, 0.4)
    journal.trial(1)
    journal.epoch(2, 1, None)
    with job.journal.open("a") as file:
        file.write('{"s": 5.0, "eve')

    lines = read_journal(job.journal)

    assert [line["event"] for line in lines] == ["epoch", "trial", "epoch"]
    assert journal.kept_after(1) == lines[1]["s"]
    assert journal.kept_after(0) == journal.kept_after(2) == 0.0


def test_result_is_written_whole_with_all_figures(tmp_path):
    """A reader finds every figure of the contract, and no half of a file."""
    out = tmp_path / "result.json"
    _result().write(out)

    assert set(json.loads(out.read_text())) == set(Result.__dataclass_fields__)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_accuracy_is_the_share_of_right_classes():
    """The score is the same for every tool."""
    found = contract.accuracy(np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), [0, 1, 1])

    assert found == pytest.approx(2 / 3)


def _imports(path: Path, *, everywhere: bool) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if everywhere else tree.body
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
    return found


def test_contract_runs_in_any_environment():
    """The contract needs the standard library, NumPy, pandas and Pillow alone."""
    path = BENCHMARKS / "peers" / "contract.py"
    known = set(sys.stdlib_module_names)

    assert _imports(path, everywhere=False) <= known
    assert _imports(path, everywhere=True) - known == {"numpy", "pandas", "PIL"}


@pytest.mark.parametrize(
    "name", ["autokeras_image_classifier", "kerastuner_hyperresnet"]
)
def test_adapters_of_foreign_spaces_do_not_need_kedro_nas(name):
    """A peer with its own networks runs where kedro-nas is not installed."""
    shared = BENCHMARKS / "peers" / "keras_clock.py"
    adapter = BENCHMARKS / "peers" / f"{name}.py"
    found = _imports(adapter, everywhere=True) | _imports(shared, everywhere=True)

    assert not any(one in {"kedro_nas", "kedro", "our_space"} for one in found)


@pytest.mark.parametrize(
    "path", sorted((BENCHMARKS / "peers").glob("*_*.py")), ids=lambda path: path.stem
)
def test_seconds_begin_before_a_peer_is_imported(path):
    """Importing TensorFlow takes seconds, which count for every tool."""
    names = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(str(node.module).partition(".")[0])
    slow = [
        name for name in names if name not in {*sys.stdlib_module_names, "contract"}
    ]
    is_adapter = "__main__" in path.read_text()

    assert not is_adapter or names.index("contract") < names.index(slow[0])
